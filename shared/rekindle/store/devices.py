"""Store each device in its person's item. A target (a device's address at FCM) has at most one owner."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from rekindle.domain.ids import Uid
from rekindle.domain.limits import Counted, without_latest
from rekindle.errors import ErasedError
from rekindle.store import keys
from rekindle.store.added_devices import added_device_row
from rekindle.store.people import person_writes
from rekindle.store.table import repeated_on_conflict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from rekindle.domain.ids import DeviceId
    from rekindle.domain.persons import Device, Person, Target
    from rekindle.store.people import People
    from rekindle.store.person_items import PersonChange

REFRESHED_AFTER: Final = dt.timedelta(days=7)
"""`register` does not store an unchanged registration again before this time is over.

This saves writes, because an app registers its device at every start.
"""

STALE_AFTER: Final = dt.timedelta(days=270)
"""A device is stale this long after its last registration. FCM expires an Android target at the same age."""


type Guard = Callable[[Person, Person], Person]
"""Gets a person before and after a change, and returns the person to store. Raises an error to prevent the change."""


@dataclass(frozen=True, slots=True)
class Devices:
    """The devices of the persons."""

    people: People

    @repeated_on_conflict("a device's person kept changing")
    def register(
        self, uid: Uid, device_id: DeviceId, device: Device, guard: Guard = lambda _before, after: after
    ) -> Person | None:
        """Store the device in the person's item, and return the person. Return None for an unknown person.

        Write nothing if the same registration was stored less than REFRESHED_AFTER ago. Otherwise one transaction
        stores the device, removes any other device with the same target (even another person's), and removes the
        person's stale devices. If another person loses a device, one registration of theirs counts no more. If the
        device is new, and the person has other devices, the transaction stores a row, from which `react` queues a push
        to the other devices. `guard` gets the person before and after the change, and returns the person to store.
        """
        before = self.people.person(uid)
        if before is None:
            return None
        known = before.devices.get(device_id)
        if _is_fresh(known, device):
            return guard(before, before)
        kept = _without_stale(_without_target(before, device.target), device.registered_at)
        after = guard(before, kept.with_device(device_id, device))
        changes: list[PersonChange] = [(before, after)]
        owner = self.people.table.get(keys.target(device.target))
        if owner and owner["uid"] != uid and (loser := self.people.even_erased(owner["uid"])):
            changes.append((loser, _taken_over(loser, device.target)))
        is_news = before.known_since(device_id) is None and len(after.devices) > 1
        writes = person_writes(self.people.table, device.registered_at, *changes)
        self.people.table.commit([*writes, *([added_device_row(uid, device)] if is_news else [])])
        return replace(after, revision=before.revision + 1)

    def owners(self, digests: Collection[str]) -> dict[str, Uid]:
        """Map each digest of a target to the target's owner, if there is one (a strongly consistent read)."""
        items = self.people.table.get_many(map(keys.target_of, digests), consistent=True)
        return {item["pk"].partition("#")[2]: Uid(item["uid"]) for item in items}

    def forget_target(self, pseudonym: str, digest: str, instant: dt.datetime) -> None:
        """Remove the device whose target has this digest, if the person with this pseudonym still owns it.

        Keep a device that was registered after `instant`.
        """

        def is_dead(device: Device) -> bool:
            return keys.digest_of(device.target) == digest and device.registered_at <= instant

        if owner := self._owner(pseudonym, digest):
            with suppress(ErasedError):
                self.people.change(owner, instant, lambda person: person.without_unreached(is_dead))

    def prune(self, pseudonym: str, digest: str, instant: dt.datetime) -> None:
        """Remove the stale devices of the person with this pseudonym, if they still own the target with this digest."""
        if owner := self._owner(pseudonym, digest):
            with suppress(ErasedError):
                self.people.change(owner, instant, lambda person: _without_stale(person, instant))

    def _owner(self, pseudonym: str, digest: str) -> Uid | None:
        owner = self.owners([digest]).get(digest)
        return owner if owner is not None and keys.pseudonym_of(owner) == pseudonym else None


def is_stale(device: Device, instant: dt.datetime) -> bool:
    """Return whether the device's last registration is at least STALE_AFTER ago. Probably nobody uses the device."""
    return instant - device.registered_at >= STALE_AFTER


def _is_fresh(known: Device | None, device: Device) -> bool:
    return (
        known is not None
        and (known.target, known.platform) == (device.target, device.platform)
        and device.registered_at - known.registered_at < REFRESHED_AFTER
    )


def _without_stale(person: Person, instant: dt.datetime) -> Person:
    return person.without_unreached(lambda device: is_stale(device, instant))


def _taken_over(owner: Person, target: Target) -> Person:
    """Return the former owner of a target, with one registration less counted.

    Otherwise others could use up the owner's limit, so that the owner cannot register the device again.
    """
    without = _without_target(owner, target)
    return owner if without is owner else without_latest(without, Counted.DEVICES)


def _without_target(person: Person, target: Target) -> Person:
    return person.without_unreached(lambda device: device.target == target)
