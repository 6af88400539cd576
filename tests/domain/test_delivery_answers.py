"""Each answer of FCM has the outcome that the design names, and firebase-admin's code."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from firebase_admin import exceptions, messaging

from delivery.answers import APPLE_REFUSES, QUOTA_WAIT, outcome_of, stops_page
from delivery.gateway import DELIVERED, NO_WAIT, Fate, Outcome
from local.google import fcm as stand_in
from testing import fcm_wire
from testing.fcm_sdk import Sdk
from testing.fcm_wire import Answer, apns, failure

if TYPE_CHECKING:
    from collections.abc import Iterator

BAD_REQUEST: Final = "type.googleapis.com/google.rpc.BadRequest"
MESSAGE: Final = messaging.Message(data={"link": "x"}, topic="any")
SDK_CODES: Final = {
    messaging.UnregisteredError: "UNREGISTERED",
    messaging.SenderIdMismatchError: "SENDER_ID_MISMATCH",
    messaging.QuotaExceededError: "QUOTA_EXCEEDED",
    messaging.ThirdPartyAuthError: "THIRD_PARTY_AUTH_ERROR",
}
"""FCM's own codes, for which the SDK has classes. The SDK's other errors have Google's code."""


def shaped(status: int, body: object) -> Answer:
    return Answer(status, body if isinstance(body, bytes) else json.dumps(body).encode())


def of_stand_in(kind: stand_in.FaultKind) -> Answer:
    """Return the local stand-in's answer to a fault."""
    response = stand_in._refusal(kind, None).response
    return Answer(response.status_code, bytes(response.body))


def blaming(field: str) -> Answer:
    return failure(400, "INVALID_ARGUMENT", {"@type": BAD_REQUEST, "fieldViolations": [{"field": field}]})


def refused_by_apple(reason: str) -> Answer:
    return failure(400, "INVALID_ARGUMENT", apns(400, reason))


ANSWERS: Final = {
    "unregistered": (fcm_wire.UNREGISTERED, Fate.DEAD),
    "another sender's": (fcm_wire.OTHER_SENDER, Fate.FOREIGN),
    "quota": (fcm_wire.QUOTA, Fate.LATER),
    "quota without a code": (failure(429, "RESOURCE_EXHAUSTED"), Fate.LATER),
    "unavailable": (fcm_wire.UNAVAILABLE, Fate.LATER),
    "internal": (fcm_wire.INTERNAL, Fate.LATER),
    "too slow": (failure(504, "DEADLINE_EXCEEDED"), Fate.LATER),
    "unauthenticated": (fcm_wire.UNAUTHENTICATED, Fate.UNAUTHORISED),
    "not in this project": (failure(403, "PERMISSION_DENIED"), Fate.UNAUTHORISED),
    "not found, without details": (failure(404, "NOT_FOUND"), Fate.REFUSED),
    # A bad request is the target's fault only if the answer says so. Otherwise our own mistake would delete devices.
    "our mistake": (fcm_wire.OUR_MISTAKE, Fate.REFUSED),
    "a malformed token": (fcm_wire.MALFORMED_TOKEN, Fate.DEAD),
    "a malformed installation id": (blaming("message.fid"), Fate.DEAD),
    "another malformed field": (blaming("message.android.ttl"), Fate.REFUSED),
    "gone at Apple": (fcm_wire.GONE_AT_APPLE, Fate.DEAD),
    "expired at Apple": (refused_by_apple("ExpiredToken"), Fate.DEAD),
    "no device of Apple's": (fcm_wire.NO_DEVICE_OF_APPLE, Fate.REFUSED),
    "too large for Apple": (refused_by_apple("PayloadTooLarge"), Fate.REFUSED),
    # FCM's HTTP status, and perhaps its words, are the same as for a fault of our own credential.
    "Apple says no": (fcm_wire.APPLE_SAYS_NO, Fate.APNS),
    "Apple says no, by its older name": (failure(401, "UNAUTHENTICATED", fcm="APNS_AUTH_ERROR"), Fate.APNS),
    "Apple says no, by the details": (failure(401, "UNAUTHENTICATED", apns(403, "InvalidProviderToken")), Fate.APNS),
    "Apple's other environment": (fcm_wire.OTHER_ENVIRONMENT, Fate.APNS),
    "an empty body": (shaped(500, b""), Fate.LATER),
    "a proxy's page": (fcm_wire.A_PROXY_S_PAGE, Fate.LATER),
    "a proxy's page with 403": (shaped(403, b"<html>Forbidden</html>"), Fate.UNAUTHORISED),
    "half of a JSON": (shaped(503, b'{"error": {"code": 503, "mess'), Fate.LATER),
    "another JSON": (shaped(500, ["error"]), Fate.LATER),
    "an error that is a string": (shaped(400, {"error": "invalid_request"}), Fate.LATER),
    "an error that is nothing": (shaped(500, {"error": None}), Fate.LATER),
    "details that are a string": (shaped(400, {"error": {"details": "none"}}), Fate.LATER),
    "details that are nothing": (shaped(400, {"error": {"details": None}}), Fate.LATER),
    "a detail that is a string": (shaped(400, {"error": {"details": ["none"]}}), Fate.LATER),
    "a code that is a list": (shaped(400, {"error": {"status": ["INVALID_ARGUMENT"]}}), Fate.LATER),
    "bytes that are no text": (shaped(500, b"\xff\xfe"), Fate.LATER),
    "an unknown status": (shaped(400, {"error": {"status": "NEVER_HEARD_OF", "message": "?"}}), Fate.REFUSED),
    "an unknown status of a server's error": (shaped(500, {"error": {"status": "NEVER_HEARD_OF"}}), Fate.LATER),
    "an unknown code of FCM": (failure(400, "INVALID_ARGUMENT", fcm="NEVER_HEARD_OF"), Fate.REFUSED),
    "a code of FCM's as a status": (failure(404, "UNREGISTERED"), Fate.REFUSED),
    "a status that is not that of HTTP": (shaped(500, {"error": {"status": "UNAVAILABLE"}}), Fate.LATER),
    **{
        f"{status} and nothing more": (shaped(status, {}), fate)
        for fate, statuses in {
            Fate.REFUSED: (400, 404, 409, 412, 418),
            Fate.UNAUTHORISED: (401, 403),
            Fate.LATER: (429, 500, 502, 503, 504),
        }.items()
        for status in statuses
    },
    **{
        f"{code}": (failure(400, code), Fate.REFUSED)
        for code in ("FAILED_PRECONDITION", "OUT_OF_RANGE", "ABORTED", "ALREADY_EXISTS", "CANCELLED", "DATA_LOSS")
    },
    "taken, in words that are not FCM's": (shaped(200, b"<html>Sign in to this network</html>"), Fate.LATER),
    "taken, with half of a JSON": (shaped(200, b'{"na'), Fate.LATER),
    "taken, without a name": (shaped(200, {}), Fate.DELIVERED),
    "taken": (shaped(200, {"name": "projects/p/messages/1"}), Fate.DELIVERED),
}


