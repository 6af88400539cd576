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
