"""What a reminder takes in our design and in the two that are usual, on one engine and by one meter.

Ours reads a slot's rows and writes nothing for a person. The first of the others keeps with each person when they are
due next, in a secondary index that every tick queries, and moves it on by a day once they have been told. The second
has a schedule of EventBridge Scheduler for each person, which calls a function that reads them. Each is given the best
case: persons who are due together, rows as short as ours, no repeat to guard against.
"""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass, replace
from itertools import batched, islice
from typing import TYPE_CHECKING, Any, Final

from bench import prices
from bench.population import Population
from delivery.services import PAGE_ROWS
from rekindle.domain.models import PushKind, Reminders, Zone
from rekindle.domain.reminders import Slot
from rekindle.store.people import People
from rekindle.store.runs import Runs
from rekindle.store.slots import Slots
from rekindle.store.table import Table, marshal
from testing import engines
from testing.memory_table import read_units
from testing.meter import Meter, item_bytes, write_units

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rekindle.domain.models import Person
    from rekindle.store.table import Item

AT: Final = dt.datetime(2026, 3, 2, 13, 30, tzinfo=dt.UTC)
PERSONS: Final = 2_000
"""Two full pages."""
INDEX: Final = "due"
INDEX_WRITES: Final = 2
"""DynamoDB's developer guide: an update that changes an index's key deletes the old entry and puts the new one."""
_BATCH: Final = 25
_PER: Final = prices.MILLION

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Design:
    """What one person who is due takes; `calls` are those of EventBridge Scheduler, each of one function."""

    name: str
    read: float
    write: float
    calls: float = 0

    @property
    def dollars(self) -> float:
        """The price of a million persons due, without the functions' time, which is for the pushes in each design."""
        units = self.read * prices.READ_UNIT + self.write * prices.WRITE_UNIT
        return _PER * (units + self.calls * (prices.SCHEDULED_CALL + prices.LAMBDA_REQUEST))


def measured_designs(url: str) -> list[Design]:
    """Ours first, then the others, measured on the emulator at `url`."""
    drawn = Population.drawn(PERSONS, AT, seed=1)
    slot = Slot(Zone("America/New_York"), dt.time(8, 30))
    persons = [_alike(drawn.person(number), slot) for number in range(PERSONS)]
    return [_ours(url, slot, persons), _index(url, persons), _schedules(url, persons)]


def comparison(designs: Sequence[Design]) -> Iterator[str]:
    """The designs in sentences, each beside ours."""
    ours, *others = designs
    yield (
        f"{ours.name}: {_PER * ours.read:,.0f} read and {_PER * ours.write:,.0f} write units for a million persons due "
        f"together, ${ours.dollars:.4f}."
    )
    for other in others:
        writes = f"{other.write / ours.write:,.0f} times our writes" if other.write else "no writes"
        calls = f", a million scheduled calls ({_hours(other)})" if other.calls else ""
        yield (
            f"{other.name}: {_PER * other.read:,.0f} read and {_PER * other.write:,.0f} write units{calls}, "
            f"${other.dollars:.4f}: {other.read / ours.read:,.1f} times our reads, {writes}, "
            f"{other.dollars / ours.dollars:,.0f} times the price."
        )


def _hours(design: Design) -> str:
    minutes = _PER * design.calls / prices.SCHEDULED_A_SECOND / 60
    return f"which take {minutes:,.0f} minutes at its quota of {prices.SCHEDULED_A_SECOND:,} a second"


def _alike(person: Person, slot: Slot) -> Person:
    """The person with one device, due at the slot and at no other."""
    return replace(
        person,
        profile=replace(person.profile, zone=slot.zone),
        reminders=Reminders(prompt=slot.time, evening=None),
        devices=dict(islice(person.devices.items(), 1)),
        last_due={},
    )


