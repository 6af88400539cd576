"""What an answer of FCM means: the exception of firebase-admin that stands for it, and the outcome for the push.

The SDK keeps its way from an answer to an exception to itself, but its exceptions are public. `error_of` goes the same
way for a transport that is not the SDK's, and a contract test compares the two, answer by answer.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import io
import json
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from firebase_admin import exceptions, messaging
from requests import RequestException, Response

from delivery.gateway import DELIVERED, Fate, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from delivery.transport import Answer

QUOTA_WAIT: Final = dt.timedelta(minutes=1)
"""What FCM asks for after a 429 that names no time."""

_FCM_ERROR: Final = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_APNS_ERROR: Final = "type.googleapis.com/google.firebase.fcm.v1.ApnsError"
_BAD_REQUEST: Final = "type.googleapis.com/google.rpc.BadRequest"
_ERRORS: Final = 400
_SERVER_ERRORS: Final = 500
_TARGETS: Final = frozenset({"message.token", "message.fid"})
_GONE_AT_APPLE: Final = frozenset({"ExpiredToken", "Unregistered"})
"""Apple's reasons for a device that is gone. FCM may hand them on with a 400 in place of its own UNREGISTERED."""
_APPLE_SAYS_NO: Final = "FCM cannot sign in to Apple"

_BY_FCM_CODE: Final = {
    "APNS_AUTH_ERROR": messaging.ThirdPartyAuthError,
    "QUOTA_EXCEEDED": messaging.QuotaExceededError,
    "SENDER_ID_MISMATCH": messaging.SenderIdMismatchError,
    "THIRD_PARTY_AUTH_ERROR": messaging.ThirdPartyAuthError,
    "UNREGISTERED": messaging.UnregisteredError,
}
_BY_CODE: Final = {
    exceptions.INVALID_ARGUMENT: exceptions.InvalidArgumentError,
    exceptions.FAILED_PRECONDITION: exceptions.FailedPreconditionError,
    exceptions.OUT_OF_RANGE: exceptions.OutOfRangeError,
    exceptions.UNAUTHENTICATED: exceptions.UnauthenticatedError,
    exceptions.PERMISSION_DENIED: exceptions.PermissionDeniedError,
    exceptions.NOT_FOUND: exceptions.NotFoundError,
    exceptions.ABORTED: exceptions.AbortedError,
    exceptions.ALREADY_EXISTS: exceptions.AlreadyExistsError,
    exceptions.CONFLICT: exceptions.ConflictError,
    exceptions.RESOURCE_EXHAUSTED: exceptions.ResourceExhaustedError,
    exceptions.CANCELLED: exceptions.CancelledError,
    exceptions.DATA_LOSS: exceptions.DataLossError,
    exceptions.INTERNAL: exceptions.InternalError,
    exceptions.UNAVAILABLE: exceptions.UnavailableError,
    exceptions.DEADLINE_EXCEEDED: exceptions.DeadlineExceededError,
}
_BY_STATUS: Final = {
    400: exceptions.InvalidArgumentError,
    401: exceptions.UnauthenticatedError,
    403: exceptions.PermissionDeniedError,
    404: exceptions.NotFoundError,
    409: exceptions.ConflictError,
    412: exceptions.FailedPreconditionError,
    429: exceptions.ResourceExhaustedError,
    500: exceptions.InternalError,
    503: exceptions.UnavailableError,
}


def error_of(status: int, body: bytes, headers: Mapping[str, str]) -> exceptions.FirebaseError | None:
    """The SDK's exception for an HTTP answer, None for one that says that the push was taken.

    Its class is the one of FCM's own code, else of the answer's `status`, else of the HTTP status.
    """
    response = Response()
    response.status_code, response.raw = status, io.BytesIO(body)
    response.headers.update(headers)
    try:
        if status < _ERRORS:
            return _doubt_about(response)
        return _refusal(response)
    except (AttributeError, TypeError, ValueError) as error:
        # Where an answer is not of the shape that FCM's have, the SDK stumbles, and says this about all of its batch.
        return exceptions.UnknownError(f"Unknown error while making remote service calls: {error}", cause=error)


def _doubt_about(response: Response) -> exceptions.FirebaseError | None:
    """A good answer is JSON: somebody else's page with a 200 is no word of FCM's."""
    try:
        response.json()
    except RequestException as error:
        return exceptions.UnknownError(f"Unknown error while making a remote service call: {error}", cause=error)
    return None


