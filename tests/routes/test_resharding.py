"""A growing slot gets more shards, and nobody is missed or notified twice meanwhile."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from delivery.dispatcher import LONGEST_WAIT_FOR_OTHERS
from delivery.resharding import BEFORE_NEXT, is_at_rest, reshard
from rekindle.domain.reminders import SETTLED_AFTER, Slot
from rekindle.push.jobs import LONGEST_DELAY, ReshardJob
from rekindle.store import keys
from rekindle.store.people import People
from rekindle.store.shards import MOVED_AT_ONCE, Resharding, Shards
from rekindle.store.slots import Slots
from rekindle.store.watermark import Watermark
from testing.builders import NEW_YORK, an_instant
from testing.push_world import NO_WAIT, CrashError, Queue, calls, do, people_at, plenty
from tick.handler import Tick

if TYPE_CHECKING:
    from collections.abc import Callable

    from delivery.services import Services
    from rekindle.domain.persons import Person
    from rekindle.store.table import Table
    from testing.fcm_wire import FcmWire

SLOT = Slot(NEW_YORK, dt.time(8, 30))
CAME = an_instant("2026-03-02T13:30:00Z")
SECOND = dt.timedelta(seconds=1)
AT_REST = CAME + SETTLED_AFTER
AFTER_A_PAUSE = AT_REST + LONGEST_DELAY
PERSONS = 2 * MOVED_AT_ONCE + 20


type Step = Callable[[str, dt.datetime], None]


@pytest.fixture
def step(table: Table, queue: Queue) -> Step:
    """Do the next step of resharding a shard's slot at an instant."""
    return lambda shard, at: reshard(Resharding(table), queue.outbox, a_job(shard, at), NO_WAIT, plenty)


def shards(table: Table) -> Shards:
    return Slots(table).existing([SLOT])[SLOT]


def a_job(shard: str, at: dt.datetime) -> ReshardJob:
    return ReshardJob(
        date=dt.date(2026, 3, 2), instant=CAME, late=at - CAME, zone=SLOT.zone, time=SLOT.time, shard=shard
    )


def placed(table: Table) -> Counter[tuple[str, str]]:
    """Return how often each person is in each shard of the slot."""
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


def assert_each_stands_once(table: Table, people: list[Person]) -> None:
    assert Counter(person for _, person in placed(table).elements()) == {
        keys.pseudonym_of(each.uid): 1 for each in people
    }


def test_a_slot_doubles_its_shards_while_it_rests(table: Table, step: Step, queue: Queue) -> None:
    people = people_at(table, PERSONS)
    (old,) = shards(table).names
    step(old, CAME + dt.timedelta(minutes=15))
    assert shards(table) == Shards((old,)), "two hours late, the slot could still be on its way"
    (job,) = queue.taken()
    assert job.type == "spread"
    reshard(Resharding(table), queue.outbox, job, AT_REST - CAME - job.late, plenty)
    assert (len(shards(table).new_names), shards(table).names) == (2, (old,))
    step(old, AFTER_A_PAUSE - SECOND)
    assert {name for name, _ in placed(table)} == {old}, "a write that does not know of the new may be under way"
    step(old, AFTER_A_PAUSE)
    assert_each_stands_once(table, people)
    new = shards(table)
    assert (len(new.names), new.new_names, new.named_at) == (2, (), None)
    assert old not in new.names
    sizes = Counter(name for name, _ in placed(table))
    assert all(size > PERSONS / 4 for size in sizes.values())
    assert queue.delays == [LONGEST_DELAY.total_seconds()] * 3


def test_other_shards_that_have_grown_too_change_nothing_any_more(table: Table, step: Step, queue: Queue) -> None:
    people_at(table, 3)
    (old,) = shards(table).names
    for at in (AT_REST, AFTER_A_PAUSE):
        step(old, at)
    done = shards(table)
    queue.taken()
    step(old, AFTER_A_PAUSE)
    assert shards(table) == done
    assert queue.taken() == []


