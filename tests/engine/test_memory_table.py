"""The table in memory gives the same answers, items and costs as real engines."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from delivery.dispatcher import handle
from delivery.gateway import DELIVERED
from delivery.resharding import reshard
from delivery.services import Queues, Services
from rekindle.domain.ids import CoupleId, DeviceId, Uid
from rekindle.domain.persons import Reminders, TouchReminder
from rekindle.domain.pushes import PushKind
from rekindle.domain.reminders import Slot
from rekindle.domain.touch_dates import TouchDates
from rekindle.errors import KeyReusedError, WriteConflictError
from rekindle.push.jobs import PersonJob, ReshardJob, SlotJob
from rekindle.push.queue import Outbox
from rekindle.store import keys
from rekindle.store.people import People, person_writes
from rekindle.store.shards import Resharding
from rekindle.store.slots import Slots
from rekindle.store.table import Page, Table, Write, unmarshal
from rekindle.store.watermark import Watermark
from testing import engines
from testing.builders import NEW_YORK, TOKYO, a_device, a_paired_person, a_profile, an_instant
from testing.memory_table import Bill, MemoryTable, Units
from testing.meter import Meter
from testing.stored import every_row
from tick.handler import Tick

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from types_boto3_sqs import SQSClient

    from delivery.gateway import Outcome
    from rekindle.domain.persons import Person, Target
    from rekindle.push.payloads import Payload

MORNING: Final = an_instant("2026-03-02T13:30:00Z")
SLOT: Final = Slot(NEW_YORK, dt.time(8, 30))
PERSONS: Final = 40


class Gateway:
    """Accepts every push."""

    def send(self, payload: Payload, targets: Sequence[Target], within: dt.timedelta) -> list[Outcome]:  # noqa: ARG002
        return [DELIVERED] * len(targets)


class Queue:
    """Accepts every job, and keeps none."""

    def send_message_batch(self, **_: Any) -> dict[str, Any]:
        return {}


OUTBOX: Final = Outbox(cast("SQSClient", Queue()), "https://queue.example")


def some_persons() -> list[Person]:
    """Make persons with different attributes; one in ten lives in Tokyo."""
    return [
        a_paired_person(
            uid=Uid(f"person-{number:04}"),
            couple=CoupleId(f"couple-{number // 2:04}"),
            devices={
                DeviceId(f"device-{each}"): a_device(f"{number:022}:APA91b{'x' * 133}{each}")
                for each in range(1 + number % 2)
            },
            profile=a_profile(zone=TOKYO if number % 10 == 9 else NEW_YORK, touch_comfort=1),
            reminders=Reminders(
                quiet_hours=None if number % 4 else Reminders().quiet_hours,
                touch=TouchReminder(frozenset({0, 3}), SLOT.time) if number % 3 else None,
            ),
            touch_dates=TouchDates((MORNING.date(),), "seed") if number % 3 == 1 else None,
        )
        for number in range(PERSONS)
    ]


def they_register(table: Table) -> None:
    for person in some_persons():
        table.commit(person_writes(table, person.created_at, (None, person)))


def the_tick_comes_twice(table: Table) -> None:
    tick = Tick(Slots(table), Watermark(table), OUTBOX)
    tick.run(MORNING)
    tick.run(MORNING)


def they_are_notified(table: Table) -> None:
    """Send reminders in several pages of a shard, and handle one job twice."""
    (shards,) = Slots(table).existing([SLOT]).values()
    services = replace(
        Services.on(table, Queues(OUTBOX, OUTBOX, OUTBOX), Gateway(), "https://app.example"), page_rows=10
    )
    for _ in range(2):
        for shard in shards.all:
            job = SlotJob(zone=SLOT.zone, time=SLOT.time, shard=shard, date=MORNING.date(), instant=MORNING)
            handle(services, job, dt.timedelta(minutes=2), lambda: dt.timedelta(minutes=3))
    one = PersonJob(
        kind=PushKind.PROMPT,
        uid=some_persons()[0].uid,
        couple=CoupleId("couple-0000"),
        date=MORNING.date(),
        instant=MORNING,
    )
    handle(services, one, dt.timedelta(0), lambda: dt.timedelta(minutes=3))


def some_move(table: Table) -> None:
    """Move some persons to Tokyo, just after their reminders came due."""
    for person in some_persons()[:5]:
        People(table).change(
            person.uid,
            MORNING + dt.timedelta(minutes=1),
            lambda before: replace(before, profile=replace(before.profile, zone=TOKYO)),
        )


def the_slot_is_resharded(table: Table) -> None:
    rested = MORNING + dt.timedelta(hours=5)
    (shards,) = Slots(table).existing([SLOT]).values()
    job = ReshardJob(zone=SLOT.zone, time=SLOT.time, shard=shards.names[0], date=MORNING.date(), instant=rested)
    for _ in range(3):
        reshard(Resharding(table), OUTBOX, job, dt.timedelta(0), lambda: dt.timedelta(minutes=3))


def test_the_same_work_takes_and_leaves_the_same(emulator_url: str) -> None:
    raw, meter, bill = engines.client("dynamodb", emulator_url), Meter(), Bill()
    name, *_ = engines.create_tables(raw, "beside-memory")
    real, memory = Table(meter.attach(engines.client("dynamodb", emulator_url)), name), MemoryTable(bill)
    for work in (
        they_register,
        the_tick_comes_twice,
        they_are_notified,
        some_move,
        they_are_notified,
        the_slot_is_resharded,
        they_are_notified,
    ):
        bill.purpose = work.__name__
        before = bill.total(work.__name__)
        _, cost = meter.cost_of(partial(work, real))
        work(cast("Table", memory))
        before += Units(cost.dynamodb, cost.read, cost.write, cost.written)
        assert bill.total(work.__name__) == before, work.__name__
    left = {keys.Key(item["pk"], item["sk"]): item for item in map(unmarshal, raw.scan(TableName=name)["Items"])}
    assert {key: memory.get(key) for key in left} == left
    assert len(left) > 3 * PERSONS


# The same requests


type Result = tuple[str, Any]
REFUSED: Final = "refused", None

PKS: Final = ("A", "B")
SKS: Final = ("DAY#1", "DAY#2", "DAY#3", "PERSON")
NAMES: Final = {"#me": "ada", "#partner": "ben", "#ttl": "ttl"}
CONDITIONS: Final = (
    "",
    "attribute_not_exists(pk)",
    "attribute_exists(pk)",
    "attribute_exists(pk) AND attribute_not_exists(ended_at)",
    "attribute_not_exists(pk) OR uid = :uid",
    "revision = :number",
    "revision = :number AND attribute_not_exists(ended_at)",
    "answers.#me.revision = :number AND attribute_not_exists(answers.#partner)",
    "uid = :uid AND attribute_exists(answers.#me) AND attribute_exists(answers.#partner)",
    "answers = :none AND attribute_not_exists(ended_at) AND revision <= :number",
    "revision < :number",
    "persons = :persons",
    "revision >= :number AND revision > :zero",
    "attribute_not_exists(persons) OR size(persons) < :number",
    "attribute_exists(pk) AND uid <> :uid AND (revision = :number OR (flag = :yes AND revision <> :number))",
)
UPDATES: Final = (
    "SET uid = :uid",
    "SET #ttl = :number ADD revision :one",
    "SET answers = :none, flag = :yes",
    "SET answers.#me = :answer",
    "SET answers.#me.reflection = :answer ADD revision :one",
    "REMOVE uid, flag",
    "REMOVE answers.#partner",
    "ADD persons :persons, revision :one",
    "DELETE persons :persons",
    "SET flag = :yes REMOVE ended_at ADD revision :number",
)

INITIAL: Final = {keys.Key("A", sk): {"revision": 1} for sk in SKS}
"""Initial rows, so that most queries find several."""

numbers: Final = st.integers(-1, 3)
uids: Final = st.sampled_from(["ada", "ben", ""])
answers: Final = st.fixed_dictionaries({"revision": numbers}, optional={"sealed": st.binary(max_size=3)})
attributes: Final = st.fixed_dictionaries(
    {"revision": numbers},
    optional={
        "uid": uids,
        "flag": st.none() | st.booleans(),
        "ended_at": st.integers(0, 2**50),
        "persons": st.frozensets(uids.filter(bool), min_size=1),
        "answers": st.dictionaries(st.sampled_from(["ada", "ben"]), answers),
        "listed": st.lists(uids | numbers | st.booleans()) | st.tuples(uids, answers),
    },
)
the_keys: Final = st.builds(keys.Key, st.sampled_from(PKS), st.sampled_from(SKS))


@st.composite
def writes(draw: st.DrawFn) -> Write:
    condition = draw(st.sampled_from(CONDITIONS))
    update = draw(st.sampled_from(UPDATES))
    kind: Literal["Put", "Update", "Delete"] = draw(st.sampled_from(["Put", "Update", "Update", "Delete"]))
    said = f"{condition} {update if kind == 'Update' else ''}"
    values = {
        ":uid": draw(uids),
        ":number": draw(numbers),
        ":answer": draw(answers),
        ":persons": draw(st.sets(uids.filter(bool), min_size=1)),
        ":none": {},
        ":yes": True,
        ":zero": 0,
        ":one": 1,
    }
    return Write(
        kind,
        draw(the_keys),
        item=draw(attributes) if kind == "Put" else {},
        update=update if kind == "Update" else "",
        condition=condition,
        names={name: each for name, each in NAMES.items() if re.search(rf"{name}\b", said)},
        values={name: each for name, each in values.items() if re.search(rf"{name}\b", said)},
        otherwise=draw(st.sampled_from([None, partial(KeyReusedError, "as the write has it")])),
    )


bounds: Final = st.sampled_from([None, ("DAY#", "DAY#~"), ("DAY#2", "DAY#3"), ("A", "B"), ("DAY#2", "PERSON")])
requests: Final = st.one_of(
    st.builds(lambda write: lambda table: table.write(write), writes()),
    st.builds(
        lambda each: lambda table: table.transact(each),
        st.lists(writes(), min_size=2, max_size=4, unique_by=lambda write: write.key),
    ),
    st.builds(
        lambda items: lambda table: table.put_many(items.items()), st.dictionaries(the_keys, attributes, min_size=1)
    ),
    st.builds(lambda key: lambda table: table.get(key), the_keys),
    st.builds(
        lambda wanted: lambda table: sorted(table.get_many(wanted, consistent=True), key=itemgetter("pk", "sk")),
        st.lists(the_keys),
    ),
    st.builds(
        lambda pk, between, after, limit, descending: (
            lambda table: table.query(pk, between=between, after=after, limit=limit, descending=descending)
        ),
        st.sampled_from(PKS),
        bounds,
        st.none() | st.sampled_from([*SKS, "DAY#0", "Z"]),
        st.none() | st.integers(1, 4),
        st.booleans(),
    ),
)


def outcome_of(table: Table, request: Callable[[Table], Any]) -> Result:
    """Return the table's answer, or its error."""
    try:
        found = request(table)
    except WriteConflictError as conflict:
        return "conflict", conflict.existing
    except KeyReusedError as error:
        return "otherwise", str(error)
    except (ClientError, ValueError, KeyError, TypeError):
        return REFUSED
    return "done", found


