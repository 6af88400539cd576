"""Decide on which dates a couple has touch, and how warm its gestures may be on each date.

A couple's touch level is the smaller touch comfort of the two partners, or 0 if a partner does not want touch. A
partner must not learn of a change of the other at once. So a new level holds from the next date that neither partner
has begun on their own clock (`with_level`). A person who lowers their own level sees it at once
(`rekindle.domain.touch`). A higher level waits for both.

A partner must also not learn of a change because touch suddenly stops or gets less warm. So every couple has calm
phases, which begin at random and have one to thirteen dates. In a calm phase, gestures are less warm than usual, or
there is no touch at all. A phase without touch is a break: it has no gesture and no touch reminder. A couple is in a
break on about every fifth date. When the level falls, it looks like the beginning of a calm phase.

All that is left to chance comes from a secret touch seed, which is derived from the couple's seed. So the same
arguments always give the same result, but no partner can compute it. Persons and slot rows have a copy of the touch
seed, so that `delivery` need not read couples. Nobody can compute the couple's seed from this copy.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

type Levels = Mapping[dt.date, int]
"""A couple's touch levels. Each level holds from its date until the next date in the map. Before, the level is 0."""

WARMEST: Final = 3
"""The highest touch level, and the warmth of the warmest gestures."""
LONGEST_PHASE: Final = 13
"""A calm phase has at most this many dates."""

_CALM: Final = (0, 0, 1, 2)
"""The highest warmths of calm phases. All four are equally likely, and two are 0. So half of the phases are breaks."""
_ONE_IN: Final = 56
"""Each of `_CALM` begins on one date in 56, so a break begins on one date in 28."""
_SEED_DIGITS: Final = 16
_ONE_DAY: Final = dt.timedelta(days=1)
_KEPT: Final = dt.timedelta(days=4)
"""`with_level` forgets changes that are this old, but for the latest of them. No clock shows their dates any more."""


@dataclass(frozen=True, slots=True)
class TouchDates:
    """The dates on which a couple has touch: those on which both want it, without those in a break.

    On the first date of `turns`, the couple begins to want touch. It stops on the second date, begins again on the
    third, and so on. `seed` is the couple's touch seed. A copy that version 0.1.0 has stored has no seed, and then no
    breaks.
    """

    turns: tuple[dt.date, ...]
    seed: str | None = field(default=None, repr=False)

    def __contains__(self, date: dt.date) -> bool:
        is_agreed = sum(turn <= date for turn in self.turns) % 2 == 1
        return is_agreed and (self.seed is None or calm_on(self.seed, date) > 0)

    @property
    def go_on(self) -> bool:
        """Whether the couple wants touch on every date after the last turn."""
        return len(self.turns) % 2 == 1


EVERY_TOUCH_DATE: Final = TouchDates((dt.date.min,))
"""Every date: for a row of version 0.1.0, which stored that both want touch, but not since when."""


def touch_dates(levels: Levels, seed: str) -> TouchDates | None:
    """Return the dates of a couple with these levels and this seed. Return None if the couple never has touch."""
    turns: list[dt.date] = []
    for date, level in sorted(levels.items()):
        if (level > 0) != (len(turns) % 2 == 1):
            turns.append(date)
    return TouchDates(tuple(turns), touch_seed(seed)) if turns else None


def level_on(levels: Levels, date: dt.date) -> int:
    """Return the couple's touch level on a date."""
    begun = max((each for each in levels if each <= date), default=None)
    return levels[begun] if begun else 0


def with_level(levels: Levels, level: int, settled: dt.date) -> Levels:
    """Return the levels after a change of the level. The new level holds from the date after `settled`.

    `settled` is the latest date that a partner has begun. All dates up to `settled` keep their level, but for dates of
    some days ago, which nobody asks for.
    """
    kept = {date: each for date, each in levels.items() if date <= settled}
    if level != level_on(kept, settled):
        kept[settled + _ONE_DAY] = level
    past = [date for date in kept if date <= settled - _KEPT]
    forgotten = {date for date in past if date != max(past) or kept[date] == 0}
    return {date: each for date, each in kept.items() if date not in forgotten}


def touch_seed(seed: str) -> str:
    """Derive the touch seed from a couple's seed."""
    return derived_seed(seed, "touch")


def derived_seed(seed: str, name: str) -> str:
    """Derive a seed for one use from a couple's seed. Nobody can compute the couple's seed from it."""
    return hashlib.sha256(f"{seed}\n{name}".encode()).hexdigest()[:_SEED_DIGITS]


def calm_on(seed: str, date: dt.date) -> int:
    """Return the highest warmth that the couple's calm phases allow on a date: 0 in a break, WARMEST in no phase.

    The playlist also uses this function for the depth of prompts, with another seed. It takes the number as the highest
    depth.
    """
    highest, ordinal = WARMEST, date.toordinal()
    for ago in range(LONGEST_PHASE):
        more_dates, number = divmod(drawn(seed, f"calm {ordinal - ago}", LONGEST_PHASE * _ONE_IN), _ONE_IN)
        if ago <= more_dates and number < len(_CALM):
            highest = min(highest, _CALM[number])
    return highest


def drawn(seed: str, name: str, count: int) -> int:
    """Draw a number below `count`. The same seed and name always give the same number."""
    return int.from_bytes(hashlib.sha256(f"{seed}\n{name}".encode()).digest()[:8]) % count
