"""A pause is a couple's time off: they get no reminders and miss no days.

Either partner can pause for both. A pause covers whole dates, which begin and end by each partner's own clock. If both
partners answer on a date inside a pause, the date counts for the streak.

Either partner can also end the pause, or make it shorter. If one ends or shortens what the other has paused, the other
cannot pause further dates for a week. So nobody can keep the partner's reminders away against the partner's will.
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
    from rekindle.domain.ids import Uid

LONGEST: Final = dt.timedelta(days=92)
"""A pause ends at most this long after the date on which a partner sets the end. Either partner can move the end."""

PEACE: Final = dt.timedelta(days=7)
"""For this long after a person has ended the partner's pause, the partner cannot pause further dates."""

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


def pauses_further_dates(before: Couple, after: Couple) -> bool:
    """Return whether a change pauses a date that was not paused before."""
    return not after.paused <= before.paused


def may_pause_at(couple: Couple, uid: Uid, instant: dt.datetime) -> dt.datetime | None:
    """Return when this person may pause further dates. Return None if they may at `instant`."""
    ended_at = couple.pauses_ended.get(uid)
    return ended_at + PEACE if ended_at and instant < ended_at + PEACE else None


def noting_who(before: Couple, after: Couple, uid: Uid, instant: dt.datetime) -> Couple:
    """Return the changed couple, with a note of who has paused until when, and whose pause was ended.

    `uid` is the person who changed the pause of `before` to the pause of `after` at `instant`. A person who makes a
    pause longer has paused all of its dates from then on, and so has whoever paused some of them before. The notes are
    for `may_pause_at` only: nobody may see them.
    """
    ended = {person: ended_at for person, ended_at in after.pauses_ended.items() if instant < ended_at + PEACE}
    paused_by = dict(before.paused_by)
    if no_longer_paused := before.paused - after.paused:
        end = min(no_longer_paused)
        ended |= {person: instant for person, until in paused_by.items() if person != uid and end < until}
        paused_by = {person: min(end, until) for person, until in paused_by.items()}
    if after.pause and pauses_further_dates(before, after):
        paused_by[uid] = after.pause.until
    return replace(after, paused_by=paused_by, pauses_ended=ended)


def with_time_apart(couple: Couple, today: dt.date, closed: dt.date) -> Couple:
    """Return the couple with the dates of their time apart as a pause.

    `closed` is the latest date that was closed when they unpaired. The dates after it, and before `today`, become
    paused. A pause that ran when they unpaired keeps its beginning and its end.
    """
    first, latest = closed + _ONE_DAY, couple.pause
    if first >= today:
        return couple
    goes_on = latest is not None and first <= latest.until
    return replace(
        couple,
        pause=Pause(min(latest.first, first), max(latest.until, today)) if latest and goes_on else Pause(first, today),
        paused=couple.paused.union(dates(first, today - _ONE_DAY)),
    )


def _latest_of(paused: Collection[dt.date]) -> Pause | None:
    if not paused:
        return None
    first = last = max(paused)
    while first - _ONE_DAY in paused:
        first -= _ONE_DAY
    return Pause(first, last + _ONE_DAY)
