"""The fast transport says of each answer what firebase-admin says of it, and sends what firebase-admin would send."""

from __future__ import annotations

import datetime as dt
import email.utils
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest
from firebase_admin import exceptions

from delivery.answers import outcome_of
from delivery.fcm import message_of
from delivery.libcurl import Libcurl
from delivery.sdk import Sdk
from delivery.transport import Told
from local import fcm as stand_in
from rekindle.domain.models import Language, PushKind, Target, TargetKind
from rekindle.push.payloads import Occasion, Payload, payload_of
from rekindle.push.texts import CATALOGUE
from testing import fcm_wire
from testing.builders import a_token, an_instant
from testing.fcm_wire import PROJECT, Answer, FcmWire, failure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from delivery.gateway import Outcome
    from delivery.transport import Answer as Reply
    from delivery.transport import Transport

TIMEOUT: Final = (30, 2)
PAYLOAD: Final = payload_of(
    Occasion(PushKind.PROMPT, dt.date(2026, 3, 2), an_instant()),
    Language("en"),
    an_instant(),
    quiet=False,
    app_link="https://a.example",
)
TEXTS: Final = [text for kinds in CATALOGUE.values() for variants in kinds.values() for text in variants.values()]


def of_the_stand_in(kind: stand_in.FaultKind, retry_after: int | None = None) -> Answer:
    """The local stand-in's answer to a fault."""
    response = stand_in._refusal(kind, retry_after).response
    headers = {"Retry-After": response.headers["retry-after"]} if "retry-after" in response.headers else {}
    return Answer(response.status_code, bytes(response.body), headers)


def at_the_time(seconds: int) -> str:
    """A date for Retry-After, so many seconds from now."""
    now = email.utils.parsedate_to_datetime(email.utils.formatdate(usegmt=True))
    return email.utils.format_datetime(now + dt.timedelta(seconds=seconds), usegmt=True)


def shaped(status: int, body: object, **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, content, {name.replace("_", "-"): value for name, value in headers.items()})


ANSWERS: Final = {
    "unregistered": fcm_wire.UNREGISTERED,
    "another sender's": fcm_wire.OTHER_SENDER,
    "a malformed token": fcm_wire.MALFORMED_TOKEN,
    "our mistake": fcm_wire.OUR_MISTAKE,
    "quota": fcm_wire.QUOTA,
    "quota without a time": failure(429, "RESOURCE_EXHAUSTED", fcm="QUOTA_EXCEEDED"),
    "quota without a code": failure(429, "RESOURCE_EXHAUSTED"),
    "unavailable": fcm_wire.UNAVAILABLE,
    "unavailable without a time": failure(503, "UNAVAILABLE", fcm="UNAVAILABLE"),
    "internal": fcm_wire.INTERNAL,
    "unauthenticated": fcm_wire.UNAUTHENTICATED,
    "Apple says no": fcm_wire.APPLE_SAYS_NO,
    "Apple says no, by its older name": failure(401, "UNAUTHENTICATED", fcm="APNS_AUTH_ERROR"),
    "Apple says no, without FCM's code": failure(401, "UNAUTHENTICATED", fcm_wire.apns(403, "InvalidProviderToken")),
    "Apple's other environment": fcm_wire.OTHER_ENVIRONMENT,
    "gone at Apple": fcm_wire.GONE_AT_APPLE,
    "no device of Apple's": fcm_wire.NO_DEVICE_OF_APPLE,
    **{f"the stand-in's {kind}": of_the_stand_in(kind) for kind in stand_in.FaultKind},
    "the stand-in's QUOTA with a time": of_the_stand_in(stand_in.FaultKind.QUOTA, 7),
    "the stand-in's UNAVAILABLE with a time": of_the_stand_in(stand_in.FaultKind.UNAVAILABLE, 7),
    "an empty body": shaped(500, b""),
    "an empty body with a time": shaped(503, b"", Retry_After="9"),
    "a proxy's page": fcm_wire.A_PROXY_S_PAGE,
    "a proxy's page with 403": shaped(403, b"<html>Forbidden</html>"),
    "not found, without details": failure(404, "NOT_FOUND"),
    "not found, by a proxy": shaped(404, b"not here"),
    "half of a JSON": shaped(503, b'{"error": {"code": 503, "mess'),
    "another JSON": shaped(500, ["error"]),
    "an error that is a string": shaped(400, {"error": "invalid_request"}),
    "an error that is nothing": shaped(500, {"error": None}),
    "details that are a string": shaped(400, {"error": {"status": "INVALID_ARGUMENT", "details": "none"}}),
    "details that are nothing": shaped(400, {"error": {"status": "INVALID_ARGUMENT", "details": None}}),
    "bytes that are no text": shaped(500, b"\xff\xfe"),
    "an unknown status": shaped(400, {"error": {"status": "NEVER_HEARD_OF", "message": "?"}}),
    "an unknown code of FCM": failure(400, "INVALID_ARGUMENT", fcm="NEVER_HEARD_OF"),
    "no message": shaped(400, {"error": {"status": "INVALID_ARGUMENT"}}),
    "a status that is not that of HTTP": shaped(500, {"error": {"status": "UNAVAILABLE", "message": "busy"}}),
    **{f"{status} and nothing more": shaped(status, {}) for status in (400, 401, 403, 404, 409, 412, 418, 429, 500)},
    **{f"{status} by a gateway": shaped(status, b"upstream") for status in (502, 503, 504)},
    "taken, in words that are not FCM's": shaped(200, b"<html>Sign in to this network</html>"),
    "taken, with half of a JSON": shaped(200, b'{"na'),
    "taken, without a name": shaped(200, {}),
    "taken": shaped(200, {"name": "projects/p/messages/1"}),
}

