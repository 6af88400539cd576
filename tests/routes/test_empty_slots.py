"""A slot that holds nobody disappears after two days, and nobody who joins it meanwhile misses a reminder."""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import cleanup.handler
from rekindle.cleanup import EmptySlotJob, cleanup_job_from
from rekindle.domain.ids import CoupleId
from rekindle.domain.reminders import Slot
from rekindle.push.jobs import SlotJob
from rekindle.store import keys
from rekindle.store.instants import to_millis
from rekindle.store.people import People
from rekindle.store.shards import EMPTY_FOR, EmptySlots, Resharding
from rekindle.store.slots import Slots
from testing.builders import NEW_YORK, a_paired_person
from testing.cleanups import cleanup_services
from testing.push_world import DATE, MORNING, CrashError, calls, do, first_of, people_at, saved, slot_job, watched
from testing.stored import shard_of, slot_rows
from tests.routes.test_slots import rows_in

if TYPE_CHECKING:
    from typing import Any

    from delivery.services import Services
    from rekindle.domain.persons import Person
    from rekindle.store.table import Table
    from testing.push_world import Queue

DAY = dt.timedelta(days=1)
SLOT = Slot(NEW_YORK, dt.time(8, 30))


def leave(table: Table, person: Person, at: dt.datetime = MORNING) -> None:
    People(table).change(person.uid, at, lambda before: replace(before, couple=None))


def join(table: Table, person: Person, at: dt.datetime = MORNING) -> None:
    People(table).change(person.uid, at, lambda before: replace(before, couple=CoupleId("couple-1")))


def empty_slot(table: Table) -> Person:
    """Make the slot with one person, who then leaves it. Return this person."""
    (person,) = people_at(table, 1)
    leave(table, person)
    assert rows_in(table, SLOT) == []
    return person


def clean_up(table: Table, queue: Queue, at: dt.datetime) -> list[Any]:
    """Let `cleanup` handle all jobs of its queue at an instant. Return the jobs."""
    bodies = queue.bodies()
    received = {"ApproximateFirstReceiveTimestamp": str(to_millis(at))}
    records: Any = [
        {"messageId": str(number), "body": body, "attributes": received} for number, body in enumerate(bodies)
    ]
    assert cleanup.handler.handle(cleanup_services(table, "keys"), records) == {"batchItemFailures": []}
    return list(map(cleanup_job_from, bodies))


def test_a_slot_that_holds_nobody_disappears(table: Table, delivery: Services, cleanup_queue: Queue) -> None:
    empty_slot(table)
    job = slot_job(table)
    do(delivery, job)
    assert clean_up(table, cleanup_queue, MORNING) == [EmptySlotJob(zone=NEW_YORK, time=SLOT.time)]
    assert Slots(table).known() == {SLOT}
    do(delivery, job.model_copy(update={"date": DATE + dt.timedelta(days=1), "instant": MORNING + DAY}))
    clean_up(table, cleanup_queue, MORNING + DAY)
    assert Slots(table).known() == frozenset()
    assert Slots(table).existing([SLOT]) == {}
    assert table.get(keys.zone(NEW_YORK)) is None


def test_a_slot_with_somebody_is_no_work_for_cleanup(table: Table, delivery: Services, cleanup_queue: Queue) -> None:
    people_at(table, 1)
    do(delivery, slot_job(table))
    assert cleanup_queue.bodies() == []
    assert not EmptySlots(table).delete(SLOT, MORNING)
    assert not EmptySlots(table).delete(SLOT, MORNING + DAY)
    assert Slots(table).known() == {SLOT}


def test_the_other_slots_of_a_zone_stay_listed(table: Table) -> None:
    saved(table, ada := a_paired_person())
    noon = replace(ada.reminders, prompt=dt.time(12))
    People(table).change(ada.uid, MORNING - DAY, lambda before: replace(before, reminders=noon))
    People(table).change(ada.uid, MORNING + DAY, lambda before: replace(before, due_earlier=()))
    for at in (MORNING + DAY, MORNING + 2 * DAY):
        EmptySlots(table).delete(SLOT, at)
    assert Slots(table).known() == {Slot(NEW_YORK, dt.time(12)), Slot(NEW_YORK, dt.time(20, 30))}
    assert slot_rows(table, ada.uid, Slots(table).known())


