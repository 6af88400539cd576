from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from rekindle.domain.calendar import zone_names
from rekindle.domain.ids import Zone
from rekindle.domain.persons import Reminders
from rekindle.store import keys
from rekindle.store.runs import Runs
from rekindle.store.slots import Slots
from rekindle.store.table import Write
from rekindle.store.watermark import Watermark
from testing.builders import a_paired_person, an_instant
from testing.push_world import CrashError, Queue, calls, saved
from tick.handler import Tick

if TYPE_CHECKING:
    from rekindle.domain.reminders import Slot
    from rekindle.store.table import Table

MINUTES = dt.timedelta(minutes=1)
AT = an_instant("2026-03-02T13:30:00Z")
"""08:30 in New York."""


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
    """Both have read the same watermark, and the earlier tick ends last."""
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
