"""FCM's answers and messages; what goes over the wire is in tests/engine/test_push_fcm.py."""

from __future__ import annotations

import datetime as dt
import io
import json
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from firebase_admin import exceptions, messaging
from google.auth import aws
from google.oauth2 import service_account

from delivery.answers import QUOTA_WAIT, ends_page, error_of, outcome_of
from delivery.fcm import credential_from, message_of
from delivery.gateway import DELIVERED, CredentialError, Fate, Outcome
from local.fcm_message import checked_message
from rekindle.domain.models import Language, PushKind
from rekindle.push.payloads import Occasion, Payload, payload_of
from testing.builders import an_instant

SECONDS = dt.timedelta(seconds=1)
NO_WAIT = dt.timedelta(0)


def response(status: int = 503, details: object = (), **headers: str) -> requests.Response:
    answer = requests.Response()
    answer.status_code = status
    answer.raw = io.BytesIO(json.dumps({"error": {"details": details}}).encode())
    answer.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return answer


def violation(field: str) -> list[dict[str, Any]]:
    return [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{"field": field}]}]


def apns(reason: object) -> list[dict[str, Any]]:
    return [{"@type": "type.googleapis.com/google.firebase.fcm.v1.ApnsError", "statusCode": 403, "reason": reason}]


@pytest.mark.parametrize(
    ("error", "fate"),
    [
        (messaging.UnregisteredError("gone"), Fate.DEAD),
        (messaging.SenderIdMismatchError("not ours"), Fate.FOREIGN),
        (messaging.QuotaExceededError("too many"), Fate.LATER),
        (exceptions.ResourceExhaustedError("too many"), Fate.LATER),
        (exceptions.UnavailableError("down"), Fate.LATER),
        (exceptions.InternalError("broken"), Fate.LATER),
        (exceptions.DeadlineExceededError("slow"), Fate.LATER),
        (exceptions.UnknownError("cut off"), Fate.LATER),
        (exceptions.UnknownError("a proxy's page", http_response=response(502)), Fate.LATER),
        (exceptions.UnknownError("a teapot", http_response=response(418)), Fate.REFUSED),
        (exceptions.UnauthenticatedError("who?"), Fate.UNAUTHORISED),
        (exceptions.PermissionDeniedError("not in this project"), Fate.UNAUTHORISED),
        (exceptions.NotFoundError("no such project"), Fate.REFUSED),
        (exceptions.InvalidArgumentError("what?"), Fate.REFUSED),
    ],
    ids=lambda value: repr(value) if isinstance(value, Exception) else value,
)
def test_an_error_is_judged_by_its_class(error: exceptions.FirebaseError, fate: Fate) -> None:
    outcome = outcome_of(error)
    assert (outcome.fate, outcome.reason) == (fate, type(error).__name__)


def test_no_error_is_a_push_delivered() -> None:
    assert outcome_of(None) == DELIVERED


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (messaging.ThirdPartyAuthError("Apple: who?"), ""),
        (
            messaging.ThirdPartyAuthError("Apple: who?", http_response=response(401, apns("InvalidProviderToken"))),
            "InvalidProviderToken",
        ),
        (
            exceptions.UnauthenticatedError("who?", http_response=response(401, apns("ExpiredProviderToken"))),
            "ExpiredProviderToken",
        ),
        (
            messaging.ThirdPartyAuthError("Apple: who?", http_response=response(401, apns("not a: word of \nApple's"))),
            "",
        ),
        (
            messaging.ThirdPartyAuthError("Apple: who?", http_response=response(401, apns(["odd"]))),
            "",
        ),
    ],
    ids=["without a reason", "with Apple's reason", "by the details alone", "with odd words", "with an odd shape"],
)
def test_a_refusal_by_apple_is_not_a_fault_of_our_credential(error: exceptions.FirebaseError, detail: str) -> None:
    """FCM's words may be those about our own credential, and its HTTP status is."""
    assert outcome_of(error) == Outcome(Fate.APNS, "FCM cannot sign in to Apple", detail=detail)
    assert not ends_page(error)


