"""What the tests of pushes share: persons in the table, a queue, and a record of what goes to DynamoDB."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from rekindle.push.jobs import job_from
from rekindle.push.queue import Outbox
from rekindle.store.people import person_writes
from testing import engines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from types_boto3_sqs import SQSClient

    from rekindle.domain.models import Person
    from rekindle.push.jobs import Job
    from rekindle.store.table import Table

_numbers = itertools.count(1)


class CrashError(BaseException):
    """The process dies here, which nothing can catch."""


def saved(table: Table, *people: Person) -> None:
    """Store new persons with all that goes with them."""
    for person in people:
        table.commit(person_writes(table, person.created_at, (None, person)))


@contextlib.contextmanager
def calls(table: Table, *, crash_at: int | None = None) -> Iterator[list[str]]:
    """The names of the operations that reach DynamoDB; the one numbered `crash_at`, from 0, does not."""
    seen: list[str] = []

    def note(model: Any, **_: Any) -> None:
        if len(seen) == crash_at:
            raise CrashError
        seen.append(model.name)

    events = table.client.meta.events
    events.register("before-call.dynamodb", note)
    try:
        yield seen
    finally:
        events.unregister("before-call.dynamodb", note)


@dataclass(frozen=True, slots=True)
class ImpatientSqs:
    """SQS without its waiting: what is to be held back is noted, and can be seen at once."""

    client: SQSClient
    delays: list[int]

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> Any:  # noqa: N803  SQS's own
        self.delays.extend(entry["DelaySeconds"] for entry in Entries)
        at_once: list[Any] = [{**entry, "DelaySeconds": 0} for entry in Entries]
        return self.client.send_message_batch(QueueUrl=QueueUrl, Entries=at_once)


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue of its own on the emulator; `delays` are the seconds for which each job was to be held back."""

    client: SQSClient
    url: str
    delays: list[int] = field(default_factory=list)

    @classmethod
    def on(cls, emulator_url: str) -> Queue:
        client: SQSClient = engines.client("sqs", emulator_url)
        name = f"pushes-{next(_numbers)}"
        return cls(client, client.create_queue(QueueName=name)["QueueUrl"])

    @property
    def outbox(self) -> Outbox:
        """The way onto the queue, without any delay."""
        return Outbox(cast("SQSClient", ImpatientSqs(self.client, self.delays)), self.url)

    def taken(self) -> list[Job]:
        """The jobs on the queue that can be seen now; they are taken off it."""
        jobs = []
        while messages := self.client.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                jobs.append(job_from(message["Body"]))
                self.client.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return jobs
