"""A pause is a couple's time off, in which nothing asks them to take part.

Either partner can pause for both. A pause covers whole dates, which begin and end by each partner's own clock. A date
inside a pause is never missed. It counts for the streak if both take part anyway.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from rekindle.domain.calendar import dates
from rekindle.domain.couples import Pause

if TYPE_CHECKING:
    from collections.abc import Collection

    from rekindle.domain.couples import Couple

LONGEST: Final = dt.timedelta(days=92)
"""A pause may end at most this far ahead: three months. For more time off, a partner must set a new end later."""

_ONE_DAY: Final = dt.timedelta(days=1)


def pause_on(couple: Couple, today: dt.date) -> Pause | None:
    """Return the pause that is not over on a clock that shows `today`. Return None if there is none."""
    return couple.pause if couple.pause and today < couple.pause.until else None


def end_range(today: dt.date) -> tuple[dt.date, dt.date]:
    """Return the earliest and the latest end of a pause that someone sets today."""
    return today + _ONE_DAY, today + LONGEST


def with_pause(couple: Couple, today: dt.date, until: dt.date, closed: dt.date) -> Couple:
    """Return the couple with a pause from `today` until just before `until`.

    If a pause runs already, move its end. Dates before `today` do not change. Dates up to `closed`, the latest date
    that no longer takes answers, do not change either. A pause that directly follows another one keeps the other's
    beginning.
    """
    latest = couple.pause
    new = dates(max(today, closed + _ONE_DAY), until - _ONE_DAY)
    return replace(
        couple,
        pause=Pause(min(latest.first, today) if latest and today <= latest.until else today, until),
        paused=frozenset(date for date in couple.paused if date < until).union(new),
    )


def without_pause(couple: Couple, today: dt.date, closed: dt.date) -> Couple:
    """Return the couple with its pause ended from `today` on. Return it unchanged if it has no pause.

    Dates up to `closed` no longer take answers and do not change. If the partner's clock is behind, an earlier pause
    may still run there. Only the partner can end that pause.
    """
    if pause_on(couple, today) is None or couple.pause is None:
        return couple
    paused = frozenset(date for date in couple.paused if date < today or date <= closed)
    pause = Pause(couple.pause.first, today) if couple.pause.first < today else _latest_of(paused)
    return replace(couple, pause=pause, paused=paused)


def _latest_of(paused: Collection[dt.date]) -> Pause | None:
    if not paused:
        return None
    first = last = max(paused)
    while first - _ONE_DAY in paused:
        first -= _ONE_DAY
    return Pause(first, last + _ONE_DAY)
