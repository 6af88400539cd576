"""A table in memory, billed as DynamoDB bills, for what is too much for any engine: millions of rows.

It stands in for `rekindle.store.table.Table`, one layer below the stores, so that these run as they are. It knows of
DynamoDB's language only what they say in it, and refuses the rest.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import batched
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, Self

from rekindle.errors import WriteConflictError
from rekindle.store.table import BATCH_GET_LIMIT, Page, marshal
from testing.meter import WRITE_UNIT_BYTES, item_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from rekindle.store.keys import Key
    from rekindle.store.table import Item, Write

READ_UNIT_BYTES: Final = 4096
PAGE_BYTES: Final = 1024 * 1024
"""What a query reads before it ends its page, whatever its limit."""

NOTES: Final = "NOTES"
"""Stands for a partition where it is not its rows but the notes of their changes that are read."""

_CLAUSES: Final = re.compile(r"\b(SET|ADD|REMOVE) ")
_EXISTS: Final = re.compile(r"attribute_(not_)?exists\((.+)\)")
_COMPARED: Final = re.compile(r"(\S+) (=|<|<=|>|>=) (\S+)")
_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": lambda one, other: bool(one == other),
    "<": lambda one, other: bool(one < other),
    "<=": lambda one, other: bool(one <= other),
    ">": lambda one, other: bool(one > other),
    ">=": lambda one, other: bool(one >= other),
}


class Sized(NamedTuple):
    """An item, and its size as billed."""

    item: Item
    size: int


class Row(NamedTuple):
    """An item of a query's page, with its sort key and its size as billed."""

    sk: str
    size: int
    item: Item


class Ground(Protocol):
    """What the table holds before anything is written to it; made as it is asked for."""

    def item(self, key: Key) -> Sized | None:
        """The item of this key."""

    def rows(self, pk: str, between: tuple[str, str], after: str, limit: int | None) -> list[Row]:
        """Rows of a partition with sort keys from `between` and beyond `after`, in order."""

    def forget(self, key: Key) -> None:
        """The item has been written to, and is the table's own from now on."""


class Nothing:
    """The ground of a table that begins empty."""

    def item(self, key: Key) -> Sized | None:  # noqa: ARG002  as Ground has it
        """None."""
        return None

    def rows(self, pk: str, between: tuple[str, str], after: str, limit: int | None) -> list[Row]:  # noqa: ARG002
        """None."""
        return []

    def forget(self, key: Key) -> None:
        """There is nothing to forget."""


@dataclass(slots=True)
class Units:
    """The cost of some work: requests, read units, write units, and the requests that write."""

    requests: int = 0
    read: float = 0
    write: float = 0
    written: int = 0

    def __iadd__(self, other: Units) -> Self:
        self.requests += other.requests
        self.read += other.read
        self.write += other.write
        self.written += other.written
        return self


class Bill:
    """Units by purpose and entity. Each request counts for the present `purpose`.

    An entity is the beginning of a partition key. `rows` and `rows_bytes` are the rows that pages have read, by the
    letter of their kind.
    """

    def __init__(self) -> None:
        self.purpose = ""
        self.units: defaultdict[tuple[str, str], Units] = defaultdict(Units)
        self.rows: defaultdict[str, int] = defaultdict(int)
        self.rows_bytes: defaultdict[str, int] = defaultdict(int)

    def read(self, pk: str, sizes: Iterable[int], *, consistent: bool) -> None:
        """Count one request that reads items of these sizes."""
        units = self._of(pk)
        units.requests += 1
        units.read += sum(read_units(size, consistent=consistent) for size in sizes)

    def wrote(self, pk: str, units_written: float) -> None:
        """Count one request that writes."""
        units = self._of(pk)
        units.requests += 1
        units.written += 1
        units.write += units_written

    def _of(self, pk: str) -> Units:
        return self.units[self.purpose, pk.partition("#")[0]]

    def total(self, *purposes: str, entities: Collection[str] = ()) -> Units:
        """Return the cost for these purposes, of these entities if any are named."""
        total = Units()
        for (purpose, entity), units in self.units.items():
            if purpose in purposes and (not entities or entity in entities):
                total += units
        return total


def read_units(size: int, *, consistent: bool) -> float:
    """What reading so many bytes costs: at least as much as four kilobytes, also where there is nothing."""
    return max(1, math.ceil(size / READ_UNIT_BYTES)) * (1.0 if consistent else 0.5)


def write_units(*items: Sized | None) -> int:
    """What a write costs that finds and leaves these: it goes by the larger."""
    return max([1, *(math.ceil(item.size / WRITE_UNIT_BYTES) for item in items if item)])


def size_of(item: Mapping[str, object]) -> int:
    """The bytes that an item is billed by."""
    return item_bytes(marshal(item))


@dataclass(slots=True)
class _Partition:
    """What has been written to a partition: items by sort key, None where one was deleted. None is changed in place."""

    items: dict[str, Sized | None] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)


