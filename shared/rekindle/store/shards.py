"""Store the names of each slot's shards. A shard is a partition with some of the slot's rows.

The function `delivery` reshards a slot if a shard has too many rows. No step begins while the slot's pushes are
being sent or come soon. `name_more` names two new shards for each old shard. At least 15 minutes later, `move_rows`
moves the rows to the new shards, and `forget_old` removes the names of the old shards. A repeated step does no harm.
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
"""One transaction moves at most this many rows. Each row takes two of a transaction's hundred writes."""

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Shards:
    """The names of a slot's shards.

    During resharding, `new_names` are the shards that will replace `names`, and `named_at` is the instant at which
    `name_more` stored them. Meanwhile a row is in an old or a new shard. Each write puts its row into a new shard.
    """

    names: tuple[str, ...]
    new_names: tuple[str, ...] = ()
    named_at: dt.datetime | None = None

    @property
    def all(self) -> tuple[str, ...]:
        """Every shard that may hold rows."""
        return self.names + self.new_names

    def shards_of(self, person: str) -> tuple[str, ...]:
        """Return the shards that may hold a person's row. A write puts the row into the last of these shards."""
        # CRC-32 is the same in every process, unlike `hash`.
        return tuple(names[zlib.crc32(person.encode()) % len(names)] for names in (self.names, self.new_names) if names)


@dataclass(frozen=True, slots=True)
class Resharding:
    """The steps that replace a slot's shards with twice as many new shards."""

    table: Table

    def shards(self, slot: Slot) -> Shards | None:
        """Return the slot's shards (a strongly consistent read). Return None if the slot does not exist."""
        return read_shards(self.table, [slot]).get(slot)

    def name_more(self, slot: Slot, shards: Shards, instant: dt.datetime) -> None:
        """Name two new shards for each old shard. Do nothing if the stored shards are not `shards` any more."""
        names = unused_names(self.table, 2 * len(shards.names))
        # Invariant: a slot has at most one set of new shards. So only two shards may have a person's row: an old shard
        # and a new shard.
        naming = Write(
            "Update",
            keys.shards(slot),
            update="SET spreading_to = :names, named_at = :instant",
            condition="#names = :read AND attribute_not_exists(spreading_to)",
            names={"#names": "names"},
            values={":names": names, ":read": list(shards.names), ":instant": to_millis(instant)},
        )
        with contextlib.suppress(WriteConflictError):
            self.table.write(naming)

    def move_rows(self, shards: Shards, name: str) -> bool:
        """Move some rows of an old shard to the new shards. Return False if the old shard had no rows."""
        page = self.table.query(keys.slot_shard(name), between=keys.SLOT_ROWS, limit=MOVED_AT_ONCE)
        writes = []
        for item in page.items:
            old = keys.Key(item.pop("pk"), item.pop("sk"))
            row = row_from({"sk": old.sk, **item})
            new_shard = shards.shards_of(row.person)[-1]
            writes.append(Write("Put", keys.slot_row(new_shard, row.kind, row.person), item=item))
            # Invariant: a row is in only one shard. If another write has moved or deleted the old row, the transaction
            # fails. No other write changes an old row: the caller waits after `name_more`, and then all writes put rows
            # into the new shards.
            writes.append(Write("Delete", old, condition="attribute_exists(pk)"))
        if writes:
            with contextlib.suppress(WriteConflictError):
                self.table.transact(writes)
        return bool(writes)

    def forget_old(self, slot: Slot, shards: Shards) -> None:
        """Make the new shards the slot's only shards. The old shards must be empty."""
        forgetting = Write(
            "Update",
            keys.shards(slot),
            update="SET #names = :names REMOVE spreading_to, named_at",
            condition="spreading_to = :names",
            names={"#names": "names"},
            values={":names": list(shards.new_names)},
        )
        with contextlib.suppress(WriteConflictError):
            self.table.write(forgetting)


def read_shards(table: Table, slots: Iterable[Slot]) -> dict[Slot, Shards]:
    """Map each existing slot in `slots` to its shards (a strongly consistent read)."""
    slot_of = {keys.shards(slot): slot for slot in slots}
    items = table.get_many(slot_of, consistent=True)
    return {slot_of[keys.Key(item["pk"], item["sk"])]: _shards_from(item) for item in items}


def make_slot(table: Table, slot: Slot) -> None:
    """Make the slot with one shard, unless the slot exists."""
    # Invariant: the list of slots has every existing slot, even after a crash between these two writes. So add the slot
    # to the list first.
    listed = {":times": {f"{slot.time:%H:%M}"}}
    table.write(Write("Update", keys.zone(slot.zone), update="ADD times :times", values=listed))
    new = Write.new(keys.shards(slot), {"names": unused_names(table, 1)})
    # If the write fails, the slot exists already. Then the new shard's name stays unused.
    with contextlib.suppress(WriteConflictError):
        table.write(new)


def unused_names(table: Table, count: int) -> list[str]:
    """Reserve names that no shard has ever had, and return these names."""
    counted = table.write(Write("Update", keys.SHARD_NAMES, update="ADD given :count", values={":count": count}))
    return [_numeral(number) for number in range(counted["given"] - count, counted["given"])]


def _shards_from(item: Mapping[str, Any]) -> Shards:
    named_at = from_millis(item["named_at"]) if "named_at" in item else None
    return Shards(tuple(item["names"]), tuple(item.get("spreading_to", ())), named_at)


def _numeral(number: int) -> str:
    """Return the number in base 36, which makes short names in plain letters and digits."""
    digits = ""
    while True:
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
        if not number:
            return digits
