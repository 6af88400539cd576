"""A job survives the queue, and a body that is no job is refused."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from pydantic import ValidationError

from rekindle.domain.ids import CoupleId, Uid
from rekindle.domain.persons import Target, TargetKind
from rekindle.domain.pushes import PushKind
from rekindle.domain.reminders import Slot
from rekindle.errors import UnknownZoneError
from rekindle.push.jobs import Job, Missed, PersonJob, ReshardJob, RetryJob, SlotJob, job_from
from rekindle.store import keys
from testing.builders import NEW_YORK, a_target, an_instant
from testing.samples import sample_event

DATE = dt.date(2026, 3, 2)

SLOT = SlotJob(zone=NEW_YORK, time=dt.time(8, 30), shard="7k", date=DATE, instant=an_instant())
PERSON = PersonJob(
    kind=PushKind.STREAK_MILESTONE,
    uid=Uid("ada"),
    couple=CoupleId("couple-1"),
    date=DATE,
    instant=an_instant(),
    milestone=30,
)
RETRY = RetryJob(
    kind=PushKind.PROMPT,
    date=DATE,
    instant=an_instant(),
    missed=(Missed(person=keys.pseudonym_of(Uid("ada")), target=keys.digest_of(a_target("token"))),),
    couple=CoupleId("couple-1"),
    attempt=2,
    reason="UNAVAILABLE",
    ends_at=an_instant(),
    late=dt.timedelta(minutes=7, seconds=1),
    hold=dt.timedelta(minutes=45),
)
RESHARD = ReshardJob(zone=NEW_YORK, time=dt.time(8, 30), shard="7k", date=DATE, instant=an_instant())


@pytest.mark.parametrize("job", [SLOT, PERSON, RETRY, RESHARD], ids=lambda job: job.type)
def test_a_job_survives_the_queue(job: Job) -> None:
    assert job_from(job.model_dump_json()) == job


def test_a_job_of_a_slot_names_it() -> None:
    assert SLOT.slot == RESHARD.slot == Slot(NEW_YORK, dt.time(8, 30))


def test_a_job_of_a_person_says_what_it_is_about() -> None:
    occasion = PERSON.occasion
    assert (occasion.kind, occasion.date, occasion.milestone) == (PushKind.STREAK_MILESTONE, DATE, 30)


def body(job: Job, **changes: object) -> str:
    return json.dumps({**job.model_dump(mode="json"), **changes})


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "{}",
        "[]",
        "not json",
        body(SLOT, type="nudge"),
        body(SLOT, version=2),
        body(SLOT, extra="field"),
        body(SLOT, time="08:31:00"),
        body(SLOT, time="08:30:00Z"),
        body(SLOT, shard=3),
        body(SLOT, shard=None),
        body(SLOT, date="2026-02-30"),
        body(SLOT, instant="2026-03-02T08:30:00"),
        body(SLOT, late="-PT1S"),
        body(PERSON, kind="nudge"),
        body(PERSON, milestone=None),
        body(PERSON, kind="both_answered"),
        body(PERSON, uid=None),
        body(RETRY, missed=[]),
        body(RETRY, targets=[]),
        body(RETRY, attempt=1),
        body(RETRY, ends_at="2026-03-03T00:00:00"),
        body(RETRY, missed=[{"person": "a pseudonym", "target": "a digest", "token": "a token"}]),
        body(RETRY, missed=[{"person": "a pseudonym"}]),
        body(RESHARD, shard=3),
        body(RESHARD, late="-PT1S"),
    ],
)
def test_a_body_that_is_no_job_is_refused(wrong: str) -> None:
    with pytest.raises(ValidationError):
        job_from(wrong)


def test_a_job_in_an_unknown_zone_is_refused() -> None:
    with pytest.raises(UnknownZoneError):
        job_from(body(SLOT, zone="Mars/Olympus"))


def test_a_digest_identifies_a_device_without_revealing_its_target() -> None:
    assert keys.digest_of(a_target("id-1")) == keys.digest_of(a_target("id-1"))
    assert keys.digest_of(a_target("id-1")) != keys.digest_of(a_target("id-2"))
    assert keys.digest_of(a_target("id-1")) != keys.digest_of(Target(TargetKind.FID, "id-1"))
    assert "id-1" not in keys.digest_of(a_target("id-1"))


def test_a_pseudonym_identifies_a_person_without_revealing_the_uid() -> None:
    assert keys.pseudonym_of(Uid("ada")) == keys.pseudonym_of(Uid("ada"))
    assert keys.pseudonym_of(Uid("ada")) != keys.pseudonym_of(Uid("ben"))
    assert "ada" not in keys.pseudonym_of(Uid("ada"))


def test_the_sample_event_of_delivery_holds_a_job_of_every_type() -> None:
    records = sample_event("delivery")["Records"]
    assert [job_from(record["body"]).type for record in records] == ["slot", "person", "retry", "spread"]


def test_a_job_stores_the_delay_that_exceeds_the_queues_limit() -> None:
    """The queue delays a message for at most a quarter of an hour. The job stores the rest."""
    minutes = dt.timedelta(minutes=1)
    first = SLOT.again(2 * minutes, 35 * minutes)
    assert (first.late, first.hold) == (2 * minutes, 20 * minutes)
    second = first.again(17 * minutes, first.hold)
    third = second.again(32 * minutes, second.hold)
    assert (second.hold, third.hold) == (5 * minutes, 0 * minutes)
    assert third.again(37 * minutes) == SLOT.model_copy(update={"late": 37 * minutes})
