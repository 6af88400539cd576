"""Read the table's stream, enqueue jobs for pushes, cleanup and accounts, and add completed days to streaks.

The API call that stores the second answer also adds the day to the streak. This function adds the day again, because
the call may have failed after it stored the answer. A day that is added twice counts once.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from rekindle.batches import handle_batch
from rekindle.clients import client
from rekindle.push.queue import Outbox
from rekindle.push.reactions import reaction_to
from rekindle.settings import ReactSettings
from rekindle.store.couples import Couples
from rekindle.store.days import Days
from rekindle.store.streaks import Streaks
from rekindle.store.stream import change_in
from rekindle.store.table import Table
from rekindle.telemetry import log_failure, logger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from rekindle.accounts import AccountJob
    from rekindle.batches import BatchResponse, Record
    from rekindle.cleanup import CleanupJob
    from rekindle.push.jobs import NewDeviceJob, PersonJob


@dataclass(frozen=True, slots=True)
class React:
    """Reacts to the stream's records. Lambda may send a record twice."""

    streaks: Streaks
    outbox: Outbox
    cleanup: Outbox
    accounts: Outbox

    def handle(self, records: Sequence[Record]) -> BatchResponse:
        """React to the records in order. Stop at the first record that fails, and name this record in the response.

        Lambda then sends the failed record and all later ones again. Raise OutboxError if not all jobs were enqueued.
        Lambda then sends the whole batch again.
        """
        jobs: list[PersonJob | NewDeviceJob] = []
        cleanup: list[CleanupJob] = []
        accounts: list[AccountJob] = []

        def react(record: Record) -> None:
            reaction = reaction_to(change_in(record))
            if done := reaction.completed:
                self.streaks.complete(done.couple, done.date, done.instant)
            jobs.extend(reaction.jobs)
            cleanup.extend(reaction.cleanup)
            accounts.extend(reaction.accounts)

        response = handle_batch(
            records, react, lambda error, number: log_failure("no reaction", error, sequence=number)
        )
        self.cleanup.send(cleanup)
        self.accounts.send(accounts)
        self.outbox.send(jobs)
        counts = {"jobs": len(jobs), "cleanup": len(cleanup), "accounts": len(accounts)}
        logger.info("reacted", extra={"records": len(records)} | counts)
        return response


@cache
def _react() -> React:
    settings = ReactSettings.read(os.environ)
    table, sqs = Table(client("dynamodb"), settings.table), client("sqs")
    return React(
        Streaks(table, Couples(table), Days(table)),
        Outbox(sqs, settings.queue_url),
        Outbox(sqs, settings.cleanup_queue_url),
        Outbox(sqs, settings.account_queue_url),
    )


def handler(event: Mapping[str, Any], _context: LambdaContext) -> BatchResponse:
    """React to a batch of the stream's records."""
    return _react().handle(event["Records"])
