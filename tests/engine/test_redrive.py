"""A redrive puts dead letters back on the queue, and each job keeps its age."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from rich.progress import Progress

from local.redrive import DeadLetters
from rekindle.domain.ids import CoupleId, Uid
from rekindle.domain.pushes import PushKind
from rekindle.push.jobs import Missed, PersonJob, RetryJob, SlotJob
from rekindle.store.instants import from_millis
from testing.builders import NEW_YORK, an_instant

if TYPE_CHECKING:
    from rekindle.push.jobs import Job
    from testing.push_world import Queue

DATE = dt.date(2026, 3, 2)
MORNING = an_instant("2026-03-02T13:30:00Z")
HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)

SLOT_JOB = SlotJob(zone=NEW_YORK, time=dt.time(8, 30), shard="0", date=DATE, instant=MORNING, late=MINUTE)
PERSON_JOB = PersonJob(
    kind=PushKind.BOTH_ANSWERED, uid=Uid("ada"), couple=CoupleId("couple-1"), date=DATE, instant=MORNING
)
RETRY_JOB = RetryJob(
    kind=PushKind.PROMPT,
    date=DATE,
    instant=MORNING,
    missed=(Missed(person="pseudonym", target="digest"),),
    attempt=2,
    reason="UNAVAILABLE",
)


@pytest.fixture
def letters(queue: Queue, dead_letters: Queue) -> DeadLetters:
    return DeadLetters(dead_letters.client, dead_letters.url, queue.url)


def an_hour_after_the_first(dead_letters: Queue) -> dt.datetime:
    (message,) = dead_letters.client.receive_message(
        QueueUrl=dead_letters.url, VisibilityTimeout=0, MessageSystemAttributeNames=["SentTimestamp"]
    )["Messages"]
    return from_millis(int(message["Attributes"]["SentTimestamp"])) + HOUR


def test_every_job_goes_back_as_late_as_it_is_by_now(letters: DeadLetters, queue: Queue, dead_letters: Queue) -> None:
    jobs: list[Job] = [SLOT_JOB, PERSON_JOB, RETRY_JOB]
    dead_letters.outbox.send(jobs)
    at = an_hour_after_the_first(dead_letters)
    assert letters.put_back(at, Progress(disable=True)) == 3
    back = {job.type: job for job in queue.taken()}
    assert back.keys() == {"slot", "person", "retry"}
    for job in jobs:
        returned = back[job.type]
        assert HOUR - MINUTE < returned.late - job.late <= HOUR
        assert returned.model_copy(update={"late": job.late}) == job
    assert dead_letters.taken() == []


def test_a_hundred_letters_all_go_back(letters: DeadLetters, queue: Queue, dead_letters: Queue) -> None:
    dead_letters.outbox.send([SLOT_JOB.model_copy(update={"shard": str(number)}) for number in range(100)])
    assert letters.put_back(an_hour_after_the_first(dead_letters), Progress(disable=True)) == 100
    assert sorted(int(job.shard) for job in queue.taken() if job.type == "slot") == list(range(100))


def test_a_body_that_is_no_job_stays_and_is_listed(letters: DeadLetters, queue: Queue, dead_letters: Queue) -> None:
    dead_letters.client.send_message(QueueUrl=dead_letters.url, MessageBody="what is this?")
    dead_letters.outbox.send([RETRY_JOB])
    assert letters.put_back(an_hour_after_the_first(dead_letters), Progress(disable=True)) == 1
    assert letters.seen == {
        ("unreadable", "no job that delivery knows"): 1,
        ("push: prompt", "UNAVAILABLE"): 1,
    }
    assert len(queue.taken()) == 1
    letters.seen.clear()
    letters.met.clear()
    letters.read(an_hour_after_the_first(dead_letters))
    assert letters.seen == {("unreadable", "no job that delivery knows"): 1}


def test_a_list_takes_nothing_away(letters: DeadLetters, queue: Queue, dead_letters: Queue) -> None:
    dead_letters.outbox.send([SLOT_JOB, RETRY_JOB])
    letters.read(an_hour_after_the_first(dead_letters))
    assert sum(letters.seen.values()) == 2
    assert queue.taken() == []
    assert len(dead_letters.taken()) == 2


def test_a_queue_that_refuses_loses_no_letter(letters: DeadLetters, dead_letters: Queue) -> None:
    dead_letters.outbox.send([RETRY_JOB])
    broken = DeadLetters(letters.sqs, letters.url, f"{letters.queue_url}-that-is-not-there")
    with pytest.raises(letters.sqs.exceptions.QueueDoesNotExist):
        broken.put_back(an_hour_after_the_first(dead_letters), Progress(disable=True))
    hidden = letters.sqs.get_queue_attributes(QueueUrl=letters.url, AttributeNames=["All"])["Attributes"]
    assert hidden["ApproximateNumberOfMessagesNotVisible"] == "1"


def test_a_letter_that_comes_while_others_go_back_is_left_for_the_next_time(
    letters: DeadLetters, queue: Queue, dead_letters: Queue
) -> None:
    """Otherwise a job that fails again at once would be put back again and again."""
    dead_letters.outbox.send([RETRY_JOB])
    before_it_came = an_hour_after_the_first(dead_letters) - HOUR
    assert letters.put_back(before_it_came, Progress(disable=True)) == 0
    assert queue.taken() == []