def _refusal(response: Response) -> exceptions.FirebaseError:
    content = response.content.decode()
    try:
        parsed = json.loads(content)
    except ValueError:
        parsed = {}
    error = parsed.get("error", {}) if isinstance(parsed, dict) else {}
    message = error.get("message") or (f"Unexpected HTTP response with status: {response.status_code}; body: {content}")
    details = error.get("details", [])
    of_fcm: Mapping[str, Any] = next((each for each in details if each.get("@type") == _FCM_ERROR), {})
    by_status = _BY_STATUS.get(response.status_code, exceptions.UnknownError)
    by_code = _BY_CODE.get(error["status"], exceptions.UnknownError) if error.get("status") else by_status
    kind = _BY_FCM_CODE.get(of_fcm.get("errorCode", ""), by_code)
    refusal: exceptions.FirebaseError = kind(message, http_response=response)
    return refusal


def outcome_of(error: exceptions.FirebaseError | None) -> Outcome:
    """The outcome that an error of the SDK stands for, judged by its class and by the codes within its answer."""
    if error is None:
        return DELIVERED
    fate = _fate_of(error)
    if fate is Fate.APNS:
        return Outcome(fate, _APPLE_SAYS_NO, detail=_reason_of_apple(error))
    wait = _retry_after(error) if fate is Fate.LATER else dt.timedelta(0)
    if isinstance(error, exceptions.ResourceExhaustedError):
        wait = wait or QUOTA_WAIT
    return Outcome(fate, type(error).__name__, wait)


def blames_our_credential(error: exceptions.FirebaseError) -> bool:
    """Whether another access token may help: not where it is Apple that FCM could not sign in to."""
    return isinstance(error, exceptions.UnauthenticatedError) and not _is_of_apple(error)


def ends_page(answer: Answer) -> TypeGuard[exceptions.FirebaseError]:
    """Whether to begin no further send after it: FCM asks to wait, or would say the same to each of them."""
    return isinstance(answer, exceptions.FirebaseError) and (
        blames_our_credential(answer) or outcome_of(answer).wait > dt.timedelta(0)
    )


def _fate_of(error: exceptions.FirebaseError) -> Fate:  # noqa: PLR0911  a return for each kind of answer
    match error:
        case messaging.UnregisteredError():
            return Fate.DEAD
        case messaging.SenderIdMismatchError():
            return Fate.FOREIGN
        case exceptions.InvalidArgumentError() if _blames_target(error):
            return Fate.DEAD
        case exceptions.UnauthenticatedError() if _is_of_apple(error):
            return Fate.APNS
        case exceptions.UnauthenticatedError() | exceptions.PermissionDeniedError():
            return Fate.UNAUTHORISED
        case (
            exceptions.ResourceExhaustedError()
            | exceptions.UnavailableError()
            | exceptions.InternalError()
            | exceptions.DeadlineExceededError()
        ):
            return Fate.LATER
        # A broken connection, or a proxy's page in place of FCM's own answer.
        case exceptions.UnknownError() if error.http_response is None or _is_server_error(error):
            return Fate.LATER
        case _:
            return Fate.REFUSED


def _is_server_error(error: exceptions.FirebaseError) -> bool:
    return bool(error.http_response.status_code >= _SERVER_ERRORS)


def _is_of_apple(error: exceptions.UnauthenticatedError) -> bool:
    """Return whether FCM's credential at Apple is at fault.

    FCM's message may name our credential, so read the error details.
    """
    return isinstance(error, messaging.ThirdPartyAuthError) or bool(_reason_of_apple(error))


def _reason_of_apple(error: exceptions.FirebaseError) -> str:
    """Apple's own reason, such as InvalidProviderToken; empty where FCM hands on none."""
    reasons = (detail.get("reason") for detail in _details(error) if detail.get("@type") == _APNS_ERROR)
    return next((reason for reason in reasons if isinstance(reason, str) and reason.isalpha()), "")


def _blames_target(error: exceptions.FirebaseError) -> bool:
    return _reason_of_apple(error) in _GONE_AT_APPLE or any(
        violation.get("field") in _TARGETS
        for detail in _details(error)
        if detail.get("@type") == _BAD_REQUEST
        for violation in detail.get("fieldViolations", ())
    )


def _details(error: exceptions.FirebaseError) -> list[dict[str, Any]]:
    try:
        details = error.http_response.json()["error"]["details"]
    except (AttributeError, ValueError, KeyError, TypeError):
        return []
    return [detail for detail in details if isinstance(detail, dict)] if isinstance(details, list) else []


def _retry_after(error: exceptions.FirebaseError) -> dt.timedelta:
    """What Retry-After asks for, given in seconds or as a date to be read against the answer's own date."""
    headers = {} if error.http_response is None else error.http_response.headers
    asked = headers.get("Retry-After", "")
    if asked.isdecimal():
        return dt.timedelta(seconds=int(asked))
    try:
        wait = email.utils.parsedate_to_datetime(asked) - email.utils.parsedate_to_datetime(headers["Date"])
    except (ValueError, KeyError, TypeError):
        return dt.timedelta(0)
    return max(wait, dt.timedelta(0))
