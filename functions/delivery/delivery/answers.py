"""Turn an answer from FCM into the outcome of a push.

A contract test compares each outcome with the exception that firebase-admin raises for the same answer.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any, Final

from delivery.gateway import DELIVERED, NO_WAIT, Fate, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

QUOTA_WAIT: Final = dt.timedelta(minutes=1)
"""The wait if FCM says that our quota is used up, but names no wait. FCM's documentation says one minute."""

UNKNOWN: Final = "UNKNOWN"
STALE: Final = Outcome(Fate.UNAUTHORISED, "UNAUTHENTICATED")
"""The outcome if FCM refuses the access token. FCM may accept a new token."""
APPLE_REFUSES: Final = "FCM cannot sign in to Apple"

FCM_CODES: Final[Mapping[str, Fate]] = {
    "UNREGISTERED": Fate.DEAD,
    "SENDER_ID_MISMATCH": Fate.FOREIGN,
    "QUOTA_EXCEEDED": Fate.LATER,
    "THIRD_PARTY_AUTH_ERROR": Fate.APNS,
    "APNS_AUTH_ERROR": Fate.APNS,  # an older name of THIRD_PARTY_AUTH_ERROR
}
"""FCM's own codes, which are in the details of an answer. They have priority over GOOGLE_CODES."""

GOOGLE_CODES: Final[Mapping[str, Fate]] = {
    **dict.fromkeys(["UNAVAILABLE", "INTERNAL", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"], Fate.LATER),
    **dict.fromkeys(["UNAUTHENTICATED", "PERMISSION_DENIED"], Fate.UNAUTHORISED),
    "INVALID_ARGUMENT": Fate.REFUSED,  # but DEAD if the details say that the target is invalid or gone
    UNKNOWN: Fate.REFUSED,  # but LATER if the HTTP status is 500 or more
    **dict.fromkeys(["FAILED_PRECONDITION", "OUT_OF_RANGE", "NOT_FOUND", "CONFLICT"], Fate.REFUSED),
    **dict.fromkeys(["ABORTED", "ALREADY_EXISTS", "CANCELLED", "DATA_LOSS"], Fate.REFUSED),
}
"""Codes that all Google services use."""

HTTP_CODES: Final[Mapping[int, str]] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "CONFLICT",
    412: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
"""If the body of an answer has no code, the HTTP status gives the code."""

_SERVER_ERRORS: Final = 500
_ERRORS: Final = 400
_TARGETS: Final = frozenset({"message.token", "message.fid"})
_GONE_AT_APPLE: Final = frozenset({"ExpiredToken", "Unregistered"})
"""Apple's reasons for a device that is gone. FCM may answer 400 with such a reason in place of UNREGISTERED."""


def outcome_of(status: int, body: bytes, retry_after: dt.timedelta = NO_WAIT) -> Outcome:
    """Return the outcome of a push, from FCM's answer.

    `retry_after` is the wait in the answer's Retry-After header, or zero if there is no such header.
    """
    try:
        if status < _ERRORS:
            json.loads(body)  # raises ValueError if the answer is from a proxy and not from FCM
            return DELIVERED
        return _failure(status, _error_in(body), retry_after)
    except (AttributeError, TypeError, ValueError):
        return Outcome(Fate.LATER, UNKNOWN)  # the body does not have the structure of FCM's answers


def stops_page(outcome: Outcome) -> bool:
    """Return whether the outcome stops further pushes: FCM asks to wait or refuses the access token."""
    return outcome.wait > NO_WAIT or outcome.reason == STALE.reason


def _failure(status: int, error: Any, retry_after: dt.timedelta) -> Outcome:  # noqa: ANN401  any JSON that FCM sends
    details = error.get("details", [])
    code = next((each.get("errorCode") for each in details if _is(each, "firebase.fcm.v1.FcmError")), "")
    fate = FCM_CODES.get(code)
    if fate is None:
        code = error.get("status") or HTTP_CODES.get(status, UNKNOWN)
        code = code if code in GOOGLE_CODES else UNKNOWN
        fate = GOOGLE_CODES[code]
    details = [each for each in details if isinstance(each, dict)]
    reason = _apple_reason(details)
    if code == "INVALID_ARGUMENT" and (reason in _GONE_AT_APPLE or _blames_target(details)):
        return Outcome(Fate.DEAD, code)
    # If Apple refuses FCM's sign-in, the code can be UNAUTHENTICATED. Then only the details show that Apple refused.
    if fate is Fate.APNS or (code == STALE.reason and reason):
        return Outcome(Fate.APNS, APPLE_REFUSES, detail=reason)
    if code == UNKNOWN and status >= _SERVER_ERRORS:
        fate = Fate.LATER
    if code in {"QUOTA_EXCEEDED", "RESOURCE_EXHAUSTED"}:
        retry_after = retry_after or QUOTA_WAIT
    return Outcome(fate, code, retry_after if fate is Fate.LATER else NO_WAIT)


def _error_in(body: bytes) -> Any:  # noqa: ANN401  any JSON that FCM sends
    text = body.decode()
    try:
        parsed = json.loads(text)
    except ValueError:
        return {}
    return parsed.get("error", {}) if isinstance(parsed, dict) else {}


def _is(detail: Mapping[str, Any], kind: str) -> bool:
    return detail.get("@type") == f"type.googleapis.com/google.{kind}"


def _apple_reason(details: Iterable[Mapping[str, Any]]) -> str:
    """Return the reason that Apple gave, such as InvalidProviderToken, or an empty string."""
    reasons = (each.get("reason") for each in details if _is(each, "firebase.fcm.v1.ApnsError"))
    return next((reason for reason in reasons if isinstance(reason, str) and reason.isalpha()), "")


def _blames_target(details: Iterable[Mapping[str, Any]]) -> bool:
    return any(
        violation.get("field") in _TARGETS
        for each in details
        if _is(each, "rpc.BadRequest")
        for violation in each.get("fieldViolations", ())
    )
