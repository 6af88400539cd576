"""Two clocks, one day: dates, zones and the instants at which they meet.

One rule carries everything here: a wall-clock reading belongs to the first instant at which that clock shows it or
something later. So a reading that a clock repeats counts the first time, and one that it skips counts as the skip ends.
The start of a date is its midnight, read this way.

Zones come from the pinned `tzdata` package only: an operating system's copy can be a year old.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from bisect import bisect_left
from functools import cache
from typing import TYPE_CHECKING

from rekindle.domain.models import DayWindow, Zone
from rekindle.errors import UnknownZoneError

if TYPE_CHECKING:
    from collections.abc import Iterable

zoneinfo.reset_tzpath(to=())
zoneinfo.ZoneInfo.clear_cache()

GRACE = dt.timedelta(hours=3)
"""How long a date can still be answered after the later partner's clock has left it."""

_MIDNIGHT = dt.time()
_ONE_DAY = dt.timedelta(days=1)
_NOBODYS_ZONES = frozenset({"Factory", "localtime"})  # placeholders for a clock that nobody has set


@cache
def zone_names() -> frozenset[str]:
    """Every zone a person can be in, by its IANA name, old spellings included."""
    return frozenset(zoneinfo.available_timezones() - _NOBODYS_ZONES)


def zone_named(name: str) -> Zone:
    """The zone of exactly this name; raises UnknownZoneError if the pinned tzdata has none."""
    if name not in zone_names():
        raise UnknownZoneError(f"{name[:64]!r} is not the name of an IANA time zone")
    return Zone(name)


def local_time(instant: dt.datetime, zone: Zone) -> dt.datetime:
    """What a clock in `zone` shows at `instant`, as an aware datetime."""
    return instant.astimezone(_clock(zone))


def local_date(instant: dt.datetime, zone: Zone) -> dt.date:
    """The date that a calendar in `zone` shows at `instant`."""
    return local_time(instant, zone).date()


def start_of(date: dt.date, zone: Zone) -> dt.datetime:
    """The first instant (UTC) of `date` in `zone`, or of the next existing date where the zone skipped this one."""
    return _first_showing(dt.datetime.combine(date, _MIDNIGHT), zone)


def day_window(date: dt.date, zones: Iterable[Zone]) -> DayWindow:
    """When `date` is open to people in `zones`: from its first start among them until GRACE after its last end.

    `zones` has at least one.
    """
    places = frozenset(zones)
    return DayWindow(
        opens_at=min(start_of(date, zone) for zone in places),
        closes_at=max(start_of(date + _ONE_DAY, zone) for zone in places) + GRACE,
    )


def slot_instant(date: dt.date, time: dt.time, zone: Zone) -> dt.datetime | None:
    """The one instant (UTC) at which `time` on `date` fires in `zone`; None where the zone skipped that whole date.

    A time inside a gap fires as the gap ends, a time that comes twice fires the first time.
    """
    wall = dt.datetime.combine(date, time)
    instant = _first_showing(wall, zone)
    if _reading(instant, zone) != wall and local_date(start_of(date, zone), zone) != date:
        return None
    return instant


@cache
def _clock(zone: Zone) -> zoneinfo.ZoneInfo:
    # zoneinfo itself keeps only eight clocks for sure, and a tick visits every zone in use.
    return zoneinfo.ZoneInfo(zone)


def _reading(instant: dt.datetime, zone: Zone) -> dt.datetime:
    return instant.astimezone(_clock(zone)).replace(tzinfo=None)


def _first_showing(wall: dt.datetime, zone: Zone) -> dt.datetime:
    """The first instant (UTC) at which a clock in `zone` shows the naive `wall` or later."""
    clock = _clock(zone)
    instant = wall.replace(tzinfo=clock, fold=0).astimezone(dt.UTC)
    if _reading(instant, zone) == wall:
        return instant
    # No clock there ever shows `wall`. Read by the offset from before the gap, as above, it lies after the gap, and
    # read by the offset from after the gap, it lies before (PEP 495); the gap is between, on a whole second.
    before = wall.replace(tzinfo=clock, fold=1).astimezone(dt.UTC)
    seconds = range(int((instant - before).total_seconds()))
    passed = bisect_left(seconds, wall, key=lambda second: _reading(before + dt.timedelta(seconds=second), zone))
    return before + dt.timedelta(seconds=passed)