def test_a_repeated_job_of_the_same_day_deletes_nothing(table: Table) -> None:
    empty_slot(table)
    for hours in (0, 1, 11):
        assert not EmptySlots(table).delete(SLOT, MORNING + dt.timedelta(hours=hours))
    assert EmptySlots(table).delete(SLOT, MORNING + EMPTY_FOR)
    assert EmptySlots(table).delete(SLOT, MORNING + EMPTY_FOR)


def test_a_person_who_joins_an_empty_slot_keeps_it(table: Table) -> None:
    person = empty_slot(table)
    EmptySlots(table).delete(SLOT, MORNING)
    join(table, person)
    assert not EmptySlots(table).delete(SLOT, MORNING + DAY)
    leave(table, person)
    assert not EmptySlots(table).delete(SLOT, MORNING + 2 * DAY)
    join(table, person)
    assert slot_rows(table, person.uid, [SLOT])


def test_a_person_who_joins_a_deleted_slot_makes_it_anew(table: Table) -> None:
    person, old = empty_slot(table), shard_of(table, SLOT)
    for at in (MORNING, MORNING + DAY):
        EmptySlots(table).delete(SLOT, at)
    join(table, person)
    assert Slots(table).known() == {SLOT}
    assert shard_of(table, SLOT) != old
    assert slot_rows(table, person.uid, [SLOT])


@pytest.mark.parametrize("request_name", ["UpdateItem", "TransactWriteItems"])
def test_a_slot_deleted_while_somebody_joins_is_made_again(table: Table, request_name: str) -> None:
    """The deletion happens after the person has read the slot, and before one of their writes."""
    person = empty_slot(table)
    EmptySlots(table).delete(SLOT, MORNING)

    def deletion() -> None:
        EmptySlots(table).delete(SLOT, MORNING + DAY)

    with watched(table, first_of(request_name, deletion)):
        join(table, person, MORNING + DAY)
    assert slot_rows(table, person.uid, [SLOT])
    assert Slots(table).known() == {SLOT}


def test_somebody_who_joins_during_the_deletion_stays(table: Table) -> None:
    """A person joins after the deletion has read that the slot is empty."""
    person = empty_slot(table)
    EmptySlots(table).delete(SLOT, MORNING)
    with watched(table, first_of("TransactWriteItems", lambda: join(table, person, MORNING + DAY))):
        assert not EmptySlots(table).delete(SLOT, MORNING + DAY)
    assert slot_rows(table, person.uid, [SLOT])
    assert Slots(table).known() == {SLOT}


def test_a_slot_is_not_deleted_while_it_is_resharded(table: Table) -> None:
    empty_slot(table)
    resharding = Resharding(table)
    shards = resharding.shards(SLOT)
    assert shards
    EmptySlots(table).delete(SLOT, MORNING)
    resharding.name_more(SLOT, shards, MORNING)
    assert not EmptySlots(table).delete(SLOT, MORNING + DAY)
    again = resharding.shards(SLOT)
    assert again
    resharding.forget_old(SLOT, again)
    assert EmptySlots(table).delete(SLOT, MORNING + DAY)


@pytest.mark.parametrize("crash_at", range(5))
def test_a_slot_that_exists_is_listed_after_a_crash_of_its_deletion(table: Table, crash_at: int) -> None:
    empty_slot(table)
    EmptySlots(table).delete(SLOT, MORNING)
    with contextlib.suppress(CrashError), calls(table, crash_at=crash_at):
        EmptySlots(table).delete(SLOT, MORNING + DAY)
    assert Slots(table).existing([SLOT]).keys() <= Slots(table).known()
    assert EmptySlots(table).delete(SLOT, MORNING + DAY)
    assert Slots(table).known() == frozenset()


def test_a_job_for_a_deleted_slot_does_no_harm(table: Table, delivery: Services, cleanup_queue: Queue) -> None:
    """A tick may have read the slot before its deletion."""
    empty_slot(table)
    job = slot_job(table)
    for at in (MORNING, MORNING + DAY):
        EmptySlots(table).delete(SLOT, at)
    do(delivery, SlotJob(**job.model_dump()))
    clean_up(table, cleanup_queue, MORNING + DAY)
    assert Slots(table).known() == frozenset()
