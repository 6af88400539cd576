"""One person or couple can never set off a push alarm, whatever FCM answers."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from delivery.gateway import CredentialError
from delivery.results import LAST_ATTEMPT
from rekindle.store.incidents import Incidents
from rekindle.store.people import People
from testing import fcm_wire
from testing.push_world import DATE, MORNING, clean_up, do, no_such_table, people_at, person_job, slot_job, tokens_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from delivery.services import Services
    from rekindle.domain.ids import DeviceId
    from rekindle.domain.persons import Device, Person
    from rekindle.push.jobs import Job, SlotJob
    from rekindle.store.table import Table
    from testing.fcm_wire import Answer, FcmWire
    from testing.push_world import Queue

ALWAYS = 99
"""A number of answers that is larger than the number of tries."""

OF_A_TARGET = {
    "unregistered": fcm_wire.UNREGISTERED,
    "unregistered at Apple": fcm_wire.GONE_AT_APPLE,
    "another sender's": fcm_wire.OTHER_SENDER,
    "malformed": fcm_wire.MALFORMED_TOKEN,
    "malformed, without a word of why": fcm_wire.OUR_MISTAKE,
    "no device of Apple's": fcm_wire.NO_DEVICE_OF_APPLE,
    "Apple says no": fcm_wire.APPLE_SAYS_NO,
    "Apple's other environment": fcm_wire.OTHER_ENVIRONMENT,
    "internal": fcm_wire.INTERNAL,
    "unavailable": fcm_wire.UNAVAILABLE,
    "quota of a device": fcm_wire.QUOTA,
    "not found": fcm_wire.failure(404, "NOT_FOUND"),
    "a proxy's page": fcm_wire.A_PROXY_S_PAGE,
    "silence": fcm_wire.HANGS_UP,
}
"""Answers that depend on the target. A plain 401 is not among them, because FCM checks our credential first."""


type Log = pytest.LogCaptureFixture


@dataclass(frozen=True)
class World:
    """Delivery with a table, three queues, FCM's stand-in and the log."""

    table: Table
    delivery: Services
    wire: FcmWire
    queue: Queue
    dead_letters: Queue
    cleanup: Queue
    caplog: Log

    def people(self, count: int, answer: Answer | None = None, *, devices: int = 1) -> list[Person]:
        """Store this many persons. FCM always gives this answer for their devices."""
        people = people_at(self.table, count, devices)
        if answer:
            for person in people:
                self.answers(person, answer)
        return people

    def slot_job(self, days: int = 0) -> SlotJob:
        """Return the job of their slot, this many days later."""
        return slot_job(self.table).model_copy(update={"date": DATE + dt.timedelta(days=days)})

    def answers(self, person: Person, *answers: Answer) -> None:
        """Make FCM give these answers for the person's devices, in turn."""
        for token, answer in zip(tokens_of(person), itertools.cycle(answers), strict=False):
            self.wire.script[token] = [answer] * ALWAYS

    def do(self, *jobs: Job) -> None:
        """Handle the push jobs, and then the cleanup jobs that follow from them."""
        do(self.delivery, *jobs)
        clean_up(self.table, self.cleanup)

    def settle(self, delivery: Services | None = None) -> int:
        """Handle all push jobs that come back to the queue, and return their number. Then handle the cleanup jobs."""
        count = 0
        while jobs := self.queue.taken():
            do(delivery or self.delivery, *jobs)
            count += len(jobs)
        clean_up(self.table, self.cleanup)
        return count

    def devices_of(self, people: Sequence[Person]) -> list[Mapping[DeviceId, Device]]:
        after = People(self.table).people([person.uid for person in people])
        return [after[person.uid].devices for person in people]

    def assert_kept(self, people: Sequence[Person]) -> None:
        """Check that all of them still have all their devices."""
        assert self.devices_of(people) == [person.devices for person in people]

    def errors(self) -> list[str]:
        return [record.getMessage() for record in self.caplog.records if record.levelname == "ERROR"]

    def counted(self, name: str) -> int:
        """Return the sum that a metric filter of template.yaml computes."""
        return sum(vars(record).get(name, 0) for record in self.caplog.records)


@pytest.fixture
def queues(queue: Queue, dead_letters: Queue, cleanup_queue: Queue) -> tuple[Queue, Queue, Queue]:
    return queue, dead_letters, cleanup_queue


@pytest.fixture
def world(table: Table, delivery: Services, wire: FcmWire, queues: tuple[Queue, Queue, Queue], caplog: Log) -> World:
    return World(table, delivery, wire, *queues, caplog)


# One person


@pytest.mark.parametrize("answer", OF_A_TARGET.values(), ids=OF_A_TARGET)
@pytest.mark.parametrize("alone", [True, False], ids=["alone", "beside others"])
def test_no_answer_of_fcm_about_one_couples_devices_sets_off_an_alarm(
    world: World, *, answer: Answer, alone: bool
) -> None:
    """The couple has ten devices each. Their slot's jobs and their own jobs come again and again."""
    couple, others = world.people(2, answer, devices=10), world.people(0 if alone else 4)
    world.do(world.slot_job(), *map(person_job, couple), *map(person_job, couple))
    world.settle()
    assert world.errors() == []
    assert world.dead_letters.taken() == []
    world.assert_kept(others)
    reached = Counter(message["token"] for message in world.wire.messages)
    assert [reached[token] for person in others for token in tokens_of(person)] == [1] * len(others)