@dataclass(slots=True)
class MemoryTable:
    """The table. `inserted` is told of each item that is written where there was none, as a stream would be."""

    bill: Bill
    ground: Ground = field(default_factory=Nothing)
    inserted: Callable[[Key, Item], None] = lambda _key, _item: None
    _partitions: defaultdict[str, _Partition] = field(default_factory=lambda: defaultdict(_Partition))

    def get(self, key: Key, *, consistent: bool = True) -> Item | None:
        """See `Table`."""
        found = self._sized(key)
        self.bill.read(key.pk, [found.size if found else 0], consistent=consistent)
        return {**found.item} if found else None

    def get_many(self, keys: Iterable[Key], *, consistent: bool = False) -> list[Item]:
        """See `Table`."""
        found = []
        for batch in batched(dict.fromkeys(keys), BATCH_GET_LIMIT, strict=False):
            items = [self._sized(key) for key in batch]
            self.bill.read(batch[0].pk, [each.size if each else 0 for each in items], consistent=consistent)
            found += [{**each.item} for each in items if each]
        return found

    def query(
        self,
        pk: str,
        *,
        between: tuple[str, str] | None = None,
        after: str | None = None,
        limit: int | None = None,
        descending: bool = False,
        consistent: bool = True,
    ) -> Page:
        """See `Table`."""
        if descending:
            raise NotImplementedError("nobody reads backwards here")
        bounds = between or ("", "\U0010ffff")
        rows = self._rows(pk, bounds, after or "", limit)
        # As DynamoDB has it: a page that its limit ends says where to go on, whether or not there is more.
        more = len(rows) == limit
        total = 0
        for number, row in enumerate(rows):
            total += row.size
            if total > PAGE_BYTES:
                rows, more = rows[: number + 1], True
                break
        for row in rows:
            self.bill.rows[row.sk[0]] += 1
            self.bill.rows_bytes[row.sk[0]] += row.size
        self.bill.read(NOTES if bounds[0].startswith("~") else pk, [total], consistent=consistent)
        return Page([row.item for row in rows], rows[-1].sk if more else None)

    def write(self, write: Write) -> Item:
        """See `Table`."""
        before = self._sized(write.key)
        if not _holds(write, before):
            self.bill.wrote(write.key.pk, write_units(before))
            raise WriteConflictError({0: before.item if before else None})
        after = _written(write, before)
        self.bill.wrote(write.key.pk, write_units(before, after))
        self._keep(write.key, before, after)
        return deepcopy(after.item) if after and write.kind == "Update" else {}

    def transact(self, writes: Sequence[Write]) -> None:
        """See `Table`."""
        befores = [self._sized(write.key) for write in writes]
        failed = {
            index: before.item if before else None
            for index, (write, before) in enumerate(zip(writes, befores, strict=True))
            if not _holds(write, before)
        }
        afters = befores if failed else [_written(*each) for each in zip(writes, befores, strict=True)]
        pairs = zip(befores, afters, strict=True)
        units = 2 * sum(write_units(*pair) for pair in pairs)
        self.bill.wrote(writes[0].key.pk, units)
        if failed:
            raise WriteConflictError(failed)
        for write, before, after in zip(writes, befores, afters, strict=True):
            self._keep(write.key, before, after)

    def commit(self, writes: Sequence[Write]) -> None:
        """See `Table`."""
        if len(writes) == 1:
            self.write(writes[0])
        elif writes:
            self.transact(writes)

    def _sized(self, key: Key) -> Sized | None:
        partition = self._partitions.get(key.pk)
        if partition is None or key.sk not in partition.items:
            return self.ground.item(key)
        return partition.items[key.sk]

    def _rows(self, pk: str, between: tuple[str, str], after: str, limit: int | None) -> list[Row]:
        rows = self.ground.rows(pk, between, after, limit)
        if partition := self._partitions.get(pk):
            order = partition.order
            first = max(bisect_left(order, between[0]), bisect_right(order, after))
            for sk in order[first : bisect_right(order, between[1])]:
                if found := partition.items[sk]:
                    rows.append(Row(sk, found.size, {**found.item}))
            rows.sort(key=lambda row: row.sk)
        return rows[:limit]

    def _keep(self, key: Key, before: Sized | None, after: Sized | None) -> None:
        partition = self._partitions[key.pk]
        if key.sk not in partition.items:
            insort(partition.order, key.sk)
            self.ground.forget(key)
        partition.items[key.sk] = after
        if before is None and after is not None:
            self.inserted(key, after.item)


def _holds(write: Write, standing: Sized | None) -> bool:
    item = standing.item if standing else None
    return not write.condition or any(
        all(_is_true(term, write, item) for term in terms.split(" AND ")) for terms in write.condition.split(" OR ")
    )


def _is_true(term: str, write: Write, standing: Item | None) -> bool:
    if found := _EXISTS.fullmatch(term):
        return (_at(standing, found[2], write) is None) is bool(found[1])
    compared = _COMPARED.fullmatch(term)
    if compared is None:
        raise NotImplementedError(term)
    one = _at(standing, compared[1], write)
    return one is not None and _COMPARISONS[compared[2]](one, write.values[compared[3]])


def _at(item: Item | None, path: str, write: Write) -> Any:
    value: Any = item
    for name in path.split("."):
        if value is None:
            return None
        value = value.get(write.names.get(name, name))
    return value


def _written(write: Write, standing: Sized | None) -> Sized | None:
    """The item once the write is done, None if there is none any more."""
    if write.kind == "Delete":
        return None
    item: Item = {**write.key._asdict(), **write.item}
    if write.kind == "Update":
        item = deepcopy(standing.item) if standing else item
        _update(item, write)
    return Sized(item, size_of(item))


def _update(item: Item, write: Write) -> None:
    _, *parts = _CLAUSES.split(write.update)
    for clause, terms in batched(parts, 2, strict=True):
        for term in terms.strip().split(", "):
            path, _, value = term.replace(" = ", " ").partition(" ")
            *way, last = (write.names.get(name, name) for name in path.split("."))
            place = item
            for name in way:
                place = place[name]
            match clause:
                case "SET":
                    place[last] = write.values[value]
                case "REMOVE":
                    place.pop(last, None)
                case "ADD":
                    added: Any = write.values[value]
                    more = isinstance(added, set)
                    place[last] = place.get(last, set()) | added if more else place.get(last, 0) + added
