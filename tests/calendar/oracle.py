"""Compute when each slot comes, without the code that the functions use.

The C library reads the pinned tzdata, and finds the stretches of time in which a zone's clocks keep one offset.

A local time counts the first time the clock shows it. A skipped time counts at the end of the jump, unless the whole
date is skipped. A date starts when a clock first shows it. `rekindle.domain.calendar` asks the zone for the instant of
a local time. This module searches all stretches for the ones that show it.
"""

from __future__ import annotations

import datetime as dt
import os
import time
from bisect import bisect_left
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import TYPE_CHECKING, Final
from unittest.mock import patch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from importlib.resources.abc import Traversable

ZONES: Final[Traversable] = resources.files("tzdata") / "zoneinfo"
"""The folder of the pinned tzdata that has a file for each zone."""

HORIZON: Final = 2060
"""The last year that the oracle computes."""

SLOT_TIMES: Final = tuple(dt.time(hour, minute) for hour in range(24) for minute in range(0, 60, 5))

_EPOCH: Final = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - what a clock shows has no zone
_EPOCH_UTC: Final = _EPOCH.replace(tzinfo=dt.UTC)
_DAY: Final = 24 * 60 * 60
_NEARBY: Final = 4 * _DAY
_FIRST_LOOK: Final = -130 * 365 * _DAY
"""An instant before any change of a zone's clocks: the earliest change was in 1844."""
_LOOK: Final = 5 * _DAY
"""No zone has kept an offset for less than six days."""


@dataclass(frozen=True, slots=True)
class Era:
    """A stretch of time in which a zone's clocks keep one offset: from `start` until just before `end`.

    `start` and `end` are seconds since 1970 in UTC. `offset` is the number of seconds by which clocks are ahead of UTC.
    """

    start: float
    end: float
    offset: int


@cache
def eras(zone: str) -> tuple[Era, ...]:
    """Return a zone's eras in order, as the C library finds them in the pinned tzdata.

    An era also ends if only the name of the time changes, or whether it counts as summer time.
    """
    found: list[Era] = []
    end = _midnight(dt.date(HORIZON + 1, 1, 1))
    with _c_library_in(zone):
        start, kept = float("-inf"), _kept_at(_FIRST_LOOK)
        for look in range(_FIRST_LOOK, end, _LOOK):
            if _kept_at(look) != kept:
                seconds = range(look - _LOOK, look)
                change = look - _LOOK + bisect_left(seconds, 1, key=lambda second: _kept_at(second) != kept)
                found.append(Era(start, change, kept[0]))
                start, kept = change, _kept_at(look)
    return (*found, Era(start, end, kept[0]))


@contextmanager
def _c_library_in(zone: str) -> Iterator[None]:
    """Make the zone the C library's local zone."""
    try:
        with patch.dict(os.environ, TZ=f":{ZONES / zone}"):
            time.tzset()
            yield
    finally:
        time.tzset()


def _kept_at(instant: int) -> tuple[int, int, str]:
    """Return the local offset at the instant, whether it is summer time, and the name of the time."""
    shown = time.localtime(instant)  # noqa: TID251 - converts a given instant, and reads no clock
    return shown.tm_gmtoff, shown.tm_isdst, shown.tm_zone


@dataclass(frozen=True, slots=True)
class Coming:
    """A slot's local date and time, and the instant at which the slot comes, in seconds since 1970 in UTC."""

    date: dt.date
    time: dt.time
    instant: int


@dataclass(frozen=True, slots=True)
class WallClock:
    """A wall clock of a zone, which shows the local time of each era.

    An instant is in seconds since 1970 in UTC. A reading (a local date and time) is given as the instant at which a
    clock in UTC shows the same.
    """

    eras: tuple[Era, ...]

    @classmethod
    def of(cls, zone: str) -> WallClock:
        """Return the clock of a zone."""
        return cls(eras(zone))

    def offset_at(self, instant: float) -> int:
        """Return by how many seconds the clock is ahead of UTC."""
        return next(era.offset for era in self.eras if era.start <= instant < era.end)

    def near(self, first: dt.date, last: dt.date) -> WallClock:
        """Return the same clock with only the eras near these dates."""
        earliest, latest = _midnight(first) - _NEARBY, _midnight(last) + _NEARBY
        return WallClock(tuple(era for era in self.eras if era.end > earliest and era.start < latest))

    def start(self, date: dt.date) -> int | None:
        """Return the first instant of the date, or None if no clock shows the date."""
        midnight = _midnight(date)
        for era in self.eras:
            shown_from = max(era.start, midnight - era.offset)
            if shown_from < min(era.end, midnight + _DAY - era.offset):
                return int(shown_from)
        return None

    def coming(self, date: dt.date, time: dt.time) -> int | None:
        """Return the instant of a slot on the date. Return None if the zone skips the date."""
        if self.start(date) is None:
            return None
        reading = _reading(date, time)
        shown = [reading - era.offset for era in self.eras if era.start <= reading - era.offset < era.end]
        jumps = [
            int(after.start)
            for before, after in pairwise(self.eras)
            if before.end + before.offset <= reading < after.start + after.offset
        ]
        return min(shown) if shown else min(jumps)

    def slots(self, dates: Iterable[dt.date]) -> list[Coming]:
        """Return all slots on the dates, ordered by instant and then by local time."""
        comings = ((date, time, self.coming(date, time)) for date in dates for time in SLOT_TIMES)
        found = [Coming(date, time, instant) for date, time, instant in comings if instant is not None]
        return sorted(found, key=lambda coming: (coming.instant, coming.date, coming.time))


def instant_at(seconds: float) -> dt.datetime:
    """Return the instant as a datetime in UTC."""
    return _EPOCH_UTC + dt.timedelta(seconds=seconds)


def date_shown(reading: float) -> dt.date:
    """Return the date of a reading."""
    return (_EPOCH + dt.timedelta(seconds=reading)).date()


def _midnight(date: dt.date) -> int:
    return _reading(date, dt.time())


def _reading(date: dt.date, time: dt.time) -> int:
    return (dt.datetime.combine(date, time) - _EPOCH) // dt.timedelta(seconds=1)
