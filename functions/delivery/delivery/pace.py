"""Pace of one worker. All workers together must not use up the messages that FCM grants a project."""

from __future__ import annotations

import sys
from typing import Final

BURST: Final = 0.05
"""After a pause, the share of so many seconds may begin at once."""


class Pace:
    """Limits the sends of a second. None is no limit. Instants are seconds of the monotonic clock."""

    def __init__(self, per_second: float | None = None) -> None:
        self._apart = 1 / per_second if per_second else 0.0
        self._next = 0.0

    def allowed(self, now: float) -> int:
        """Return how many sends may begin now."""
        if not self._apart:
            return sys.maxsize
        self._next = max(self._next, now - BURST)
        return int((now - self._next) / self._apart) + 1 if now >= self._next else 0

    def spend(self, sends: int) -> None:
        """Count sends that have begun."""
        self._next += sends * self._apart

    def wait(self, now: float) -> float:
        """Return the seconds until another send may begin."""
        return max(self._next - now, 0.0)
