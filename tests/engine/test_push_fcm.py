"""The gateway sends pages of pushes to FCM over HTTP, and handles each answer."""

from __future__ import annotations

import contextlib
import datetime as dt
import email.utils
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest
from google.auth.credentials import CredentialsWithRegionalAccessBoundary

from delivery.credential import credential_from
from delivery.fcm import FcmGateway, message_of
from delivery.gateway import DELIVERED, LONGEST_SEND, NO_TIME, CredentialError, Fate, Outcome
from delivery.libcurl import AT_ONCE, Libcurl, addressed
from rekindle.domain.ids import Language
from rekindle.domain.persons import Target, TargetKind
from rekindle.domain.pushes import PushKind
from rekindle.push.payloads import Occasion, Payload, payload_of
from rekindle.push.texts import CATALOGUE
from testing import fcm_wire
from testing.builders import a_token, an_instant
from testing.fcm_sdk import Sdk
from testing.fcm_wire import PROJECT, Answer, FcmWire, failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_mock import MockerFixture


PAYLOAD = payload_of(
    Occasion(PushKind.PROMPT, dt.date(2026, 3, 2), an_instant()),
    Language("en"),
    an_instant(),
    quiet=False,
    app_link="https://a.example",
)
TEXTS: Final = [text for kinds in CATALOGUE.values() for variants in kinds.values() for text in variants.values()]
PLENTY = dt.timedelta(minutes=2)
SECONDS = dt.timedelta(seconds=1)
IN_PARALLEL = 3 * AT_ONCE
"""A number of pushes so large that some have not begun when the first answers come."""


def a_gateway(wire: FcmWire, **transport: Any) -> FcmGateway:
    """Make a gateway to the wire; the arguments change its transport."""
    return FcmGateway(wire.credential, Libcurl(**{"endpoint": wire.url, "project": PROJECT, **transport}))


@pytest.fixture
def gateway(wire: FcmWire) -> Iterator[FcmGateway]:
    with contextlib.closing(a_gateway(wire)) as gateway:
        yield gateway


def target(token: str | None = None) -> Target:
    return Target(TargetKind.TOKEN, token or a_token())


def send(gateway: FcmGateway, *tokens: str, within: dt.timedelta = PLENTY) -> list[Outcome]:
    return gateway.send(PAYLOAD, [target(token) for token in tokens], within)


def tokens(count: int) -> Sequence[str]:
    return [a_token() for _ in range(count)]


def test_a_page_goes_out_whole_and_says_what_the_payload_says(wire: FcmWire, gateway: FcmGateway) -> None:
    page = tokens(IN_PARALLEL)
    assert send(gateway, *page) == [DELIVERED] * IN_PARALLEL
    assert sorted(message["token"] for message in wire.messages) == sorted(page)
    assert wire.paths == {f"/v1/projects/{PROJECT}/messages:send"}
    expected = message_of(PAYLOAD)
    expected.token = page[0]
    assert wire.delivered_to(page[0]) == [json.loads(str(expected))]


def test_an_empty_page_sends_nothing(wire: FcmWire, gateway: FcmGateway) -> None:
    assert send(gateway) == []
    assert wire.bodies == []


def test_outcomes_are_in_the_order_of_their_targets(wire: FcmWire, gateway: FcmGateway) -> None:
    """The answer for the first target may come last."""
    slow, dead, *fine = tokens(12)
    wire.script[slow] = [replace(fcm_wire.INTERNAL, after=0.2)]
    wire.script[dead] = [fcm_wire.UNREGISTERED]
    later, gone = Outcome(Fate.LATER, "INTERNAL"), Outcome(Fate.DEAD, "UNREGISTERED")
    assert send(gateway, slow, *fine, dead) == [later, *[DELIVERED] * 10, gone]


def test_kinds_of_targets_can_share_a_page(wire: FcmWire, gateway: FcmGateway) -> None:
    page = [Target(TargetKind.TOKEN, "one"), Target(TargetKind.FID, "two"), Target(TargetKind.TOKEN, "three")]
    assert gateway.send(PAYLOAD, page, PLENTY) == [DELIVERED] * 3
    assert {(message.get("token"), message.get("fid")) for message in wire.messages} == {
        ("one", None),
        (None, "two"),
        ("three", None),
    }


def test_the_access_token_is_had_once_for_many_pages(wire: FcmWire, gateway: FcmGateway) -> None:
    for _ in range(3):
        send(gateway, *tokens(5))
    assert wire.token_requests == 1
    assert set(wire.bearers) == {"access"}


