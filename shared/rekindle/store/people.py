"""Persons: one item each, guarded by its revision; their slots and targets are written with it or not at all."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from rekindle.domain.calendar import start_of
from rekindle.domain.due_dates import move_reminders
from rekindle.domain.models import (
    Barrier,
    CoupleId,
    Device,
    DeviceId,
    DueEarlier,
    InviteId,
    Language,
    LiveInvite,
    Person,
    Platform,
    Profile,
    PushKind,
    QuietHours,
    Reminders,
    Target,
    TargetKind,
    TouchReminder,
    Uid,
    Zone,
)
from rekindle.domain.reminders import MAX_LATENESS
from rekindle.errors import ContentionError, KeyReusedError, WriteConflictError
from rekindle.store import keys
from rekindle.store.instants import from_millis, to_millis, to_ttl
from rekindle.store.slots import Change, Slots
from rekindle.store.table import Write

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from rekindle.domain.due_dates import CaughtUp
    from rekindle.store.table import Item, Table

CHANGE_ATTEMPTS: Final = 10
"""How often a change is applied anew to a person whom another write has changed in between."""

REFRESHED_AFTER: Final = dt.timedelta(days=7)
"""How old a device's registration may be before the same one again is worth a write: apps register at every start."""

STALE_AFTER: Final = dt.timedelta(days=270)
"""When a device that its app has not registered again is given up: FCM lets Android's targets expire then."""

CAUGHT_UP_KEPT: Final = dt.timedelta(days=1)

ONCE_FOR: Final = dt.timedelta(hours=24)
"""How long an idempotency key is remembered."""


