"""Limit how many calls a person makes in a short time. Each process counts the calls that it gets, in its memory.

The calls of each sign-in count on their own. So whoever has stolen a sign-in cannot use up the calls of the owner, who
signs in again to end all other sign-ins, or to unpair.

This costs no request to a store. So it cannot be exact over all processes: `rekindle.domain.limits` has exact limits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rekindle.domain.ids import Uid

type SignIn = tuple[Uid, str]
"""A person, and the time of their sign-in as their token tells it. A renewed token tells the same time."""

BURST: Final = 60
"""A person may make this many calls at once. An app that is opened makes about ten calls."""
INTERVAL: Final = 250
"""In milliseconds. After a burst, a person may make one call in each interval, so four in a second."""
SIGN_INS: Final = 10_000
"""A process remembers at most this many sign-ins. They take about two megabytes."""
DISORDER: Final = 60_000
"""In milliseconds. Calls come out of order by less than this. An earlier call is a replay of an old event."""
LOGGED_EVERY: Final = 60_000
"""In milliseconds. A process logs at most one line about refused calls in this time."""


@dataclass(slots=True)
class CallLimit:
    """The calls that each sign-in has made in this process.

    Each call adds INTERVAL to the sign-in's backlog, and time reduces the backlog to nothing. A call is refused if the
    backlog is as long as BURST calls. A refused call adds nothing. `_over_at` maps each sign-in to the instant at which
    the backlog is over, in milliseconds since 1970. The sign-in that called last comes last.
    """

    _over_at: dict[SignIn, int] = field(default_factory=dict)
    _logged_at: int | None = None
    _unlogged: int = 0

    def seconds_to_wait(self, sign_in: SignIn, at: int) -> int:
        """Count a call at `at`, and return 0. If the call is refused, return the seconds after which one is allowed.

        `at` is in milliseconds since 1970, and the seconds are rounded up.
        """
        backlog = max(self._over_at.get(sign_in, at) - at, 0)
        if backlog > BURST * INTERVAL + DISORDER:
            backlog = 0
        excess = backlog - (BURST - 1) * INTERVAL
        if excess > 0:
            return math.ceil(excess / 1000)
        self._over_at.pop(sign_in, None)
        self._over_at[sign_in] = at + backlog + INTERVAL
        if len(self._over_at) > SIGN_INS:
            del self._over_at[next(iter(self._over_at))]
        return 0

    def refusals_to_log(self, at: int) -> int:
        """Count a refused call at `at`. Return how many were refused since the last line, or 0 to log no line now."""
        self._unlogged += 1
        if self._logged_at is not None and abs(at - self._logged_at) < LOGGED_EVERY:
            return 0
        refused, self._unlogged, self._logged_at = self._unlogged, 0, at
        return refused
