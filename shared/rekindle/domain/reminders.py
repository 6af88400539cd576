"""A slot is a local time at which reminders come due. `due_slots` finds the instants at which slots come."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekindle.domain.calendar import local_time, slot_instant

if TYPE_CHECKING:
    from rekindle.domain.ids import Zone
    from rekindle.domain.persons import QuietHours

MAX_LATENESS = dt.timedelta(hours=2)
"""A reminder that is more than this late is not sent: nobody wants the morning's reminder at noon."""

SETTLED_AFTER = MAX_LATENESS + dt.timedelta(minutes=30)
"""This long after a slot came, nothing sends its reminders any more: MAX_LATENESS plus ample time to send them."""

_STEP = dt.timedelta(minutes=5)


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A time of day in a zone, written as `America/New_York#08:30`.

    Raises:
        ValueError: the time is not a multiple of 5 minutes.
    """

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
    """Return whether this wall-clock time is a multiple of 5 minutes, as reminders need."""
    return time.minute % 5 == 0 and time.second == time.microsecond == 0 and time.tzinfo is None


def is_quiet(local_time: dt.time, quiet_hours: QuietHours | None) -> bool:
    """Return whether a push at this wall-clock time makes no sound.

    Quiet hours include their start and exclude their end. They may span midnight. None means no quiet hours.
    """
    if quiet_hours is None:
        return False
    if quiet_hours.start < quiet_hours.end:
        return quiet_hours.start <= local_time < quiet_hours.end
    return local_time >= quiet_hours.start or local_time < quiet_hours.end


def due_slots(after: dt.datetime, until: dt.datetime, zone: Zone) -> tuple[DueSlot, ...]:
    """Return the slots of `zone` that come later than `after`, up to and including `until`, in order.

    Each slot comes exactly once on each local date that exists. So calls for consecutive periods return each slot of a
    date exactly once. When a clock skips some time, several slots can come at one instant.
    """
    # Try all slot times from the clock's time at `after` to `furthest`. Usually, `furthest` is the clock's time at
    # `until`. If the clock repeats an hour at `until`, `furthest` is an hour later. Example: when `until` is the second
    # 01:10, the clock has already shown 01:55, so `furthest` is 02:10. The check of `instant` leaves out slots that do
    # not come in the period.
    shown = local_time(after, zone).replace(tzinfo=None)
    at_end = local_time(until, zone)
    furthest = at_end.replace(tzinfo=None) + (until - at_end.replace(fold=0).astimezone(dt.UTC))

    due = []
    wall = shown.replace(minute=shown.minute // 5 * 5, second=0, microsecond=0, fold=0) + _STEP
    while wall <= furthest:
        instant = slot_instant(wall.date(), wall.time(), zone)
        if instant is not None and after < instant <= until:
            due.append(DueSlot(Slot(zone, wall.time()), wall.date(), instant))
        wall += _STEP
    return tuple(due)
