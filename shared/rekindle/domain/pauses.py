"""A pause is a couple's time off: they get no reminders and miss no days.

Either partner can pause for both. A pause covers whole dates, which begin and end by each partner's own clock. If both
partners answer on a date inside a pause, the date counts for the streak.
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
"""A pause ends at most this long after the date on which a partner sets the end. Either partner can move the end."""

_ONE_DAY: Final = dt.timedelta(days=1)


def pause_on(couple: Couple, today: dt.date) -> Pause | None:
    """Return the couple's latest pause. Return None if there is no pause, or if the pause is over on `today`."""
    return couple.pause if couple.pause and today < couple.pause.until else None


def end_range(today: dt.date) -> tuple[dt.date, dt.date]:
    """Return the earliest and the latest `until` that a partner can choose on `today`."""
    return today + _ONE_DAY, today + LONGEST


def with_pause(couple: Couple, today: dt.date, until: dt.date, closed: dt.date) -> Couple:
    """Return the couple with a pause from `today` until just before `until`.

    If the latest pause still runs or ended yesterday, that pause keeps its beginning, and only its end moves. A
    date whose window is over does not become paused. `closed` is the latest date whose window is over.
    """
    latest = couple.pause
    new = dates(max(today, closed + _ONE_DAY), until - _ONE_DAY)
    return replace(
        couple,
        pause=Pause(min(latest.first, today) if latest and today <= latest.until else today, until),
        paused=frozenset(date for date in couple.paused if date < until).union(new),
    )


def without_pause(couple: Couple, today: dt.date, closed: dt.date) -> Couple:
    """Return the couple without a pause from `today` on.

    If no pause runs, return the couple unchanged. Paused dates up to `closed` stay paused, because their windows are
    over. If the pause has no date before `today`, the previous pause becomes the latest pause again.
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
