"""Each tick finds the slots that have come, and queues one job for each shard."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING, Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import ValidationError

from rekindle.domain.calendar import zone_names
from rekindle.domain.ids import Zone
from rekindle.domain.persons import Reminders
from rekindle.domain.reminders import Slot
from rekindle.store import keys
from rekindle.store.runs import Runs
from rekindle.store.shards import Shards
from rekindle.store.slots import Slots
from rekindle.store.table import Write
from rekindle.store.watermark import Watermark
from testing.builders import NEW_YORK, TOKYO, a_paired_person, an_instant
from testing.push_world import CrashError, Queue, calls, saved
from testing.samples import sample_event
from tick.handler import Tick, TickEvent, due_in, due_jobs, handler, window

if TYPE_CHECKING:
    from rekindle.store.table import Table

MINUTES = dt.timedelta(minutes=1)
AT = an_instant("2026-03-02T13:30:00Z")
"""08:30 in New York, 22:30 in Tokyo."""


def test_a_tick_covers_the_time_since_the_last_one() -> None:
    assert window(AT - 5 * MINUTES, AT) == (AT - 5 * MINUTES, AT)


def test_the_first_tick_ever_looks_back_five_minutes() -> None:
    assert window(None, AT) == (AT - 5 * MINUTES, AT)


def test_a_tick_after_an_outage_catches_up_two_hours_at_most() -> None:
    assert window(AT - 45 * MINUTES, AT) == (AT - 45 * MINUTES, AT)
    assert window(AT - 1000 * MINUTES, AT) == (AT - 120 * MINUTES, AT)


def test_a_repeated_or_overtaken_tick_has_nothing_to_do() -> None:
    assert window(AT, AT) == (AT, AT)
    assert window(AT + 5 * MINUTES, AT) == (AT, AT)


def test_the_slot_that_a_zone_has_just_reached_is_due() -> None:
    due = due_in({TOKYO, NEW_YORK}, AT - 5 * MINUTES, AT)
    assert [(each.slot, each.date, each.instant) for each in due] == [
        (Slot(NEW_YORK, dt.time(8, 30)), dt.date(2026, 3, 2), AT),
        (Slot(TOKYO, dt.time(22, 30)), dt.date(2026, 3, 2), AT),
    ]


def test_a_job_is_made_for_each_shard_of_a_slot_that_exists() -> None:
    due = due_in({TOKYO, NEW_YORK}, AT - 5 * MINUTES, AT)
    jobs = due_jobs(due, {Slot(NEW_YORK, dt.time(8, 30)): Shards(("a", "b"), new_names=("c",))}, AT)
    assert [(str(job.slot), job.shard) for job in jobs] == [("America/New_York#08:30", shard) for shard in "abc"]


def test_a_job_says_how_late_it_is() -> None:
    due = due_in({NEW_YORK}, AT - 30 * MINUTES, AT)
    jobs = due_jobs(due, {Slot(NEW_YORK, dt.time(8, 10)): Shards(("a",))}, AT)
    assert [job.late for job in jobs] == [20 * MINUTES]


def test_consecutive_ticks_find_every_slot_of_a_day_once() -> None:
    """The ticks come irregularly, in the night in which New York loses an hour."""
    start = an_instant("2026-03-08T05:00:00Z")
    ends = [start + minutes * MINUTES for minutes in (0, 5, 10, 47, 48, 130, 135, 240, 241, 300, 400, 500)]
    found = [each for before, at in itertools.pairwise(ends) for each in due_in({NEW_YORK}, *window(before, at))]
    assert found == due_in({NEW_YORK}, ends[0], ends[-1])
    assert len({each.slot for each in found}) == len(found)


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"scheduled_time": None},
        {"scheduled_time": "<aws.scheduler.scheduled-time>"},
        {"scheduled_time": "2026-03-02T13:30:00"},
        {"scheduled_time": "2026-03-02T13:30:00Z", "time": "2026-03-02T13:30:00Z"},
    ],
    ids=["empty", "none", "placeholder", "naive", "extra"],
)
def test_an_event_without_one_clear_time_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        handler(event, LambdaContext())


def test_the_sample_event_names_its_time() -> None:
    assert TickEvent.model_validate(sample_event("tick")).scheduled_time == AT


# On a table


@pytest.fixture
def tick(table: Table, queue: Queue) -> Tick:
    return Tick(Slots(table), Watermark(table), queue.outbox)


def named(queue: Queue) -> list[tuple[str, str]]:
    return sorted((str(job.slot), str(job.date)) for job in queue.taken() if job.type == "slot")


def test_a_tick_with_nobody_due_sends_nothing_and_moves_the_watermark(table: Table, tick: Tick) -> None:
    assert tick.run(AT) == 0
    assert Watermark(table).read() == AT


def test_a_repeated_tick_sends_nothing(table: Table, queue: Queue, tick: Tick) -> None:
    saved(table, a_paired_person())
    assert tick.run(AT) == 1
    assert tick.run(AT) == 0
    assert tick.run(AT - 5 * MINUTES) == 0
    assert len(named(queue)) == 1


@pytest.mark.parametrize("crash_at", range(4))
def test_a_tick_that_dies_loses_no_slot(table: Table, queue: Queue, tick: Tick, crash_at: int) -> None:
    """The next tick may send a job again, and its run refuses the repeat."""
    saved(table, a_paired_person())
    tick.run(AT - 5 * MINUTES)
    with calls(table, crash_at=crash_at), pytest.raises(CrashError):
        tick.run(AT)
    tick.run(AT + 5 * MINUTES)
    jobs = queue.taken()
    assert {(job.instant, job.date) for job in jobs} == {(AT, dt.date(2026, 3, 2))}
    runs = Runs(table)
    done = 0
    for job in jobs:
        assert job.type == "slot"
        run = runs.begin(job.shard, job.date, job.instant)
        if not run.done:
            runs.finish(run)
            done += 1
    assert done == 1


def test_ticks_that_overlap_leave_no_gap(table: Table, queue: Queue) -> None:
    """Both ticks have read the same watermark, and the earlier tick ends last."""
    saved(table, a_paired_person(), a_paired_person(reminders=Reminders(prompt=dt.time(8, 35))))
    slots = Slots(table)
    Watermark(table).advance(AT - 5 * MINUTES)

    class Overtaken(Slots):
        def known(self) -> frozenset[Slot]:
            Tick(slots, Watermark(table), queue.outbox).run(AT + 5 * MINUTES)
            return Slots.known(self)

    Tick(Overtaken(table), Watermark(table), queue.outbox).run(AT)
    assert Watermark(table).read() == AT + 5 * MINUTES
    assert set(named(queue)) == {("America/New_York#08:30", "2026-03-02"), ("America/New_York#08:35", "2026-03-02")}


def test_a_tick_over_all_zones_reads_only_the_list_and_the_due_slots(table: Table, tick: Tick) -> None:
    """There are 597 zones with 30 slots each."""
    saved(table, a_paired_person())
    times = {f"{hour:02}:{minute:02}" for hour in range(1, 16) for minute in (5, 20)}
    for zone in sorted(zone_names()):
        table.write(Write("Update", keys.zone(Zone(zone)), update="ADD times :times", values={":times": times}))
    tick.run(AT - 5 * MINUTES)
    with calls(table) as seen:
        assert tick.run(AT) == 1
    assert seen == ["GetItem", "Query", "BatchGetItem", "PutItem"]
