"""Set up persons and queues for tests of pushes, and watch the requests to DynamoDB."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

import cleanup.handler
from delivery.dispatcher import handle
from rekindle.domain.ids import CoupleId, DeviceId
from rekindle.domain.persons import Reminders
from rekindle.domain.pushes import PushKind
from rekindle.domain.reminders import Slot
from rekindle.push.jobs import PersonJob, ReshardJob, SlotJob, job_from
from rekindle.push.queue import Outbox
from rekindle.store.couples import Couples, couple_row
from rekindle.store.people import person_writes
from testing import engines
from testing.builders import NEW_YORK, a_couple, a_device, a_paired_person, an_instant
from testing.cleanups import cleanup_services
from testing.memory_sqs import MemorySqs
from testing.memory_table import MemoryTable
from testing.stored import shard_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from types_boto3_sqs import SQSClient

    from delivery.services import Services
    from rekindle.domain.persons import Person
    from rekindle.push.jobs import Job
    from rekindle.store.table import Table

NO_WAIT = dt.timedelta(0)
DATE = dt.date(2026, 3, 2)
MORNING = an_instant("2026-03-02T13:30:00Z")
"""08:30 in New York."""
_numbers = itertools.count(1)


class CrashError(BaseException):
    """Stands for a crash of the process. No code of ours catches it."""


def plenty() -> dt.timedelta:
    """Return the time that is left for the function: more than any test needs."""
    return dt.timedelta(minutes=10)


def do(delivery: Services, *jobs: Job, waited: dt.timedelta = NO_WAIT) -> dt.timedelta:
    """Let delivery handle the jobs. Return how long the last job should wait for its next try."""
    wait = NO_WAIT
    for job in jobs:
        assert not isinstance(job, ReshardJob)
        wait = handle(delivery, job, waited, plenty)
    return wait


def clean_up(table: Table, queue: Queue) -> None:
    """Let `cleanup` handle all jobs of its queue."""
    records = [{"messageId": str(number), "body": body} for number, body in enumerate(queue.bodies())]
    reply = cleanup.handler.handle(cleanup_services(table, "no-key-table"), records)
    assert reply == {"batchItemFailures": []}


def person_job(person: Person, kind: PushKind = PushKind.BOTH_ANSWERED, **changes: object) -> PersonJob:
    """Return a job for a push to a person of couple-1 at MORNING. `changes` replaces fields."""
    fields = {"kind": kind, "uid": person.uid, "couple": CoupleId("couple-1"), "date": DATE, "instant": MORNING}
    return PersonJob.model_validate(fields | changes)


def slot_job(
    table: Table, time: dt.time = dt.time(8, 30), instant: dt.datetime = MORNING, late: dt.timedelta = NO_WAIT
) -> SlotJob:
    """Return the job for the only shard of a slot in New York."""
    shard = shard_of(table, Slot(NEW_YORK, time))
    return SlotJob(zone=NEW_YORK, time=time, shard=shard, date=DATE, instant=instant, late=late)


def a_person(devices: int = 1) -> Person:
    """Return a person in a couple whose only reminder is the prompt reminder."""
    return a_paired_person(
        reminders=Reminders(evening=None),
        devices={DeviceId(f"device-{number}"): a_device() for number in range(devices)},
    )


def people_at(table: Table, count: int, devices: int = 1) -> list[Person]:
    """Store this many persons with the same slot in New York. Return them."""
    people = [a_person(devices) for _ in range(count)]
    saved(table, *people)
    return people


def tokens_of(person: Person) -> list[str]:
    """Return the tokens of all of a person's devices."""
    return [device.target.value for device in person.devices.values()]


def token_of(person: Person) -> str:
    """Return the token of a person's only device."""
    (token,) = tokens_of(person)
    return token


def saved(table: Table, *people: Person) -> None:
    """Store new persons with their slots and devices, and add them to their couples.

    A couple can get more than two persons here.
    """
    for person in people:
        table.commit(person_writes(table, person.created_at, (None, person)))
    for couple_id, members in groupby(sorted(people, key=_couple_of), key=_couple_of):
        if couple_id:
            stored = Couples(table).couple(CoupleId(couple_id))
            profiles = {**(stored.profiles if stored else {}), **{each.uid: each.profile for each in members}}
            row = couple_row(a_couple(id=CoupleId(couple_id), profiles=profiles))
            table.write(replace(row, condition=""))


def _couple_of(person: Person) -> str:
    return person.couple or ""


@contextlib.contextmanager
def calls(table: Table, *, crash_at: int | None = None) -> Iterator[list[str]]:
    """Record the names of requests to DynamoDB. Crash before the request with the index `crash_at`, from 0."""
    seen: list[str] = []

    def note(operation: str) -> None:
        if len(seen) == crash_at:
            raise CrashError
        seen.append(operation)

    with watched(table, note):
        yield seen


@contextlib.contextmanager
def watched(table: Table, watcher: Callable[[str], None]) -> Iterator[None]:
    """Call `watcher` with the name of each request to DynamoDB before the request is sent."""
    if isinstance(table, MemoryTable):
        table.watchers.append(watcher)
        try:
            yield
        finally:
            table.watchers.remove(watcher)
        return

    def note(model: Any, **_: Any) -> None:
        watcher(model.name)

    events = table.client.meta.events
    events.register("before-call.dynamodb", note)
    try:
        yield
    finally:
        events.unregister("before-call.dynamodb", note)


@dataclass(frozen=True, slots=True)
class ImpatientSqs:
    """A client of SQS that records each delay and sends each message without a delay."""

    client: SQSClient
    delays: list[int]

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> Any:  # noqa: N803
        self.delays.extend(entry["DelaySeconds"] for entry in Entries)
        at_once: list[Any] = [{**entry, "DelaySeconds": 0} for entry in Entries]
        return self.client.send_message_batch(QueueUrl=QueueUrl, Entries=at_once)


def first_of(operation: str, action: Callable[[], object]) -> Callable[[str], None]:
    """Return a watcher that calls `action` once, just before the first request with this name."""
    waiting = [action]

    def watcher(name: str) -> None:
        if name == operation and waiting:
            waiting.pop()()

    return watcher


def no_such_table() -> Table:
    """Return a table that refuses every request, like a table that does not exist."""
    table = MemoryTable()

    def refuse(operation: str) -> None:
        raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": ""}}, operation)

    table.watchers.append(refuse)
    return cast("Table", table)


@dataclass(frozen=True, slots=True)
class Queue:
    """A new queue, on the emulator or in memory. `delays` records the delay of each job in seconds."""

    client: SQSClient
    url: str
    delays: list[int] = field(default_factory=list)

    @classmethod
    def on(cls, emulator_url: str) -> Queue:
        client: SQSClient = engines.client("sqs", emulator_url)
        name = f"pushes-{next(_numbers)}"
        return cls(client, client.create_queue(QueueName=name)["QueueUrl"])

    @classmethod
    def in_memory(cls) -> Queue:
        return cls(cast("SQSClient", MemorySqs("memory")), "memory")

    @property
    def outbox(self) -> Outbox:
        """Return an outbox that sends to this queue without delays."""
        return Outbox(cast("SQSClient", ImpatientSqs(self.client, self.delays)), self.url)

    def taken(self) -> list[Job]:
        """Receive and delete all visible push jobs. Return them."""
        return list(map(job_from, self.bodies()))

    def bodies(self) -> list[str]:
        """Receive and delete all visible messages. Return their bodies."""
        bodies = []
        while messages := self.client.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                bodies.append(message["Body"])
                self.client.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return bodies