@pytest.mark.parametrize(
    ("details", "fate"),
    [
        (violation("message.token"), Fate.DEAD),
        (apns("Unregistered"), Fate.DEAD),
        (apns("ExpiredToken"), Fate.DEAD),
        (apns("BadDeviceToken"), Fate.REFUSED),
        (apns("PayloadTooLarge"), Fate.REFUSED),
        (violation("message.fid"), Fate.DEAD),
        (violation("message.android.ttl"), Fate.REFUSED),
        ([], Fate.REFUSED),
        ("nonsense", Fate.REFUSED),
        (None, Fate.REFUSED),
    ],
    ids=[
        "the token",
        "gone at Apple",
        "expired at Apple",
        "none of Apple's",
        "too large",
        "the installation id",
        "another field",
        "no details",
        "a string",
        "nothing",
    ],
)
def test_a_bad_request_is_the_targets_fault_only_if_the_answer_says_so(details: object, fate: Fate) -> None:
    """Else a mistake of ours in one payload would delete everybody's devices."""
    assert outcome_of(exceptions.InvalidArgumentError("bad", http_response=response(400, details))).fate is fate


DATE = "Mon, 02 Mar 2026 15:00:00 GMT"


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (response(), NO_WAIT),
        (response(Retry_After="90"), 90 * SECONDS),
        (response(Retry_After="Mon, 02 Mar 2026 15:02:30 GMT", Date=DATE), 150 * SECONDS),
        (response(Retry_After="Mon, 02 Mar 2026 14:00:00 GMT", Date=DATE), NO_WAIT),
        (response(Retry_After="Mon, 02 Mar 2026 15:02:30 GMT"), NO_WAIT),
        (response(Retry_After="soon"), NO_WAIT),
        (None, NO_WAIT),
    ],
    ids=["none", "seconds", "a date", "a past date", "a date without now", "nonsense", "no answer at all"],
)
def test_retry_after_is_honoured_in_both_of_its_forms(answer: requests.Response | None, wait: dt.timedelta) -> None:
    assert outcome_of(exceptions.UnavailableError("down", http_response=answer)).wait == wait


def test_a_quota_without_a_time_waits_a_minute() -> None:
    assert outcome_of(messaging.QuotaExceededError("too many")).wait == QUOTA_WAIT
    limited = messaging.QuotaExceededError("too many", http_response=response(429, Retry_After="7"))
    assert outcome_of(limited).wait == 7 * SECONDS


@pytest.mark.parametrize(
    ("error", "ends"),
    [
        (messaging.QuotaExceededError("too many"), True),
        (exceptions.UnavailableError("down", http_response=response(Retry_After="30")), True),
        (exceptions.UnauthenticatedError("who?"), True),
        (exceptions.UnavailableError("down"), False),
        (exceptions.InternalError("broken"), False),
        (exceptions.DeadlineExceededError("slow"), False),
        (messaging.ThirdPartyAuthError("Apple: who?"), False),
        (exceptions.PermissionDeniedError("not in this project"), False),
        (messaging.UnregisteredError("gone"), False),
        (exceptions.InvalidArgumentError("what?"), False),
    ],
    ids=lambda value: repr(value) if isinstance(value, Exception) else str(value),
)
def test_a_page_ends_where_fcm_asks_to_wait_or_would_say_the_same_to_all(
    error: exceptions.FirebaseError, *, ends: bool
) -> None:
    assert ends_page(error) is ends


def a_payload(*, quiet: bool = False) -> Payload:
    occasion = Occasion(PushKind.PROMPT, dt.date(2026, 3, 2), an_instant("2026-03-02T13:30:00Z"))
    return payload_of(occasion, Language("en"), occasion.instant, quiet=quiet, app_link="https://app.example")


