"""The compiled time zones of RFC 9636, read from their bytes."""

from __future__ import annotations

import datetime as dt
import re
import struct
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

PLACE: Final[Traversable] = resources.files("tzdata") / "zoneinfo"

_HEADER: Final = struct.Struct(">4s1s15x6L")
_TYPE: Final = struct.Struct(">lBB")
_EPOCH: Final = dt.date(1970, 1, 1)
_DAY: Final = 24 * 60 * 60

_NAME = r"(?:<[^>]+>|[A-Za-z]{3,})"
_OFFSET = r"[+-]?\d+(?::\d+){0,2}"
_WEEKDAY = rf"M(\d+)\.(\d)\.(\d)(?:/({_OFFSET}))?"
_FOOTER: Final = re.compile(rf"{_NAME}({_OFFSET})(?:{_NAME}({_OFFSET})?,{_WEEKDAY},{_WEEKDAY})?")


@dataclass(frozen=True, slots=True)
class Era:
    """A stretch in which a zone's clocks keep one offset: from `start` until just before `end`.

    All three are seconds: the ends since 1970 in UTC, the offset as clocks are ahead of it.
    """

    start: float
    end: float
    offset: int


def eras(data: bytes, horizon: int) -> tuple[Era, ...]:
    """Return a compiled zone's eras in order, until the end of the year `horizon`.

    A change of name alone, or of what counts as summer time, ends an era too.
    """
    offset, changes, footer = _table(data)
    last = changes[-1][0] if changes else float("-inf")
    changes += [change for change in _changes_by_rule(footer, last, horizon) if change[0] > last]
    starts = [(float("-inf"), offset), *changes, (_midnight(dt.date(horizon + 1, 1, 1)), 0)]
    return tuple(Era(start, end, offset) for (start, offset), (end, _) in pairwise(starts))


def compiled(zone: str) -> bytes:
    """Return the bytes of the zone in the pinned tzdata."""
    return PLACE.joinpath(zone).read_bytes()


def _table(data: bytes) -> tuple[int, list[tuple[int, int]], str]:
    """Return the first offset, the changes as (instant, offset), and the final rule."""
    # The first block is for readers of 32-bit times; all that counts is in the second, and in the line at the end.
    first = _Counts.read(data)
    second = data[_HEADER.size + first.length(time_size=4) :]
    counts = _Counts.read(second)
    body, footer = second[_HEADER.size :], second[_HEADER.size + counts.length(time_size=8) :]
    instants = struct.unpack_from(f">{counts.times}q", body)
    kinds = body[8 * counts.times : 9 * counts.times]
    types = _TYPE.iter_unpack(body[9 * counts.times : 9 * counts.times + _TYPE.size * counts.types])
    offsets = [offset for offset, _, _ in types]
    changes = [(at, offsets[kind]) for at, kind in zip(instants, kinds, strict=True)]
    return offsets[0], changes, footer.decode("ascii").strip("\n")


class _Counts(NamedTuple):
    """What a block says of its own parts."""

    universals: int
    standards: int
    leaps: int
    times: int
    types: int
    characters: int

    @classmethod
    def read(cls, block: bytes) -> _Counts:
        """Read the counts in a block's header; raise ValueError for an unsupported block."""
        magic, version, *counts = _HEADER.unpack_from(block)
        found = cls(*counts)
        if magic != b"TZif" or version < b"2" or found.leaps:
            raise ValueError("not a compiled zone of version 2 or later without leap seconds")
        return found

    def length(self, *, time_size: int) -> int:
        """Return the length in bytes of the data after the header."""
        return (
            self.times * (time_size + 1) + self.types * _TYPE.size + self.characters + self.standards + self.universals
        )


def _changes_by_rule(footer: str, last: float, horizon: int) -> list[tuple[int, int]]:
    """Return a POSIX TZ string's changes from the year of `last` on."""
    parsed = _FOOTER.fullmatch(footer)
    if parsed is None:
        raise ValueError(f"{footer!r} is no rule by weekdays, the only kind that tzdata has")
    standard_text, summer_text, *rules = parsed.groups()
    if rules[0] is None:
        return []
    standard = -_seconds(standard_text)  # POSIX counts what to add to a clock's reading to have UTC
    summer = -_seconds(summer_text) if summer_text else standard + 60 * 60
    first = (_EPOCH + dt.timedelta(seconds=last)).year if last > float("-inf") else _EPOCH.year
    return sorted(
        change
        for year in range(first, horizon + 1)
        for change in (
            (_reading_at(year, *rules[:4]) - standard, summer),
            (_reading_at(year, *rules[4:]) - summer, standard),
        )
    )


@cache
def _reading_at(year: int, month: str, week: str, weekday: str, time: str | None) -> int:
    """Return the local time of a rule `M<month>.<week>.<weekday>/<time>` in a year.

    The time is 2:00 by default. The result is in seconds since 1970, as if the clocks were in UTC.
    """
    sunday_first = int(weekday)
    dates = [date for date in _dates_of(year, int(month)) if date.isoweekday() % 7 == sunday_first]
    date = dates[min(int(week), len(dates)) - 1]  # the fifth is the last
    return _midnight(date) + (_seconds(time) if time else 2 * 60 * 60)


def _dates_of(year: int, month: int) -> Iterator[dt.date]:
    date = dt.date(year, month, 1)
    while date.month == month:
        yield date
        date += dt.timedelta(days=1)


def _midnight(date: dt.date) -> int:
    return (date - _EPOCH).days * _DAY


def _seconds(text: str) -> int:
    """`[+-]h[:mm[:ss]]`, where the hours may be more than a day has, or fewer than none."""
    size = [int(part) for part in text.lstrip("+-").split(":")] + [0, 0]
    seconds = size[0] * 60 * 60 + size[1] * 60 + size[2]
    return -seconds if text.startswith("-") else seconds
