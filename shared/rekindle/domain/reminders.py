"""Slots: the local times at which persons are due, and when each of them comes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekindle.domain.calendar import local_time, slot_instant

if TYPE_CHECKING:
    from rekindle.domain.models import QuietHours, Zone

MAX_LATENESS = dt.timedelta(hours=2)
"""A slot that is later than this is dropped: a morning prompt at noon is noise."""

SETTLED_AFTER = MAX_LATENESS + dt.timedelta(minutes=30)
"""When the last run of a slot has ended: as late as any may be, and the time that it takes."""

_STEP = dt.timedelta(minutes=5)


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A time of day in a zone; raises ValueError for a time that no slot has. Its text is `America/New_York#08:30`."""

    zone: Zone
    time: dt.time

    def __post_init__(self) -> None:
        if not is_slot_time(self.time):
            raise ValueError(f"{self.time} is not a multiple of 5 minutes")

    def __str__(self) -> str:
        return f"{self.zone}#{self.time:%H:%M}"


@dataclass(frozen=True, slots=True)
class DueSlot:
    """A slot on one local date, and the instant (UTC) at which it comes."""

    slot: Slot
    date: dt.date
    instant: dt.datetime


def is_slot_time(time: dt.time) -> bool:
    """Whether a reminder can be set to this wall-clock time: a whole multiple of 5 minutes."""
    return time.minute % 5 == 0 and time.second == time.microsecond == 0 and time.tzinfo is None


def is_quiet(local_time: dt.time, quiet_hours: QuietHours | None) -> bool:
    """Whether a push at this wall-clock time stays silent: from when the quiet hours start until just before they end.

    They may span midnight; None means that there are none.
    """
    if quiet_hours is None:
        return False
    if quiet_hours.start < quiet_hours.end:
        return quiet_hours.start <= local_time < quiet_hours.end
    return local_time >= quiet_hours.start or local_time < quiet_hours.end


def due_slots(after: dt.datetime, until: dt.datetime, zone: Zone) -> tuple[DueSlot, ...]:
    """Of all 288 slots a day in `zone`, those that come after `after` and not after `until`, in order.

    Each slot comes exactly once on each local date that exists, so stretches of time that follow on from each other
    share out all slots between them. Several may come at one instant, the end of a gap.
    """
    # A reading comes when a clock first shows it or something later. So what the clock has shown by `after` is past,
    # and what it has shown by `until` is at most its reading then plus the stretch that it is just showing again.
    reading = local_time(after, zone).replace(tzinfo=None)
    again = local_time(until, zone)
    furthest = again.replace(tzinfo=None) + (until - again.replace(fold=0).astimezone(dt.UTC))

    due = []
    wall = reading.replace(minute=reading.minute // 5 * 5, second=0, microsecond=0, fold=0) + _STEP
    while wall <= furthest:
        instant = slot_instant(wall.date(), wall.time(), zone)
        if instant is not None and after < instant <= until:
            due.append(DueSlot(Slot(zone, wall.time()), wall.date(), instant))
        wall += _STEP
    return tuple(due)