def differs_only_in_last_key(seen: Result, expected: Result) -> bool:
    """Return whether the pages differ only in the last key, which the emulator gives where DynamoDB gives none."""
    match seen[1], expected[1]:
        case Page(items, str(last)), Page(same, None):
            return items == same and last == items[-1]["sk"]
    return False


@pytest.fixture(scope="module", params=["dynamodb_local_url", "emulator_url"])
def engine(request: pytest.FixtureRequest) -> tuple[Table, bool]:
    """Return a table of a real engine, and whether the engine refuses everything that DynamoDB refuses."""
    client = engines.client("dynamodb", request.getfixturevalue(request.param))
    name, *_ = engines.create_tables(client, "same-requests")
    return Table(client, name), request.param == "dynamodb_local_url"


@given(asked=st.lists(requests, min_size=1, max_size=25))
def test_the_same_requests_are_answered_the_same(
    engine: tuple[Table, bool], asked: list[Callable[[Table], Any]]
) -> None:
    """The routes' tests use the table in memory, and e2e uses the emulator. Both must answer as AWS's engine does."""
    real, is_strict = engine
    for row in every_row(real):
        real.write(Write("Delete", keys.Key(row["pk"], row["sk"])))
    memory = MemoryTable()
    for table in (real, cast("Table", memory)):
        table.put_many(INITIAL.items())
    for each in asked:
        expected = outcome_of(cast("Table", memory), each)
        if expected != REFUSED or is_strict:
            seen = outcome_of(real, each)
            assert seen == expected or (not is_strict and differs_only_in_last_key(seen, expected))
    assert memory.items() == every_row(real)