@pytest.fixture(scope="module")
def sdk() -> Iterator[Sdk]:
    sdk = Sdk()
    yield sdk
    sdk.close()


def outcome(answer: Answer, retry_after: dt.timedelta = NO_WAIT) -> Outcome:
    return outcome_of(answer.status, answer.content, retry_after)


def assert_same_code(ours: Outcome, error: exceptions.FirebaseError | None) -> None:
    if ours.fate is Fate.APNS:
        assert isinstance(error, exceptions.UnauthenticatedError)
    elif ours == DELIVERED:
        assert error is None
    else:
        assert error
        assert ours.reason == SDK_CODES.get(type(error), error.code)


@pytest.mark.parametrize(("answer", "fate"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_has_its_fate_and_the_code_that_the_sdk_finds(sdk: Sdk, answer: Answer, fate: Fate) -> None:
    ours = outcome(answer)
    assert ours.fate is fate
    assert_same_code(ours, sdk.error_of(answer, MESSAGE))


@pytest.mark.parametrize("kind", stand_in.FaultKind)
def test_the_local_stand_in_answers_as_fcm_does(sdk: Sdk, kind: stand_in.FaultKind) -> None:
    answer = of_stand_in(kind)
    assert_same_code(outcome(answer), sdk.error_of(answer, MESSAGE))


@pytest.mark.parametrize(
    ("reason", "detail"),
    [("ExpiredProviderToken", "ExpiredProviderToken"), ("not a: word of \nApple's", ""), (["odd"], "")],
    ids=str,
)
def test_a_refusal_by_apple_shows_apples_word_if_it_is_one(reason: Any, detail: str) -> None:
    answer = failure(401, "UNAUTHENTICATED", apns(403, reason), fcm="THIRD_PARTY_AUTH_ERROR")
    assert outcome(answer) == Outcome(Fate.APNS, APPLE_REFUSES, detail=detail)


def test_a_wait_is_what_fcm_asks_for_and_a_minute_for_a_quota_without_a_time() -> None:
    asked = dt.timedelta(seconds=7)
    assert outcome(fcm_wire.UNAVAILABLE).wait == NO_WAIT
    assert outcome(fcm_wire.UNAVAILABLE, asked).wait == outcome(fcm_wire.QUOTA, asked).wait == asked
    assert outcome(fcm_wire.QUOTA).wait == outcome(shaped(429, b"")).wait == QUOTA_WAIT
    assert outcome(fcm_wire.UNREGISTERED, asked).wait == NO_WAIT


@pytest.mark.parametrize(("answer", "fate"), ANSWERS.values(), ids=ANSWERS)
def test_a_page_stops_where_fcm_asks_to_wait_or_would_refuse_each_push_alike(answer: Answer, fate: Fate) -> None:
    ours = outcome(answer)
    assert stops_page(ours) is (ours.reason in {"QUOTA_EXCEEDED", "RESOURCE_EXHAUSTED", "UNAUTHENTICATED"})
    asked = outcome(answer, QUOTA_WAIT)
    assert stops_page(asked) is (asked.wait == QUOTA_WAIT or ours.reason == "UNAUTHENTICATED")
    assert fate is Fate.LATER or asked.wait == NO_WAIT


WORDS = "SomethingThatOnlyFcmSays"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 418, 429, 500, 503])
@pytest.mark.parametrize("code", [WORDS, "UNAUTHENTICATED", "INVALID_ARGUMENT", ""])
@pytest.mark.parametrize("fcm", [WORDS, "THIRD_PARTY_AUTH_ERROR", "SENDER_ID_MISMATCH"])
def test_no_words_of_fcm_are_part_of_a_fault(status: int, code: str, fcm: str) -> None:
    """Part of a fault becomes a key of the table, so it may hold only known words."""
    ours = outcome(failure(status, code, apns(403, WORDS), fcm=fcm))
    assert ours.fate is not Fate.DELIVERED
    assert WORDS not in ours.fault