def wire(payload: Payload) -> dict[str, Any]:
    message = message_of(payload)
    message.token = "the-token"
    encoded: dict[str, Any] = json.loads(str(message))
    return encoded


def test_a_message_says_the_same_to_both_platforms() -> None:
    payload = a_payload()
    assert wire(payload) == {
        "token": "the-token",
        "notification": {"title": payload.text.title, "body": payload.text.body},
        "data": {"link": "https://app.example/o/d20260302"},
        "android": {
            "priority": "high",
            "ttl": "43200s",
            "notification": {
                "tag": "a-2026-03-02",
                "channel_id": "everyday",
                "notification_priority": "PRIORITY_DEFAULT",
                "visibility": "PRIVATE",
            },
        },
        "apns": {
            "headers": {
                "apns-collapse-id": "a-2026-03-02",
                "apns-priority": "10",
                "apns-expiration": str(int(an_instant("2026-03-03T01:30:00Z").timestamp())),
            },
            "payload": {"aps": {"sound": "default", "interruption-level": "active"}},
        },
    }


def test_a_quiet_message_makes_no_sound_on_either() -> None:
    message = wire(a_payload(quiet=True))
    assert message["android"]["priority"] == "normal"
    assert message["android"]["notification"]["channel_id"] == "quiet"
    assert message["android"]["notification"]["notification_priority"] == "PRIORITY_LOW"
    assert message["apns"]["headers"]["apns-priority"] == "5"
    assert message["apns"]["payload"]["aps"] == {"interruption-level": "passive"}


@pytest.mark.parametrize("quiet", [True, False])
def test_a_message_is_one_that_fcm_takes(*, quiet: bool) -> None:
    """The stand-in checks every field as FCM does, and raises for one that it does not know."""
    checked, _ = checked_message(json.dumps({"message": wire(a_payload(quiet=quiet))}).encode())
    assert checked["token"] == "the-token"


def test_a_service_accounts_secret_is_a_credential() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    secret = {
        "type": "service_account",
        "project_id": "rekindle",
        "client_email": "push@rekindle.iam.gserviceaccount.com",
        "token_uri": "https://oauth2.googleapis.com/token",
        "private_key": pem,
    }
    assert isinstance(credential_from(json.dumps(secret)), service_account.Credentials)


def test_a_keyless_secret_is_a_credential() -> None:
    """It names where AWS vouches for the function and where Google takes that; there is nothing in it to steal."""
    secret = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/aws/providers/aws",
        "subject_token_type": "urn:ietf:params:aws:token-type:aws4_request",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": {
            "environment_id": "aws1",
            "regional_cred_verification_url": "https://sts.{region}.amazonaws.com?Action=GetCallerIdentity&Version=2011-06-15",
        },
    }
    assert isinstance(credential_from(json.dumps(secret)), aws.Credentials)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "{}",
        "[]",
        "nonsense",
        '{"type": "authorized_user"}',
        '{"type": "service_account"}',
        '{"type": "external_account"}',
    ],
)
def test_any_other_secret_is_refused_without_being_repeated(secret: str) -> None:
    with pytest.raises(CredentialError, match="the FCM secret"):
        credential_from(secret)


WORDS = "SomethingThatOnlyFcmSays"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 418, 429, 500, 503])
@pytest.mark.parametrize("code", [WORDS, "UNAUTHENTICATED", "INVALID_ARGUMENT", ""])
@pytest.mark.parametrize("fcm", [WORDS, "THIRD_PARTY_AUTH_ERROR", "SENDER_ID_MISMATCH"])
def test_no_words_of_fcm_are_part_of_a_fault(status: int, code: str, fcm: str) -> None:
    """A fault is part of a key of the table."""
    fcm_error = {"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": fcm}
    body = {"error": {"status": code, "message": WORDS, "details": [fcm_error, *apns(WORDS)]}}
    outcome = outcome_of(error_of(status, json.dumps(body).encode(), {}))
    assert outcome.fate is not Fate.DELIVERED
    assert WORDS not in outcome.fault
