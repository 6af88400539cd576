"""When a slot comes, said once more, from nothing but the stretches of time in which a clock kept one offset.

The rule word for word: a reading that the clock shows counts the first time that it shows it. One that it never shows
was jumped over, and counts as that jump ends, unless its whole date was never shown. A date starts as it is first
shown. Where `rekindle.domain.calendar` asks a zone what a reading means, this looks through the eras
for those that show it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from tests.calendar.tzif import Era, eras

if TYPE_CHECKING:
    from collections.abc import Iterable

HORIZON: Final = 2060
"""The last year that is foretold."""

SLOT_TIMES: Final = tuple(dt.time(hour, minute) for hour in range(24) for minute in range(0, 60, 5))

_EPOCH: Final = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - what a clock shows has no zone
_EPOCH_UTC: Final = _EPOCH.replace(tzinfo=dt.UTC)
_DAY: Final = 24 * 60 * 60
_NEARBY: Final = 4 * _DAY


@dataclass(frozen=True, slots=True)
class Coming:
    """A slot's time on a local date, and the instant at which it comes: seconds since 1970 in UTC."""

    date: dt.date
    time: dt.time
    instant: int


@dataclass(frozen=True, slots=True)
class WallClock:
    """A clock on a wall, by its eras.

    An instant is in seconds since 1970, a reading in the seconds at which a clock in UTC shows the same.
    """

    eras: tuple[Era, ...]

    @classmethod
    def compiled(cls, data: bytes) -> WallClock:
        """Return the clock of a compiled zone."""
        return cls(eras(data, HORIZON))

    def offset_at(self, instant: float) -> int:
        """By how many seconds the clock is ahead of UTC."""
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
        """Return the instant of a slot on the date, or None without such a date."""
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
        """Return all comings on the dates, by instant and then by reading."""
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
