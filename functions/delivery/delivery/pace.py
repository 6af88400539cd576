"""The pace of one worker, which together with the others must not use up what FCM grants a project."""

from __future__ import annotations

import sys
from typing import Final

BURST: Final = 0.05
"""Seconds whose share may be begun at once, after a pause."""


class Pace:
    """So many sends a second at most; None is as many as there are. Instants are seconds of the monotonic clock."""

    def __init__(self, per_second: float | None = None) -> None:
        self._apart = 1 / per_second if per_second else 0.0
        self._next = 0.0

    def allowed(self, now: float) -> int:
        """How many sends may be begun now."""
        if not self._apart:
            return sys.maxsize
        self._next = max(self._next, now - BURST)
        return int((now - self._next) / self._apart) + 1 if now >= self._next else 0

    def spend(self, sends: int) -> None:
        """Count what was begun."""
        self._next += sends * self._apart

    def wait(self, now: float) -> float:
        """The seconds until another send may be begun."""
        return max(self._next - now, 0.0)
