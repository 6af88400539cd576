"""A streak is the number of complete days in a couple's current run.

A run is a series of complete days. Open, paused, excused and rest days between them do not count, and do not end the
run. The order in which days became complete does not matter. A stored streak is a cache of `streak_of`'s result.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from rekindle.domain.calendar import dates

if TYPE_CHECKING:
    from collections.abc import Iterable

MILESTONES = (7, 30, 100, 365)
"""The app congratulates when a run reaches one of these lengths, in days."""

REST_SPACING = dt.timedelta(days=7)
"""A missed date ends the run if the previous missed date is less than this time earlier. Otherwise it is a rest day."""

_ONE_DAY = dt.timedelta(days=1)
_LEAP_DAY = (2, 29)


@dataclass(frozen=True, slots=True)
class History:
    """Dates from which a couple's streak is computed.

    `first` is the first date to judge. On a `complete` date, both partners took part before the day closed. A `paused`
    date is inside a pause. An `excused` date cannot be missed: there was an outage, or the couple had not paired when
    the date began.
    """

    first: dt.date
    complete: frozenset[dt.date]
    paused: frozenset[dt.date] = frozenset()
    excused: frozenset[dt.date] = frozenset()


@dataclass(frozen=True, slots=True)
class Streak:
    """The numbers of complete days in the current run, in the longest run, and in all."""

    current: int
    longest: int
    total: int


class DayMark(StrEnum):
    """Mark of a date in the couple's calendar. REST marks every closed date that is neither complete nor paused.

    Such a date is excused or missed. A missed date gets the mark REST even if it ended a run.
    """

    COMPLETE = "complete"
    REST = "rest"
    PAUSED = "paused"
    OPEN = "open"


def streak_of(history: History, open_dates: frozenset[dt.date], through: dt.date) -> Streak:
    """Compute the streak from the couple's first date up to and including `through`.

    A complete date counts, even if it is still open or inside a pause. An open date that is not complete yet changes
    nothing. A date is missed if it is closed, not complete, not paused and not excused. A missed date is a rest day if
    none of the six dates before it was missed. Otherwise the missed date ends the run.
    """
    run = longest = total = 0
    last_missed: dt.date | None = None
    for date in dates(history.first, through):
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
    """Return the first date of the twelve months that end with `last`.

    For 5 May 2026, this is 6 May 2025. For 29 February 2028, this is 1 March 2027.
    """
    if (last.month, last.day) == _LEAP_DAY:
        return dt.date(last.year - 1, 3, 1)
    return last.replace(year=last.year - 1) + _ONE_DAY


def calendar_marks(
    history: History, open_dates: frozenset[dt.date], first: dt.date, last: dt.date
) -> dict[dt.date, DayMark]:
    """Return the marks of the dates from `first` to `last`, oldest first.

    A date before the couple's first date has no mark. `last` must be a date that has opened: a date that has not opened
    yet would get the mark REST.
    """
    return {date: _mark(history, open_dates, date) for date in dates(max(first, history.first), last)}


def milestone_crossed(before: int, after: int) -> int | None:
    """Return the highest milestone that a run reached when it grew from `before` to `after` days, or None."""
    return max((days for days in MILESTONES if before < days <= after), default=None)


def pack_dates(first: dt.date, dates: Iterable[dt.date]) -> bytes:
    """Pack dates into a bitmap of about 46 bytes a year.

    Bit n stands for the date n days after `first`. Bit 0 is the lowest bit of the first byte. Raise ValueError if a
    date is before `first`.
    """
    bits = bytearray()
    for offset in sorted((date - first).days for date in dates):
        if offset < 0:
            raise ValueError(f"a date is before {first}")
        byte, bit = divmod(offset, 8)
        bits.extend(bytes(byte + 1 - len(bits)))
        bits[byte] |= 1 << bit
    return bytes(bits)


def unpack_dates(first: dt.date, bits: bytes) -> frozenset[dt.date]:
    """Return the dates that `pack_dates` put into `bits`, with the same `first`."""
    return frozenset(
        first + dt.timedelta(days=8 * index + bit)
        for index, byte in enumerate(bits)
        for bit in range(8)
        if byte >> bit & 1
    )


def _mark(history: History, open_dates: frozenset[dt.date], date: dt.date) -> DayMark:
    if date in history.complete:
        return DayMark.COMPLETE
    if date in history.paused:
        return DayMark.PAUSED
    return DayMark.OPEN if date in open_dates else DayMark.REST
