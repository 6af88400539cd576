"""Choose a couple's small touch gesture for a date.

The choice is a pure function of the couple, its secret seed, the date and the person who asks. Both partners see the
same gesture, unless one of them wants less touch since today: this holds at once for themselves, and for the partner
from a next date on (`rekindle.domain.touch_dates`).

At first, all gestures have warmth 1 (small). Warmth 2 begins two to six weeks later, and warmth 3 (warm) another two to
six weeks later. Each couple has other dates for this, so a missing warmth does not prove at once that a partner does
not want it. Later, three dates in five have warmth 3, one has warmth 2 and one warmth 1, in no order. No gesture is
warmer than the couple's touch level, or than a calm phase allows.

A gesture tells one thing about the partner: they both want touch, at least as warm as the gesture. We cannot hide this.
The order of the gestures depends on nothing that a partner chooses. Each warmth has its own list of gestures, and each
date moves all three lists on by one, also the two that it does not use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rekindle.domain.calendar import start_of
from rekindle.domain.gestures import CATALOGUE
from rekindle.domain.touch_dates import calm_on, drawn, level_on, touch_seed

if TYPE_CHECKING:
    import datetime as dt

    from rekindle.domain.couples import Couple
    from rekindle.domain.gestures import TouchGesture
    from rekindle.domain.ids import Uid

LEAST_DAYS: Final = 14
MOST_DAYS: Final = 42
"""Gestures of the next warmth begin LEAST_DAYS to MOST_DAYS after those of the warmth before."""

_WARMTHS: Final = (3, 2, 3, 1, 3)
"""A couple without any limit gets each of the five entries on one date in five, so warmth 3 on three dates in five."""


def touch_of(couple: Couple, person: Uid, date: dt.date) -> TouchGesture | None:
    """Return the couple's gesture of the date, as this person sees it.

    Return None if the person does not want touch, if one of the two did not want it when the date began, or in a break.
    """
    own = couple.profiles[person].touch_comfort if person in couple.touch_wanted_by else 0
    level = min(own, level_on(couple.touch_levels, date))
    if couple.touch_from is None or level == 0:
        return None
    seed = touch_seed(couple.seed)
    warmth = warmth_on(seed, date, couple.touch_from, level)
    return gesture_for(seed, date, warmth, apart=are_apart(couple, date)) if warmth else None


def are_apart(couple: Couple, date: dt.date) -> bool:
    """Return whether the two partners seem to be in different places.

    They seem apart if the date begins at different instants in their zones. The names of the zones are not compared,
    because two phones side by side can use two names of one zone.
    """
    return len({start_of(date, zone) for zone in couple.zones}) > 1


def warmth_on(seed: str, date: dt.date, touch_from: dt.date, level: int) -> int:
    """Return the warmth of a date's gesture, at most `level`. Return 0 in a break.

    The couple has had gestures since `touch_from`. `seed` is its touch seed.
    """
    usual = _WARMTHS[drawn(seed, f"warmth {date}", len(_WARMTHS))]
    return min(usual, grown_warmth(seed, (date - touch_from).days), calm_on(seed, date), level)


def grown_warmth(seed: str, day: int) -> int:
    """Return the highest warmth that the couple has reached on a day. Day 0 is the first day with touch."""
    second, third = (LEAST_DAYS + drawn(seed, f"grows to {warmth}", MOST_DAYS - LEAST_DAYS + 1) for warmth in (2, 3))
    return 1 + (day >= second) + (day >= second + third)


def gesture_for(seed: str, date: dt.date, warmth: int, *, apart: bool) -> TouchGesture:
    """Return the gesture of this warmth that a couple with this touch seed has on a date."""
    allowed = [gesture for gesture in CATALOGUE if (gesture.warmth, gesture.apart) == (warmth, apart)]
    allowed.sort(key=lambda gesture: (drawn(seed, gesture.id, 2**64), gesture.id))
    return allowed[date.toordinal() % len(allowed)]
