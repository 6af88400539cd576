"""Put dead letters back on the push queue of the local stack or of a stack in AWS.

A dead letter is a message that delivery gave up. SQS itself can move messages back. But then each job would look new,
and delivery would send yesterday's reminder as if it were today's. This module tells delivery how late each job is.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from local.clock import now
from local.connection import connected
from local.errors import StackError
from rekindle.errors import RekindleError
from rekindle.push.jobs import ReshardJob, RetryJob, SlotJob, job_from
from rekindle.push.queue import BATCH_JOBS, Outbox
from rekindle.store.instants import from_millis

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rekindle.push.jobs import Job

HIDDEN: Final = 120
"""After this program has received a letter, SQS hides the letter from all readers for this many seconds."""
PATIENCE: Final = 2
"""The program waits this many seconds for letters. If no letter comes, the program treats the queue as empty."""

TERMINAL: Final = Console(highlight=False, soft_wrap=True)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message of the dead-letter queue. `job` is None if the message's body is not a job."""

    job: Job | None
    handle: str
    sent_at: dt.datetime

    @classmethod
    def of(cls, message: dict[str, Any]) -> Letter:
        """Read the letter from a message of SQS."""
        try:
            job = job_from(message["Body"])
        except (ValidationError, RekindleError):
            job = None
        return cls(job, message["ReceiptHandle"], from_millis(int(message["Attributes"]["SentTimestamp"])))

    @property
    def summary(self) -> tuple[str, str]:
        """Return two texts: what the job asks for, and why it failed."""
        if self.job is None:
            return "unreadable", "no job that delivery knows"
        reason = self.job.reason if isinstance(self.job, RetryJob) else "failed too often; delivery's log has the error"
        if isinstance(self.job, SlotJob | ReshardJob):
            return f"{self.job.type}: {self.job.slot}", reason
        return f"push: {self.job.kind}", reason

    def aged(self, at: dt.datetime) -> Job | None:
        """Return a copy of the job, with the time since `sent_at` added to `late`. Return None if there is no job."""
        return self.job and self.job.model_copy(
            update={"late": self.job.late + max(at - self.sent_at, dt.timedelta(0))}
        )


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """The dead-letter queue of one stack, and the push queue to which its jobs go back.

    `seen` counts the letters by their summaries. `met` has the ids of all messages that were received.
    """

    sqs: Any
    url: str
    queue_url: str
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    met: set[str] = field(default_factory=set)

    def __len__(self) -> int:
        """Return the approximate number of letters."""
        asked = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(asked["Attributes"]["ApproximateNumberOfMessages"])

    def batches(self, until: dt.datetime) -> Iterator[list[Letter]]:
        """Yield the letters that were sent before `until`, in batches, each letter once.

        A job that fails again after `put_back` gets a new letter, which is sent after `until`. So this method does not
        yield the same job again.
        """
        while True:
            messages = self.sqs.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=BATCH_JOBS,
                VisibilityTimeout=HIDDEN,
                WaitTimeSeconds=PATIENCE,
                MessageSystemAttributeNames=["SentTimestamp"],
            ).get("Messages", [])
            new = [message for message in messages if message["MessageId"] not in self.met]
            if not new:
                return
            self.met.update(message["MessageId"] for message in new)
            yield [letter for letter in map(Letter.of, new) if letter.sent_at < until]

    def put_back(self, at: dt.datetime, progress: Progress) -> int:
        """Put back the job of each letter that was sent before `at`. Return the number of jobs.

        A letter without a job stays in the dead-letter queue.

        Raises:
            OutboxError: The push queue refuses a job. The letters of the job's batch stay in the dead-letter queue.
        """
        outbox = Outbox(self.sqs, self.queue_url)
        task = progress.add_task("Putting back", total=len(self))
        count = 0
        left: list[Letter] = []
        for letters in self.batches(at):
            jobs = [job for letter in letters if (job := letter.aged(at))]
            outbox.send(jobs)
            for letter in letters:
                self.seen[letter.summary] += 1
                if letter.job:
                    self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=letter.handle)
                else:
                    left.append(letter)
            count += len(jobs)
            progress.advance(task, len(letters))
        self._show(left)
        return count

    def read(self, at: dt.datetime) -> None:
        """Count the letters that were sent before `at`. The letters stay in the queue."""
        letters = [letter for batch in self.batches(at) for letter in batch]
        for letter in letters:
            self.seen[letter.summary] += 1
        self._show(letters)

    def _show(self, letters: Iterable[Letter]) -> None:
        """Make the letters visible again."""
        for letter in letters:
            self.sqs.change_message_visibility(QueueUrl=self.url, ReceiptHandle=letter.handle, VisibilityTimeout=0)


def letters_of(stack_name: str | None) -> DeadLetters:
    """Return the dead letters of the named stack in AWS, or of the local stack if the name is None."""
    client, outputs = connected(stack_name)
    return DeadLetters(client("sqs"), outputs["DlqUrl"], outputs["QueueUrl"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Put the dead letters back, or only list them. Return the exit status."""
    description = "Put dead letters back on the push queue."
    parser = argparse.ArgumentParser(prog="python -m local.redrive", description=description)
    parser.add_argument("stack", nargs="?", help="a stack in AWS, such as rekindle-prod; default: the local stack")
    parser.add_argument("--list", action="store_true", help="only list the letters and their reasons")
    chosen = parser.parse_args(arguments)
    at = dt.datetime.fromtimestamp(now(), dt.UTC)
    try:
        letters = letters_of(chosen.stack)
        if chosen.list:
            letters.read(at)
            put_back = 0
        else:
            with Progress(console=TERMINAL, transient=True, disable=not TERMINAL.is_terminal) as progress:
                put_back = letters.put_back(at, progress)
    except (BotoCoreError, ClientError, RekindleError) as error:
        TERMINAL.print(
            f"Could not finish: {error}\n"
            "Nothing is lost: all jobs that were not put back are still in the dead-letter queue."
        )
        return 1
    except StackError as error:
        TERMINAL.print(str(error), markup=False)
        return 1
    _show(letters.seen)
    if put_back:
        TERMINAL.print(f"{put_back} jobs are back on the queue. Delivery drops jobs that are too late by now.")
    return 0


def _show(seen: Counter[tuple[str, str]]) -> None:
    if not seen:
        TERMINAL.print("There are no dead letters.")
        return
    table = Table("letters", "job", "reason")
    for summary, count in seen.most_common():
        table.add_row(f"{count:,}", *summary)
    TERMINAL.print(table)


if __name__ == "__main__":
    sys.exit(main())
