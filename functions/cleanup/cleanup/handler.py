"""Handle messages of the cleanup queue. Each message is one job. If a job fails, the queue sends its message again."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

from cleanup.ended import finish_end
from cleanup.erase import erase
from cleanup.rest import delete_rest
from cleanup.services import Services
from rekindle.batches import handle_batch
from rekindle.cleanup import (
    AccountDeletedJob,
    EmptySlotJob,
    EndedJob,
    EraseJob,
    RestJob,
    StaleJob,
    TargetJob,
    cleanup_job_from,
)
from rekindle.clients import client
from rekindle.push.queue import Outbox
from rekindle.settings import CleanupSettings
from rekindle.store.erasures import Erasures, delete_mark
from rekindle.store.instants import from_millis
from rekindle.store.table import Table
from rekindle.telemetry import log_failure, logger

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from rekindle.batches import BatchResponse, Record


def handle(services: Services, records: Sequence[Record]) -> BatchResponse:
    """Handle the jobs of a batch. Return the failed messages in the format of ReportBatchItemFailures."""

    def attempt(record: Record) -> None:
        job = cleanup_job_from(record["body"])
        match job:
            case EndedJob():
                finish_end(services, job.couple)
            case EraseJob():
                erase(services, job, _received_at(record))
            case AccountDeletedJob():
                if job.uid:
                    delete_mark(services.people.table, job.uid)
                services.erasures.finish(job.pseudonym, _received_at(record))
            case RestJob():
                delete_rest(services, job)
            case TargetJob():
                services.devices.forget_target(job.person, job.target, job.instant)
            case StaleJob():
                services.devices.prune(job.person, job.target, job.instant)
            case EmptySlotJob():
                services.empty_slots.delete(job.slot, _received_at(record))
        logger.info("cleaned up", extra={"job": job.type})

    return handle_batch(
        records, attempt, lambda error, message_id: log_failure("not cleaned up", error, message_id=message_id)
    )


def _received_at(record: Record) -> dt.datetime:
    return from_millis(int(record["attributes"]["ApproximateFirstReceiveTimestamp"]))


@cache
def _services() -> Services:
    settings = CleanupSettings.read(os.environ)
    dynamodb, sqs = client("dynamodb"), client("sqs")
    return Services.on(
        Table(dynamodb, settings.table),
        key_table=settings.key_table,
        erasures=Erasures(Table(dynamodb, settings.erasure_table)),
        outbox=Outbox(sqs, settings.cleanup_queue_url),
        accounts=Outbox(sqs, settings.account_queue_url),
        settling=settings.settling,
    )


def handler(event: Mapping[str, Any], _context: LambdaContext) -> BatchResponse:
    """Handle a batch of messages."""
    return handle(_services(), event["Records"])
