"""Devices: registered with their person. Each push target belongs to one person at most."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from rekindle.domain.ids import Uid
from rekindle.store import keys
from rekindle.store.people import person_writes
from rekindle.store.table import repeated_on_conflict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from rekindle.domain.ids import DeviceId
    from rekindle.domain.persons import Device, Person, Target
    from rekindle.store.people import People
    from rekindle.store.person_items import PersonChange

REFRESHED_AFTER: Final = dt.timedelta(days=7)
"""The age from which an unchanged registration is written again. Apps register at every start."""

STALE_AFTER: Final = dt.timedelta(days=270)
"""The age at which a device that its app has not registered again is removed: FCM expires Android's targets then."""


@dataclass(frozen=True, slots=True)
class Devices:
    """The devices of the persons."""

    people: People

    @repeated_on_conflict("a target kept moving")
    def register(
        self, uid: Uid, device_id: DeviceId, device: Device, guard: Callable[[Person], None] = lambda _person: None
    ) -> Person | None:
        """Give the person the device, and take its target from any other person in the same transaction.

        The person's stale devices are removed with it. `guard` gets the person as they will be, and may raise to give
        up. Return the person, or None if there is no such person.
        """
        before = self.people.person(uid)
        if before is None:
            return None
        if _is_fresh(before.devices.get(device_id), device):
            return before
        kept = _without_stale(_without_target(before, device.target), device.registered_at)
        after = replace(before, devices={**kept.devices, device_id: device})
        guard(after)
        changes: list[PersonChange] = [(before, after)]
        owner = self.people.table.get(keys.target(device.target))
        if owner and owner["uid"] != uid and (loser := self.people.person(owner["uid"])):
            changes.append((loser, _without_target(loser, device.target)))
        self.people.table.commit(person_writes(self.people.table, device.registered_at, *changes))
        return replace(after, revision=before.revision + 1)

    def owners(self, digests: Collection[str]) -> dict[str, Uid]:
        """Return the owners of the targets with these digests, as last acknowledged."""
        items = self.people.table.get_many(map(keys.target_of, digests), consistent=True)
        return {item["pk"].partition("#")[2]: Uid(item["uid"]) for item in items}

    def forget_target(self, pseudonym: str, target: Target, instant: dt.datetime) -> None:
        """Remove a dead target from the person with this pseudonym, unless another person has it by now."""
        if owner := self._owner(pseudonym, target):
            self.people.change(owner, instant, lambda person: _without_target(person, target))

    def prune(self, pseudonym: str, target: Target, instant: dt.datetime) -> None:
        """Remove all stale devices of the person with this pseudonym, if the target is still theirs."""
        if owner := self._owner(pseudonym, target):
            self.people.change(owner, instant, lambda person: _without_stale(person, instant))

    def _owner(self, pseudonym: str, target: Target) -> Uid | None:
        owner = self.owners([keys.digest_of(target)]).get(keys.digest_of(target))
        return owner if owner is not None and keys.pseudonym_of(owner) == pseudonym else None


def is_stale(device: Device, instant: dt.datetime) -> bool:
    """Return whether the device has not been registered for so long that nobody uses it any more."""
    return instant - device.registered_at >= STALE_AFTER


def _is_fresh(known: Device | None, device: Device) -> bool:
    return (
        known is not None
        and (known.target, known.platform) == (device.target, device.platform)
        and device.registered_at - known.registered_at < REFRESHED_AFTER
    )


def _without_stale(person: Person, instant: dt.datetime) -> Person:
    left = {known: device for known, device in person.devices.items() if not is_stale(device, instant)}
    return replace(person, devices=left) if len(left) < len(person.devices) else person


def _without_target(person: Person, target: Target) -> Person:
    left = {known: device for known, device in person.devices.items() if device.target != target}
    return replace(person, devices=left) if len(left) < len(person.devices) else person
