"""Handle messages of the account queue, and commands of an operator.

Each message is one job. If a job fails, the queue sends its message again. An operator calls this function directly, to
list the staff's accounts or to change their permissions. No route of the API leads here.
"""

from __future__ import annotations

import os
import time
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
    CLOCK_TOLERANCE,
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
from rekindle.store.instants import from_millis
from rekindle.store.table import Table
from rekindle.telemetry import log_failure, logger

if TYPE_CHECKING:
    import datetime as dt
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


def command(
    firebase: Firebase, table: Table, asked: StaffCommand, instant: dt.datetime, *, second_factor: bool
) -> StaffPage | RightsChange:
    """Execute an operator's command that came at an instant. Return its result.

    If `second_factor` is true, staff must sign in with a second factor. Then an account without one gets no permission,
    unless the operator insists: whoever knows its password could add their own.
    """
    match asked:
        case ListStaff():
            return firebase.staff(asked.after)
        case ChangeRights() if abs(asked.at - instant) > CLOCK_TOLERANCE:
            return RightsChange(outcome=RightsOutcome.CLOCKS_DIFFER)
        case ChangeRights():
            return _change(firebase, table, asked, second_factor=second_factor)


def _change(firebase: Firebase, table: Table, asked: ChangeRights, *, second_factor: bool) -> RightsChange:
    """Change permissions, and tell the audit and all staff.

    A permission is given after that, so nobody has one without a row. A permission is taken away before that, because a
    stolen sign-in could keep the audit busy. If the audit then stays busy, this raises an error, and the operator
    repeats the command. So a command that takes all permissions is recorded although nothing is left to take.
    """
    if (found := firebase.account(asked.email)) is None:
        return RightsChange(outcome=RightsOutcome.NO_ACCOUNT)
    uid, account = found
    change = RightsChange(
        outcome=RightsOutcome.CHANGED, before=account.scope, now=asked.rights, second_factor=account.second_factor
    )
    if account.scope == asked.rights:
        if not asked.rights:
            record_rights(table, asked, granted=False)
        return change.model_copy(update={"outcome": RightsOutcome.UNCHANGED})
    if {*account.scope.split()} - {*asked.rights.split()}:
        firebase.set_rights(uid, asked.rights, asked.at)
        record_rights(table, asked, granted=False)
    elif second_factor and not (account.second_factor or asked.without_second_factor):
        return change.model_copy(update={"outcome": RightsOutcome.NO_SECOND_FACTOR, "now": account.scope})
    else:
        record_rights(table, asked, granted=True)
        firebase.set_rights(uid, asked.rights, None)
    logger.info("permissions changed", extra={"granted": len(asked.rights) > len(account.scope)})
    return change


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
        # An operator's program tells an instant, but nobody else has seen the call. So this clock checks the program's.
        instant = from_millis(int(time.time() * 1000))  # noqa: TID251 - the event has no instant of its own
        second_factor = AccountsSettings.read(os.environ).second_factor
        done = command(_firebase(), _table(), asked, instant, second_factor=second_factor)
        return done.model_dump(mode="json")
    except (CredentialError, FirebaseError, GoogleAuthError) as error:
        _log(error, asked.type)
        reason = error.code if isinstance(error, FirebaseError) else type(error).__name__
        return RightsChange(outcome=RightsOutcome.FAILED, reason=reason).model_dump(mode="json")