def test_no_mix_of_answers_sets_off_an_alarm(world: World) -> None:
    (ada,) = world.people(1, devices=10)
    mixes = [*OF_A_TARGET.values()]
    for first in range(0, len(mixes), 5):
        world.answers(ada, *mixes[first:], *mixes[:first])
        world.do(world.slot_job(first), person_job(ada))
        world.settle()
    assert world.errors() == []
    assert world.dead_letters.taken() == []


# Many persons


@pytest.mark.parametrize("answer", [fcm_wire.OUR_MISTAKE, fcm_wire.INTERNAL], ids=["refused", "failed"])
@pytest.mark.parametrize("one_by_one", [True, False], ids=["one by one", "in one page"])
def test_three_persons_of_a_day_set_off_an_alarm(world: World, *, answer: Answer, one_by_one: bool) -> None:
    """In a practice of forty couples, three persons with one fault are seldom on one page."""
    people = world.people(3, answer)
    world.do(*(map(person_job, people) if one_by_one else [world.slot_job()]))
    world.settle()
    assert set(world.errors()) == {"given up"}
    letters = world.dead_letters.taken()
    assert sum(len(letter.missed) for letter in letters if letter.type == "retry") == (1 if one_by_one else 3)
    world.assert_kept(people)


def test_three_persons_over_a_day_set_off_one_alarm(world: World) -> None:
    """In a practice of eight couples, persons meet a fault hours apart.

    After the third person, one person alone sets off no alarm on that day.
    """
    for number, person in enumerate(world.people(5, fcm_wire.OUR_MISTAKE)):
        world.do(person_job(person, instant=MORNING + number * dt.timedelta(hours=2)))
    assert world.errors() == ["given up"]
    assert len(world.dead_letters.taken()) == 3, "what the first two missed is gone"
    assert world.queue.taken() == []


# A store at fault


def test_a_store_that_cannot_count_sends_nothing_twice(world: World) -> None:
    """FCM has the pushes by then, so the job must not come back. One alarm too many is better than none."""
    people = world.people(4)
    for person, answer in zip(people, (fcm_wire.OUR_MISTAKE, fcm_wire.INTERNAL, fcm_wire.APPLE_SAYS_NO), strict=False):
        world.answers(person, answer)
    nowhere = Incidents(no_such_table())
    do(replace(world.delivery, incidents=nowhere), world.slot_job())
    assert list(world.wire.attempts.values()) == [1] * 4
    assert sorted(len(job.missed) for job in world.queue.taken() if job.type == "retry") == [2]
    assert len(world.dead_letters.taken()) == 1
    assert world.errors() == ["FCM cannot sign in to Apple", "given up"]
    assert "cannot count whom a fault affects" in world.caplog.messages


def test_a_store_that_cannot_count_costs_nobody_a_phone(world: World) -> None:
    (ada,) = world.people(1, fcm_wire.OTHER_SENDER)
    broken = replace(world.delivery, incidents=Incidents(no_such_table()))
    do(broken, person_job(ada))
    world.settle(broken)
    world.assert_kept([ada])


def test_a_queue_that_takes_no_cleanup_job_sends_nothing_twice(world: World) -> None:
    people = world.people(3)
    world.answers(people[0], fcm_wire.UNREGISTERED)
    broken = replace(world.delivery, cleanup=replace(world.cleanup, url="no-such-queue").outbox)
    do(broken, world.slot_job())
    assert list(world.wire.attempts.values()) == [1] * 3
    assert world.queue.taken() == []
    assert world.errors() == ["dead targets stay for now"]
    world.settle()
    world.assert_kept(people)


# Apple


def test_an_apple_key_at_fault_stops_no_android_phone_and_costs_nobody_a_device(world: World) -> None:
    iphones, androids = world.people(5, fcm_wire.APPLE_SAYS_NO), world.people(3)
    people = [*iphones, *androids]
    world.do(world.slot_job())
    (error,) = (record for record in world.caplog.records if record.levelname == "ERROR")
    assert error.getMessage() == "FCM cannot sign in to Apple"
    assert (vars(error)["persons"], vars(error)["devices"]) == (5, 5)
    world.settle()
    assert Counter(message["token"] for message in world.wire.messages) == {
        token: 1 for person in androids for token in tokens_of(person)
    }
    assert {world.wire.attempts[token] for person in iphones for token in tokens_of(person)} == {LAST_ATTEMPT}
    assert world.queue.delays == [30, 60, 120, 240, 480]
    assert world.wire.token_requests == 1
    world.assert_kept(people)
    (letter,) = world.dead_letters.taken()
    assert letter.type == "retry"
    assert letter.reason == "FCM cannot sign in to Apple: InvalidProviderToken"
    # The key is valid again, and the operator puts the dead letter back.
    world.wire.script.clear()
    world.do(letter)
    assert len(world.wire.messages) == len(people)


