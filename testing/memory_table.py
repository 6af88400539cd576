"""Keep a DynamoDB table in memory, and count its costs as DynamoDB does. Tests of routes and the simulation use it.

`MemoryTable` replaces `rekindle.store.table.Table`, so that the stores themselves run unchanged. `MemoryTable`
understands only the part of DynamoDB's expressions that the stores use, and raises errors such as NotImplementedError
for others. tests/engine/test_memory_table.py compares `MemoryTable` with DynamoDB Local.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import batched
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, Protocol, Self

from rekindle.store.table import BATCH_GET_LIMIT, BATCH_WRITE_LIMIT, Page, Table, conflict_of
from testing.meter import WRITE_UNIT_BYTES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from rekindle.store.keys import Key
    from rekindle.store.table import Item, Write

READ_UNIT_BYTES: Final = 4096
PAGE_BYTES: Final = 1024 * 1024
"""A page of a query ends with the row that exceeds this many bytes, even below the query's limit."""
TRANSACTION_LIMIT: Final = 100

NOTES: Final = "NOTES"
"""The entity in the bill for queries that read a partition's notes of changes, not the partition's rows."""

_CLAUSES: Final = re.compile(r"\b(SET|ADD|REMOVE|DELETE) ")
_TOKENS: Final = re.compile(r"\w+\([^()]*\)|[()]|[^\s()]+")
_EXISTS: Final = re.compile(r"attribute_(not_)?exists\((.+)\)")
_SIZE: Final = re.compile(r"size\((.+)\)")
_MISSING: Final = object()


def _equal(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other  # in Python, True == 1


_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": _equal,
    "<>": lambda one, other: not _equal(one, other),
    "<": lambda one, other: type(one) is type(other) and one < other,
    "<=": lambda one, other: type(one) is type(other) and one <= other,
    ">": lambda one, other: type(one) is type(other) and one > other,
    ">=": lambda one, other: type(one) is type(other) and one >= other,
}


class Sized(NamedTuple):
    """An item, and its billed size: the bytes for which DynamoDB bills."""

    item: Item
    size: int


class Row(NamedTuple):
    """An item of a query's page, with its sort key and its billed size."""

    sk: str
    size: int
    item: Item


class Initial(Protocol):
    """The rows that a table has before anything is written to it. A row is made when it is read."""

    def item(self, key: Key) -> Sized | None:
        """Return the item with this key. Return None if there is none."""

    def rows(self, pk: str, between: tuple[str, str], after: str, limit: int | None) -> list[Row]:
        """Return a partition's rows, ordered by sort key. The sort keys are within `between` and above `after`."""

    def forget(self, key: Key) -> None:
        """Forget the item, because a write has changed it. From now on, the table itself holds the item."""


class NoRows:
    """The initial rows of a table that begins empty."""

    def item(self, key: Key) -> Sized | None:  # noqa: ARG002  the signature of Initial
        """Return None."""
        return None

    def rows(self, pk: str, between: tuple[str, str], after: str, limit: int | None) -> list[Row]:  # noqa: ARG002
        """Return no rows."""
        return []

    def forget(self, key: Key) -> None:
        """Do nothing."""


@dataclass(slots=True)
class Units:
    """The cost of some work: requests, read units, write units, and the number of requests that write (`written`)."""

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
    """Counts units by purpose and entity. A request counts for the `purpose` that is set when it happens.

    An entity is the part of a partition key before the first `#`. `rows` counts the rows that queries have read, and
    `rows_bytes` counts the bytes of these rows. Both count by the first letter of the sort key, the row's kind.
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
        """Return the cost for these purposes. If there are `entities`, count only them."""
        total = Units()
        for (purpose, entity), units in self.units.items():
            if purpose in purposes and (not entities or entity in entities):
                total += units
        return total


def read_units(size: int, *, consistent: bool) -> float:
    """Return the units for reading this many bytes. An item that does not exist costs as much as one of 4 KB."""
    return max(1, math.ceil(size / READ_UNIT_BYTES)) * (1.0 if consistent else 0.5)


def write_units(*items: Sized | None) -> int:
    """Return the units of a write, given the item before and after the write. The larger of the two counts."""
    return max([1, *(math.ceil(item.size / WRITE_UNIT_BYTES) for item in items if item)])


def size_of(item: Mapping[str, object]) -> int:
    """Return the billed size of an item of plain values, by the rules of DynamoDB's developer guide."""
    return sum(len(name.encode()) + _bytes(value) for name, value in item.items())