@dataclass(frozen=True, slots=True)
class Consequences:
    """What a change of a person comes to: the person as they are with it, others who change too, and more writes."""

    person: Person
    others: Sequence[Change] = ()
    writes: Sequence[Write] = ()


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request that may be repeated under its idempotency key; one without a key has no fingerprint.

    `writes` remember the key. They belong into the transaction of whatever the request does, so that a request that is
    refused leaves no row; there are none for a repeat.
    """

    fingerprint: str | None = None
    is_repeat: bool = False
    writes: tuple[Write, ...] = ()


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

    def saves(self, instant: dt.datetime, *changes: Change) -> list[Write]:
        """The writes of all changes at `instant` with their slots and targets, for one transaction.

        The first writes are the persons', in order: index i fails when the i-th has changed since it was read. What
        falls due with a change (`rekindle.domain.due_dates`) is written for `react` to see.
        """
        settled: list[Change] = []
        caught_up = []
        for before, after in changes:
            person, due = move_reminders(before, after, instant) if before else (after, [])
            settled.append((before, person))
            caught_up += [_caught_up(person, each, instant) for each in due if instant - each.instant <= MAX_LATENESS]
        return [
            *(_put(before, after) for before, after in settled),
            *Slots(self.table).moves(instant, *settled),
            *_target_moves(settled),
            *caught_up,
        ]

    def create(self, person: Person) -> Person:
        """Keep a new person; if they have come to be in the meantime, the one who stands is returned."""
        try:
            self.table.commit(self.saves(person.created_at, (None, person)))
        except WriteConflictError as conflict:
            existing = conflict.existing.get(0)
            if existing is None:
                raise
            return person_from(existing)
        return replace(person, revision=1)

    def change(
        self,
        uid: Uid,
        instant: dt.datetime,
        change: Callable[[Person], Person],
        consequences: Callable[[Person, Person], Consequences] = lambda _before, after: Consequences(after),
    ) -> Person | None:
        """Apply `change` to the person at `instant`, with what follows from it; None where there is no such person.

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
            follows = consequences(before, after)
            try:
                self.table.commit([*self.saves(instant, (before, follows.person), *follows.others), *follows.writes])
            except WriteConflictError:
                continue
            return replace(follows.person, revision=before.revision + 1)
        raise ContentionError("a person kept changing")

    def register_device(
        self, uid: Uid, device_id: DeviceId, device: Device, guard: Callable[[Person], None] = lambda _person: None
    ) -> Person | None:
        """Give the person the device, and its target to them alone: whoever had it loses it in the same transaction.

        Devices of theirs that have gone stale go with it. None where there is no such person. `guard` sees the person
        as they will be and may raise.
        """
        for _ in range(CHANGE_ATTEMPTS):
            before = self.person(uid)
            if before is None:
                return None
            if _is_fresh(before.devices.get(device_id), device):
                return before
            kept = _without_stale(_without_target(before, device.target), device.registered_at)
            after = replace(before, devices={**kept.devices, device_id: device})
            guard(after)
            changes: list[Change] = [(before, after)]
            owner = self.table.get(keys.target(device.target))
            if owner and owner["uid"] != uid and (loser := self.person(owner["uid"])):
                changes.append((loser, _without_target(loser, device.target)))
            try:
                self.table.commit(self.saves(device.registered_at, *changes))
            except WriteConflictError:
                # Either person has changed, or the target has just moved: read all of it again.
                continue
            return replace(after, revision=before.revision + 1)
        raise ContentionError("a target kept moving")

    def owners(self, digests: Collection[str]) -> dict[str, Uid]:
        """Whose the targets of these digests are, as last acknowledged."""
        items = self.table.get_many(map(keys.target_of, digests), consistent=True)
        return {item["pk"].partition("#")[2]: Uid(item["uid"]) for item in items}

    def forget_target(self, mark: str, target: Target, instant: dt.datetime) -> None:
        """Take a dead target from the person of this mark, unless it has moved on already."""
        if owner := self._owner(mark, target):
            self.change(owner, instant, lambda person: _without_target(person, target))

    def prune(self, mark: str, target: Target, instant: dt.datetime) -> None:
        """Take whatever has gone stale from the person of this mark, if the target is still theirs."""
        if owner := self._owner(mark, target):
            self.change(owner, instant, lambda person: _without_stale(person, instant))

    def _owner(self, mark: str, target: Target) -> Uid | None:
        owner = self.owners([keys.digest_of(target)]).get(keys.digest_of(target))
        return owner if owner is not None and keys.mark_of(owner) == mark else None

    def request_under(
        self, uid: Uid, idempotency_key: str, fingerprint: str, instant: dt.datetime
    ) -> KeyedRequest | None:
        """The request of this fingerprint under its idempotency key; None if the key stands for another."""
        key = keys.once(uid, idempotency_key)
        if item := self.table.get(key):
            return KeyedRequest(fingerprint, is_repeat=True) if item["fingerprint"] == fingerprint else None
        remembering = Write(
            "Put",
            key,
            item={"fingerprint": fingerprint, "ttl": to_ttl(instant + ONCE_FOR)},
            condition="attribute_not_exists(pk) OR fingerprint = :fingerprint",
            values={":fingerprint": fingerprint},
            otherwise=lambda: KeyReusedError("another request took the key at the same moment"),
        )
        return KeyedRequest(fingerprint, writes=(remembering,))

    def remember(self, request: KeyedRequest) -> None:
        """Remember the key of a request that found nothing left to do."""
        self.table.commit(request.writes)


def _put(before: Person | None, after: Person) -> Write:
    return Write(
        "Put",
        keys.person(after.uid),
        item=_item_from(replace(after, revision=before.revision + 1 if before else 1)),
        condition="revision = :read" if before else "attribute_not_exists(pk)",
        values={":read": before.revision} if before else {},
    )


def is_stale(device: Device, instant: dt.datetime) -> bool:
    """Whether nobody can be expected behind the device any more."""
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


