"""Put jobs on a queue."""

from __future__ import annotations

import datetime as dt
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rekindle.errors import OutboxError
from rekindle.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pydantic import BaseModel
    from types_boto3_sqs import SQSClient

BATCH_JOBS: Final = 10
BATCH_BYTES: Final = 262_144
ATTEMPTS: Final = 5
FIRST_PAUSE: Final = 0.05
"""In seconds. The pause after the first attempt is random: at most this long. Each later attempt doubles the limit."""

_NO_DELAY: Final = dt.timedelta(0)


@dataclass(frozen=True, slots=True)
class Outbox:
    """A queue that takes jobs.

    `pause` sleeps for a number of seconds. `jitter` returns a random number from 0 to 1. Tests replace both.
    """

    client: SQSClient
    queue_url: str
    pause: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def send(self, jobs: Iterable[BaseModel], delay: dt.timedelta = _NO_DELAY) -> None:
        """Enqueue the jobs. A worker can receive the jobs, in any order, after `delay` (at most 15 minutes).

        Raise OutboxError if the queue calls a job invalid, or refuses a job ATTEMPTS times. Then other jobs may be on
        the queue already. So if the caller sends all jobs again, the queue can get some of them twice.
        """
        for batch in _batches(job.model_dump_json() for job in jobs):
            self._send(batch, int(delay.total_seconds()))

    def _send(self, bodies: list[str], delay: int) -> None:
        left = dict(enumerate(bodies))
        for attempt in range(ATTEMPTS):
            answer = self.client.send_message_batch(
                QueueUrl=self.queue_url,
                Entries=[
                    {"Id": str(number), "MessageBody": body, "DelaySeconds": delay} for number, body in left.items()
                ],
            )
            refused = answer.get("Failed", [])
            if not refused:
                return
            if any(each["SenderFault"] for each in refused):
                codes = sorted({each["Code"] for each in refused})
                raise OutboxError(f"the queue does not accept a job: {', '.join(codes)}")
            left = {int(each["Id"]): left[int(each["Id"])] for each in refused}
            logger.warning("jobs refused", extra={"jobs": len(left), "attempt": attempt + 1})
            self.pause(FIRST_PAUSE * 2**attempt * self.jitter())
        raise OutboxError(f"the queue kept refusing {len(left)} jobs")


def _batches(bodies: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for body in bodies:
        length = len(body.encode())
        if batch and (len(batch) == BATCH_JOBS or size + length > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(body)
        size += length
    if batch:
        yield batch