@dataclass(slots=True)
class _Partition:
    """The items that were written to a partition, by sort key. A deleted item is None. No item changes in place."""

    items: dict[str, Sized | None] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)


@dataclass(slots=True)
class MemoryTable:
    """A table in memory. It calls `inserted` for each new item, as DynamoDB's stream reports new items.

    Before the table handles a request, each of `watchers` gets the request's name, and may raise an error.
    `tables` maps names to the tables that one transaction may write to.
    """

    bill: Bill = field(default_factory=Bill)
    initial: Initial = field(default_factory=NoRows)
    inserted: Callable[[Key, Item], None] = lambda _key, _item: None
    name: str = "memory"
    tables: dict[str, MemoryTable] = field(default_factory=dict)
    watchers: list[Callable[[str], None]] = field(default_factory=list)
    _partitions: defaultdict[str, _Partition] = field(default_factory=lambda: defaultdict(_Partition))
    _lock: RLock = field(default_factory=RLock)

    def __post_init__(self) -> None:
        self.tables[self.name] = self

    def beside(self, name: str) -> MemoryTable:
        """Return a new table. One transaction can write to it and to this table."""
        return MemoryTable(name=name, tables=self.tables)

    def back_off(self, attempt: int) -> None:
        """Do not wait."""

    def snapshot(self) -> dict[str, dict[str, _Partition]]:
        """Return a copy of what was written to all `tables`, for `restore`."""
        return {
            name: {pk: _Partition({**each.items}, [*each.order]) for pk, each in table._partitions.items()}
            for name, table in self.tables.items()
        }

    def restore(self, snapshot: dict[str, dict[str, _Partition]]) -> None:
        """Return all `tables` to a snapshot. Tables that were made after the snapshot become empty."""
        for name, table in self.tables.items():
            table._partitions.clear()
            for pk, each in snapshot.get(name, {}).items():
                table._partitions[pk] = _Partition({**each.items}, [*each.order])

    def items(self) -> list[Item]:
        """Return every item that was written and not deleted, ordered by key."""
        return [
            _plain(found.item)
            for _, partition in sorted(self._partitions.items())
            for sk in partition.order
            if (found := partition.items[sk])
        ]

    def get(self, key: Key, *, consistent: bool = True) -> Item | None:
        """See `Table`."""
        self._requested("GetItem")
        found = self._sized(key)
        self.bill.read(key.pk, [found.size if found else 0], consistent=consistent)
        return {**found.item} if found else None

    def get_many(self, keys: Iterable[Key], *, consistent: bool = False) -> list[Item]:
        """See `Table`."""
        found = []
        for batch in batched(dict.fromkeys(keys), BATCH_GET_LIMIT, strict=False):
            self._requested("BatchGetItem")
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
        self._requested("Query")
        bounds = between or ("", "\U0010ffff")
        # DynamoDB Local refuses an `after` outside of the bounds, and an `after` at the last bound.
        last = bounds[0] if descending else bounds[1]
        is_outside = after is not None and (after == last or not bounds[0] <= after <= bounds[1])
        if bounds[0] > bounds[1] or is_outside:
            raise ValueError(f"DynamoDB refuses a query of {bounds} after {after}")
        rows = self._backwards(pk, bounds, after, limit) if descending else self._rows(pk, bounds, after or "", limit)
        # As in DynamoDB, a page with as many rows as its limit has a cursor, even if no row follows.
        more = len(rows) == limit
        total = 0
        for number, row in enumerate(rows):
            total += row.size
            if total > PAGE_BYTES:
                rows, more = rows[: number + 1], True
                break
        for row in rows:
            self.bill.rows[row.sk[:1]] += 1
            self.bill.rows_bytes[row.sk[:1]] += row.size
        self.bill.read(NOTES if bounds[0].startswith("~") else pk, [total], consistent=consistent)
        # A page that ends at the last bound has no cursor, because no row can follow.
        return Page([row.item for row in rows], rows[-1].sk if more and rows[-1].sk != last else None)

    def write(
        self,
        write: Write,
        returned: Literal["ALL_NEW", "NONE"] = "ALL_NEW",
        *,
        urgent: bool = False,  # noqa: ARG002  no transaction is ever under way
    ) -> Item:
        """See `Table`."""
        self._requested(f"{write.kind}Item")
        with self._lock:
            written = self._table_of(write)._write(write)
            return written if returned == "ALL_NEW" else {}

    def _write(self, write: Write) -> Item:
        before = self._sized(write.key)
        if not _holds(write, before):
            self.bill.wrote(write.key.pk, write_units(before))
            raise conflict_of([write], {0: before.item if before else None})
        after = _written(write, before)
        self.bill.wrote(write.key.pk, write_units(before, after))
        self._keep(write.key, before, after)
        return {**_plain(after.item)} if after and write.kind == "Update" else {}

    def transact(self, writes: Sequence[Write], *, urgent: bool = False) -> None:  # noqa: ARG002  as for `write`
        """See `Table`."""
        self._requested("TransactWriteItems")
        tables = [self._table_of(write) for write in writes]
        named = {(table.name, write.key) for table, write in zip(tables, writes, strict=True)}
        if len(named) < len(writes) or len(writes) > TRANSACTION_LIMIT:
            raise ValueError("DynamoDB refuses a transaction that is too large or names an item twice")
        with self._lock:
            befores = [table._sized(write.key) for table, write in zip(tables, writes, strict=True)]
            failed = {
                index: before.item if before else None
                for index, (write, before) in enumerate(zip(writes, befores, strict=True))
                if not _holds(write, before)
            }
            # As in DynamoDB Local, an update of a path that does not exist raises its own error, even if conditions of
            # other writes fail.
            written = [
                before if index in failed else _written(write, before)
                for index, (write, before) in enumerate(zip(writes, befores, strict=True))
            ]
            afters = befores if failed else written
            units = 2 * sum(write_units(*pair) for pair in zip(befores, afters, strict=True))
            self.bill.wrote(writes[0].key.pk, units)
            if failed:
                raise conflict_of(writes, failed)
            for table, write, before, after in zip(tables, writes, befores, afters, strict=True):
                table._keep(write.key, before, after)

    def commit(self, writes: Sequence[Write]) -> None:
        """See `Table`."""
        Table.commit(self, writes)  # type: ignore[arg-type]  # it only calls write or transact

    def put_many(self, items: Iterable[tuple[Key, Mapping[str, object]]]) -> None:
        """See `Table`."""
        for batch in batched(items, BATCH_WRITE_LIMIT, strict=False):
            self._requested("BatchWriteItem")
            with self._lock:
                units = 0
                for key, item in batch:
                    before, plain = self._sized(key), _plain({**key.attributes, **item})
                    after = Sized(plain, size_of(plain))
                    units += write_units(before, after)
                    self._keep(key, before, after)
                self.bill.wrote(batch[0][0].pk, units)

    def _requested(self, operation: str) -> None:
        for watcher in self.watchers[:]:
            watcher(operation)

    def _table_of(self, write: Write) -> MemoryTable:
        return self if write.table is None else self.tables[write.table]

    def _sized(self, key: Key) -> Sized | None:
        partition = self._partitions.get(key.pk)
        if partition is None or key.sk not in partition.items:
            return self.initial.item(key)
        return partition.items[key.sk]

    def _rows(self, pk: str, between: tuple[str, str], after: str, limit: int | None) -> list[Row]:
        rows = self.initial.rows(pk, between, after, limit)
        if partition := self._partitions.get(pk):
            order = partition.order
            first = max(bisect_left(order, between[0]), bisect_right(order, after))
            for sk in order[first : bisect_right(order, between[1])]:
                if found := partition.items[sk]:
                    rows.append(Row(sk, found.size, {**found.item}))
            rows.sort(key=lambda row: row.sk)
        return rows[:limit]

    def _backwards(self, pk: str, between: tuple[str, str], after: str | None, limit: int | None) -> list[Row]:
        rows = [row for row in self._rows(pk, between, "", None) if after is None or row.sk < after]
        return rows[::-1][:limit]

    def _keep(self, key: Key, before: Sized | None, after: Sized | None) -> None:
        partition = self._partitions[key.pk]
        if key.sk not in partition.items:
            insort(partition.order, key.sk)
            self.initial.forget(key)
        partition.items[key.sk] = after
        if before is None and after is not None:
            self.inserted(key, after.item)


