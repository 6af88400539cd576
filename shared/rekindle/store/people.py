"""Persons: one item each, guarded by its revision; their slots and tokens are written with it or not at all."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from rekindle.errors import ContentionError, WriteConflictError
from rekindle.models import (
    Barrier,
    CoupleId,
    Device,
    DeviceId,
    InviteId,
    Language,
    LiveInvite,
    Person,
    Platform,
    Profile,
    QuietHours,
    Reminders,
    TouchReminder,
    Uid,
    Zone,
)
from rekindle.store import keys
from rekindle.store.instants import from_millis, to_millis, to_ttl
from rekindle.store.slots import Change, Slots
from rekindle.store.table import Write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rekindle.store.table import Item, Table

CHANGE_ATTEMPTS: Final = 10
"""How often a change is applied anew to a person whom another write has changed in between."""

REFRESHED_AFTER: Final = dt.timedelta(days=7)
"""How old a device's registration may be before the same one again is worth a write: apps register at every start."""

ONCE_FOR: Final = dt.timedelta(hours=24)
"""How long an idempotency key is remembered."""


@dataclass(frozen=True, slots=True)
class People:
    """The persons of the table."""

    table: Table

    def person(self, uid: Uid) -> Person | None:
        """The person as last acknowledged."""
        item = self.table.get(keys.person(uid))
        return person_from(item) if item else None

    def people(self, uids: Sequence[Uid]) -> dict[Uid, Person]:
        """Those of `uids` who exist, as last acknowledged."""
        items = self.table.get_many([keys.person(uid) for uid in uids], consistent=True)
        return {person.uid: person for person in map(person_from, items)}

    def saves(self, *changes: Change) -> list[Write]:
        """The writes of all changes with their slots and tokens, for one transaction.

        The first writes are the persons', in order: index i fails when the i-th has changed since it was read.
        """
        return [
            *(_put(before, after) for before, after in changes),
            *Slots(self.table).moves(*changes),
            *_token_moves(changes),
        ]

    def commit(self, writes: Sequence[Write]) -> None:
        """Carry out the writes as one; a lone one costs half of what a transaction does."""
        if len(writes) == 1:
            self.table.write(writes[0])
        else:
            self.table.transact(writes)

    def create(self, person: Person) -> Person:
        """Keep a new person; if they have come to be in the meantime, the one who stands is returned."""
        try:
            self.commit(self.saves((None, person)))
        except WriteConflictError as conflict:
            standing = conflict.standing.get(0)
            if standing is None:
                raise
            return person_from(standing)
        return replace(person, revision=1)

    def change(
        self,
        uid: Uid,
        change: Callable[[Person], Person],
        also: Callable[[Person, Person], Sequence[Write]] = lambda _before, _after: (),
    ) -> Person | None:
        """Apply `change` to the person, together with the writes of `also`; None where there is no such person.

        Both are applied again to the fresher person when another write came between. `change` may raise to give up,
        and returns an equal person to write nothing.
        """
        for _ in range(CHANGE_ATTEMPTS):
            before = self.person(uid)
            if before is None:
                return None
            after = change(before)
            if after == before:
                return before
            try:
                self.commit([*self.saves((before, after)), *also(before, after)])
            except WriteConflictError:
                continue
            return replace(after, revision=before.revision + 1)
        raise ContentionError("a person kept changing")

    def register_device(
        self, uid: Uid, device_id: DeviceId, device: Device, guard: Callable[[Person], None] = lambda _person: None
    ) -> Person | None:
        """Give the person the device, and its token to them alone: whoever had it loses it in the same transaction.

        None where there is no such person. `guard` sees the person as they will be and may raise.
        """
        for _ in range(CHANGE_ATTEMPTS):
            before = self.person(uid)
            if before is None:
                return None
            if _is_fresh(before.devices.get(device_id), device):
                return before
            others = {known: each for known, each in before.devices.items() if each.token != device.token}
            after = replace(before, devices=others | {device_id: device})
            guard(after)
            changes: list[Change] = [(before, after)]
            owner = self.table.get(keys.token(device.token))
            if owner and owner["uid"] != uid and (loser := self.person(owner["uid"])):
                changes.append((loser, _without_token(loser, device.token)))
            try:
                self.commit(self.saves(*changes))
            except WriteConflictError:
                # Either person has changed, or the token has just moved: read all of it again.
                continue
            return replace(after, revision=before.revision + 1)
        raise ContentionError("a token kept moving")

    def forget_token(self, uid: Uid, token: str) -> None:
        """Take a dead token from the person, unless it has moved on already."""
        self.change(uid, lambda person: _without_token(person, token))

    def claim_once(self, uid: Uid, idempotency_key: str, fingerprint: str, instant: dt.datetime) -> bool:
        """Whether the key may be used for a request of this fingerprint: it is new, or was used for the same one."""
        try:
            self.table.write(
                Write(
                    "Put",
                    keys.once(uid, idempotency_key),
                    item={"fingerprint": fingerprint, "ttl": to_ttl(instant + ONCE_FOR)},
                    condition="attribute_not_exists(pk) OR fingerprint = :fingerprint",
                    values={":fingerprint": fingerprint},
                )
            )
        except WriteConflictError:
            return False
        return True