def test_resharding_whose_job_was_lost_is_continued_by_a_new_shard_that_has_grown(
    table: Table, step: Step, queue: Queue
) -> None:
    people = people_at(table, 10)
    (old,) = shards(table).names
    step(old, AT_REST)
    queue.taken()
    new = shards(table).new_names[0]
    step(new, AT_REST + dt.timedelta(days=1))
    assert len(shards(table).names) == 2
    assert_each_stands_once(table, people)


def test_a_slot_that_comes_while_it_is_resharded_misses_nobody(
    table: Table, step: Step, queue: Queue, delivery: Services, wire: FcmWire
) -> None:
    """Resharding has stopped half way. A person moves to a new shard before the old shard's run has reached them."""
    people = people_at(table, 2 * MOVED_AT_ONCE)
    (old,) = shards(table).names
    step(old, AT_REST)
    Resharding(table).move_rows(shards(table), old)
    queue.taken()
    comes = CAME + dt.timedelta(days=1)
    Tick(Slots(table), Watermark(table), queue.outbox).run(comes)
    jobs = [job for job in queue.taken() if job.type == "slot"]
    assert len(jobs) == 3
    # The new shards' jobs come first, and wait for the old shard's job.
    for job in sorted(jobs, key=lambda job: job.shard == old):
        if job.shard == old:
            waiting = [person for name, person in placed(table) if name == old]
            mover = next(person for person in people if keys.pseudonym_of(person.uid) == waiting[-1])
            People(table).change(mover.uid, comes, some_change(1))
        do(delivery, job)
    do(delivery, *queue.taken(), waited=dt.timedelta(minutes=1))
    assert Counter(message["token"] for message in wire.messages) == {
        device.target.value: 1 for person in people for device in person.devices.values()
    }


def test_a_run_does_not_wait_for_ever_for_one_that_has_failed(
    table: Table, step: Step, queue: Queue, delivery: Services, wire: FcmWire
) -> None:
    people_at(table, 10)
    (old,) = shards(table).names
    step(old, AT_REST)
    while Resharding(table).move_rows(shards(table), old):
        pass
    queue.taken()
    Tick(Slots(table), Watermark(table), queue.outbox).run(CAME + dt.timedelta(days=1))
    for job in queue.taken():
        if job.type == "slot" and job.shard != old:
            do(delivery, job, waited=LONGEST_WAIT_FOR_OTHERS)
    assert len(wire.messages) == 10


@pytest.mark.parametrize("crash_at", range(12))
def test_a_crash_anywhere_leaves_everybody_in_one_shard(table: Table, step: Step, queue: Queue, crash_at: int) -> None:
    people = people_at(table, MOVED_AT_ONCE + 10)
    (old,) = shards(table).names
    for at in (AT_REST, AFTER_A_PAUSE):
        with contextlib.suppress(CrashError), calls(table, crash_at=crash_at):
            step(old, at)
        assert_each_stands_once(table, people)
    for at in (AT_REST, AFTER_A_PAUSE + LONGEST_DELAY):
        step(old, at)
    assert_each_stands_once(table, people)
    assert len(shards(table).names) == 2
    queue.taken()


def test_when_time_runs_short_another_function_continues(table: Table, step: Step, queue: Queue) -> None:
    people = people_at(table, PERSONS)
    (old,) = shards(table).names
    step(old, AT_REST)
    queue.taken()
    rounds = 0
    jobs = [a_job(old, AFTER_A_PAUSE)]
    while jobs:
        rounds += 1
        assert rounds < 10
        for job in jobs:
            reshard(Resharding(table), queue.outbox, job, NO_WAIT, lambda: SECOND)
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


def test_a_change_while_rows_move_ends_in_the_right_shard(table: Table, step: Step, queue: Queue) -> None:
    people = people_at(table, PERSONS)
    (old,) = shards(table).names
    step(old, AT_REST)
    changing = people[::4]

    def change(number: int) -> None:
        person = changing[number]
        People(table).change(person.uid, AT_REST, some_change(number))

    with ThreadPoolExecutor(4) as pool:
        moving = pool.submit(step, old, AFTER_A_PAUSE)
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
