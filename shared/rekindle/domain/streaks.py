"""The streak: how many days a couple met in their current run, judged without blame.

Nothing here is stored truth. A streak follows from the dates that are complete, those inside a pause and those still
open, in whatever order they came to be; a stored number is a cache of `streak_of`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MILESTONES = (7, 30, 100, 365)
"""The lengths of a run that are worth a word."""

REST_SPACING = dt.timedelta(days=7)
"""Missed dates at least this far apart are rest days; one that follows another sooner ends the run."""

_ONE_DAY = dt.timedelta(days=1)
_LEAP_DAY = (2, 29)


@dataclass(frozen=True, slots=True)
class History:
    """What a couple's streak follows from.

    `first` is the couple's first date, `complete` the dates on which both took part before the day closed, `paused` the
    dates inside a pause, and `excused` the dates on which no prompt was offered through a fault of ours.
    """

    first: dt.date
    complete: frozenset[dt.date]
    paused: frozenset[dt.date] = frozenset()
    excused: frozenset[dt.date] = frozenset()


@dataclass(frozen=True, slots=True)
class Streak:
    """Days of the current run, days of the longest run, and days the couple met in all."""

    current: int
    longest: int
    total: int


class DayMark(StrEnum):
    """How a date looks in the couple's calendar: a missed one looks like rest, whatever it did to the streak."""

    COMPLETE = "complete"
    REST = "rest"
    PAUSED = "paused"
    OPEN = "open"


def streak_of(history: History, open_dates: frozenset[dt.date], through: dt.date) -> Streak:
    """The streak as the dates from the couple's first up to `through` make it.

    A complete date counts at once, also inside a pause. An open date that is not complete yet is neutral. A date that
    is closed, not complete, not paused and not excused was missed: a rest day if none of the six dates before it was
    missed, and otherwise the end of the run.
    """
    run = longest = total = 0
    last_missed: dt.date | None = None
    for date in _dates(history.first, through):
        if date in history.complete:
            total += 1
            run += 1
            longest = max(longest, run)
        elif date not in open_dates and date not in history.excused and date not in history.paused:
            if last_missed is not None and date - last_missed < REST_SPACING:
                run = 0
            last_missed = date
    return Streak(current=run, longest=longest, total=total)


def first_of_year(last: dt.date) -> dt.date:
    """Return the first of the twelve months of dates that end with `last`: the date after the same day a year before.

    A year that ends on 29 February begins on 1 March.
    """
    if (last.month, last.day) == _LEAP_DAY:
        return dt.date(last.year - 1, 3, 1)
    return last.replace(year=last.year - 1) + _ONE_DAY


def calendar_marks(
    history: History, open_dates: frozenset[dt.date], first: dt.date, last: dt.date
) -> dict[dt.date, DayMark]:
    """The marks of the dates from `first` to `last`, oldest first; none for a date before the couple's first.

    `last` is a date that has opened: what lies ahead has no mark, and would look like rest.
    """
    return {date: _mark(history, open_dates, date) for date in _dates(max(first, history.first), last)}


def milestone_crossed(before: int, after: int) -> int | None:
    """The highest milestone that a run reached by growing from `before` to `after` days; None if it reached none."""
    return max((days for days in MILESTONES if before < days <= after), default=None)


def pack_dates(first: dt.date, dates: Iterable[dt.date]) -> bytes:
    """The dates as a bitmap: bit n, lowest bit of the first byte first, stands for the nth date after `first`.

    About 46 bytes a year. Raises ValueError for a date before `first`.
    """
    bits = bytearray()
    for offset in sorted((date - first).days for date in dates):
        if offset < 0:
            raise ValueError(f"no date before {first} fits")
        byte, bit = divmod(offset, 8)
        bits.extend(bytes(byte + 1 - len(bits)))
        bits[byte] |= 1 << bit
    return bytes(bits)


def unpack_dates(first: dt.date, bits: bytes) -> frozenset[dt.date]:
    """The dates that `pack_dates` put into `bits`, with the same `first`."""
    return frozenset(
        first + dt.timedelta(days=8 * index + bit)
        for index, byte in enumerate(bits)
        for bit in range(8)
        if byte >> bit & 1
    )


def _dates(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    return map(dt.date.fromordinal, range(first.toordinal(), last.toordinal() + 1))


def _mark(history: History, open_dates: frozenset[dt.date], date: dt.date) -> DayMark:
    if date in history.complete:
        return DayMark.COMPLETE
    if date in history.paused:
        return DayMark.PAUSED
    return DayMark.OPEN if date in open_dates else DayMark.REST
