"""Touch: which small gesture a couple finds on a date.

It is a pure function of the couple, the date and how long both have wanted it, so that both find the same, and it grows
from small to warm: for two weeks the smallest gestures alone, then up to the second warmth, after four weeks up to the
third, and never beyond what both are at ease with. Most are of the warmest that is allowed, with smaller ones between.
None comes back before the couple has had all of its warmth.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from rekindle.domain.calendar import start_of
from rekindle.domain.gestures import CATALOGUE
from rekindle.domain.playlist import comfort_of

if TYPE_CHECKING:
    from rekindle.domain.gestures import TouchGesture
    from rekindle.domain.models import Couple, CoupleId

GROWS_AFTER: Final = (dt.timedelta(weeks=2), dt.timedelta(weeks=4))
"""How long both have wanted touch when the second warmth is added, and when the third is."""

_RHYTHMS: Final = MappingProxyType({1: (1,), 2: (2, 2, 1), 3: (3, 2, 3, 1, 3)})
"""By the warmest that is allowed, the warmth of each date in turn."""


def touch_of(couple: Couple, date: dt.date) -> TouchGesture | None:
    """The couple's gesture of the date; None while they have not both agreed, whoever it is that has not."""
    comfort = comfort_of(couple.profiles.values()).touch
    if couple.touch_from is None or comfort == 0:
        return None
    return gesture_for(couple.id, date, couple.touch_from, comfort, apart=are_apart(couple, date))


def are_apart(couple: Couple, date: dt.date) -> bool:
    """Whether the two are in different places, as far as we know: their clocks differ on the date.

    The names of their zones do not tell: one place can have two, and two phones side by side may each give another.
    """
    return len({start_of(date, zone) for zone in couple.zones}) > 1


def gesture_for(couple: CoupleId, date: dt.date, touch_from: dt.date, comfort: int, *, apart: bool) -> TouchGesture:
    """The gesture of a date for a couple that has wanted touch since `touch_from`, up to the warmth `comfort` (1 to 3).

    A date before that is one that the other partner's clock still shows.
    """
    day = (date - touch_from).days
    warmth = warmth_of(day, comfort)
    # How many of this warmth came before; before the beginning there is only the smallest, and it counts backwards.
    turn = sum(warmth_of(earlier, comfort) == warmth for earlier in range(day)) if day > 0 else day
    allowed = [gesture for gesture in CATALOGUE if (gesture.warmth, gesture.apart) == (warmth, apart)]
    return sorted(allowed, key=lambda gesture: _shuffled(couple, gesture.id))[turn % len(allowed)]


def warmth_of(day: int, comfort: int) -> int:
    """How warm the gesture of a day is, counted from 0 for the day from which both want touch."""
    grown = 1 + sum(day >= after.days for after in GROWS_AFTER)
    rhythm = _RHYTHMS[min(grown, comfort)]
    return rhythm[day % len(rhythm)]


def _shuffled(couple: CoupleId, gesture: str) -> bytes:
    # An order of the couple's own: two couples who compare do not find the same.
    return hashlib.sha256(f"{couple}\n{gesture}".encode()).digest()
