"""Alarms about pushes: one person, or a couple, can never ring one, whatever FCM says of their devices."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from delivery.courier import LAST_ATTEMPT
from delivery.gateway import CredentialError
from rekindle.domain.models import CoupleId, DeviceId, Person, PushKind, Reminders
from rekindle.domain.reminders import Slot
from rekindle.push.jobs import PersonJob, SlotJob, SpreadJob
from rekindle.store.devices import Devices
from rekindle.store.incidents import Incidents
from rekindle.store.people import People
from testing import fcm_wire
from testing.builders import NEW_YORK, a_device, a_paired_person, an_instant
from testing.push_world import saved
from testing.stored import shard_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from delivery.courier import Courier
    from rekindle.push.jobs import Job
    from rekindle.store.table import Table
    from testing.fcm_wire import Answer, FcmWire
    from testing.push_world import Queue

DATE = dt.date(2026, 3, 2)
MORNING = an_instant("2026-03-02T13:30:00Z")
"""08:30 in New York."""
COUPLE = CoupleId("couple-1")
ALWAYS = 99
"""More often than anything is tried."""

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
"""Answers that depend on the target. FCM looks at our credential first, so a plain 401 is never about a target."""


def plenty() -> dt.timedelta:
    return dt.timedelta(minutes=10)


def a_slot_job(table: Table) -> SlotJob:
    slot = Slot(NEW_YORK, dt.time(8, 30))
    return SlotJob(zone=NEW_YORK, time=slot.time, shard=shard_of(table, slot), date=DATE, instant=MORNING)


def a_person_job(person: Person, at: dt.datetime = MORNING) -> PersonJob:
    return PersonJob(kind=PushKind.BOTH_ANSWERED, uid=person.uid, couple=COUPLE, date=DATE, instant=at)


def a_person(devices: int = 1) -> Person:
    return a_paired_person(
        reminders=Reminders(evening=None),
        devices={DeviceId(f"device-{number}"): a_device() for number in range(devices)},
    )


def people_at(table: Table, count: int, devices: int = 1) -> list[Person]:
    people = [a_person(devices) for _ in range(count)]
    saved(table, *people)
    return people


def tokens_of(person: Person) -> list[str]:
    return [device.target.value for device in person.devices.values()]


def answers_with(wire: FcmWire, person: Person, *answers: Answer) -> None:
    """FCM always says these of the person's devices, in turn."""
    for token, answer in zip(tokens_of(person), itertools.cycle(answers), strict=False):
        wire.script[token] = [answer] * ALWAYS


def kept(table: Table, people: Sequence[Person]) -> list[Person]:
    """Those who have all of their devices still."""
    after = People(table).people([person.uid for person in people])
    return [person for person in people if after[person.uid].devices == person.devices]


def do(courier: Courier, *jobs: Job) -> None:
    for job in jobs:
        assert not isinstance(job, SpreadJob)
        courier.carry_out(job, dt.timedelta(0), plenty)


def settle(courier: Courier, queue: Queue) -> int:
    """Do what comes back to the queue until nothing does; how many jobs that were."""
    count = 0
    while jobs := queue.taken():
        do(courier, *jobs)
        count += len(jobs)
    return count


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]


# One person


@pytest.mark.parametrize("answer", OF_A_TARGET.values(), ids=OF_A_TARGET)
@pytest.mark.parametrize("alone", [True, False], ids=["alone", "beside others"])
def test_nothing_that_fcm_says_of_one_couples_devices_rings(
    *,
    table: Table,
    courier: Courier,
    wire: FcmWire,
    queue: Queue,
    dead_letters: Queue,
    caplog: pytest.LogCaptureFixture,
    answer: Answer,
    alone: bool,
) -> None:
    """Ten devices each, in their slot and as persons, over and over."""
    couple, others = people_at(table, 2, devices=10), people_at(table, 0 if alone else 4)
    for person in couple:
        answers_with(wire, person, answer)
    do(courier, a_slot_job(table), *map(a_person_job, couple), *map(a_person_job, couple))
    settle(courier, queue)
    assert errors(caplog) == []
    assert dead_letters.taken() == []
    assert kept(table, others) == others


