"""A caller's uid and sign-in time are read from every shape of API Gateway's event."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from rekindle.api.callers import Caller, caller_of
from rekindle.api.problems import Problem, ProblemError
from rekindle.domain.ids import Uid
from testing.builders import an_instant
from testing.phones import http_event

NOW = an_instant()


def of(**claims: Any) -> Caller:
    event = http_event("GET", "/v1/me", "ada", NOW, None)
    event["requestContext"]["authorizer"]["jwt"]["claims"] |= claims
    return caller_of(event)


@pytest.mark.parametrize("auth_time", ["1772463600", "1.7724636e+09", 1772463600], ids=repr)
def test_when_somebody_signed_in_is_read_as_it_comes(auth_time: object) -> None:
    caller = of(auth_time=auth_time, iat=auth_time)
    assert caller == Caller(Uid("ada"), NOW, NOW, NOW, "token-of-ada", "https://api.example/console")


@pytest.mark.parametrize("auth_time", ["", "soon", "nan", "-inf", "1e300", "[]"])
def test_a_sign_in_without_a_valid_instant_is_none(auth_time: str) -> None:
    assert of(auth_time=auth_time).signed_in_at is None
    assert not of(auth_time=auth_time).has_signed_in_within(dt.timedelta.max)


@pytest.mark.parametrize(("ahead", "recent"), [(0, True), (300, True), (301, False), (-900, True), (-901, False)])
def test_a_sign_in_is_recent_for_a_while_and_not_ahead_of_time(ahead: int, *, recent: bool) -> None:
    caller = of(auth_time=str(int(NOW.timestamp()) + ahead))
    assert caller.has_signed_in_within(dt.timedelta(minutes=15)) == recent


@pytest.mark.parametrize(
    "context",
    [
        {},
        *({"authorizer": authorizer} for authorizer in (None, True, "jwt", {"jwt": True}, {"jwt": ["claims"]})),
        *(
            {"authorizer": {"jwt": {"claims": claims}}}
            for claims in ({}, "sub", {"sub": ""}, {"sub": 5}, {"sub": ["a"]})
        ),
    ],
)
def test_a_request_without_a_caller_is_refused(context: dict[str, Any]) -> None:
    with pytest.raises(ProblemError) as refused:
        caller_of({"requestContext": {"timeEpoch": 0, **context}})
    assert refused.value.problem is Problem.NOT_SIGNED_IN


@pytest.mark.parametrize(("after", "seconds"), [(dt.timedelta(seconds=5), 5), (dt.timedelta(microseconds=1), 1)])
def test_a_wait_is_never_too_short(after: dt.timedelta, seconds: int) -> None:
    assert of().seconds_until(NOW + after) == seconds


@pytest.mark.parametrize("header", ["Bearer a.b.c", "bearer a.b.c", "Bearer  a.b.c", "BEARER\ta.b.c ", "a.b.c"])
def test_the_token_is_found_in_every_header_that_the_authorizer_may_accept(header: str) -> None:
    event = http_event("GET", "/v1/me", "ada", NOW, None)
    event["headers"]["authorization"] = header
    assert caller_of(event).token == "a.b.c"


@pytest.mark.parametrize("header", ["", " "])
def test_an_empty_header_has_no_token(header: str) -> None:
    event = http_event("GET", "/v1/me", "ada", NOW, None)
    event["headers"]["authorization"] = header
    assert caller_of(event).token == ""


class TestEndOfToken:
    """A token without an end, or whose end has come, makes no caller."""

    @pytest.mark.parametrize("exp", [str(int(NOW.timestamp()) + 1), f"{NOW.timestamp() + 1:e}", NOW.timestamp() + 1])
    def test_a_token_is_valid_until_its_end(self, exp: object) -> None:
        assert of(exp=exp).uid == "ada"

    @pytest.mark.parametrize("exp", [0, -1, -3600])
    def test_a_token_is_refused_from_its_end_on(self, exp: int) -> None:
        """API Gateway's clock gives both the instant and its own check, so no second is granted."""
        refuse(exp=str(int(NOW.timestamp()) + exp))

    @pytest.mark.parametrize("exp", ["", "never", "nan", "inf", "-inf", "1e300", "[]", None, True], ids=repr)
    def test_a_token_without_a_readable_end_is_refused(self, exp: object) -> None:
        refuse(exp=exp)

    def test_a_token_without_an_end_is_refused(self) -> None:
        event = http_event("GET", "/v1/me", "ada", NOW, None)
        del event["requestContext"]["authorizer"]["jwt"]["claims"]["exp"]
        with pytest.raises(ProblemError) as refused:
            caller_of(event)
        assert refused.value.problem is Problem.NOT_SIGNED_IN

    @pytest.mark.parametrize("ahead", [0, 299])
    def test_a_token_may_be_issued_by_a_clock_that_is_a_little_ahead(self, ahead: int) -> None:
        assert of(iat=str(int(NOW.timestamp()) + ahead)).uid == "ada"

    @pytest.mark.parametrize("ahead", [300, 3600, 7200])
    def test_a_token_that_will_be_issued_later_or_after_its_end_is_refused(self, ahead: int) -> None:
        refuse(iat=str(int(NOW.timestamp()) + ahead))
        refuse(iat=str(int(NOW.timestamp())), exp=str(int(NOW.timestamp())))


def refuse(**claims: Any) -> None:
    with pytest.raises(ProblemError) as refused:
        of(**claims)
    assert refused.value.problem is Problem.NOT_SIGNED_IN
