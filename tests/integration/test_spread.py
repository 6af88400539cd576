"""A slot that grows is spread over more shards, and nobody is missed or told twice on the way."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from delivery.spread import BEFORE_NEXT, Spreader, is_at_rest
from rekindle.models import Person, Reminders
from rekindle.push.jobs import LONGEST_DELAY, SpreadJob
from rekindle.reminders import SETTLED_AFTER, Slot
from rekindle.store import keys
from rekindle.store.people import People
from rekindle.store.slots import MOVED_AT_ONCE, Shards, Slots
from tests.builders import NEW_YORK, a_paired_person, an_instant
from tests.integration.push_world import CrashError, Queue, calls, saved

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekindle.store.table import Table

SLOT = Slot(NEW_YORK, dt.time(8, 30))
CAME = an_instant("2026-03-02T13:30:00Z")
SECOND = dt.timedelta(seconds=1)
AT_REST = CAME + SETTLED_AFTER
PERSONS = 2 * MOVED_AT_ONCE + 20


@pytest.fixture
def spreader(table: Table, queue: Queue) -> Spreader:
    return Spreader(Slots(table), queue.outbox)


def crowd(table: Table, count: int) -> list[Person]:
    people = [a_paired_person(reminders=Reminders(evening=None)) for _ in range(count)]
    saved(table, *people)
    return people


def shards(table: Table) -> Shards:
    return Slots(table).existing([SLOT])[SLOT]


def a_job(shard: str, at: dt.datetime) -> SpreadJob:
    return SpreadJob(
        date=dt.date(2026, 3, 2), instant=CAME, late=at - CAME, zone=SLOT.zone, time=SLOT.time, shard=shard
    )


def placed(table: Table) -> Counter[tuple[str, str]]:
    """How often each person stands in each shard of the slot."""
    found: Counter[tuple[str, str]] = Counter()
    for name in shards(table).all:
        after = None
        while True:
            page = Slots(table).page(name, after, 500, AT_REST)
            found.update((name, row.person) for row in page.rows)
            after = page.last
            if after is None:
                break
    return found


def plenty() -> dt.timedelta:
    return dt.timedelta(minutes=10)


def assert_each_stands_once(table: Table, people: list[Person]) -> None:
    assert Counter(person for _, person in placed(table).elements()) == {keys.mark_of(each.uid): 1 for each in people}


def test_a_slot_doubles_its_shards_while_it_rests(table: Table, spreader: Spreader, queue: Queue) -> None:
    people = crowd(table, PERSONS)
    (old,) = shards(table).names
    spreader.carry_out(a_job(old, CAME), dt.timedelta(minutes=15), plenty)
    assert shards(table).names == (old,)
    assert len(shards(table).spreading_to) == 2
    (job,) = queue.taken()
    assert job.type == "spread"
    spreader.carry_out(job, dt.timedelta(minutes=15), plenty)
    assert {name for name, _ in placed(table)} == {old}, "two hours late, the slot could still be on its way"
    spreader.carry_out(a_job(old, AT_REST), dt.timedelta(0), plenty)
    assert_each_stands_once(table, people)
    new = shards(table)
    assert (len(new.names), new.spreading_to) == (2, ())
    assert old not in new.names
    sizes = Counter(name for name, _ in placed(table))
    assert all(size > PERSONS / 4 for size in sizes.values())
    assert queue.delays == [LONGEST_DELAY.total_seconds()] * 2


def test_other_shards_that_have_grown_too_change_nothing_any_more(
    table: Table, spreader: Spreader, queue: Queue
) -> None:
    crowd(table, 3)
    (old,) = shards(table).names
    spreader.carry_out(a_job(old, CAME), dt.timedelta(0), plenty)
    spreader.carry_out(a_job(old, AT_REST), dt.timedelta(0), plenty)
    done = shards(table)
    queue.taken()
    spreader.carry_out(a_job(old, AT_REST), dt.timedelta(0), plenty)
    assert shards(table) == done
    assert queue.taken() == []


def test_a_slot_that_is_not_there_is_nothing_to_spread(spreader: Spreader, queue: Queue) -> None:
    spreader.carry_out(a_job("0", CAME), dt.timedelta(0), plenty)
    assert queue.taken() == []


@pytest.mark.parametrize("crash_at", range(12))
def test_a_crash_anywhere_leaves_everybody_in_one_shard(
    table: Table, spreader: Spreader, queue: Queue, crash_at: int
) -> None:
    people = crowd(table, MOVED_AT_ONCE + 10)
    (old,) = shards(table).names
    for at in (CAME, AT_REST):
        with contextlib.suppress(CrashError), calls(table, crash_at=crash_at):
            spreader.carry_out(a_job(old, at), dt.timedelta(0), plenty)
        assert_each_stands_once(table, people)
    for at in (CAME, AT_REST):
        spreader.carry_out(a_job(old, at), dt.timedelta(0), plenty)
    assert_each_stands_once(table, people)
    assert len(shards(table).names) == 2
    queue.taken()


def test_when_time_runs_short_another_function_goes_on(table: Table, spreader: Spreader, queue: Queue) -> None:
    people = crowd(table, PERSONS)
    (old,) = shards(table).names
    spreader.carry_out(a_job(old, CAME), dt.timedelta(0), plenty)
    queue.taken()
    rounds = 0
    jobs = [a_job(old, AT_REST)]
    while jobs:
        rounds += 1
        assert rounds < 10
        for job in jobs:
            spreader.carry_out(job, dt.timedelta(0), lambda: SECOND)
        assert_each_stands_once(table, people)
        jobs = [job for job in queue.taken() if job.type == "spread"]
    assert rounds == 4, "three moves, and a last look"
    assert len(shards(table).names) == 2


def some_change(number: int) -> Callable[[Person], Person]:
    changes: list[Callable[[Person], Person]] = [
        lambda before: replace(before, couple=None),
        lambda before: replace(before, reminders=replace(before.reminders, quiet_hours=None)),
        lambda before: replace(before, reminders=replace(before.reminders, prompt=dt.time(9))),
    ]
    return changes[number % len(changes)]


def test_who_changes_while_rows_move_stands_where_they_should(table: Table, spreader: Spreader, queue: Queue) -> None:
    people = crowd(table, PERSONS)
    (old,) = shards(table).names
    spreader.carry_out(a_job(old, CAME), dt.timedelta(0), plenty)
    changing = people[::4]

    def change(number: int) -> None:
        person = changing[number]
        People(table).change(person.uid, AT_REST, some_change(number))

    with ThreadPoolExecutor(4) as pool:
        moving = pool.submit(spreader.carry_out, a_job(old, AT_REST), dt.timedelta(0), plenty)
        list(pool.map(change, range(len(changing))))
        moving.result()
    left = [person for number, person in enumerate(changing) if number % 3 != 1]
    assert_each_stands_once(table, [person for person in people if person not in left])
    queue.taken()


def test_a_slot_rests_from_when_its_last_run_has_ended_until_it_comes_again() -> None:
    again = CAME + dt.timedelta(days=1)
    moments = {
        CAME: False,
        CAME + SETTLED_AFTER - SECOND: False,
        CAME + SETTLED_AFTER: True,
        again - BEFORE_NEXT: True,
        again - BEFORE_NEXT + SECOND: False,
    }
    assert {at: is_at_rest(SLOT, at) for at in moments} == moments