def test_nobody_asks_google_in_the_background_where_the_account_may_be_used(
    wire: FcmWire, gateway: FcmGateway, mocker: MockerFixture
) -> None:
    """google-auth would ask with each request that it authorizes, in a thread that a frozen function leaves hanging."""
    seam = "_maybe_start_regional_access_boundary_refresh"
    asked = mocker.patch.object(CredentialsWithRegionalAccessBoundary, seam, autospec=True)
    assert send(gateway, *tokens(3)) == [DELIVERED] * 3
    assert wire.token_requests == 1
    asked.assert_not_called()


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (fcm_wire.UNREGISTERED, Outcome(Fate.DEAD, "UNREGISTERED")),
        (fcm_wire.QUOTA, Outcome(Fate.LATER, "QUOTA_EXCEEDED", dt.timedelta(seconds=120))),
        (fcm_wire.UNAVAILABLE, Outcome(Fate.LATER, "UNAVAILABLE", dt.timedelta(seconds=30))),
        (fcm_wire.INTERNAL, Outcome(Fate.LATER, "INTERNAL")),
        (
            fcm_wire.APPLE_SAYS_NO,
            Outcome(Fate.APNS, "FCM cannot sign in to Apple", detail="InvalidProviderToken"),
        ),
    ],
    ids=lambda value: f"{value.status}" if isinstance(value, Answer) else f"{value.fate}-{value.reason}",
)
def test_an_answer_has_its_outcome_after_one_try_and_no_sleep(
    wire: FcmWire, gateway: FcmGateway, answer: Answer, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By default the SDK would sleep for Retry-After, and retry four times after a 500 or 503.

    `tests/domain/test_delivery_answers.py` has the outcomes of all answers.
    """
    failing, fine = a_token(), a_token()
    wire.script[failing] = [answer]
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    assert send(gateway, failing, fine) == [outcome, DELIVERED]
    assert not any(slept)
    assert wire.attempts[failing] == 1
    assert wire.token_requests == 1


@pytest.mark.parametrize(
    ("answer", "wait"),
    [
        (fcm_wire.QUOTA, 120 * SECONDS),
        (failure(429, "RESOURCE_EXHAUSTED", fcm="QUOTA_EXCEEDED"), 60 * SECONDS),
        (fcm_wire.UNAVAILABLE, 30 * SECONDS),
    ],
    ids=["429", "429 without a time", "503 with a time"],
)
def test_once_fcm_asks_to_wait_no_further_send_of_the_page_is_begun(
    wire: FcmWire, gateway: FcmGateway, answer: Answer, wait: dt.timedelta
) -> None:
    """The answers to pushes under way are still read. The other pushes wait as long, with the same reason."""
    page = tokens(IN_PARALLEL)
    wire.script[page[3]] = [answer]
    outcomes = send(gateway, *page)
    begun = sum(wire.attempts.values())
    assert AT_ONCE <= begun < IN_PARALLEL
    assert outcomes[3].wait == wait
    assert outcomes[:begun].count(DELIVERED) == begun - 1
    assert outcomes[begun:] == [outcomes[3]] * (IN_PARALLEL - begun)
    assert send(gateway, page[-1]) == [DELIVERED]


def test_a_service_that_is_down_without_a_word_of_when_does_not_stop_the_page(
    wire: FcmWire, gateway: FcmGateway
) -> None:
    page = tokens(IN_PARALLEL)
    wire.script[page[3]] = [failure(503, "UNAVAILABLE", fcm="UNAVAILABLE")]
    outcomes = send(gateway, *page)
    assert outcomes[3] == Outcome(Fate.LATER, "UNAVAILABLE")
    assert outcomes.count(DELIVERED) == IN_PARALLEL - 1


def test_with_too_little_time_for_the_longest_send_none_is_begun(wire: FcmWire, gateway: FcmGateway) -> None:
    assert send(gateway, *tokens(2), within=LONGEST_SEND - dt.timedelta(milliseconds=1)) == [NO_TIME] * 2
    assert send(gateway, *tokens(2), within=-LONGEST_SEND) == [NO_TIME] * 2
    assert wire.bodies == []
    assert wire.token_requests == 0


def test_a_page_ends_when_its_time_does_and_says_what_it_did_not_begin(wire: FcmWire, gateway: FcmGateway) -> None:
    """The answers to the requests under way are still read."""
    page = tokens(IN_PARALLEL)
    for token in page[:AT_ONCE]:
        wire.script[token] = [Answer(200, {"name": "slow"}, after=0.1)]
    outcomes = send(gateway, *page, within=LONGEST_SEND)
    assert outcomes == [DELIVERED] * AT_ONCE + [NO_TIME] * (IN_PARALLEL - AT_ONCE)
    assert sum(wire.attempts.values()) == AT_ONCE


def test_a_page_that_a_pace_holds_back_goes_out_whole(wire: FcmWire) -> None:
    """The page has many times as many pushes as may begin at once. At some moments no push is under way."""
    page = tokens(AT_ONCE)
    with contextlib.closing(a_gateway(wire, pushes_per_second=400)) as gateway:
        assert send(gateway, *page) == [DELIVERED] * AT_ONCE
        assert send(gateway, *page) == [DELIVERED] * AT_ONCE
    assert set(wire.attempts.values()) == {2}


def test_an_answer_that_does_not_come_is_for_later(wire: FcmWire) -> None:
    """FCM may have delivered the push. Its collapse id makes a repeat harmless."""
    slow = a_token()
    wire.script[slow] = [Answer(200, {"name": "too late"}, after=fcm_wire.NEVER)]
    with contextlib.closing(a_gateway(wire, timeout=(5, 0.1))) as gateway:
        assert send(gateway, slow) == [Outcome(Fate.LATER, "DEADLINE_EXCEEDED")]
    assert wire.attempts[slow] == 1


def test_an_answer_that_is_cut_off_is_for_later_and_not_repeated(wire: FcmWire, gateway: FcmGateway) -> None:
    cut = a_token()
    wire.script[cut] = [replace(fcm_wire.INTERNAL, cut_off=True)] * 5
    assert send(gateway, cut) == [Outcome(Fate.LATER, "UNKNOWN")]
    assert wire.attempts[cut] == 1


@pytest.mark.parametrize("kept", [False, True], ids=["new connections", "kept connections"])
def test_connections_that_were_cut_off_are_made_anew_once(wire: FcmWire, gateway: FcmGateway, *, kept: bool) -> None:
    """A function that was frozen for minutes finds its kept connections closed."""
    cut, broken = a_token(), a_token()
    wire.script[cut] = [fcm_wire.HANGS_UP]
    wire.script[broken] = [fcm_wire.HANGS_UP] * 5
    if kept:
        assert send(gateway, *tokens(2)) == [DELIVERED] * 2
    assert send(gateway, cut, broken) == [DELIVERED, Outcome(Fate.LATER, "UNAVAILABLE")]
    assert (wire.attempts[cut], wire.attempts[broken]) == (2, 2)


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", "http://nobody.invalid", "https://{}"])
def test_a_service_that_cannot_be_reached_is_for_later(wire: FcmWire, endpoint: str) -> None:
    """Three cases: no server listens, no server has the name, and a server listens that speaks no TLS."""
    with contextlib.closing(a_gateway(wire, endpoint=endpoint.format(wire.url.removeprefix("http://")))) as gateway:
        assert send(gateway, a_token()) == [Outcome(Fate.LATER, "UNAVAILABLE")]


def test_retry_after_as_a_date_is_obeyed(wire: FcmWire, gateway: FcmGateway) -> None:
    token, now = a_token(), email.utils.parsedate_to_datetime(email.utils.formatdate(usegmt=True))
    date = email.utils.format_datetime(now + 150 * SECONDS, usegmt=True)
    wire.script[token] = [replace(fcm_wire.UNAVAILABLE, headers={"Retry-After": date})]
    (outcome,) = send(gateway, token)
    assert 140 * SECONDS <= outcome.wait <= 150 * SECONDS


@pytest.fixture(scope="module")
def sdk() -> Iterator[Sdk]:
    sdk = Sdk()
    yield sdk
    sdk.close()


def assert_sent_as_by_the_sdk(
    wire: FcmWire, gateway: FcmGateway, sdk: Sdk, target: Target, payload: Payload = PAYLOAD
) -> None:
    assert gateway.send(payload, [target], PLENTY) == [DELIVERED]
    sent = json.loads(wire.bodies[-1])
    assert sent["message"][target.kind] == target.value
    sdk.encoded(addressed(message_of(payload), target), Answer(200, {"name": "taken"}))
    by_sdk = json.loads(sdk.bodies[-1])
    by_sdk.pop("validate_only", None)
    assert sent == by_sdk


@pytest.mark.parametrize("kind", TargetKind)
@pytest.mark.parametrize("quiet", [True, False], ids=["quiet", "loud"])
def test_a_message_is_what_the_sdk_sends_in_every_text_of_the_catalogue(
    wire: FcmWire, gateway: FcmGateway, sdk: Sdk, kind: TargetKind, *, quiet: bool
) -> None:
    for text in TEXTS:
        payload = replace(PAYLOAD, text=text, quiet=quiet)
        assert_sent_as_by_the_sdk(wire, gateway, sdk, Target(kind, a_token()), payload)


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
def test_a_target_arrives_unchanged_whatever_it_holds(
    wire: FcmWire, gateway: FcmGateway, sdk: Sdk, kind: TargetKind, value: str
) -> None:
    assert_sent_as_by_the_sdk(wire, gateway, sdk, Target(kind, value))


def test_an_access_token_that_fcm_takes_no_longer_is_renewed_once_a_page(wire: FcmWire, gateway: FcmGateway) -> None:
    assert send(gateway, a_token()) == [DELIVERED]
    wire.refused_bearers = {"access"}
    wire.token_answer = Answer(200, {"access_token": "renewed", "expires_in": 3600})
    page = tokens(IN_PARALLEL)
    assert send(gateway, *page) == [DELIVERED] * IN_PARALLEL
    assert wire.token_requests == 2
    assert all(wire.attempts[token] <= 2 for token in page)
    # The rest of the page was not sent with the old token.
    assert wire.bearers.count("access") < IN_PARALLEL
    assert wire.bearers.count("renewed") == IN_PARALLEL


def test_a_credential_that_fcm_refuses_for_good_is_reported_after_one_more_try(
    wire: FcmWire, gateway: FcmGateway
) -> None:
    wire.refused_bearers = {"access"}
    page = tokens(IN_PARALLEL)
    assert send(gateway, *page) == [Outcome(Fate.UNAUTHORISED, "UNAUTHENTICATED")] * IN_PARALLEL
    assert wire.token_requests == 2
    assert max(wire.attempts.values()) == 2


def test_a_refused_push_is_not_sent_again_once_fcm_asks_to_wait(wire: FcmWire, gateway: FcmGateway) -> None:
    refused, full = a_token(), a_token()
    wire.script[refused], wire.script[full] = [fcm_wire.UNAUTHENTICATED], [fcm_wire.QUOTA]
    outcomes = send(gateway, refused, full)
    assert [outcome.fate for outcome in outcomes] == [Fate.UNAUTHORISED, Fate.LATER]
    assert wire.token_requests == 1
    assert wire.attempts[refused] == 1


def test_a_sign_in_that_fails_within_a_page_concerns_only_the_pushes_that_need_it(
    wire: FcmWire, gateway: FcmGateway
) -> None:
    assert send(gateway, a_token()) == [DELIVERED]
    refused, fine = a_token(), a_token()
    for answer, outcome in (
        (Answer(503, {}), Outcome(Fate.LATER, "TransportError")),
        (Answer(400, {"error": "invalid_grant"}), Outcome(Fate.UNAUTHORISED, "UNAUTHENTICATED")),
    ):
        wire.script[refused] = [fcm_wire.UNAUTHENTICATED]
        wire.token_answer = answer
        assert send(gateway, refused, fine) == [outcome, DELIVERED]


def test_a_credential_that_google_refuses_is_an_error_at_once(wire: FcmWire, gateway: FcmGateway) -> None:
    wire.token_answer = Answer(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
    token = a_token()
    with pytest.raises(CredentialError):
        send(gateway, token)
    assert wire.attempts[token] == 0


def test_a_sign_in_that_is_down_is_for_later(wire: FcmWire) -> None:
    nowhere = credential_from(wire.secret.replace(wire.url, "http://127.0.0.1:9"))
    with contextlib.closing(FcmGateway(nowhere, Libcurl(wire.url, PROJECT))) as gateway:
        assert send(gateway, *tokens(2)) == [Outcome(Fate.LATER, "TransportError")] * 2


def test_a_sign_in_that_has_a_fault_is_asked_once_and_is_for_later(wire: FcmWire, gateway: FcmGateway) -> None:
    """By default google-auth would sleep for seconds and ask three times."""
    wire.token_answer = Answer(503, {"error": "temporarily_unavailable"})
    assert send(gateway, *tokens(2)) == [Outcome(Fate.LATER, "TransportError")] * 2
    assert wire.token_requests == 1
    assert wire.bodies == []
