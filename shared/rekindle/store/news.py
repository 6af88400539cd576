"""News: the dates on which the daily prompt's push says that there is a new pack.

A date is written down when its pack is published, an hour at least before any clock on earth shows it. That is why it
may be read a second late and remembered for minutes, and why every push of that date finds it.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rekindle.store import keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekindle.store.table import Table

REMEMBERED: Final = 600.0
"""Seconds for which the dates are believed."""


@dataclass(slots=True)
class News:
    """The dates as one process remembers them. `monotonic` gives seconds, and serves only their age."""

    table: Table
    monotonic: Callable[[], float] = time.monotonic
    _dates: frozenset[dt.date] = frozenset()
    _asked_at: float | None = None

    def dates(self) -> frozenset[dt.date]:
        """The dates that have news."""
        now = self.monotonic()
        if self._asked_at is None or now - self._asked_at >= REMEMBERED:
            item = self.table.get(keys.NEWS, consistent=False) or {}
            self._dates = frozenset(map(dt.date.fromisoformat, item.get("dates", ())))
            self._asked_at = now
        return self._dates
