"""The outbox puts every job on the queue, in batches, and repeats only refused ones."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, cast

import pytest

from rekindle.domain.ids import CoupleId, Uid
from rekindle.domain.pushes import PushKind
from rekindle.errors import OutboxError
from rekindle.push.jobs import Missed, PersonJob, RetryJob, job_from
from rekindle.push.queue import ATTEMPTS, BATCH_BYTES, Outbox
from rekindle.store import keys
from testing.builders import a_target, a_uid, an_instant
from testing.push_world import Queue

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_sqs import SQSClient

DATE = dt.date(2026, 3, 2)


def a_job(number: int) -> PersonJob:
    return PersonJob(
        kind=PushKind.BOTH_ANSWERED,
        uid=Uid(f"person-{number}"),
        couple=CoupleId("couple-1"),
        date=DATE,
        instant=an_instant(),
    )


class FakeSqs:
    """A stand-in for SQS. It takes each entry unless `refuses` returns true."""

    def __init__(self, refuses: Callable[[int, dict[str, Any]], str | None]) -> None:
        self.refuses = refuses
        self.taken: list[str] = []
        self.requests: list[list[dict[str, Any]]] = []

    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        entries = request["Entries"]
        refused = {entry["Id"]: self.refuses(len(self.requests), entry) for entry in entries}
        self.requests.append(entries)
        self.taken += [entry["MessageBody"] for entry in entries if refused[entry["Id"]] is None]
        failed = [
            {"Id": number, "Code": code, "SenderFault": code == "MessageTooLong"}
            for number, code in refused.items()
            if code
        ]
        return {"Successful": [], **({"Failed": failed} if failed else {})}


def outbox_on(sqs: FakeSqs, pauses: list[float] | None = None) -> Outbox:
    slept = pauses if pauses is not None else []
    return Outbox(cast("SQSClient", sqs), "queue", pause=slept.append, jitter=lambda: 1.0)


def test_every_job_is_on_the_queue(emulator_url: str) -> None:
    queue = Queue.on(emulator_url)
    jobs = [a_job(number) for number in range(25)]
    queue.outbox.send(jobs)
    assert sorted(job.model_dump_json() for job in queue.taken()) == sorted(job.model_dump_json() for job in jobs)


def test_a_job_can_be_held_back(emulator_url: str) -> None:
    queue = Queue.on(emulator_url)
    Outbox(queue.client, queue.url).send([a_job(1)], dt.timedelta(minutes=15))
    assert queue.taken() == []
    held = queue.client.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["ApproximateNumberOfMessagesDelayed"])
    assert held["Attributes"]["ApproximateNumberOfMessagesDelayed"] == "1"


def test_no_jobs_are_no_request() -> None:
    sqs = FakeSqs(lambda *_: None)
    outbox_on(sqs).send([])
    assert sqs.requests == []


def test_jobs_go_ten_at_a_time() -> None:
    sqs = FakeSqs(lambda *_: None)
    outbox_on(sqs).send(a_job(number) for number in range(21))
    assert [len(request) for request in sqs.requests] == [10, 10, 1]


def test_heavy_jobs_go_as_many_as_a_request_may_weigh() -> None:
    missed = tuple(Missed(person=keys.pseudonym_of(a_uid()), target=keys.digest_of(a_target())) for _ in range(1000))
    job = RetryJob(kind=PushKind.PROMPT, date=DATE, instant=an_instant(), missed=missed, attempt=2, reason="x")
    sqs = FakeSqs(lambda *_: None)
    outbox_on(sqs).send([job] * 5)
    assert len(sqs.taken) == 5
    assert len(sqs.requests) > 1
    assert all(sum(len(entry["MessageBody"]) for entry in request) <= BATCH_BYTES for request in sqs.requests)


def test_only_what_was_refused_is_sent_again() -> None:
    """The pauses between the requests double."""
    sqs = FakeSqs(lambda request, entry: "InternalError" if int(entry["Id"]) >= 3 * (request + 1) else None)
    pauses: list[float] = []
    outbox_on(sqs, pauses).send(a_job(number) for number in range(10))
    assert [len(request) for request in sqs.requests] == [10, 7, 4, 1]
    assert {job_from(body) for body in sqs.taken} == {a_job(number) for number in range(10)}
    assert pauses == [0.05, 0.1, 0.2]


def test_a_queue_that_keeps_refusing_is_an_error() -> None:
    sqs = FakeSqs(lambda _request, entry: "InternalError" if entry["Id"] == "4" else None)
    with pytest.raises(OutboxError):
        outbox_on(sqs).send(a_job(number) for number in range(10))
    assert len(sqs.requests) == ATTEMPTS
    assert len(sqs.taken) == 9


def test_a_job_that_is_at_fault_is_not_sent_over_and_over() -> None:
    sqs = FakeSqs(lambda _request, entry: "MessageTooLong" if entry["Id"] == "0" else None)
    with pytest.raises(OutboxError, match="MessageTooLong"):
        outbox_on(sqs).send([a_job(1)])
    assert len(sqs.requests) == 1
