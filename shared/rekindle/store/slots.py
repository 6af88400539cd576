"""Store slots and their rows. A slot is a local time in a zone, with a row for each reminder at this time.

A shard is a partition with some of the slot's rows. A run sends the reminders of one shard's rows. The run reads most
rows by eventually consistent reads. Such reads cost half, but may miss the latest changes. So each transaction that
changes a row also writes a note with the row's key into the row's partition. The run reads the notes of the last
minutes, and then reads the changed rows again. Both reads are strongly consistent.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rekindle.domain.ids import Zone
from rekindle.domain.reminders import Slot
from rekindle.store import keys
from rekindle.store.instants import to_millis, to_ttl
from rekindle.store.shards import keep_slot, make_slot, read_shards
from rekindle.store.slot_rows import row_from, row_item, rows_of
from rekindle.store.table import Write, every_item

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rekindle.store.person_items import PersonChange
    from rekindle.store.shards import Shards
    from rekindle.store.slot_rows import SlotAndKind, SlotRow
    from rekindle.store.table import Item, Table

UNSETTLED: Final = dt.timedelta(minutes=5)
"""A run reads the notes of changes that are at most this old.

We assume that an eventually consistent read sees every older change. Usually such a read sees a change after a second.
"""

NOTES_KEPT: Final = dt.timedelta(hours=1)

FEW_ROWS: Final = 26
"""A strongly consistent read gets about this many rows for one capacity unit (4 KB).

If a shard has fewer rows, a run reads them by one strongly consistent read. This costs less than an eventually
consistent read of the rows and a read of the notes.
"""


@dataclass(frozen=True, slots=True)
class SlotPage:
    """Rows of one shard. The next page begins after the sort key `last`, which is None on the last page."""

    rows: list[SlotRow]
    last: str | None


@dataclass(frozen=True, slots=True)
class Slots:
    """The slots of the table. `EmptySlots` deletes a slot that was empty on two days."""

    table: Table
    few_rows: int = FEW_ROWS

    def known(self) -> frozenset[Slot]:
        """Return all slots that the table lists.

        For a moment, the list may have a new slot whose shard does not exist yet.
        """
        return frozenset(
            Slot(Zone(item["sk"]), dt.time.fromisoformat(time))
            for item in every_item(self.table, keys.ZONES)
            for time in item["times"]
        )

    def existing(self, slots: Iterable[Slot]) -> dict[Slot, Shards]:
        """Map each existing slot in `slots` to its shards (a strongly consistent read)."""
        return read_shards(self.table, slots)

    def page(self, shard: str, after: str | None, limit: int, at: dt.datetime) -> SlotPage:
        """Return a page of about `limit` rows of a shard.

        The page begins after the sort key `after`, or with the first row if `after` is None. `at` is the present
        instant. The rows include all changes that DynamoDB acknowledged before `at`. So a person who unpaired before
        `at` is not in the page.
        """
        pk, begin = keys.slot_shard(shard), after
        items: list[Item] = []
        if after is None:
            few = self.table.query(pk, between=keys.SLOT_ROWS, limit=self.few_rows)
            if few.last is None:
                return SlotPage(list(map(row_from, few.items)), None)
            items, begin = few.items, few.last
        page = self.table.query(pk, between=keys.SLOT_ROWS, after=begin, limit=limit, consistent=False)
        changed = {
            sk
            for sk in self._changed_since(pk, at - UNSETTLED)
            if (after is None or sk > after) and (page.last is None or sk <= page.last)
        }
        unchanged = (item for item in items + page.items if item["sk"] not in changed)
        reread = self.table.get_many((keys.Key(pk, sk) for sk in sorted(changed)), consistent=True)
        return SlotPage([row_from(item) for item in (*unchanged, *reread)], page.last)

    def _changed_since(self, pk: str, since: dt.datetime) -> Iterator[str]:
        """Return the sort keys of a partition's rows that have changed since an instant."""
        return (
            note["sk"].partition("#")[2]
            for note in every_item(self.table, pk, between=keys.changed_rows(to_millis(since)))
        )


def slot_row_writes(table: Table, instant: dt.datetime, *changes: PersonChange) -> list[Write]:
    """Return the writes that update the changed persons' slot rows, for one transaction.

    If a slot does not exist yet, this function makes the slot at once, outside of the transaction. Thousands of persons
    share a slot and its zone's list of slots. If their transactions made slots, the transactions would conflict.
    """
    gone: list[tuple[SlotAndKind, str]] = []
    put: list[tuple[SlotAndKind, SlotRow]] = []
    for before, after in changes:
        old, new = rows_of(before) if before else {}, rows_of(after)
        gone += [(name, row.person) for name, row in sorted(old.items()) if name not in new]
        put += [(name, row) for name, row in new.items() if old.get(name) != row]
    shards = _shards_of(table, {slot for (slot, _), _ in put}, {slot for (slot, _), _ in gone})
    writes = []
    for (slot, kind), row in put:
        *old_shards, shard = shards[slot].shards_of(row.person)
        writes.append(Write("Put", keys.slot_row(shard, kind, row.person), item=row_item(row)))
        writes += [Write("Delete", keys.slot_row(old_shard, kind, row.person)) for old_shard in old_shards]
    for (slot, kind), person in gone:
        names = shards[slot].shards_of(person) if slot in shards else ()
        writes += [Write("Delete", keys.slot_row(shard, kind, person)) for shard in names]
    return writes + [_note_of(write.key, instant) for write in writes]


def _shards_of(table: Table, wanted: set[Slot], left: set[Slot]) -> dict[Slot, Shards]:
    """Map the slots in `wanted` and `left` to their shards. Make each slot in `wanted` that does not exist.

    A slot in `left` may be missing from the result, if it was empty and is deleted.
    """
    shards = read_shards(table, wanted | left)
    missing = {slot for slot in wanted if slot not in shards or not keep_slot(table, slot, shards[slot])}
    for slot in sorted(missing):
        make_slot(table, slot)
    return shards | (read_shards(table, missing) if missing else {})


def _note_of(row: keys.Key, instant: dt.datetime) -> Write:
    return Write("Put", keys.changed_row(row, to_millis(instant)), item={"ttl": to_ttl(instant + NOTES_KEPT)})
