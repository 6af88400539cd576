"""The caller of an API Gateway event, whose authorizer has verified their token."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rekindle.api.problems import Problem, ProblemError
from rekindle.domain.ids import Uid
from rekindle.store.instants import from_millis

if TYPE_CHECKING:
    from collections.abc import Mapping

CLOCKS_DIFFER: Final = dt.timedelta(minutes=5)
"""How far the clock that signs tokens may be ahead of ours. A sign-in further ahead does not count."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The verified caller, and when the call reached API Gateway.

    `signed_in_at` is when they last signed in. Renewing a token keeps it. None if the token does not say.
    """

    uid: Uid
    instant: dt.datetime
    signed_in_at: dt.datetime | None = None

    def has_signed_in_within(self, time: dt.timedelta) -> bool:
        """Return whether they signed in within this time, with some tolerance for clocks that differ."""
        return self.signed_in_at is not None and -CLOCKS_DIFFER <= self.instant - self.signed_in_at <= time

    def seconds_until(self, instant: dt.datetime) -> int:
        """Return the seconds from the call to a later instant, rounded up."""
        return math.ceil((instant - self.instant).total_seconds())


def caller_of(event: Mapping[str, Any]) -> Caller:
    """Return the caller of an HTTP API event. Raise ProblemError if nobody has signed in."""
    claims = claims_of(event)
    return Caller(Uid(claims["sub"]), called_at(event), _instant_of(claims.get("auth_time")))


def claims_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the verified claims of the token. Raise ProblemError if nobody has signed in."""
    claims: Any = event["requestContext"]
    for name in ("authorizer", "jwt", "claims"):
        claims = (claims or {}).get(name)
    if not (claims or {}).get("sub"):
        # API Gateway lets nobody through without a token. This is a second check.
        raise ProblemError(Problem.NOT_SIGNED_IN)
    found: dict[str, Any] = claims
    return found


def called_at(event: Mapping[str, Any]) -> dt.datetime:
    """Return the instant at which the call reached API Gateway."""
    return from_millis(event["requestContext"]["timeEpoch"])


def _instant_of(seconds: object) -> dt.datetime | None:
    # It is signed as a number, and API Gateway passes it on as text.
    try:
        return from_millis(int(float(str(seconds)) * 1000))
    except (ValueError, OverflowError):
        return None