def _holds(write: Write, existing: Sized | None) -> bool:
    item = existing.item if existing else None
    return not write.condition or _parsed(write.condition)(write, item)


type _Condition = Callable[[Write, Item | None], bool]


@cache
def _parsed(condition: str) -> _Condition:
    tokens = _TOKENS.findall(condition)[::-1]
    parsed = _any_of(tokens)
    if tokens:
        raise NotImplementedError(condition)
    return parsed


def _any_of(tokens: list[str]) -> _Condition:
    terms = [_all_of(tokens)]
    while tokens and tokens[-1] == "OR":
        tokens.pop()
        terms.append(_all_of(tokens))
    return lambda write, item: any(term(write, item) for term in terms)


def _all_of(tokens: list[str]) -> _Condition:
    terms = [_term(tokens)]
    while tokens and tokens[-1] == "AND":
        tokens.pop()
        terms.append(_term(tokens))
    return lambda write, item: all(term(write, item) for term in terms)


def _term(tokens: list[str]) -> _Condition:
    first = tokens.pop()
    if first == "(":
        inner = _any_of(tokens)
        if tokens.pop() != ")":
            raise NotImplementedError("a parenthesis is not closed")
        return inner
    if found := _EXISTS.fullmatch(first):
        return lambda write, item: (_at(item, found[2], write) is _MISSING) is bool(found[1])
    sized = _SIZE.fullmatch(first)
    path, sign, value = sized[1] if sized else first, tokens.pop(), tokens.pop()
    compared = _COMPARISONS[sign]

    def term(write: Write, item: Item | None) -> bool:
        one, other = _at(item, path, write), _plain(write.values[value])
        if sized and one is not _MISSING:
            one = len(one)
        return compared(one, other)

    return term


