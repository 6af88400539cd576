"""Who calls, and when: what an event of API Gateway says once its authorizer has verified the token."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rekindle.api.problems import Problem, ProblemError
from rekindle.domain.models import Uid
from rekindle.store.instants import from_millis

if TYPE_CHECKING:
    from collections.abc import Mapping

CLOCKS_DIFFER: Final = dt.timedelta(minutes=5)
"""By how much the clock that signs a token may be ahead of ours. A sign-in further ahead is none."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as API Gateway's authorizer has verified, and when the call reached it.

    `signed_in_at` is when they last proved who they are, which a renewed token keeps; None if the token does not say.
    """

    uid: Uid
    instant: dt.datetime
    signed_in_at: dt.datetime | None = None

    def has_signed_in_within(self, time: dt.timedelta) -> bool:
        """Whether they have proved who they are so short a time ago; two clocks may differ by a little."""
        return self.signed_in_at is not None and -CLOCKS_DIFFER <= self.instant - self.signed_in_at <= time

    def seconds_until(self, instant: dt.datetime) -> int:
        """Return the seconds from the call to a later instant, rounded up."""
        return math.ceil((instant - self.instant).total_seconds())


def caller_of(event: Mapping[str, Any]) -> Caller:
    """The caller of an HTTP API event; a problem if nobody has signed in."""
    claims = claims_of(event)
    return Caller(Uid(claims["sub"]), called_at(event), _instant_of(claims.get("auth_time")))


def claims_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """What the token says that API Gateway's authorizer has verified; a problem if nobody has signed in."""
    claims: Any = event["requestContext"]
    for name in ("authorizer", "jwt", "claims"):
        claims = (claims or {}).get(name)
    if not (claims or {}).get("sub"):
        # API Gateway lets nobody through without a token; should it ever, nobody is served by mistake.
        raise ProblemError(Problem.NOT_SIGNED_IN)
    found: dict[str, Any] = claims
    return found


def called_at(event: Mapping[str, Any]) -> dt.datetime:
    """The instant at which the call reached API Gateway."""
    return from_millis(event["requestContext"]["timeEpoch"])


def _instant_of(seconds: object) -> dt.datetime | None:
    # A number when it was signed, and text by the time API Gateway hands it on.
    try:
        return from_millis(int(float(str(seconds)) * 1000))
    except (ValueError, OverflowError):
        return None