def test_no_mix_of_answers_rings(
    *,
    table: Table,
    courier: Courier,
    wire: FcmWire,
    queue: Queue,
    dead_letters: Queue,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (ada,) = people_at(table, 1, devices=10)
    mixes = [*OF_A_TARGET.values()]
    for first in range(0, len(mixes), 5):
        answers_with(wire, ada, *mixes[first:], *mixes[:first])
        do(courier, a_slot_job(table).model_copy(update={"date": DATE + dt.timedelta(days=first)}), a_person_job(ada))
        settle(courier, queue)
    assert errors(caplog) == []
    assert dead_letters.taken() == []


# Many persons


@pytest.mark.parametrize("answer", [fcm_wire.OUR_MISTAKE, fcm_wire.INTERNAL], ids=["refused", "failed"])
@pytest.mark.parametrize("one_by_one", [True, False], ids=["one by one", "in one page"])
def test_three_persons_of_a_day_ring(
    *,
    table: Table,
    courier: Courier,
    wire: FcmWire,
    queue: Queue,
    dead_letters: Queue,
    caplog: pytest.LogCaptureFixture,
    answer: Answer,
    one_by_one: bool,
) -> None:
    """Forty couples seldom share a page."""
    people = people_at(table, 3)
    for person in people:
        answers_with(wire, person, answer)
    do(courier, *(map(a_person_job, people) if one_by_one else [a_slot_job(table)]))
    settle(courier, queue)
    assert set(errors(caplog)) == {"given up"}
    letters = dead_letters.taken()
    assert sum(len(letter.missed) for letter in letters if letter.type == "retry") == (1 if one_by_one else 3)
    assert kept(table, people) == people


def test_three_persons_over_a_day_ring_once(
    *,
    table: Table,
    courier: Courier,
    wire: FcmWire,
    queue: Queue,
    dead_letters: Queue,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Eight couples seldom meet a fault within one hour. After the third person nobody rings alone on that day."""
    people = people_at(table, 5)
    for number, person in enumerate(people):
        answers_with(wire, person, fcm_wire.OUR_MISTAKE)
        do(courier, a_person_job(person, MORNING + number * dt.timedelta(hours=2)))
    assert errors(caplog) == ["given up"]
    assert len(dead_letters.taken()) == 3, "what the first two missed is gone"
    assert queue.taken() == []


def test_three_reasons_do_not_add_up(
    *, table: Table, courier: Courier, wire: FcmWire, queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    answers = [fcm_wire.INTERNAL, fcm_wire.UNAVAILABLE, fcm_wire.QUOTA]
    for person, answer in zip(people_at(table, 3), answers, strict=True):
        answers_with(wire, person, answer)
        do(courier, a_person_job(person))
    settle(courier, queue)
    assert errors(caplog) == []


def test_pages_that_meet_many_ring_as_long_as_the_fault_lasts(
    *, table: Table, courier: Courier, wire: FcmWire, caplog: pytest.LogCaptureFixture
) -> None:
    for person in people_at(table, 3):
        answers_with(wire, person, fcm_wire.OUR_MISTAKE)
    for days in range(2):
        do(courier, a_slot_job(table).model_copy(update={"date": DATE + dt.timedelta(days=days)}))
    assert errors(caplog) == ["given up"] * 2


# A store at fault


def test_a_store_that_cannot_count_sends_nothing_twice(
    *,
    table: Table,
    courier: Courier,
    wire: FcmWire,
    queue: Queue,
    dead_letters: Queue,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The pushes have gone out by then, so the job must not come back. Better one alarm too many than none."""
    people = people_at(table, 4)
    for person, answer in zip(people, (fcm_wire.OUR_MISTAKE, fcm_wire.INTERNAL, fcm_wire.APPLE_SAYS_NO), strict=False):
        answers_with(wire, person, answer)
    nowhere = Incidents(replace(table, name="no-such-table"))
    do(replace(courier, incidents=nowhere), a_slot_job(table))
    assert list(wire.attempts.values()) == [1] * 4
    assert sorted(len(job.missed) for job in queue.taken() if job.type == "retry") == [2]
    assert len(dead_letters.taken()) == 1
    assert errors(caplog) == ["FCM cannot sign in to Apple", "given up"]
    assert "cannot count whom a fault met" in caplog.messages


def test_a_store_that_cannot_count_costs_nobody_a_phone(
    *, table: Table, courier: Courier, wire: FcmWire, queue: Queue
) -> None:
    (ada,) = people_at(table, 1)
    answers_with(wire, ada, fcm_wire.OTHER_SENDER)
    broken = replace(courier, incidents=Incidents(replace(table, name="no-such-table")))
    do(broken, a_person_job(ada))
    settle(broken, queue)
    assert kept(table, [ada]) == [ada]


def test_a_store_that_forgets_no_phone_sends_nothing_twice(
    *, table: Table, courier: Courier, wire: FcmWire, queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    people = people_at(table, 3)
    answers_with(wire, people[0], fcm_wire.UNREGISTERED)
    broken = replace(courier, devices=Devices(People(replace(table, name="no-such-table"))))
    do(broken, a_slot_job(table))
    assert list(wire.attempts.values()) == [1] * 3
    assert queue.taken() == []
    assert errors(caplog) == ["a dead target stays for now"]
    assert kept(table, people) == people


# Apple


def test_an_apple_key_at_fault_stops_no_android_phone_and_costs_nobody_a_device(
    *,
    table: Table,
    courier: Courier,
    wire: FcmWire,
    queue: Queue,
    dead_letters: Queue,
    caplog: pytest.LogCaptureFixture,
) -> None:
    people = people_at(table, 8)
    iphones, androids = people[:5], people[5:]
    for person in iphones:
        answers_with(wire, person, fcm_wire.APPLE_SAYS_NO)
    do(courier, a_slot_job(table))
    (error,) = (record for record in caplog.records if record.levelname == "ERROR")
    assert error.getMessage() == "FCM cannot sign in to Apple"
    assert (vars(error)["persons"], vars(error)["devices"]) == (5, 5)
    settle(courier, queue)
    assert Counter(message["token"] for message in wire.messages) == {
        token: 1 for person in androids for token in tokens_of(person)
    }
    assert {wire.attempts[token] for person in iphones for token in tokens_of(person)} == {LAST_ATTEMPT}
    assert queue.delays == [30, 60, 120, 240, 480]
    assert wire.token_requests == 1
    assert kept(table, people) == people
    (letter,) = dead_letters.taken()
    assert letter.type == "retry"
    assert letter.reason == "FCM cannot sign in to Apple: InvalidProviderToken"
    # The key is there again, and the operator puts the letter back.
    wire.script.clear()
    do(courier, letter)
    assert len(wire.messages) == len(people)


def test_a_page_of_iphones_alone_is_no_fault_of_our_credential(
    *, table: Table, courier: Courier, wire: FcmWire, queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    for person in people_at(table, 3):
        answers_with(wire, person, fcm_wire.APPLE_SAYS_NO)
    do(courier, a_slot_job(table))
    assert errors(caplog) == ["FCM cannot sign in to Apple"]
    do(courier, a_slot_job(table))
    assert sum(wire.attempts.values()) == 3, "the run is done"
    assert len(queue.taken()) == 1


def test_an_apple_key_at_fault_is_heard_where_each_has_a_page_of_their_own(
    *, table: Table, courier: Courier, wire: FcmWire, caplog: pytest.LogCaptureFixture
) -> None:
    people = people_at(table, 4)
    for person in people:
        answers_with(wire, person, fcm_wire.APPLE_SAYS_NO)
    do(courier, *map(a_person_job, people))
    assert errors(caplog) == ["FCM cannot sign in to Apple"]
    assert [vars(record)["persons"] for record in caplog.records if record.levelname == "ERROR"] == [1]


# Another sender


@pytest.mark.parametrize("count", [3, 12])
@pytest.mark.parametrize("one_by_one", [True, False], ids=["one by one", "in one page"])
def test_another_projects_credential_costs_nobody_a_phone(
    *,
    table: Table,
    courier: Courier,
    wire: FcmWire,
    queue: Queue,
    dead_letters: Queue,
    caplog: pytest.LogCaptureFixture,
    count: int,
    one_by_one: bool,
) -> None:
    """From three persons of a day on it may be we who are wrong. It rings, and every push can be redriven."""
    people = people_at(table, count)
    for person in people:
        answers_with(wire, person, fcm_wire.OTHER_SENDER)
    do(courier, *(map(a_person_job, people) if one_by_one else [a_slot_job(table)]))
    settle(courier, queue)
    assert kept(table, people) == people
    assert "FCM calls the devices another sender's" in errors(caplog)
    letters = dead_letters.taken()
    wire.script.clear()
    do(courier, *letters)
    assert len(wire.messages) == count


@pytest.mark.parametrize("count", [1, 2])
def test_a_lone_phone_of_another_sender_goes_at_the_last_attempt(
    *,
    table: Table,
    courier: Courier,
    wire: FcmWire,
    queue: Queue,
    dead_letters: Queue,
    caplog: pytest.LogCaptureFixture,
    count: int,
) -> None:
    """Ten devices of one person, or of a couple, ring no alarm."""
    people = people_at(table, count, devices=10)
    for person in people:
        answers_with(wire, person, fcm_wire.OTHER_SENDER)
    do(courier, a_slot_job(table))
    assert kept(table, people) == people, "it is tried again first"
    assert settle(courier, queue) == LAST_ATTEMPT - 1
    after = People(table).people([person.uid for person in people])
    assert [person.devices for person in after.values()] == [{}] * count
    assert errors(caplog) == []
    assert dead_letters.taken() == []


def test_a_phone_is_kept_on_a_day_on_which_three_others_were_called_foreign(
    *, table: Table, courier: Courier, wire: FcmWire, queue: Queue
) -> None:
    """Also where the three shared one page, and another process meets the fourth."""
    people = people_at(table, 4)
    for person in people:
        answers_with(wire, person, fcm_wire.OTHER_SENDER)
    do(courier, a_slot_job(table))
    queue.taken()
    other = replace(courier, incidents=Incidents(table))
    do(other, a_person_job(people[3], MORNING + dt.timedelta(hours=4)))
    settle(other, queue)
    assert kept(table, people) == people


def test_one_phone_of_the_other_project_takes_no_phone_from_the_rest(
    *, table: Table, courier: Courier, wire: FcmWire
) -> None:
    people = people_at(table, 5)
    for person in people[1:]:
        answers_with(wire, person, fcm_wire.OTHER_SENDER)
    do(courier, a_slot_job(table))
    assert kept(table, people) == people


@pytest.mark.parametrize(("count", "others"), [(1, 1), (1, 4), (3, 4)])
def test_devices_of_another_sender_go_at_once_where_others_are_reached(
    *,
    table: Table,
    courier: Courier,
    wire: FcmWire,
    queue: Queue,
    caplog: pytest.LogCaptureFixture,
    count: int,
    others: int,
) -> None:
    """Else three of them would be kept, and ring, day after day. Ten devices count as the one person who has them."""
    foreign = people_at(table, count, devices=10)
    people = people_at(table, others)
    for person in foreign:
        answers_with(wire, person, fcm_wire.OTHER_SENDER)
    do(courier, a_slot_job(table))
    after = People(table).people([person.uid for person in foreign])
    assert [person.devices for person in after.values()] == [{}] * count
    assert kept(table, people) == people
    assert queue.taken() == []
    assert errors(caplog) == []


# What a canary may be rolled back for


OUTSIDE = {
    "Apple": (fcm_wire.APPLE_SAYS_NO, {True}),
    "FCM is down": (fcm_wire.INTERNAL, {True}),
    "another project": (fcm_wire.OTHER_SENDER, {True}),
    "our own message": (fcm_wire.OUR_MISTAKE, {None}),
}


@pytest.mark.parametrize(("answer", "outside"), OUTSIDE.values(), ids=OUTSIDE)
def test_an_error_line_says_whether_the_fault_is_outside_of_us(
    *,
    table: Table,
    courier: Courier,
    wire: FcmWire,
    queue: Queue,
    caplog: pytest.LogCaptureFixture,
    answer: Answer,
    outside: set[bool | None],
) -> None:
    """A payload that FCM refuses is what a new version can bring about."""
    for person in people_at(table, 3):
        answers_with(wire, person, answer)
    do(courier, a_slot_job(table))
    settle(courier, queue)
    lines = [vars(record) for record in caplog.records if record.levelname == "ERROR"]
    assert {line.get("outside") for line in lines} == outside


# A silent day


def counted(caplog: pytest.LogCaptureFixture, name: str) -> int:
    """What the metric filters of template.yaml add up."""
    return sum(vars(record).get(name, 0) for record in caplog.records)


def test_who_was_due_and_who_was_reached_are_counted_as_persons_and_once(
    *, table: Table, courier: Courier, wire: FcmWire, queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    people = people_at(table, 4, devices=3)
    answers_with(wire, people[0], fcm_wire.INTERNAL)
    caplog.set_level("INFO")
    do(courier, a_slot_job(table))
    assert (counted(caplog, "due"), counted(caplog, "reached")) == (4, 3)
    wire.script.clear()
    settle(courier, queue)
    assert (counted(caplog, "due"), counted(caplog, "reached")) == (4, 4)


def test_persons_are_due_on_a_day_on_which_our_credential_fails(
    *, table: Table, courier: Courier, wire: FcmWire, caplog: pytest.LogCaptureFixture
) -> None:
    for person in people_at(table, 2):
        answers_with(wire, person, fcm_wire.UNAUTHENTICATED)
    caplog.set_level("INFO")
    with pytest.raises(CredentialError):
        do(courier, a_slot_job(table))
    assert (counted(caplog, "due"), counted(caplog, "reached")) == (2, 0)