FAILURES: Final = {
    "it hangs up": fcm_wire.HANGS_UP,
    "it is cut off": replace(fcm_wire.INTERNAL, cut_off=True),
    "it does not answer": Answer(200, {"name": "late"}, after=fcm_wire.NEVER),
}
"""What is no answer: of these the words after the first colon are those of whoever sends."""


@pytest.fixture
def fast(wire: FcmWire) -> Iterator[Transport]:
    transport = Libcurl(wire.url, PROJECT, TIMEOUT)
    yield transport
    transport.close()


@pytest.fixture
def sdk(wire: FcmWire) -> Iterator[Transport]:
    transport = Sdk(wire.url, PROJECT, TIMEOUT)
    yield transport
    transport.close()


def send(transport: Transport, target: Target, payload: Payload = PAYLOAD) -> Reply:
    (answer,) = transport.send(message_of(payload), [target], "access", until=float("inf"))
    return answer


def told(answer: Reply) -> Any:
    """All that an answer says."""
    if not isinstance(answer, exceptions.FirebaseError):
        return answer
    response = answer.http_response
    received = (response.status_code, response.content) if response is not None else None
    return type(answer), answer.code, str(answer), received


def outcome(answer: Reply) -> Outcome:
    assert answer is not Told.NOT_BEGUN
    return outcome_of(answer if isinstance(answer, exceptions.FirebaseError) else None)


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_is_the_same_error_and_the_same_outcome(
    wire: FcmWire, fast: Transport, sdk: Transport, answer: Answer
) -> None:
    target = Target(TargetKind.TOKEN, a_token())
    wire.script[target.value] = [answer] * 2
    by_sdk, by_us = send(sdk, target), send(fast, target)
    assert told(by_us) == told(by_sdk)
    assert outcome(by_us) == outcome(by_sdk)


@pytest.mark.parametrize("answer", FAILURES.values(), ids=FAILURES)
def test_a_failure_is_the_same_error_and_the_same_outcome(
    wire: FcmWire, fast: Transport, sdk: Transport, answer: Answer
) -> None:
    target = Target(TargetKind.TOKEN, a_token())
    wire.script[target.value] = [answer] * 10
    by_sdk = send(sdk, target)
    attempts = wire.attempts[target.value]
    by_us = send(fast, target)
    assert isinstance(by_us, exceptions.FirebaseError)
    assert isinstance(by_sdk, exceptions.FirebaseError)
    assert (type(by_us), by_us.code) == (type(by_sdk), by_sdk.code)
    assert str(by_us).partition(":")[0] == str(by_sdk).partition(":")[0]
    assert by_us.http_response is by_sdk.http_response is None
    assert outcome(by_us) == outcome(by_sdk)
    assert wire.attempts[target.value] == 2 * attempts


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", "http://nobody.invalid", "https://{}"])
def test_a_service_that_cannot_be_reached_is_the_same_error(wire: FcmWire, endpoint: str) -> None:
    """Nobody listens, nobody has that name, and somebody listens who speaks no TLS."""
    target, answers = Target(TargetKind.TOKEN, a_token()), []
    for connect in (Libcurl, Sdk):
        transport = connect(endpoint.format(wire.url.removeprefix("http://")), PROJECT, TIMEOUT)
        answers.append(send(transport, target))
        transport.close()
    by_us, by_sdk = answers
    assert type(by_us) is type(by_sdk) is exceptions.UnavailableError
    assert str(by_us).partition(":")[0] == str(by_sdk).partition(":")[0]


def test_retry_after_as_a_date_is_honoured_by_both(wire: FcmWire, fast: Transport, sdk: Transport) -> None:
    target = Target(TargetKind.TOKEN, a_token())
    wire.script[target.value] = [replace(fcm_wire.UNAVAILABLE, headers={"Retry-After": at_the_time(150)})] * 2
    for transport in (sdk, fast):
        wait = outcome(send(transport, target)).wait
        # They read it against the answer's own date and the machine's; a second may lie between the two.
        assert dt.timedelta(seconds=148) <= wait <= dt.timedelta(seconds=150)


@pytest.mark.parametrize("kind", TargetKind)
@pytest.mark.parametrize("quiet", [True, False], ids=["quiet", "loud"])
def test_a_message_is_what_the_sdk_sends_in_every_text_of_the_catalogue(
    wire: FcmWire, fast: Transport, sdk: Transport, kind: TargetKind, *, quiet: bool
) -> None:
    for text in TEXTS:
        payload, target = replace(PAYLOAD, text=text, quiet=quiet), Target(kind, a_token())
        assert send(sdk, target, payload) is send(fast, target, payload) is Told.ACCEPTED
        by_sdk, by_us = map(json.loads, wire.bodies[-2:])
        assert by_us == by_sdk
        assert by_us["message"][kind] == target.value


@pytest.mark.parametrize("kind", TargetKind)
@pytest.mark.parametrize(
    "value",
    [
        'a "quoted" one',
        "back\\slashes\\",
        "\0target\0",
        '"\\u0000target\\u0000"',
        "schön 💙 \u2028",
        "x" * 4096,
        "{}%s\r\n",
    ],
    ids=["quotes", "backslashes", "the mark", "the encoded mark", "unicode", "long", "control characters"],
)
def test_whatever_a_target_holds_arrives_as_it_is(
    wire: FcmWire, fast: Transport, sdk: Transport, kind: TargetKind, value: str
) -> None:
    for transport in (sdk, fast):
        assert send(transport, Target(kind, value)) is Told.ACCEPTED
    by_sdk, by_us = map(json.loads, wire.bodies)
    assert by_us == by_sdk
    assert by_us["message"][kind] == value
