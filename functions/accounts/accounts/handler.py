"""Handle messages of the account queue, and commands of an operator.

Each message is one job. If a job fails, the queue sends its message again. An operator calls this function directly, to
list the staff's accounts or to change their permissions. No route of the API leads here.
"""

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
from accounts.rights import record_rights
from rekindle.accounts import (
    ChangeRights,
    DeleteJob,
    ListStaff,
    RevokeJob,
    RightsChange,
    RightsOutcome,
    account_job_from,
    staff_command_from,
)
from rekindle.batches import handle_batch
from rekindle.cleanup import AccountDeletedJob
from rekindle.clients import client
from rekindle.push.queue import Outbox
from rekindle.settings import AccountsSettings
from rekindle.store.table import Table
from rekindle.telemetry import log_failure, logger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from rekindle.accounts import StaffCommand, StaffPage
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


def command(firebase: Firebase, table: Table, asked: StaffCommand) -> StaffPage | RightsChange:
    """Execute an operator's command. Return its result.

    The audit and all staff learn of a change of permissions before Firebase does, so that nobody has a permission
    without a row. If Firebase then fails, the operator repeats the command, and a second row says so.
    """
    match asked:
        case ListStaff():
            return firebase.staff(asked.after)
        case ChangeRights():
            return _change(firebase, table, asked)


def _change(firebase: Firebase, table: Table, asked: ChangeRights) -> RightsChange:
    if (found := firebase.rights(asked.email)) is None:
        return RightsChange(outcome=RightsOutcome.NO_ACCOUNT)
    uid, before = found
    if before == asked.rights:
        return RightsChange(outcome=RightsOutcome.UNCHANGED, before=before, now=before)
    loses = bool({*before.split()} - {*asked.rights.split()})
    record_rights(table, asked, granted=not loses)
    firebase.set_rights(uid, asked.rights, asked.at if loses else None)
    logger.info("permissions changed", extra={"granted": not loses})
    return RightsChange(outcome=RightsOutcome.CHANGED, before=before, now=asked.rights)


@cache
def _table() -> Table:
    return Table(client("dynamodb"), AccountsSettings.read(os.environ).table)


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


def handler(event: Mapping[str, Any], _context: LambdaContext) -> BatchResponse | dict[str, Any]:
    """Handle a batch of messages, or a command of an operator."""
    if "Records" in event:
        return handle(_firebase, _cleanup(), event["Records"])
    asked = staff_command_from(event)
    try:
        return command(_firebase(), _table(), asked).model_dump(mode="json")
    except (CredentialError, FirebaseError, GoogleAuthError) as error:
        _log(error, asked.type)
        reason = error.code if isinstance(error, FirebaseError) else type(error).__name__
        return RightsChange(outcome=RightsOutcome.FAILED, reason=reason).model_dump(mode="json")
