"""Choose a couple's small touch gesture for a date.

The choice is a pure function of the couple, the date and the first date on which both wanted touch. So both partners
see the same gesture. For the first two weeks, all gestures have warmth 1 (small). Warmth 2 begins after two weeks, and
warmth 3 (warm) after four weeks. No gesture has a warmth above the couple's touch comfort. Most gestures have the
highest allowed warmth, and gestures of less warmth come between them. A gesture comes again after the couple has had
all other gestures of its warmth. If their touch comfort changes or a partner travels, this order may change.
"""

from __future__ import annotations

import datetime as dt
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from rekindle.domain.calendar import start_of
from rekindle.domain.gestures import CATALOGUE
from rekindle.domain.playlist import comfort_of, shuffled

if TYPE_CHECKING:
    from rekindle.domain.couples import Couple
    from rekindle.domain.gestures import TouchGesture
    from rekindle.domain.ids import CoupleId

GROWS_AFTER: Final = (dt.timedelta(weeks=2), dt.timedelta(weeks=4))
"""Warmth 2 and warmth 3 begin this long after the first date on which both partners wanted touch."""

_RHYTHMS: Final = MappingProxyType({1: (1,), 2: (2, 2, 1), 3: (3, 2, 3, 1, 3)})
"""For each highest allowed warmth, the warmths of consecutive dates. After the last warmth, the first comes again."""


def touch_of(couple: Couple, date: dt.date) -> TouchGesture | None:
    """Return the couple's gesture of the date. Return None if a partner does not want touch."""
    comfort = comfort_of(couple.profiles.values()).touch
    if couple.touch_from is None or comfort == 0:
        return None
    return gesture_for(couple.id, date, couple.touch_from, comfort, apart=are_apart(couple, date))


def are_apart(couple: Couple, date: dt.date) -> bool:
    """Return whether the two partners seem to be in different places.

    They seem apart if the date begins at different instants in their zones. The names of the zones are not compared,
    because two phones side by side can use two names of one zone.
    """
    return len({start_of(date, zone) for zone in couple.zones}) > 1


def gesture_for(couple: CoupleId, date: dt.date, touch_from: dt.date, comfort: int, *, apart: bool) -> TouchGesture:
    """Return the gesture of a date for a couple that has wanted touch since `touch_from`.

    `comfort` (1 to 3) is the highest allowed warmth. `date` can be before `touch_from`. For example, `touch_from` is
    today's date in Tokyo, and the partner in New York asks for the date there, which is one day earlier.
    """
    day = (date - touch_from).days
    warmth = warmth_of(day, comfort)
    # `turn` is the number of gestures of this warmth on days 0 to `day` - 1. A day before day 0 has a negative turn.
    turn = sum(warmth_of(earlier, comfort) == warmth for earlier in range(day)) if day > 0 else day
    allowed = [gesture for gesture in CATALOGUE if (gesture.warmth, gesture.apart) == (warmth, apart)]
    return sorted(allowed, key=lambda gesture: shuffled(couple, gesture.id))[turn % len(allowed)]


def warmth_of(day: int, comfort: int) -> int:
    """Return the warmth of a day's gesture. Day 0 is the first day on which both want touch."""
    grown = 1 + sum(day >= after.days for after in GROWS_AFTER)
    rhythm = _RHYTHMS[min(grown, comfort)]
    return rhythm[day % len(rhythm)]
