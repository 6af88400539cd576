"""Convert instants to dates and times in a zone, and back.

One rule turns every wall-clock time into an instant: take the first instant at which the zone's clock shows this time
or a later time. If the clock shows a time twice, the rule gives the first of the two instants. If the clock skips a
time, the rule gives the instant at which the skip ends. The rule also gives the start of a date: the instant of 00:00.

Zones come only from the pinned `tzdata` package, because an operating system's copy can be a year old.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from bisect import bisect_left
from functools import cache
from typing import TYPE_CHECKING

from rekindle.domain.days import DayWindow
from rekindle.domain.ids import Zone
from rekindle.errors import UnknownZoneError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

zoneinfo.reset_tzpath(to=())
zoneinfo.ZoneInfo.clear_cache()

GRACE = dt.timedelta(hours=3)
"""A date takes answers for this long after the date has ended on both partners' clocks."""

_MIDNIGHT = dt.time()
_ONE_DAY = dt.timedelta(days=1)
_PLACEHOLDERS = frozenset({"Factory", "localtime"})  # not zones: a computer uses these names until its zone is set


@cache
def zone_names() -> frozenset[str]:
    """Return the names of all IANA time zones, including old spellings such as `Asia/Calcutta`."""
    return frozenset(zoneinfo.available_timezones() - _PLACEHOLDERS)


def zone_named(name: str) -> Zone:
    """Return the zone with exactly this name. Raise UnknownZoneError if the pinned tzdata has no such zone."""
    if name not in zone_names():
        raise UnknownZoneError(f"{name[:64]!r} is not the name of an IANA time zone")
    return Zone(name)


def local_time(instant: dt.datetime, zone: Zone) -> dt.datetime:
    """Return the time that a clock in `zone` shows at `instant`, as an aware datetime."""
    return instant.astimezone(_clock(zone))


def local_date(instant: dt.datetime, zone: Zone) -> dt.date:
    """Return the date that a calendar in `zone` shows at `instant`."""
    return local_time(instant, zone).date()


def start_of(date: dt.date, zone: Zone) -> dt.datetime:
    """Return the first instant (UTC) of `date` in `zone`.

    If the zone skipped the whole date, return the first instant of the next date that exists in `zone`.
    """
    return _first_showing(dt.datetime.combine(date, _MIDNIGHT), zone)


def dates(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    """Yield each date from `first` to `last`, both included."""
    return map(dt.date.fromordinal, range(first.toordinal(), last.toordinal() + 1))


def day_window(date: dt.date, zones: Iterable[Zone]) -> DayWindow:
    """Return the window in which `date` is open to people in `zones`.

    `zones` must not be empty. The window opens at the earliest start of the date in any of the zones. The window closes
    GRACE after the latest end of the date in any of the zones.
    """
    distinct = frozenset(zones)
    return DayWindow(
        opens_at=min(start_of(date, zone) for zone in distinct),
        closes_at=max(start_of(date + _ONE_DAY, zone) for zone in distinct) + GRACE,
    )


def slot_instant(date: dt.date, time: dt.time, zone: Zone) -> dt.datetime | None:
    """Return the instant (UTC) at which a clock in `zone` reaches `time` on `date`.

    If the clock skips the time, return the instant at which the skip ends. If the clock shows the time twice, return
    the first of the two instants. Return None if the zone skipped the whole date.
    """
    wall = dt.datetime.combine(date, time)
    instant = _first_showing(wall, zone)
    if _reading(instant, zone) != wall and local_date(start_of(date, zone), zone) != date:
        return None
    return instant


@cache
def _clock(zone: Zone) -> zoneinfo.ZoneInfo:
    # Keep all zones in memory, because zoneinfo's own cache may keep only eight.
    return zoneinfo.ZoneInfo(zone)


def _reading(instant: dt.datetime, zone: Zone) -> dt.datetime:
    return instant.astimezone(_clock(zone)).replace(tzinfo=None)


def _first_showing(wall: dt.datetime, zone: Zone) -> dt.datetime:
    """Return the first instant (UTC) when `zone` shows `wall` or a later time.

    `wall` is naive: a date and a time without a zone.
    """
    clock = _clock(zone)
    instant = wall.replace(tzinfo=clock, fold=0).astimezone(dt.UTC)
    if _reading(instant, zone) == wall:
        return instant
    # The zone's clock skips `wall`. By PEP 495, fold=0 gives an instant after the skip, and fold=1 an instant before
    # the skip. So search between these two instants.
    before = wall.replace(tzinfo=clock, fold=1).astimezone(dt.UTC)
    seconds = range(int((instant - before).total_seconds()))
    passed = bisect_left(seconds, wall, key=lambda second: _reading(before + dt.timedelta(seconds=second), zone))
    return before + dt.timedelta(seconds=passed)
