"""Handle messages of the account queue. Each message is one job. If a job fails, the queue sends its message again."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from firebase_admin.exceptions import (
    ABORTED,
    DEADLINE_EXCEEDED,
    INTERNAL,
    RESOURCE_EXHAUSTED,
    UNAVAILABLE,
    UNKNOWN,
    FirebaseError,
)
from google.auth.exceptions import GoogleAuthError, TransportError

from accounts.firebase import CredentialError, Firebase, credential_from
from rekindle.accounts import DeleteJob, RevokeJob, account_job_from
from rekindle.batches import handle_batch
from rekindle.cleanup import AccountDeletedJob
from rekindle.clients import client
from rekindle.push.queue import Outbox
from rekindle.settings import AccountsSettings
from rekindle.telemetry import log_failure, logger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from rekindle.batches import BatchResponse, Record

_PASSING: Final = frozenset({ABORTED, DEADLINE_EXCEEDED, INTERNAL, RESOURCE_EXHAUSTED, UNAVAILABLE, UNKNOWN})
"""The SDK's codes of failures that may pass.

If a failure lasts, its message becomes a dead letter, and an alarm goes off.
"""


def handle(firebase_of: Callable[[], Firebase], cleanup: Outbox, records: Sequence[Record]) -> BatchResponse:
    """Handle the jobs of a batch. Return the failed messages in the format of ReportBatchItemFailures.

    A job about an account that Firebase does not know counts as done: somebody has deleted the account already.
    """

    def attempt(record: Record) -> None:
        job = account_job_from(record["body"])
        firebase = firebase_of()
        match job:
            case RevokeJob():
                known = firebase.revoke(job.uid, job.signed_out_at)
                logger.info("signed out everywhere", extra={"known": known})
            case DeleteJob():
                known = firebase.delete(job.uid)
                cleanup.send([AccountDeletedJob(pseudonym=job.pseudonym, uid=job.uid)])
                logger.info("account deleted", extra={"known": known})

    return handle_batch(records, attempt, _log)


@cache
def _firebase() -> Firebase:
    settings = AccountsSettings.read(os.environ)
    secrets = client("secretsmanager")
    try:
        secret = secrets.get_secret_value(SecretId=settings.secret)["SecretString"]
    except (secrets.exceptions.ResourceNotFoundException, KeyError) as error:
        raise CredentialError("the secret is empty") from error
    return Firebase(credential_from(secret), settings.project)


@cache
def _cleanup() -> Outbox:
    settings = AccountsSettings.read(os.environ)
    return Outbox(client("sqs"), settings.cleanup_queue_url)


def _start_over() -> None:
    """Forget the credential. The next job then reads the secret again, because an operator may have changed it."""
    if _firebase.cache_info().currsize:
        _firebase().close()
    _firebase.cache_clear()


def _log(error: Exception, message_id: str) -> None:
    """Log the failure of a message. After an error about the credential, let the next job read the secret again.

    The field `outside` marks a failure of Google, because such a failure must not roll this version back.
    """
    outside = {"message_id": message_id, "outside": True}
    if isinstance(error, FirebaseError):
        say = logger.warning if error.code in _PASSING else logger.error
        say("Firebase did not change the account", extra=outside | {"reason": error.code})
    elif isinstance(error, TransportError) or (isinstance(error, GoogleAuthError) and error.retryable):
        logger.warning("Google gives no access token now", extra=outside | {"reason": type(error).__name__})
    elif isinstance(error, CredentialError | GoogleAuthError):
        logger.error("Firebase does not accept our credential", extra=outside | {"reason": type(error).__name__})
        _start_over()
    else:
        log_failure("not done", error, message_id=message_id)


def handler(event: Mapping[str, Any], _context: LambdaContext) -> BatchResponse:
    """Handle a batch of messages."""
    return handle(_firebase, _cleanup(), event["Records"])
