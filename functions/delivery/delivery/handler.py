"""The queue's end: each message is one job, and goes back to the queue if it could not be done."""

from __future__ import annotations

import datetime as dt
import os
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from delivery.courier import RESERVE, Courier
from delivery.fcm import FcmGateway, credential_from
from delivery.gateway import CredentialError
from delivery.libcurl import Libcurl
from delivery.sdk import Sdk
from delivery.spread import Spreader
from rekindle.clients import client
from rekindle.push.jobs import LONGEST_DELAY, SpreadJob, job_from
from rekindle.push.queue import Outbox
from rekindle.settings import DeliverySettings, FcmTransport
from rekindle.store.days import Days
from rekindle.store.devices import Devices
from rekindle.store.incidents import Incidents
from rekindle.store.instants import from_millis
from rekindle.store.news import News
from rekindle.store.people import People
from rekindle.store.runs import Runs
from rekindle.store.shards import Resharding
from rekindle.store.slots import Slots
from rekindle.store.table import Table
from rekindle.telemetry import log_failure, logger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from delivery.fcm import Connect


@cache
def _gateway() -> FcmGateway:
    settings = DeliverySettings.read(os.environ)
    secrets = client("secretsmanager")
    try:
        secret = secrets.get_secret_value(SecretId=settings.fcm_secret)["SecretString"]
    except (secrets.exceptions.ResourceNotFoundException, KeyError) as error:
        raise CredentialError("the FCM secret is empty") from error
    connect: Connect = partial(Libcurl, pushes_per_second=settings.pushes_per_second)
    if settings.fcm_transport is FcmTransport.SDK:
        connect = Sdk
    return FcmGateway(credential_from(secret), settings.fcm_project, settings.fcm_endpoint, connect=connect)


@cache
def _courier() -> Courier:
    settings = DeliverySettings.read(os.environ)
    table = Table(client("dynamodb"), settings.table)
    people = People(table)
    return Courier(
        slots=Slots(table),
        runs=Runs(table),
        people=people,
        devices=Devices(people),
        days=Days(table),
        news=News(table),
        incidents=Incidents(table),
        outbox=_outbox(),
        dead_letters=Outbox(client("sqs"), settings.dead_letters_url),
        gateway=_gateway(),
        app_link=settings.app_link,
    )


def _start_over() -> None:
    """Let the next job read the secret again, which may hold another credential by then."""
    if _gateway.cache_info().currsize:
        _gateway().close()
    _gateway.cache_clear()
    _courier.cache_clear()


def _waited(record: Mapping[str, Any], visibility: dt.timedelta) -> dt.timedelta:
    """How long a message lay in the queue, by the queue's own clock; after each failure it was hidden for so long."""
    stamps = record["attributes"]
    first_received = from_millis(int(stamps["ApproximateFirstReceiveTimestamp"]))
    failures = int(stamps["ApproximateReceiveCount"]) - 1
    return max(first_received - from_millis(int(stamps["SentTimestamp"])), dt.timedelta(0)) + failures * visibility


def _spreader() -> Spreader:
    settings = DeliverySettings.read(os.environ)
    table = Table(client("dynamodb"), settings.table)
    return Spreader(Resharding(table), _outbox())


def _outbox() -> Outbox:
    return Outbox(client("sqs"), DeliverySettings.read(os.environ).queue_url)


def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    """The messages that are to come again, in the shape of ReportBatchItemFailures.

    When FCM asks everybody to wait, or time runs short, the rest of the batch is put off: enqueued anew, untouched, so
    that none of its tries is spent. So is a job that has longer to wait than the queue could hold it back.
    """

    def time_left() -> dt.timedelta:
        return dt.timedelta(milliseconds=context.get_remaining_time_in_millis())

    visibility = DeliverySettings.read(os.environ).visibility
    failures = []
    wait = dt.timedelta(0)
    for number, record in enumerate(event["Records"]):
        waited = _waited(record, visibility)
        try:
            job = job_from(record["body"])
            if job.hold or wait or (number > 0 and time_left() < RESERVE):
                put_off = max(job.hold, wait)
                _outbox().send([job.again(job.late + waited, put_off)], min(put_off, LONGEST_DELAY))
            elif isinstance(job, SpreadJob):
                _spreader().carry_out(job, waited, time_left)
            else:
                wait = _courier().carry_out(job, waited, time_left)
        except CredentialError as error:
            logger.error(
                "FCM does not accept our credential",
                extra={"message_id": record["messageId"], "reason": str(error), "outside": True},
            )
            _start_over()
        except Exception as error:  # noqa: BLE001  one message's fault is not the next one's
            log_failure("not done", error, message_id=record["messageId"])
        else:
            continue
        failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}
