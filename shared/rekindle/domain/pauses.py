"""The couple's pause: a time off that either of them takes for both, in which nothing asks them to take part.

A pause is of dates, as a day is, and either partner speaks of it by their own clock. A date inside it is never missed,
and counts for the streak if both take part in it all the same.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from rekindle.domain.models import Pause
from rekindle.domain.open_days import dates

if TYPE_CHECKING:
    from collections.abc import Collection

    from rekindle.domain.models import Couple

LONGEST: Final = dt.timedelta(days=92)
"""How far ahead a pause may end: three months, after which it has to be wished for anew."""

_ONE_DAY: Final = dt.timedelta(days=1)


def pause_on(couple: Couple, today: dt.date) -> Pause | None:
    """The pause that runs by a clock that shows `today`, or has begun by the partner's; None if there is none."""
    return couple.pause if couple.pause and today < couple.pause.until else None


def ends_of(today: dt.date) -> tuple[dt.date, dt.date]:
    """The earliest and the latest date on which a pause may end that is wished for today."""
    return today + _ONE_DAY, today + LONGEST


def pausing(couple: Couple, today: dt.date, until: dt.date, closed: dt.date) -> Couple:
    """The couple with a pause from `today` until just before `until`, or with the end of the running one moved there.

    Past dates do not change: dates before `today`, and dates up to `closed`, which take no answers any more. A
    pause that follows on from another goes on from its beginning.
    """
    latest = couple.pause
    new = dates(max(today, closed + _ONE_DAY), until - _ONE_DAY)
    return replace(
        couple,
        pause=Pause(min(latest.first, today) if latest and today <= latest.until else today, until),
        paused=frozenset(date for date in couple.paused if date < until).union(new),
    )


def resumed(couple: Couple, today: dt.date, closed: dt.date) -> Couple:
    """The couple without a pause from `today` on; the same if there is none by then.

    Dates up to `closed` take no answers any more and stay as they were. What a partner, whose clock may be behind,
    still has of an earlier pause is theirs to end.
    """
    if pause_on(couple, today) is None or couple.pause is None:
        return couple
    paused = frozenset(date for date in couple.paused if date < today or date <= closed)
    pause = Pause(couple.pause.first, today) if couple.pause.first < today else _latest(paused)
    return replace(couple, pause=pause, paused=paused)


def _latest(paused: Collection[dt.date]) -> Pause | None:
    if not paused:
        return None
    first = last = max(paused)
    while first - _ONE_DAY in paused:
        first -= _ONE_DAY
    return Pause(first, last + _ONE_DAY)
