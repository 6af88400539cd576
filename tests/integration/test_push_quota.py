"""When FCM asks for patience, everybody waits: the rest of the page, the pages after it, and the jobs after that."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

from rekindle.domain.models import Language, Person, PushKind, Reminders
from rekindle.push.jobs import SlotJob
from rekindle.push.kinds import KINDS
from testing import fcm_wire, push_world
from testing.builders import NEW_YORK, a_paired_person, a_profile, an_instant
from testing.push_world import NO_WAIT, Queue, saved, tokens_of

if TYPE_CHECKING:
    from delivery.services import Services
    from rekindle.store.table import Table
    from testing.fcm_wire import FcmWire

MORNING = an_instant("2026-03-02T13:30:00Z")
JOB = SlotJob(zone=NEW_YORK, time=dt.time(8, 30), shard="0", date=dt.date(2026, 3, 2), instant=MORNING)
TWO_MINUTES = dt.timedelta(minutes=2)
"""Wait that the wire's QUOTA asks for."""


def people_at(table: Table, count: int) -> list[Person]:
    people = [
        a_paired_person(
            reminders=Reminders(evening=None), profile=a_profile(language=Language(("en", "es")[number % 2]))
        )
        for number in range(count)
    ]
    saved(table, *people)
    return people


def do(delivery: Services, job: SlotJob) -> dt.timedelta:
    return push_world.do(replace(delivery, page_rows=4), job)


def test_a_slot_goes_on_where_it_was_once_the_wait_is_over(
    table: Table, delivery: Services, wire: FcmWire, queue: Queue
) -> None:
    people = people_at(table, 10)
    tokens = [token for person in people for token in tokens_of(person)]
    for token in tokens:
        wire.script[token] = [fcm_wire.QUOTA]
    assert do(delivery, JOB) == TWO_MINUTES
    asked = {person.profile.language for person in people for token in tokens_of(person) if wire.attempts[token]}
    assert len(asked) == 1, "the second language of the page was not even tried"
    assert sum(wire.attempts.values()) <= 1 + 4, "nor were the pages after it"
    jobs = queue.taken()
    assert sorted(job.type for job in jobs) == ["retry", "slot"]
    assert set(queue.delays) == {TWO_MINUTES.total_seconds()}
    wire.script.clear()
    while jobs:
        assert push_world.do(delivery, *jobs) == NO_WAIT
        jobs = queue.taken()
    assert sorted(message["token"] for message in wire.messages) == sorted(tokens)
    assert {message["android"]["notification"]["tag"] for message in wire.messages} == {
        f"{KINDS[PushKind.PROMPT].code}-2026-03-02"
    }


def test_nobody_waits_for_a_failure_that_asks_for_nothing(table: Table, delivery: Services, wire: FcmWire) -> None:
    people = people_at(table, 10)
    first = next(iter(people[0].devices.values())).target.value
    wire.script[first] = [fcm_wire.INTERNAL]
    assert do(delivery, JOB) == NO_WAIT
    assert len(wire.messages) == 9
