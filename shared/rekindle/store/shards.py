"""Store the names of each slot's shards. A shard is a partition with some of the slot's rows.

The function `delivery` reshards a slot if a shard has too many rows. No step begins while the slot's pushes are
being sent, or shortly before. `name_more` names two new shards for each old shard. At least 15 minutes later,
`move_rows` moves the rows to the new shards, and `forget_old` removes the names of the old shards. A repeated step
does no harm.

The function `cleanup` deletes a slot that holds nobody, in two steps on two days (`EmptySlots`).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rekindle.errors import WriteConflictError
from rekindle.store import keys
from rekindle.store.instants import from_millis, to_millis
from rekindle.store.slot_rows import row_from
from rekindle.store.table import Write, repeated_on_conflict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rekindle.domain.reminders import Slot
    from rekindle.store.table import Table

MOVED_AT_ONCE: Final = 50
"""One transaction moves at most this many rows. Each row takes two of a transaction's hundred writes."""

EMPTY_FOR: Final = dt.timedelta(hours=12)
"""A slot is deleted if a run finds it empty, and another run found it empty at least this long ago.

A slot comes about once a day. EMPTY_FOR is much longer than any request. It is also longer than a deployment, in which
an older version may run that does not know the attribute `empty_since`. Each repeat of a failed job may make
`empty_since` half an hour too early.
"""

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Shards:
    """The names of a slot's shards.

    During resharding, `new_names` are the shards that will replace `names`, and `named_at` is the instant at which
    `name_more` stored them. Meanwhile a row is in an old or a new shard. Each write puts its row into a new shard.
    `empty_since` is the instant at which a run found the slot empty, if nobody has joined the slot since.
    """

    names: tuple[str, ...]
    new_names: tuple[str, ...] = ()
    named_at: dt.datetime | None = None
    empty_since: dt.datetime | None = None

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


@dataclass(frozen=True, slots=True)
class EmptySlots:
    """The deletion of slots that hold nobody."""

    table: Table

    @repeated_on_conflict("a slot or its zone's list of slots kept changing")
    def delete(self, slot: Slot, at: dt.datetime) -> bool:
        """Delete the slot if it is empty, and a run found it empty EMPTY_FOR ago. Return whether the slot is gone.

        If it is found empty for the first time, store `at` as `empty_since`. `at` is when the job was first received.
        Do nothing while the slot is resharded.
        """
        shards = read_shards(self.table, [slot]).get(slot)
        if shards is None or shards.new_names or not all(map(self._is_empty, shards.names)):
            return shards is None
        if shards.empty_since is None:
            marking = Write(
                "Update",
                keys.shards(slot),
                update="SET empty_since = :at",
                condition="attribute_exists(pk) AND attribute_not_exists(empty_since)",
                values={":at": to_millis(at)},
            )
            self.table.write(marking)
        elif at - shards.empty_since >= EMPTY_FOR:
            # Invariant: no row is in a slot that does not exist. A request that read the slot without `empty_since`
            # ended long ago, so `_is_empty` has seen its row. A request that read `empty_since` removes it before it
            # writes a row, and then this transaction fails.
            unchanged = "empty_since = :read AND attribute_not_exists(spreading_to)"
            values = {":read": to_millis(shards.empty_since)}
            gone = Write("Delete", keys.shards(slot), condition=unchanged, values=values)
            self.table.transact([gone, self._unlisting(slot)])
            return True
        return False

    def _is_empty(self, shard: str) -> bool:
        return not self.table.query(keys.slot_shard(shard), between=keys.SLOT_ROWS, limit=1).items

    def _unlisting(self, slot: Slot) -> Write:
        """Return the write that removes the slot from its zone's list. An empty list has no row."""
        key, time = keys.zone(slot.zone), {f"{slot.time:%H:%M}"}
        if (self.table.get(key) or {"times": time})["times"] == time:
            return Write("Delete", key, condition="times = :only", values={":only": time})
        return Write(
            "Update",
            key,
            update="DELETE times :gone",
            condition="size(times) > :one",
            values={":gone": time, ":one": 1},
        )


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


def keep_slot(table: Table, slot: Slot, shards: Shards) -> bool:
    """Remove `empty_since` from a slot, because somebody joins it. Return False if the slot is deleted."""
    if shards.empty_since is None:
        return True
    try:
        table.write(Write("Update", keys.shards(slot), update="REMOVE empty_since", condition="attribute_exists(pk)"))
    except WriteConflictError:
        return False
    return True


def unused_names(table: Table, count: int) -> list[str]:
    """Reserve names that no shard has ever had, and return these names."""
    counted = table.write(Write("Update", keys.SHARD_NAMES, update="ADD given :count", values={":count": count}))
    return [_numeral(number) for number in range(counted["given"] - count, counted["given"])]


def _shards_from(item: Mapping[str, Any]) -> Shards:
    named_at = from_millis(item["named_at"]) if "named_at" in item else None
    empty_since = from_millis(item["empty_since"]) if "empty_since" in item else None
    return Shards(tuple(item["names"]), tuple(item.get("spreading_to", ())), named_at, empty_since)


def _numeral(number: int) -> str:
    """Return the number in base 36, which makes short names in plain letters and digits."""
    digits = ""
    while True:
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
        if not number:
            return digits
