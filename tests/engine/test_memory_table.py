"""The simulation's table in memory beside the engine: the same work leaves the same items at the same price."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

from delivery.courier import Courier
from delivery.gateway import DELIVERED
from delivery.spread import Spreader
from rekindle.domain.models import CoupleId, DeviceId, PushKind, Reminders, TouchReminder, Uid
from rekindle.domain.reminders import Slot
from rekindle.push.jobs import PersonJob, SlotJob, SpreadJob
from rekindle.push.queue import Outbox
from rekindle.store import keys
from rekindle.store.days import Days
from rekindle.store.devices import Devices
from rekindle.store.incidents import Incidents
from rekindle.store.news import News
from rekindle.store.people import People, person_writes
from rekindle.store.runs import Runs
from rekindle.store.shards import Resharding
from rekindle.store.slots import Slots
from rekindle.store.table import Table, unmarshal
from rekindle.store.watermark import Watermark
from testing import engines
from testing.builders import NEW_YORK, TOKYO, a_device, a_paired_person, a_profile, an_instant
from testing.memory_table import Bill, MemoryTable, Units
from testing.meter import Meter
from tick.handler import Tick

if TYPE_CHECKING:
    from collections.abc import Sequence

    from types_boto3_sqs import SQSClient

    from delivery.gateway import Outcome
    from rekindle.domain.models import Person, Target
    from rekindle.push.payloads import Payload

MORNING: Final = an_instant("2026-03-02T13:30:00Z")
SLOT: Final = Slot(NEW_YORK, dt.time(8, 30))
PERSONS: Final = 40


class Gateway:
    """Takes whatever it is given."""

    def send(self, payload: Payload, targets: Sequence[Target], within: dt.timedelta) -> list[Outcome]:  # noqa: ARG002
        return [DELIVERED] * len(targets)


class Queue:
    """Takes whatever it is given, and keeps nothing."""

    def send_message_batch(self, **_: Any) -> dict[str, Any]:
        return {}


OUTBOX: Final = Outbox(cast("SQSClient", Queue()), "https://queue.example")


def some_persons() -> list[Person]:
    """Of many looks, so that every attribute of a row is billed; one in ten lives in Tokyo."""
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
            touch_agreed=number % 3 == 1,
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


def they_are_told(table: Table) -> None:
    """In pages that end within the shard, and with a job that comes again."""
    (shards,) = Slots(table).existing([SLOT]).values()
    courier = Courier(
        slots=Slots(table),
        runs=Runs(table),
        people=People(table),
        devices=Devices(People(table)),
        days=Days(table),
        news=News(table),
        incidents=Incidents(table),
        outbox=OUTBOX,
        dead_letters=OUTBOX,
        gateway=Gateway(),
        app_link="https://app.example",
        page_rows=10,
    )
    for _ in range(2):
        for shard in shards.all:
            job = SlotJob(zone=SLOT.zone, time=SLOT.time, shard=shard, date=MORNING.date(), instant=MORNING)
            courier.carry_out(job, dt.timedelta(minutes=2), lambda: dt.timedelta(minutes=3))
    one = PersonJob(
        kind=PushKind.PROMPT,
        uid=some_persons()[0].uid,
        couple=CoupleId("couple-0000"),
        date=MORNING.date(),
        instant=MORNING,
    )
    courier.carry_out(one, dt.timedelta(0), lambda: dt.timedelta(minutes=3))


def some_move(table: Table) -> None:
    """To Tokyo, just after they fell due."""
    for person in some_persons()[:5]:
        People(table).change(
            person.uid,
            MORNING + dt.timedelta(minutes=1),
            lambda before: replace(before, profile=replace(before.profile, zone=TOKYO)),
        )


def the_slot_is_spread(table: Table) -> None:
    spreader, rested = Spreader(Resharding(table), OUTBOX), MORNING + dt.timedelta(hours=5)
    (shards,) = Slots(table).existing([SLOT]).values()
    job = SpreadJob(zone=SLOT.zone, time=SLOT.time, shard=shards.names[0], date=MORNING.date(), instant=rested)
    for _ in range(3):
        spreader.carry_out(job, dt.timedelta(0), lambda: dt.timedelta(minutes=3))


def test_the_same_work_takes_and_leaves_the_same(emulator_url: str) -> None:
    raw, meter, bill = engines.client("dynamodb", emulator_url), Meter(), Bill()
    name, _ = engines.create_tables(raw, "beside-memory")
    real, memory = Table(meter.attach(engines.client("dynamodb", emulator_url)), name), MemoryTable(bill)
    for work in (
        they_register,
        the_tick_comes_twice,
        they_are_told,
        some_move,
        they_are_told,
        the_slot_is_spread,
        they_are_told,
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
