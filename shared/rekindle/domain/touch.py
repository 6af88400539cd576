"""Choose a couple's small touch gesture for a date.

The choice is a pure function of the couple, the date and the first date on which both wanted touch. So both partners
see the same gesture. Gestures grow from warmth 1 (small) to 3 (warm). For two weeks all have warmth 1. Then warmth 2 is
added, and after four weeks warmth 3, but nothing beyond the couple's touch comfort. Most gestures have the highest
allowed warmth, with smaller ones between. No gesture comes again before the couple has had all others of its warmth.
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
"""For each highest allowed warmth, the warmths of consecutive dates, which repeat in this order."""


def touch_of(couple: Couple, date: dt.date) -> TouchGesture | None:
    """Return the couple's gesture of the date. Return None unless both partners want touch."""
    comfort = comfort_of(couple.profiles.values()).touch
    if couple.touch_from is None or comfort == 0:
        return None
    return gesture_for(couple.id, date, couple.touch_from, comfort, apart=are_apart(couple, date))


def are_apart(couple: Couple, date: dt.date) -> bool:
    """Return whether the two seem to be in different places: their clocks differ on the date.

    Zone names are not compared, since two phones side by side can use two names of one zone.
    """
    return len({start_of(date, zone) for zone in couple.zones}) > 1


def gesture_for(couple: CoupleId, date: dt.date, touch_from: dt.date, comfort: int, *, apart: bool) -> TouchGesture:
    """Return the gesture of a date for a couple that has wanted touch since `touch_from`.

    `comfort` (1 to 3) is the highest allowed warmth. A date before `touch_from` is possible: the partner's clock may
    still show it.
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
