"""Compute a couple's open dates, the first date that can count as missed, and the streak at an instant."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from rekindle.domain.calendar import dates, day_window, local_date
from rekindle.domain.streaks import Streak, streak_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rekindle.domain.couples import Couple
    from rekindle.domain.days import Day, DayWindow
    from rekindle.domain.ids import Zone
    from rekindle.domain.streaks import History

_BEHIND: Final = dt.timedelta(days=3)
"""A date that began in UTC this long ago has closed everywhere, so the first of `nearby_dates` is always closed.

A date closes at most 39 hours after its beginning in UTC: the date has 24 hours, the westernmost zone (UTC-12) adds 12
hours, and GRACE adds 3 hours.
"""

_AHEAD: Final = dt.timedelta(hours=14)
"""A date opens at most this long before its beginning in UTC: the easternmost zone is UTC+14."""

_DATES_LIVED_TWICE: Final = dt.timedelta(days=2)


def nearby_dates(instant: dt.datetime) -> tuple[dt.date, dt.date]:
    """Return the ends of a date range that contains every couple's open dates at `instant`."""
    return (instant - _BEHIND).date(), (instant + _AHEAD).date()


def latest_date(zones: Iterable[Zone], instant: dt.datetime) -> dt.date:
    """Return the latest date that a clock in any of these zones shows at `instant`."""
    return max(local_date(instant, zone) for zone in zones)


def window_of(couple: Couple, date: dt.date, stored: Mapping[dt.date, Day]) -> DayWindow:
    """Return the window of a couple's date, even if nobody has opened the day yet.

    `stored` has the couple's stored days among `nearby_dates`.
    """
    if date in stored:
        return stored[date].window
    return couple.windows.get(date) or day_window(date, couple.zones)


def windows_after_move(
    couple: Couple, zones: tuple[Zone, ...], stored: Mapping[dt.date, Day], instant: dt.datetime
) -> dict[dt.date, DayWindow]:
    """Return the windows that a couple must store when its zones change to `zones` at `instant`.

    - A date that has closed keeps its window.
    - If a date is open, or its day is stored, its window grows and then also covers the window in the new zones.
    - Any other date gets the window in the new zones.

    The result leaves out each date that has exactly the window in the new zones, because `window_of` can compute it.
    `stored` has the couple's stored days among `nearby_dates`.
    """
    kept = {}
    for date in dates(*nearby_dates(instant)):
        before, by_zones = window_of(couple, date, stored), day_window(date, zones)
        if instant >= before.closes_at:
            after = before
        elif instant >= before.opens_at or date in stored:
            after = before.widened(by_zones)
        else:
            after = by_zones
        if after != by_zones:
            kept[date] = after
    return kept


def open_dates(couple: Couple, stored: Mapping[dt.date, Day], instant: dt.datetime) -> frozenset[dt.date]:
    """Return the dates that take answers at an instant.

    `stored` has the couple's stored days among `nearby_dates`.
    """
    return frozenset(date for date in dates(*nearby_dates(instant)) if window_of(couple, date, stored).is_open(instant))


def latest_closed(couple: Couple, stored: Mapping[dt.date, Day], instant: dt.datetime) -> dt.date:
    """Return the latest date whose window is over at `instant`."""
    return max(date for date in dates(*nearby_dates(instant)) if window_of(couple, date, stored).closes_at <= instant)


def counted_from(zones: tuple[Zone, ...], created_at: dt.datetime) -> dt.date:
    """Return the first date that had begun in none of the zones when the couple paired.

    Earlier dates never count as missed.
    """
    begun = (date for date in dates(*nearby_dates(created_at)) if day_window(date, zones).opens_at < created_at)
    return max(begun) + dt.timedelta(days=1)


def streak_at(couple: Couple, history: History, stored: Mapping[dt.date, Day], instant: dt.datetime) -> Streak:
    """Return the couple's streak at `instant`. Every complete date counts. Only a closed date can count as missed.

    `today` is the latest date on the partners' clocks. Before a flight west, the couple may have completed a date that
    is now later than `today`. This date counts, and no date between `today` and this date counts as missed.
    """
    today = latest_date(couple.zones, instant)
    last = max({today, *history.complete})
    ahead = dates(today + dt.timedelta(days=1), last)
    return streak_of(history, open_dates(couple, stored, instant).union(ahead), last)


def earliest_date(first_date: dt.date) -> dt.date:
    """Return the earliest date for which a couple can ever have a day.

    If a couple pairs in Kiritimati (UTC+14) and flies to Midway (UTC-11), their clocks show dates before `first_date`.
    """
    return first_date - _DATES_LIVED_TWICE