def _put(before: Person | None, after: Person) -> Write:
    return Write(
        "Put",
        keys.person(after.uid),
        item=_item_from(replace(after, revision=before.revision + 1 if before else 1)),
        condition="revision = :read" if before else "attribute_not_exists(pk)",
        values={":read": before.revision} if before else {},
    )


def _is_fresh(known: Device | None, device: Device) -> bool:
    return (
        known is not None
        and (known.token, known.platform) == (device.token, device.platform)
        and device.registered_at - known.registered_at < REFRESHED_AFTER
    )


def _without_token(person: Person, token: str) -> Person:
    left = {known: device for known, device in person.devices.items() if device.token != token}
    return replace(person, devices=left) if len(left) < len(person.devices) else person


def _token_moves(changes: Sequence[Change]) -> list[Write]:
    lost = {
        token: before.uid for before, after in changes if before for token in _tokens_of(before) - _tokens_of(after)
    }
    won = {
        token: after.uid
        for before, after in changes
        for token in _tokens_of(after) - (_tokens_of(before) if before else frozenset())
    }
    return [
        *(
            Write(
                "Put",
                keys.token(token),
                item={"uid": winner},
                # Nobody has it, or the one whom this transaction takes it from: else two would think it theirs.
                condition="attribute_not_exists(pk) OR uid = :owner",
                values={":owner": lost.get(token, winner)},
            )
            for token, winner in won.items()
        ),
        *(
            Write(
                "Delete",
                keys.token(token),
                condition="attribute_not_exists(pk) OR uid = :owner",
                values={":owner": loser},
            )
            for token, loser in lost.items()
            if token not in won
        ),
    ]


def _tokens_of(person: Person) -> frozenset[str]:
    return frozenset(device.token for device in person.devices.values())


def profile_item(profile: Profile) -> Item:
    """A profile as a map, within the person and again within their couple."""
    return {
        "display_name": profile.display_name,
        "zone": profile.zone,
        "language": profile.language,
        "depth": profile.depth,
        "touch_comfort": profile.touch_comfort,
        "barriers": sorted(profile.barriers),
        "streak_hidden": profile.streak_hidden,
    }


def profile_from(item: Mapping[str, Any]) -> Profile:
    """The inverse of `profile_item`."""
    return Profile(
        display_name=item["display_name"],
        zone=Zone(item["zone"]),
        language=Language(item["language"]),
        depth=item["depth"],
        touch_comfort=item["touch_comfort"],
        barriers=frozenset(Barrier(each) for each in item["barriers"]),
        streak_hidden=item["streak_hidden"],
    )


def _item_from(person: Person) -> Item:
    reminders = person.reminders
    quiet, touch = reminders.quiet_hours, reminders.touch
    item: Item = {
        "profile": profile_item(person.profile),
        "reminders": {
            "prompt": _clock(reminders.prompt),
            "evening": _clock(reminders.evening) if reminders.evening else None,
            "quiet_hours": [_clock(quiet.start), _clock(quiet.end)] if quiet else None,
            "touch": {"weekdays": sorted(touch.weekdays), "time": _clock(touch.time)} if touch else None,
            "nudges_muted": reminders.nudges_muted,
        },
        "touch_agreed": person.touch_agreed,
        "devices": {
            device_id: {
                "token": device.token,
                "platform": device.platform,
                "registered_at": to_millis(device.registered_at),
            }
            for device_id, device in person.devices.items()
        },
        "created_at": to_millis(person.created_at),
        "revision": person.revision,
    }
    if person.couple:
        item["couple"] = person.couple
    if person.invite:
        item["invite"] = {
            "id": person.invite.id,
            "code_mac": person.invite.code_mac,
            "expires_at": to_millis(person.invite.expires_at),
        }
    return item


def person_from(item: Mapping[str, Any]) -> Person:
    """The person of a person's item."""
    reminders, invite = item["reminders"], item.get("invite")
    quiet, touch = reminders["quiet_hours"], reminders["touch"]
    return Person(
        uid=Uid(item["pk"].partition("#")[2]),
        profile=profile_from(item["profile"]),
        reminders=Reminders(
            prompt=dt.time.fromisoformat(reminders["prompt"]),
            evening=dt.time.fromisoformat(reminders["evening"]) if reminders["evening"] else None,
            quiet_hours=QuietHours(*map(dt.time.fromisoformat, quiet)) if quiet else None,
            touch=TouchReminder(frozenset(touch["weekdays"]), dt.time.fromisoformat(touch["time"])) if touch else None,
            nudges_muted=reminders["nudges_muted"],
        ),
        created_at=from_millis(item["created_at"]),
        devices={
            DeviceId(device_id): Device(
                token=device["token"],
                platform=Platform(device["platform"]),
                registered_at=from_millis(device["registered_at"]),
            )
            for device_id, device in item["devices"].items()
        },
        couple=CoupleId(item["couple"]) if "couple" in item else None,
        invite=LiveInvite(InviteId(invite["id"]), invite["code_mac"], from_millis(invite["expires_at"]))
        if invite
        else None,
        touch_agreed=item["touch_agreed"],
        revision=item["revision"],
    )


def _clock(local: dt.time) -> str:
    return f"{local:%H:%M}"
