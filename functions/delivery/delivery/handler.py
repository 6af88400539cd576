"""The queue's end: each message is one job, and goes back to the queue if it could not be done."""

from __future__ import annotations

import datetime as dt
import os
import traceback
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3

from delivery.courier import RESERVE, Courier, GivenUpError
from delivery.fcm import FcmGateway, credential_from
from delivery.gateway import CredentialError
from rekindle.push.jobs import job_from
from rekindle.push.outbox import Outbox
from rekindle.settings import DeliverySettings
from rekindle.store.instants import from_millis
from rekindle.store.people import People
from rekindle.store.runs import Runs
from rekindle.store.slots import Slots
from rekindle.store.table import Table
from rekindle.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext


@cache
def _gateway() -> FcmGateway:
    settings = DeliverySettings.read(os.environ)
    secret = boto3.client("secretsmanager").get_secret_value(SecretId=settings.fcm_secret)["SecretString"]
    return FcmGateway(credential_from(secret), settings.fcm_project, settings.fcm_endpoint)


@cache
def _courier() -> Courier:
    settings = DeliverySettings.read(os.environ)
    table = Table(boto3.client("dynamodb"), settings.table)
    return Courier(
        slots=Slots(table),
        runs=Runs(table),
        people=People(table),
        outbox=Outbox(boto3.client("sqs"), settings.queue_url),
        gateway=_gateway(),
        app_link=settings.app_link,
    )


def _start_over() -> None:
    """Let the next job read the secret again, which may hold another credential by then."""
    if _gateway.cache_info().currsize:
        _gateway().close()
    _gateway.cache_clear()
    _courier.cache_clear()


def waited(record: Mapping[str, Any]) -> dt.timedelta:
    """How long a message lay in the queue until it was first received, by the queue's own clock."""
    stamps = record["attributes"]
    first_received = from_millis(int(stamps["ApproximateFirstReceiveTimestamp"]))
    return max(first_received - from_millis(int(stamps["SentTimestamp"])), dt.timedelta(0))


def handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    """The messages that are to come again, in the shape of ReportBatchItemFailures."""

    def time_left() -> dt.timedelta:
        return dt.timedelta(milliseconds=context.get_remaining_time_in_millis())

    failures = []
    for number, record in enumerate(event["Records"]):
        is_for_later = number > 0 and time_left() < RESERVE
        if not _is_done(record, time_left, is_for_later=is_for_later):
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def _is_done(record: Mapping[str, Any], time_left: Callable[[], dt.timedelta], *, is_for_later: bool) -> bool:
    message = {"message_id": record["messageId"]}
    try:
        job = job_from(record["body"])
        if is_for_later:
            _courier().put_off(job, waited(record))
        else:
            _courier().carry_out(job, waited(record), time_left)
    except CredentialError as error:
        logger.error("FCM does not accept our credential", extra=message | {"reason": str(error)})
        _start_over()
    except GivenUpError as error:
        logger.error("given up", extra=message | {"reason": str(error)})
    except Exception as error:  # noqa: BLE001  one message's fault is not the next one's
        where = traceback.extract_tb(error.__traceback__)[-1]
        logger.error(
            # Without its words, which may repeat a token.
            "not done",
            extra=message | {"error": type(error).__name__, "where": f"{where.name}:{where.lineno}"},
        )
    else:
        return True
    return False