def _ours(url: str, slot: Slot, persons: Sequence[Person]) -> Design:
    """A run of the slot's only shard, from its beginning to its end."""
    raw, meter = engines.client("dynamodb", url), Meter()
    name, _ = engines.create_tables(raw, f"designs-{next(_numbers)}")
    unmetered, table = Table(raw, name), Table(meter.attach(engines.client("dynamodb", url)), name)
    _put(raw, name, (row for person in persons for row in _rows(unmetered, person)))
    ((shard,),) = (shards.names for shards in Slots(unmetered).existing([slot]).values())

    def run() -> int:
        slots, runs = Slots(table), Runs(table)
        standing, rows = runs.begin(shard, AT.date(), AT), 0
        while True:
            page = slots.page(shard, standing.cursor, PAGE_ROWS, AT)
            rows += len(page.rows)
            if page.last is None:
                runs.finish(standing)
                return rows
            standing = runs.advance(standing, page.last, len(page.rows))

    found, cost = meter.cost_of(run)
    if found != len(persons):
        raise LookupError(f"{found} of {len(persons)} persons were found")
    return Design("slots", cost.read / found, cost.write / found)


def _rows(table: Table, person: Person) -> list[Item]:
    """The person's slot row as the store writes it."""
    writes = Slots(table).moves(AT - dt.timedelta(days=1), (None, person))
    return [{**write.key._asdict(), **write.item} for write in writes if write.key.sk[0] == "p"]


def _index(url: str, persons: Sequence[Person]) -> Design:
    """A query of the index for who is due now, and an update of each that makes them due tomorrow."""
    raw = engines.client("dynamodb", url)
    name = f"designs-{next(_numbers)}"
    raw.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in ("pk", "sk", "next_due")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": INDEX,
                "KeySchema": [
                    {"AttributeName": "next_due", "KeyType": "HASH"},
                    {"AttributeName": "pk", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    home, _ = engines.create_tables(raw, f"designs-{next(_numbers)}")
    now, tomorrow = (f"{at:%Y-%m-%dT%H:%M}Z" for at in (AT, AT + dt.timedelta(days=1)))
    rows = [
        {**row, "pk": f"PERSON#{person.uid}", "sk": str(PushKind.PROMPT), "next_due": now}
        for person in persons
        for row in _rows(Table(raw, home), person)
    ]
    _put(raw, name, rows)
    request: dict[str, Any] = {
        "TableName": name,
        "IndexName": INDEX,
        "KeyConditionExpression": "next_due = :now",
        "ExpressionAttributeValues": marshal({":now": now}),
        "Limit": PAGE_ROWS,
        "ReturnConsumedCapacity": "TOTAL",
    }
    read, found = 0.0, 0
    while True:
        page = raw.query(**request)
        units = page["ConsumedCapacity"]["CapacityUnits"]
        _expect(units, read_units(sum(map(item_bytes, page["Items"])), consistent=False))
        read, found = read + units, found + len(page["Items"])
        if "LastEvaluatedKey" not in page:
            break
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
    if found != len(persons):
        raise LookupError(f"{found} of {len(persons)} persons were found")
    moved = raw.update_item(
        TableName=name,
        Key=marshal({"pk": rows[0]["pk"], "sk": rows[0]["sk"]}),
        UpdateExpression="SET next_due = :tomorrow",
        ExpressionAttributeValues=marshal({":tomorrow": tomorrow}),
        ReturnConsumedCapacity="TOTAL",
    )
    written = moved["ConsumedCapacity"]["CapacityUnits"]
    _expect(written, (1 + INDEX_WRITES) * write_units(marshal(rows[0])))
    return Design("a secondary index by next_due", read / found, written)


def _expect(units: float, documented: float) -> None:
    """The engine has to charge for an index as DynamoDB's developer guide says that DynamoDB does."""
    if units != documented:
        raise ValueError(f"the engine charges {units} units where DynamoDB charges {documented}")


def _schedules(url: str, persons: Sequence[Person]) -> Design:
    """One person's call: it reads them, as last acknowledged."""
    raw, meter = engines.client("dynamodb", url), Meter()
    name, _ = engines.create_tables(raw, f"designs-{next(_numbers)}")
    people = People(Table(raw, name))
    people.create(persons[0])
    metered = People(Table(meter.attach(engines.client("dynamodb", url)), name))
    person, cost = meter.cost_of(lambda: metered.person(persons[0].uid))
    if person is None:
        raise LookupError("the person was not found")
    return Design("a schedule for each person", cost.read, cost.write, calls=1)


def _put(raw: Any, name: str, rows: Iterable[Item]) -> None:  # noqa: ANN401  boto3's clients have no common type
    for batch in batched(rows, _BATCH, strict=False):
        raw.batch_write_item(RequestItems={name: [{"PutRequest": {"Item": marshal(row)}} for row in batch]})
