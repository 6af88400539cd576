"""Pauses of a couple: time off in which nothing asks them to take part.

Either partner can pause for both. A pause covers whole dates, and each partner reads them on their own clock. A date
inside a pause is never missed, and counts for the streak if both take part anyway.
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
"""How far ahead a pause may end: three months. After that, someone must ask for a new one."""

_ONE_DAY: Final = dt.timedelta(days=1)


def pause_on(couple: Couple, today: dt.date) -> Pause | None:
    """Return the pause that runs or is ahead on a clock that shows `today`, or None."""
    return couple.pause if couple.pause and today < couple.pause.until else None


def end_range(today: dt.date) -> tuple[dt.date, dt.date]:
    """Return the earliest and the latest end of a pause that someone sets today."""
    return today + _ONE_DAY, today + LONGEST


def with_pause(couple: Couple, today: dt.date, until: dt.date, closed: dt.date) -> Couple:
    """Return the couple with a pause from `today` until just before `until`.

    If a pause runs already, move its end. Past dates do not change: neither those before `today` nor those up to
    `closed`, the latest date that no longer takes answers. A pause that directly follows another one keeps the other's
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
    """Return the couple without a pause from `today` on, or unchanged if there is none.

    Dates up to `closed` no longer take answers and do not change. An earlier pause may still run on the partner's clock
    if it is behind. Only the partner ends that one.
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