def test_a_page_of_iphones_alone_is_no_fault_of_our_credential(world: World) -> None:
    world.people(3, fcm_wire.APPLE_SAYS_NO)
    world.do(world.slot_job())
    assert world.errors() == ["FCM cannot sign in to Apple"]
    world.do(world.slot_job())
    assert sum(world.wire.attempts.values()) == 3, "the run is done"
    assert len(world.queue.taken()) == 1


# Another sender


@pytest.mark.parametrize("count", [3, 12])
@pytest.mark.parametrize("one_by_one", [True, False], ids=["one by one", "in one page"])
def test_another_projects_credential_costs_nobody_a_phone(world: World, *, count: int, one_by_one: bool) -> None:
    """If three persons of a day are affected, our own project may be wrong.

    Delivery sets off an alarm, and every push can be redriven.
    """
    people = world.people(count, fcm_wire.OTHER_SENDER)
    world.do(*(map(person_job, people) if one_by_one else [world.slot_job()]))
    world.settle()
    world.assert_kept(people)
    assert "FCM says the devices belong to another sender" in world.errors()
    letters = world.dead_letters.taken()
    world.wire.script.clear()
    world.do(*letters)
    assert len(world.wire.messages) == count


@pytest.mark.parametrize("count", [1, 2])
def test_a_lone_phone_of_another_sender_goes_at_the_last_attempt(world: World, count: int) -> None:
    """Ten devices of one person, or of a couple, set off no alarm."""
    people = world.people(count, fcm_wire.OTHER_SENDER, devices=10)
    world.do(world.slot_job())
    world.assert_kept(people)  # the push is tried again first
    assert world.settle() == LAST_ATTEMPT - 1
    assert world.devices_of(people) == [{}] * count
    assert world.errors() == []
    assert world.dead_letters.taken() == []


def test_a_phone_is_kept_on_a_day_on_which_three_others_were_called_foreign(world: World) -> None:
    """The three may be on one page, and another process may send to the fourth."""
    people = world.people(4, fcm_wire.OTHER_SENDER)
    world.do(world.slot_job())
    world.queue.taken()
    other = replace(world.delivery, incidents=Incidents(world.table))
    do(other, person_job(people[3], instant=MORNING + dt.timedelta(hours=4)))
    world.settle(other)
    world.assert_kept(people)


def test_one_phone_of_the_other_project_takes_no_phone_from_the_rest(world: World) -> None:
    people = [*world.people(1), *world.people(4, fcm_wire.OTHER_SENDER)]
    world.do(world.slot_job())
    world.assert_kept(people)


@pytest.mark.parametrize(("count", "others"), [(1, 1), (1, 4), (3, 4)])
def test_devices_of_another_sender_go_at_once_where_others_are_reached(world: World, count: int, others: int) -> None:
    """Otherwise three of them would stay, and set off an alarm every day. Ten devices of a person count once."""
    foreign = world.people(count, fcm_wire.OTHER_SENDER, devices=10)
    people = world.people(others)
    world.do(world.slot_job())
    assert world.devices_of(foreign) == [{}] * count
    world.assert_kept(people)
    assert world.queue.taken() == []
    assert world.errors() == []


# What a canary may be rolled back for


OUTSIDE = {
    "Apple": (fcm_wire.APPLE_SAYS_NO, {True}),
    "FCM is down": (fcm_wire.INTERNAL, {True}),
    "another project": (fcm_wire.OTHER_SENDER, {True}),
    "our own message": (fcm_wire.OUR_MISTAKE, {None}),
}


@pytest.mark.parametrize(("answer", "outside"), OUTSIDE.values(), ids=OUTSIDE)
def test_an_error_line_says_whether_the_fault_is_outside_of_us(
    world: World, answer: Answer, outside: set[bool | None]
) -> None:
    """A new version of our code can cause a payload that FCM refuses."""
    world.people(3, answer)
    world.do(world.slot_job())
    world.settle()
    lines = [vars(record) for record in world.caplog.records if record.levelname == "ERROR"]
    assert {line.get("outside") for line in lines} == outside


# A silent day


def test_due_and_reached_persons_are_each_counted_once(world: World) -> None:
    people = world.people(4, devices=3)
    world.answers(people[0], fcm_wire.INTERNAL)
    world.caplog.set_level("INFO")
    world.do(world.slot_job())
    assert (world.counted("due"), world.counted("reached")) == (4, 3)
    world.wire.script.clear()
    world.settle()
    assert (world.counted("due"), world.counted("reached")) == (4, 4)


def test_a_credential_at_fault_stops_the_run_where_it_is_and_its_persons_count_as_due(world: World) -> None:
    """The credential is wrong only if a new access token does not help."""
    for person in world.people(2):
        world.wire.script[tokens_of(person)[0]] = [fcm_wire.UNAUTHENTICATED] * 2
    world.caplog.set_level("INFO")
    with pytest.raises(CredentialError):
        world.do(world.slot_job())
    assert (world.counted("due"), world.counted("reached")) == (2, 0)
    assert world.queue.taken() == []
    world.do(world.slot_job())
    assert len(world.wire.messages) == 2
