"""Shards: the partitions that hold a slot's rows, and how a slot gets more of them.

A grown slot is resharded between two of its daily runs: `name_more` names twice as many new shards beside the old
ones, `move_rows` moves the rows, and `forget_old` leaves only the new shards. Each step can be repeated.
"""

from __future__ import annotations

import contextlib
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rekindle.errors import WriteConflictError
from rekindle.store import keys
from rekindle.store.instants import from_millis, to_millis
from rekindle.store.slot_rows import row_from
from rekindle.store.table import Write

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from rekindle.domain.reminders import Slot
    from rekindle.store.table import Table

MOVED_AT_ONCE: Final = 50
"""Rows that one transaction moves. A row takes two writes, and a transaction holds a hundred."""

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Shards:
    """The names of a slot's shards.

    While the slot is resharded, `new_names` are the shards that replace `names`, and `named_at` says since when. Each
    row is then in one of all these shards, and a write puts it into a new one.
    """

    names: tuple[str, ...]
    new_names: tuple[str, ...] = ()
    named_at: dt.datetime | None = None

    @property
    def all(self) -> tuple[str, ...]:
        """Every shard that may hold rows."""
        return self.names + self.new_names

    def homes_of(self, person: str) -> tuple[str, ...]:
        """Return the shards that may hold a person's row. A write puts the row into the last one."""
        # CRC-32 is the same in every process, unlike `hash`.
        return tuple(names[zlib.crc32(person.encode()) % len(names)] for names in (self.names, self.new_names) if names)


@dataclass(frozen=True, slots=True)
class Resharding:
    """Replaces a slot's shards by twice as many."""

    table: Table

    def shards(self, slot: Slot) -> Shards | None:
        """Return the slot's shards, read consistently, or None if the slot does not exist."""
        return read_shards(self.table, [slot]).get(slot)

    def name_more(self, slot: Slot, shards: Shards, instant: dt.datetime) -> None:
        """Name twice as many new shards, unless the slot's shards have changed since they were read."""
        names = unused_names(self.table, 2 * len(shards.names))
        # Invariant: a slot has one set of new shards at most, so no row is looked for in a third place.
        more = Write(
            "Update",
            keys.shards(slot),
            update="SET spreading_to = :names, named_at = :instant",
            condition="#names = :read AND attribute_not_exists(spreading_to)",
            names={"#names": "names"},
            values={":names": names, ":read": list(shards.names), ":instant": to_millis(instant)},
        )
        with contextlib.suppress(WriteConflictError):
            self.table.write(more)

    def move_rows(self, shards: Shards, name: str) -> bool:
        """Move some rows of an old shard to the new ones. Return False if it had none left."""
        page = self.table.query(keys.slot_shard(name), between=keys.SLOT_ROWS, limit=MOVED_AT_ONCE)
        writes = []
        for item in page.items:
            old = keys.Key(item.pop("pk"), item.pop("sk"))
            row = row_from({"sk": old.sk, **item})
            home = shards.homes_of(row.person)[-1]
            writes.append(Write("Put", keys.slot_row(home, row.kind, row.person), item=item))
            # Invariant: a row is in one shard. No write puts a row into an old shard. So the row is unchanged since
            # it was read, or it has been moved or deleted.
            writes.append(Write("Delete", old, condition="attribute_exists(pk)"))
        if writes:
            with contextlib.suppress(WriteConflictError):
                self.table.transact(writes)
        return bool(writes)

    def forget_old(self, slot: Slot, shards: Shards) -> None:
        """Leave only the new shards. The old ones must be empty."""
        only_new = Write(
            "Update",
            keys.shards(slot),
            update="SET #names = :names REMOVE spreading_to, named_at",
            condition="spreading_to = :names",
            names={"#names": "names"},
            values={":names": list(shards.new_names)},
        )
        with contextlib.suppress(WriteConflictError):
            self.table.write(only_new)


def read_shards(table: Table, slots: Iterable[Slot]) -> dict[Slot, Shards]:
    """Return the shards of the existing slots among `slots`, read consistently."""
    slot_of = {keys.shards(slot): slot for slot in slots}
    items = table.get_many(slot_of, consistent=True)
    return {slot_of[keys.Key(item["pk"], item["sk"])]: _shards_from(item) for item in items}


def make_slot(table: Table, slot: Slot) -> None:
    """Make the slot with one shard, unless it exists."""
    # Invariant: an existing slot is listed, also after a crash between these two writes. So the list comes first.
    listed = {":times": {f"{slot.time:%H:%M}"}}
    table.write(Write("Update", keys.zone(slot.zone), update="ADD times :times", values=listed))
    new = Write.new(keys.shards(slot), {"names": unused_names(table, 1)})
    # On a conflict another process has just made the slot. The unused name is lost, and there are plenty.
    with contextlib.suppress(WriteConflictError):
        table.write(new)


def unused_names(table: Table, count: int) -> list[str]:
    """Return names that no shard has had."""
    counted = table.write(Write("Update", keys.SHARD_NAMES, update="ADD given :count", values={":count": count}))
    return [_numeral(number) for number in range(counted["given"] - count, counted["given"])]


def _shards_from(item: Mapping[str, Any]) -> Shards:
    named_at = from_millis(item["named_at"]) if "named_at" in item else None
    return Shards(tuple(item["names"]), tuple(item.get("spreading_to", ())), named_at)


def _numeral(number: int) -> str:
    """Return the number in base 36, a short name that DynamoDB's console can show."""
    digits = ""
    while True:
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
        if not number:
            return digits
