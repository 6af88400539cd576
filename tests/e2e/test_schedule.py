"""Reminders on the deployed path: a tick, a slot, the queue, one push for each person and date."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from local.clock import now
from local.stack.start import temporary
from rekindle.domain.calendar import slot_instant
from rekindle.domain.ids import Zone
from rekindle.domain.reminders import Slot
from rekindle.push.jobs import SlotJob
from rekindle.store.table import Table
from testing.builders import TOKYO
from testing.stored import shard_of
from tests.e2e.conftest import await_quiet, eventually

if TYPE_CHECKING:
    from local.stack import Stack
    from tests.e2e.conftest import NewCouple

CHATHAM = Zone("Pacific/Chatham")
"""A quarter of an hour off all others here: in the five minutes before one of its slots there is no other's."""
EVENING = 18


def _at(date: dt.date, time: str, zone: Zone) -> dt.datetime:
    instant = slot_instant(date, dt.time.fromisoformat(time), zone)
    assert instant is not None
    return instant


def _job(stack: Stack, time: str, date: dt.date, zone: Zone = CHATHAM) -> str:
    """Return the body of the job that a tick makes for the slot."""
    slot = Slot(zone, dt.time.fromisoformat(time))
    shard = shard_of(Table(stack.client("dynamodb"), stack.outputs["TableName"]), slot)
    instant = _at(date, time, zone)
    return SlotJob(zone=slot.zone, time=slot.time, shard=shard, date=date, instant=instant).model_dump_json()


def test_a_beat_that_comes_twice_or_again_later_pushes_once(stack: Stack, a_couple: NewCouple, a_date: dt.date) -> None:
    ada, ben = a_couple(CHATHAM, TOKYO)
    due = _at(a_date, "08:30", CHATHAM)
    stack.tick(due - dt.timedelta(minutes=5))
    await_quiet(stack)
    assert ada.kinds() == []
    assert stack.tick(due)["jobs"] == 1
    assert stack.tick(due)["jobs"] == 0
    assert stack.tick(due - dt.timedelta(minutes=5))["jobs"] == 0
    assert stack.tick(due + dt.timedelta(minutes=5))["jobs"] == 0
    ada.await_kinds("prompt")
    await_quiet(stack)
    assert (ada.kinds(), ben.kinds()) == (["prompt"], [])


def test_a_job_that_is_delivered_twice_pushes_once(stack: Stack, a_couple: NewCouple, a_date: dt.date) -> None:
    ada, _ = a_couple(CHATHAM, TOKYO)
    job = _job(stack, "08:30", a_date)
    for _ in range(3):
        stack.client("sqs").send_message(QueueUrl=stack.outputs["QueueUrl"], MessageBody=job)
        ada.await_kinds("prompt")
        await_quiet(stack)
    ada.await_kinds("prompt")


def test_the_schedule_fires_by_itself_with_its_scheduled_time() -> None:
    """The template's own target and input, on a schedule that is due in a moment rather than in five minutes."""
    with temporary(tick=True, seeded=False) as stack:
        scheduler = stack.client("scheduler")
        (name,) = [schedule["Name"] for schedule in scheduler.list_schedules()["Schedules"]]
        schedule = scheduler.get_schedule(Name=name)
        assert schedule["ScheduleExpression"] == "cron(0/5 * * * ? *)"
        due = dt.datetime.fromtimestamp(int(now()) + 2, dt.UTC)
        scheduler.create_schedule(
            Name="soon",
            ScheduleExpression=f"at({due:%Y-%m-%dT%H:%M:%S})",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target=schedule["Target"],
        )
        log = stack.log_of("Tick")
        eventually(lambda: log.exists() and due.isoformat() in log.read_text(encoding="utf-8"))
