"""Choice of a couple's small touch gesture for a date.

The gesture is a pure function of the couple, the date and how long both have wanted touch. So both partners see the
same one. Gestures grow from small to warm: the smallest for two weeks, then up to the second warmth, after four weeks
up to the third, and never beyond the couple's comfort. Most are of the warmest allowed warmth, with smaller ones
between. No gesture comes again before the couple has had all others of its warmth.
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
"""How long both have wanted touch when the second and the third warmth are added."""

_RHYTHMS: Final = MappingProxyType({1: (1,), 2: (2, 2, 1), 3: (3, 2, 3, 1, 3)})
"""The warmth of each date in turn, by the warmest warmth that is allowed."""


def touch_of(couple: Couple, date: dt.date) -> TouchGesture | None:
    """Return the couple's gesture of the date, or None while the two have not both agreed."""
    comfort = comfort_of(couple.profiles.values()).touch
    if couple.touch_from is None or comfort == 0:
        return None
    return gesture_for(couple.id, date, couple.touch_from, comfort, apart=are_apart(couple, date))


def are_apart(couple: Couple, date: dt.date) -> bool:
    """Return whether the two seem to be in different places: their clocks differ on the date.

    Zone names do not show it: one place can have two names, and two phones side by side may use both.
    """
    return len({start_of(date, zone) for zone in couple.zones}) > 1


def gesture_for(couple: CoupleId, date: dt.date, touch_from: dt.date, comfort: int, *, apart: bool) -> TouchGesture:
    """Return the gesture of a date for a couple that has wanted touch since `touch_from`.

    `comfort` (1 to 3) is the warmest allowed. A date before `touch_from` is possible: the partner's clock may still
    show it.
    """
    day = (date - touch_from).days
    warmth = warmth_of(day, comfort)
    # How many gestures of this warmth came before. Before day 0 there is only the smallest warmth, counted backwards.
    turn = sum(warmth_of(earlier, comfort) == warmth for earlier in range(day)) if day > 0 else day
    allowed = [gesture for gesture in CATALOGUE if (gesture.warmth, gesture.apart) == (warmth, apart)]
    return sorted(allowed, key=lambda gesture: shuffled(couple, gesture.id))[turn % len(allowed)]


def warmth_of(day: int, comfort: int) -> int:
    """Return the warmth of a day's gesture. Day 0 is the first day on which both want touch."""
    grown = 1 + sum(day >= after.days for after in GROWS_AFTER)
    rhythm = _RHYTHMS[min(grown, comfort)]
    return rhythm[day % len(rhythm)]