def _at(item: Item | None, path: str, write: Write) -> Any:
    value: Any = item
    for name in path.split("."):
        if not isinstance(value, dict):
            return _MISSING
        value = value.get(write.names.get(name, name), _MISSING)
    return value


def _written(write: Write, existing: Sized | None) -> Sized | None:
    """Return the item after the write. Return None if the write deletes it."""
    if write.kind == "Delete":
        return None
    if write.kind == "ConditionCheck":
        return existing
    if write.kind == "Update":
        item = _plain(existing.item if existing else write.key.attributes)
        _update(item, write)
    else:
        item = _plain({**write.key.attributes, **write.item})
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
                    place[last] = _plain(write.values[value])
                case "REMOVE":
                    place.pop(last, None)
                case "ADD":
                    added = _plain(write.values[value])
                    more = isinstance(added, set)
                    place[last] = place.get(last, set()) | added if more else place.get(last, 0) + added
                case "DELETE":
                    remaining = place.get(last, set()) - write.values[value]
                    if remaining:
                        place[last] = remaining
                    else:
                        place.pop(last, None)


def _plain(value: Any) -> Any:
    """Return a copy of the value, with the types that values read from DynamoDB have."""
    kind = type(value)
    if kind in _ATOMS:
        return value
    if kind is dict or isinstance(value, Mapping):
        return {_plain(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, set | frozenset) and value:
        return {_plain(each) for each in value}
    if isinstance(value, str):
        return "".join(value)
    if isinstance(value, int):
        return int(value)
    raise TypeError(f"DynamoDB takes no {kind.__name__} from us: {value!r}")


_ATOMS: Final = frozenset({str, int, bool, bytes, type(None)})


def _bytes(value: Any) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if value is None or isinstance(value, bool):
        return 1
    if isinstance(value, int):
        # A number takes one byte for each two significant digits, and one more. Our numbers are whole.
        return math.ceil(len(str(value).strip("-0")) / 2) + 1
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, set):
        return sum(map(_bytes, value))
    members = (
        (len(name.encode()) + _bytes(each) for name, each in value.items())
        if isinstance(value, dict)
        else map(_bytes, value)
    )
    return 3 + sum(1 + each for each in members)
