"""When each reminder should fall due, counted another way than the product counts it: by watching the clocks.

A clock is looked at every five minutes, and whatever time of day it shows for the first time, or has passed by, comes
then. Of a reminder that moves, whichever of its places comes first to a date is the one that tells it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple
from zoneinfo import ZoneInfo

from bench.population import STEP, STEPS, step_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rekindle.domain.models import Zone

LOOKED_BACK: Final = dt.timedelta(days=3)
"""For how long the clocks have been watched when the simulation begins."""

CARRIED_OUT_IN: Final = dt.timedelta(seconds=30)
"""How long a request to move may take; what comes meanwhile comes where the reminder was (ADR 7)."""

TOO_LATE: Final = dt.timedelta(hours=2)
"""A reminder later than this is dropped (design: reminders)."""


class Stay(NamedTuple):
    """Where a reminder of a person is, from `since` on."""

    since: dt.datetime
    zone: Zone
    step: int


class Due(NamedTuple):
    """When a reminder falls due, at which place, and when that place had come."""

    at: dt.datetime
    stay: Stay
    came: dt.datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """What a zone's clock has shown: for each date the instants at which its times of day came, by their steps."""

    dates: dict[dt.date, list[dt.datetime | None]]

    @classmethod
    def watched(cls, zone: Zone, start: dt.datetime, end: dt.datetime) -> Clock:
        """The clock of a zone, from three days before the start."""
        clock = ZoneInfo(zone)
        now = start - LOOKED_BACK
        furthest = now.astimezone(clock).replace(tzinfo=None)
        dates: dict[dt.date, list[dt.datetime | None]] = {}
        while now < end:
            now += STEP
            shows = now.astimezone(clock).replace(tzinfo=None)
            while furthest < shows:
                furthest += STEP
                dates.setdefault(furthest.date(), [None] * STEPS)[step_of(furthest.time())] = now
        return cls(dates)

    def came(self, date: dt.date, step: int) -> dt.datetime | None:
        """When that time of that date came, None if it had not by the end, or long before the start."""
        return self.dates[date][step] if date in self.dates else None


def due(stays: Sequence[tuple[Stay, Clock]], date: dt.date, end: dt.datetime) -> Due | None:
    """When a reminder that stays at these places in turn falls due for the date; None if it does not by `end`."""
    left = [*(stay.since for stay, _ in stays), end][1:]
    for (stay, clock), until in zip(stays, left, strict=True):
        came = clock.came(date, stay.step)
        if came is not None and came <= until + CARRIED_OUT_IN:
            return Due(max(came, stay.since), stay, came)
    return None
