"""What the gateway does on the wire."""

from __future__ import annotations

import datetime as dt
import json
import time
from typing import TYPE_CHECKING

import pytest

from delivery.fcm import FcmGateway, credential_from, message_of
from delivery.gateway import AT_ONCE, DELIVERED, CredentialError, Fate, Outcome
from rekindle.models import Language, PushKind
from rekindle.push.payloads import Occasion, payload_of
from tests.builders import a_token, an_instant
from tests.integration import fcm_wire
from tests.integration.fcm_wire import PROJECT, Answer, FcmWire, failure

if TYPE_CHECKING:
    from collections.abc import Iterator

PAYLOAD = payload_of(
    Occasion(PushKind.PROMPT, dt.date(2026, 3, 2), an_instant()),
    Language("en"),
    an_instant(),
    quiet=False,
    app_link="https://a.example",
)


@pytest.fixture
def gateway(wire: FcmWire) -> Iterator[FcmGateway]:
    gateway = FcmGateway(credential_from(wire.secret), PROJECT, wire.url)
    yield gateway
    gateway.close()


def test_a_page_goes_out_whole_and_says_what_the_payload_says(wire: FcmWire, gateway: FcmGateway) -> None:
    tokens = [a_token() for _ in range(AT_ONCE)]
    assert gateway.send(PAYLOAD, tokens) == [DELIVERED] * AT_ONCE
    assert sorted(message["token"] for message in wire.messages) == sorted(tokens)
    assert wire.paths == {f"/v1/projects/{PROJECT}/messages:send"}
    expected = message_of(PAYLOAD)
    expected.token = tokens[0]
    assert wire.delivered_to(tokens[0]) == [json.loads(str(expected))]


def test_the_access_token_is_had_once_for_many_pages(wire: FcmWire, gateway: FcmGateway) -> None:
    for _ in range(3):
        gateway.send(PAYLOAD, [a_token() for _ in range(5)])
    assert wire.token_requests == 1


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (fcm_wire.UNREGISTERED, Outcome(Fate.DEAD, "UnregisteredError")),
        (fcm_wire.OTHER_SENDER, Outcome(Fate.DEAD, "SenderIdMismatchError")),
        (fcm_wire.MALFORMED_TOKEN, Outcome(Fate.DEAD, "InvalidArgumentError")),
        (fcm_wire.OUR_MISTAKE, Outcome(Fate.REFUSED, "InvalidArgumentError")),
        (fcm_wire.QUOTA, Outcome(Fate.LATER, "QuotaExceededError", dt.timedelta(seconds=120))),
        (fcm_wire.UNAVAILABLE, Outcome(Fate.LATER, "UnavailableError", dt.timedelta(seconds=30))),
        (fcm_wire.INTERNAL, Outcome(Fate.LATER, "InternalError")),
        (fcm_wire.UNAUTHENTICATED, Outcome(Fate.UNAUTHORISED, "UnauthenticatedError")),
        (fcm_wire.APPLE_SAYS_NO, Outcome(Fate.UNAUTHORISED, "ThirdPartyAuthError")),
        (failure(502, "BAD_GATEWAY"), Outcome(Fate.LATER, "UnknownError")),
    ],
    ids=lambda value: f"{value.status}" if isinstance(value, Answer) else f"{value.fate}-{value.reason}",
)
def test_each_answer_of_fcm_has_its_outcome_after_one_try_and_no_sleep(
    wire: FcmWire, gateway: FcmGateway, answer: Answer, outcome: Outcome
) -> None:
    """Left alone, the SDK would sleep through Retry-After, and come again four times on a 500 or 503."""
    failing, fine = a_token(), a_token()
    wire.script[failing] = [answer]
    began = time.monotonic()
    assert gateway.send(PAYLOAD, [failing, fine]) == [outcome, DELIVERED]
    assert time.monotonic() - began < 2
    assert wire.attempts[failing] == 1
    assert wire.token_requests == 1


def test_an_answer_that_does_not_come_is_for_later(wire: FcmWire) -> None:
    """It may have been delivered; its collapse id makes a repeat harmless."""
    gateway = FcmGateway(credential_from(wire.secret), PROJECT, wire.url, timeout=(1, 0.3))
    slow = a_token()
    wire.script[slow] = [Answer(200, {"name": "too late"}, after=0.6)]
    assert gateway.send(PAYLOAD, [slow]) == [Outcome(Fate.LATER, "DeadlineExceededError")]
    assert wire.attempts[slow] == 1
    gateway.close()


def test_a_connection_that_was_cut_off_is_made_anew_once(wire: FcmWire, gateway: FcmGateway) -> None:
    """A function that was frozen for minutes finds its kept connections closed."""
    cut, broken = a_token(), a_token()
    wire.script[cut] = [Answer(0, {})]
    wire.script[broken] = [Answer(0, {})] * 5
    assert gateway.send(PAYLOAD, [cut, broken]) == [DELIVERED, Outcome(Fate.LATER, "UnavailableError")]
    assert (wire.attempts[cut], wire.attempts[broken]) == (2, 2)


def test_a_service_that_is_down_is_for_later(wire: FcmWire) -> None:
    gateway = FcmGateway(credential_from(wire.secret), PROJECT, "http://127.0.0.1:9")
    assert gateway.send(PAYLOAD, [a_token()]) == [Outcome(Fate.LATER, "UnavailableError")]
    gateway.close()


def test_a_credential_that_google_refuses_is_an_error_at_once(wire: FcmWire, gateway: FcmGateway) -> None:
    wire.token_answer = Answer(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
    token = a_token()
    with pytest.raises(CredentialError):
        gateway.send(PAYLOAD, [token])
    assert wire.attempts[token] == 0


def test_a_sign_in_that_is_down_is_for_later(wire: FcmWire) -> None:
    gateway = FcmGateway(credential_from(wire.secret.replace(wire.url, "http://127.0.0.1:9")), PROJECT, wire.url)
    assert gateway.send(PAYLOAD, [a_token()] * 2) == [Outcome(Fate.LATER, "TransportError")] * 2
    gateway.close()
