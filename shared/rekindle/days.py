"""Which of a couple's dates are open, which were never theirs to miss, and what streak that makes at an instant."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from rekindle.calendar import day_window, local_date
from rekindle.streaks import Streak, streak_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rekindle.calendar import DayWindow
    from rekindle.models import Day, Zone
    from rekindle.streaks import History

_REACH: Final = dt.timedelta(days=3)
"""A window ends at most 3 hours after the date's end, and a change of zone can have moved that by up to 26 hours."""

_CLOCKS_GO_BACK: Final = dt.timedelta(days=2)


def nearby_dates(zones: Iterable[Zone], instant: dt.datetime) -> tuple[dt.date, dt.date]:
    """The first and the last date that may be open by clocks in these zones: none outside of them is."""
    today = [local_date(instant, zone) for zone in zones]
    return min(today) - _REACH, max(today)


def begun_dates(zones: Iterable[Zone], instant: dt.datetime) -> tuple[dt.date, dt.date]:
    """The first and the last date of which a day may have been opened that still takes answers.

    A clock that was further east had come to dates that lie ahead of both by now, and their days are open.
    """
    first, last = nearby_dates(zones, instant)
    return first, last + _CLOCKS_GO_BACK


def window_of(date: dt.date, stored: Mapping[dt.date, Day], zones: Iterable[Zone]) -> DayWindow:
    """The window of a date: as stored on its day, or as the zones have it while there is none."""
    return stored[date].window if date in stored else day_window(date, zones)


def open_dates(stored: Mapping[dt.date, Day], zones: tuple[Zone, ...], instant: dt.datetime) -> frozenset[dt.date]:
    """The dates that take answers at an instant; `stored` holds those of the nearby days that exist."""
    return frozenset(
        date for date in dates(*nearby_dates(zones, instant)) if window_of(date, stored, zones).is_open(instant)
    )


def counted_from(zones: tuple[Zone, ...], created_at: dt.datetime) -> dt.date:
    """The first date that a couple has whole; those that had begun when they paired are not theirs to miss."""
    begun = (date for date in dates(*nearby_dates(zones, created_at)) if day_window(date, zones).opens_at < created_at)
    return max(begun) + dt.timedelta(days=1)


def streak_at(history: History, stored: Mapping[dt.date, Day], zones: tuple[Zone, ...], instant: dt.datetime) -> Streak:
    """The couple's streak: every date that has closed is judged, and every complete one counts.

    So does one that no clock of theirs shows any more because they have flown west since; what lies between is ahead.
    """
    _, today = nearby_dates(zones, instant)
    last = max({today, *history.complete})
    ahead = dates(today + dt.timedelta(days=1), last)
    return streak_of(history, open_dates(stored, zones, instant).union(ahead), last)


def earliest_date(first_date: dt.date) -> dt.date:
    """The first that may ever be a couple's: who pairs in Kiritimati and flies to Midway lives two dates once more."""
    return first_date - _CLOCKS_GO_BACK


def dates(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    """Each date from `first` to `last`, both included."""
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        yield dt.date.fromordinal(ordinal)