def _caught_up(person: Person, due: CaughtUp, instant: dt.datetime) -> Write:
    return Write(
        "Put",
        keys.caught_up(person.uid, due.kind, due.date),
        item={
            "couple": person.couple,
            "due_at": to_millis(due.instant),
            "ends_at": to_millis(start_of(due.date + dt.timedelta(days=1), person.profile.zone)),
            "caught_up_at": to_millis(instant),
            "ttl": to_ttl(instant + CAUGHT_UP_KEPT),
        },
    )


def _target_moves(changes: Sequence[Change]) -> list[Write]:
    lost = {
        target: before.uid for before, after in changes if before for target in _targets_of(before) - _targets_of(after)
    }
    won = {
        target: after.uid
        for before, after in changes
        for target in _targets_of(after) - (_targets_of(before) if before else frozenset())
    }
    return [
        *(
            Write(
                "Put",
                keys.target(target),
                item={"uid": winner},
                # Nobody has it, or the one whom this transaction takes it from: else two would think it theirs.
                condition="attribute_not_exists(pk) OR uid = :owner",
                values={":owner": lost.get(target, winner)},
            )
            for target, winner in won.items()
        ),
        *(
            Write(
                "Delete",
                keys.target(target),
                condition="attribute_not_exists(pk) OR uid = :owner",
                values={":owner": loser},
            )
            for target, loser in lost.items()
            if target not in won
        ),
    ]


def _targets_of(person: Person) -> frozenset[Target]:
    return frozenset(device.target for device in person.devices.values())


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
            "news": reminders.news,
        },
        "touch_agreed": person.touch_agreed,
        "last_due": {kind: str(date) for kind, date in person.last_due.items()},
        "reminded_since": {kind: to_millis(since) for kind, since in person.reminded_since.items()},
        "due_earlier": [
            {
                "kind": due_earlier.kind,
                "zone": due_earlier.zone,
                "time": _clock(due_earlier.time),
                "date": str(due_earlier.date),
                "until": to_millis(due_earlier.until),
            }
            for due_earlier in person.due_earlier
        ],
        "devices": {
            device_id: {
                str(device.target.kind): device.target.value,
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
    if person.parted:
        item["parted"] = {couple: to_millis(ended_at) for couple, ended_at in person.parted.items()}
    if person.paused_until:
        item["paused_until"] = str(person.paused_until)
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
            news=reminders.get("news", True),  # who was stored before there were any gets them
        ),
        created_at=from_millis(item["created_at"]),
        devices={
            DeviceId(device_id): Device(
                target=_target_from(device),
                platform=Platform(device["platform"]),
                registered_at=from_millis(device["registered_at"]),
            )
            for device_id, device in item["devices"].items()
        },
        couple=CoupleId(item["couple"]) if "couple" in item else None,
        parted={CoupleId(couple): from_millis(ended_at) for couple, ended_at in item.get("parted", {}).items()},
        invite=LiveInvite(InviteId(invite["id"]), invite["code_mac"], from_millis(invite["expires_at"]))
        if invite
        else None,
        touch_agreed=item["touch_agreed"],
        paused_until=dt.date.fromisoformat(item["paused_until"]) if "paused_until" in item else None,
        last_due={PushKind(kind): dt.date.fromisoformat(date) for kind, date in item["last_due"].items()},
        reminded_since={PushKind(kind): from_millis(since) for kind, since in item["reminded_since"].items()},
        due_earlier=tuple(
            DueEarlier(
                kind=PushKind(due_earlier["kind"]),
                zone=Zone(due_earlier["zone"]),
                time=dt.time.fromisoformat(due_earlier["time"]),
                date=dt.date.fromisoformat(due_earlier["date"]),
                until=from_millis(due_earlier["until"]),
            )
            for due_earlier in item["due_earlier"]
        ),
        revision=item["revision"],
    )


def _target_from(device: Mapping[str, Any]) -> Target:
    (kind,) = (kind for kind in TargetKind if kind in device)
    return Target(kind, device[kind])


def _clock(local: dt.time) -> str:
    return f"{local:%H:%M}"
