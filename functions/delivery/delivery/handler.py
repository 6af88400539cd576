"""Handle messages of the push queue. Each message is one job. If a job fails, the queue sends its message again."""

from __future__ import annotations

import datetime as dt
import os
from functools import cache
from typing import TYPE_CHECKING, Any

from delivery.credential import credential_from
from delivery.dispatcher import handle
from delivery.fcm import FcmGateway
from delivery.gateway import NO_WAIT, RESERVE, CredentialError
from delivery.libcurl import Libcurl
from delivery.resharding import reshard
from delivery.services import Queues, Services
from rekindle.batches import handle_batch
from rekindle.clients import client
from rekindle.push.jobs import LONGEST_DELAY, ReshardJob, job_from
from rekindle.push.queue import Outbox
from rekindle.settings import DeliverySettings
from rekindle.store.instants import from_millis
from rekindle.store.shards import Resharding
from rekindle.store.table import Table
from rekindle.telemetry import log_failure, logger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from rekindle.batches import BatchResponse, Record


@cache
def _gateway() -> FcmGateway:
    settings = DeliverySettings.read(os.environ)
    secrets = client("secretsmanager")
    try:
        secret = secrets.get_secret_value(SecretId=settings.fcm_secret)["SecretString"]
    except (secrets.exceptions.ResourceNotFoundException, KeyError) as error:
        raise CredentialError("the FCM secret is empty") from error
    transport = Libcurl(settings.fcm_endpoint, settings.fcm_project, pushes_per_second=settings.pushes_per_second)
    return FcmGateway(credential_from(secret), transport)


@cache
def _services() -> Services:
    settings, sqs = DeliverySettings.read(os.environ), client("sqs")
    queues = Queues(
        pushes=_outbox(),
        dead_letters=Outbox(sqs, settings.dead_letters_url),
        cleanup=Outbox(sqs, settings.cleanup_queue_url),
    )
    return Services.on(_table(), queues, _gateway(), settings.app_link)


def _table() -> Table:
    return Table(client("dynamodb"), DeliverySettings.read(os.environ).table)


def _outbox() -> Outbox:
    return Outbox(client("sqs"), DeliverySettings.read(os.environ).queue_url)


def _start_over() -> None:
    """Close the connections to FCM. The next job reads the secret again, because an operator may have changed it."""
    if _gateway.cache_info().currsize:
        _gateway().close()
    _gateway.cache_clear()
    _services.cache_clear()


def _waited(record: Mapping[str, Any], visibility: dt.timedelta) -> dt.timedelta:
    """Estimate how long a message was in the queue.

    If a worker fails, the queue delivers the message again, `visibility` after this worker received it.
    """
    stamps = record["attributes"]
    first_received = from_millis(int(stamps["ApproximateFirstReceiveTimestamp"]))
    failures = int(stamps["ApproximateReceiveCount"]) - 1
    return max(first_received - from_millis(int(stamps["SentTimestamp"])), NO_WAIT) + failures * visibility


def handle_messages(  # noqa: PLR0913  what Lambda gives, and what this process keeps
    services: Callable[[], Services],
    table: Table,
    outbox: Outbox,
    records: Sequence[Record],
    *,
    visibility: dt.timedelta,
    time_left: Callable[[], dt.timedelta],
) -> BatchResponse:
    """Handle the jobs of a batch. Return the failed messages in the format of ReportBatchItemFailures.

    If FCM asks to wait or time runs short, enqueue each remaining job of the batch again, as a new message. Also
    enqueue a job again if its `hold` is not zero: SQS delays a message by at most 15 minutes, and `hold` is the rest of
    a longer wait. A job that is enqueued again does not count as failed.

    Only a job that sends pushes needs `services`, which need a credential for FCM.
    """
    wait = NO_WAIT
    first = True

    def attempt(record: Record) -> None:
        nonlocal wait, first
        is_first, first = first, False
        waited = _waited(record, visibility)
        job = job_from(record["body"])
        if job.hold or wait or (not is_first and time_left() < RESERVE):
            put_off = max(job.hold, wait)
            outbox.send([job.again(job.late + waited, put_off)], min(put_off, LONGEST_DELAY))
        elif isinstance(job, ReshardJob):
            reshard(Resharding(table), outbox, job, waited, time_left)
        else:
            wait = handle(services(), job, waited, time_left)

    return handle_batch(records, attempt, _log)


def handler(event: Mapping[str, Any], context: LambdaContext) -> BatchResponse:
    """Handle a batch of messages."""

    def time_left() -> dt.timedelta:
        return dt.timedelta(milliseconds=context.get_remaining_time_in_millis())

    visibility = DeliverySettings.read(os.environ).visibility
    return handle_messages(_services, _table(), _outbox(), event["Records"], visibility=visibility, time_left=time_left)


def _log(error: Exception, message_id: str) -> None:
    """Log the failure of a message. After a CredentialError, let the next job read the secret again."""
    if not isinstance(error, CredentialError):
        log_failure("not done", error, message_id=message_id)
        return
    logger.error(
        "FCM does not accept our credential",
        extra={"message_id": message_id, "reason": str(error), "outside": True},
    )
    _start_over()
