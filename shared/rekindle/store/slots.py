"""Slots: who is due at a local time, ready to be pushed to.

The rows of a slot are read by the thousand and billed by their size, so their attributes have one letter:
`t` the registration tokens, `c` the couple, `l` the language, `q` the quiet hours as `HH:MM-HH:MM` where there are any.
Kind and person are the sort key, the zone is the partition key's.
"""

from __future__ import annotations

import datetime as dt
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rekindle.errors import WriteConflictError
from rekindle.models import CoupleId, Language, PushKind, QuietHours, Uid, Zone
from rekindle.reminders import Slot
from rekindle.store import keys
from rekindle.store.days import day_from
from rekindle.store.instants import from_millis, to_millis
from rekindle.store.table import Write

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from rekindle.models import Day, Person
    from rekindle.store.table import Item, Table

type Change = tuple[Person | None, Person]
"""A person as read, or None for a new one, and as they shall be."""

type RowPlace = tuple[Slot, PushKind]
"""Where a person's row is: at most one for each kind, since a person has one time for each."""


@dataclass(frozen=True, slots=True)
class SlotRow:
    """What a reminder to one person takes, and nothing else of them."""

    kind: PushKind
    uid: Uid
    couple: CoupleId
    language: Language
    tokens: tuple[str, ...]
    quiet_hours: QuietHours | None


@dataclass(frozen=True, slots=True)
class SlotPage:
    """Rows of one shard, and the sort key to go on after; None at the end."""

    rows: list[SlotRow]
    last: str | None


def rows_of(person: Person) -> dict[RowPlace, SlotRow]:
    """The rows a person has: none unless they are in a couple and have a device that can be pushed to."""
    if person.couple is None or not person.devices:
        return {}
    times = {PushKind.PROMPT: person.reminders.prompt, PushKind.EVENING: person.reminders.evening}
    tokens = tuple(sorted({device.token for device in person.devices.values()}))
    return {
        (Slot(person.profile.zone, time), kind): SlotRow(
            kind, person.uid, person.couple, person.profile.language, tokens, person.reminders.quiet_hours
        )
        for kind, time in times.items()
        if time is not None
    }


def shard_of(uid: Uid, shards: int) -> int:
    """The shard that holds a person's row, the same in every process."""
    return zlib.crc32(uid.encode()) % shards


@dataclass(frozen=True, slots=True)
class Slots:
    """The slots of the table. A slot that has come to exist never vanishes, though its last row may."""

    table: Table

    def zones(self) -> frozenset[Zone]:
        """The zones in which slots exist."""
        item = self.table.get(keys.ZONES, consistent=False)
        return frozenset(Zone(zone) for zone in item["zones"]) if item else frozenset()

    def existing(self, slots: Iterable[Slot], *, consistent: bool = False) -> dict[Slot, int]:
        """Those of `slots` that exist, with the number of their shards."""
        named = {keys.shards(slot): slot for slot in slots}
        items = self.table.get_many(named, consistent=consistent)
        return {named[keys.Key(item["pk"], item["sk"])]: item["shards"] for item in items}

    def moves(self, *changes: Change) -> list[Write]:
        """The writes that turn each person's rows from what they were to what they shall be; often none.

        Slots that nobody had before are made here and now, ahead of the transaction that puts rows there: kept out of
        it, because thousands of persons share a slot, and all of them a zone's entry.
        """
        gone: list[tuple[RowPlace, Uid]] = []
        put: list[tuple[RowPlace, SlotRow]] = []
        for before, after in changes:
            old, new = rows_of(before) if before else {}, rows_of(after)
            gone += [(place, after.uid) for place in sorted(old.keys() - new.keys())]
            put += [(place, row) for place, row in new.items() if old.get(place) != row]
        wanted = {slot for (slot, _), _ in put}
        shards = self.existing(wanted | {slot for (slot, _), _ in gone}, consistent=True)
        if missing := wanted - shards.keys():
            self._make(missing)
            shards |= self.existing(missing, consistent=True)

        def key(place: RowPlace, uid: Uid) -> keys.Key:
            slot, kind = place
            return keys.slot_row(slot, shard_of(uid, shards[slot]), kind, uid)

        return [
            *(Write("Delete", key(place, uid)) for place, uid in gone),
            *(Write("Put", key(place, row.uid), item=_item_from(row)) for place, row in put),
        ]

    def _make(self, missing: Collection[Slot]) -> None:
        zones = {slot.zone for slot in missing}
        if zones - self.zones():
            # Before the slot: a slot that exists says that its zone is listed, also after a crash right here.
            self.table.write(Write("Update", keys.ZONES, update="ADD zones :zones", values={":zones": zones}))
        for slot in missing:
            try:
                self.table.write(
                    Write("Put", keys.shards(slot), item={"shards": 1}, condition="attribute_not_exists(pk)")
                )
            except WriteConflictError:
                continue  # Someone else has just made it, perhaps with more shards by now.

    def page(self, slot: Slot, shard: int, after: str | None, limit: int) -> SlotPage:
        """Up to `limit` rows of a shard as last acknowledged, so that nobody who has unpaired is among them."""
        page = self.table.query(keys.slot_shard(slot, shard), after=after, limit=limit)
        return SlotPage([_row_from(item) for item in page.items], page.last)

    def days(self, couples: Iterable[CoupleId], date: dt.date) -> dict[CoupleId, Day]:
        """The days of this date that the couples have opened already; may be a second old."""
        items = self.table.get_many(keys.day(couple, date) for couple in couples)
        return {day.couple: day for day in map(day_from, items)}

    def watermark(self) -> dt.datetime | None:
        """Until when slots have been enqueued; None before the first tick."""
        item = self.table.get(keys.WATERMARK)
        return from_millis(item["until_at"]) if item else None

    def advance_watermark(self, until: dt.datetime) -> None:
        """Note that every slot until then is enqueued; a tick that was overtaken by a later one changes nothing."""
        try:
            self.table.write(
                Write(
                    "Put",
                    keys.WATERMARK,
                    item={"until_at": to_millis(until)},
                    # Enough under concurrency too: whoever gets here has enqueued all since a mark at or before this.
                    condition="attribute_not_exists(pk) OR until_at < :until",
                    values={":until": to_millis(until)},
                )
            )
        except WriteConflictError:
            return


def _item_from(row: SlotRow) -> Item:
    item: Item = {"t": list(row.tokens), "c": row.couple, "l": row.language}
    if row.quiet_hours:
        item["q"] = f"{row.quiet_hours.start:%H:%M}-{row.quiet_hours.end:%H:%M}"
    return item


def _row_from(item: Mapping[str, Any]) -> SlotRow:
    kind, _, uid = item["sk"].partition("#")
    return SlotRow(
        kind=PushKind(kind),
        uid=Uid(uid),
        couple=CoupleId(item["c"]),
        language=Language(item["l"]),
        tokens=tuple(item["t"]),
        quiet_hours=QuietHours(*map(dt.time.fromisoformat, item["q"].split("-"))) if "q" in item else None,
    )
