"""Read and write instants and numbers for people."""

from __future__ import annotations

import datetime as dt
import unicodedata
from typing import TYPE_CHECKING, Final

from cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_UNITS: Final = ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute"))
_FORMS: Final = "such as “2026-03-01 09:00” on this terminal's clock, or 2026-03-01T09:00+01:00"


def instant_in(text: str) -> dt.datetime:
    """Read an instant in ISO format. A time without an offset is in this terminal's time zone.

    Raise UsageError if the text is not an instant, or is a local time that a clock change skips or repeats.
    """
    try:
        typed = dt.datetime.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"“{plain(text)}” is not a time.", f"Write it {_FORMS}.") from None
    if typed.tzinfo:
        return typed.astimezone(dt.UTC)
    if ":" not in text:
        raise UsageError(f"“{plain(text)}” has no time of day.", f"Write it {_FORMS}.")
    first, second = (typed.replace(fold=fold).astimezone(dt.UTC) for fold in (0, 1))
    if first.astimezone().replace(tzinfo=None) != typed:
        raise UsageError(f"{text} does not exist here: the clock goes forward then.", f"Write it {_FORMS}.")
    if first != second:
        about = f"It may be {first.astimezone():%H:%M%z} or {second.astimezone():%H:%M%z}."
        raise UsageError(f"{text} comes twice here: the clock goes back then.", "Add the offset.", about=[about])
    return first


def moment(instant: dt.datetime) -> str:
    """Return the instant in this terminal's zone, such as “Sunday 1 March 2026 at 09:00 (UTC+01:00)”."""
    here = instant.astimezone()
    return f"{here:%A} {here.day} {here:%B %Y} at {here:%H:%M} ({offset(here)})"


def short(instant: dt.datetime) -> str:
    """Return the instant in this terminal's zone, such as 2026-03-01 09:00."""
    return f"{instant.astimezone():%Y-%m-%d %H:%M}"


def day(date: dt.date) -> str:
    """Return a date in words, such as “Sunday 1 March 2026”."""
    return f"{date:%A} {date.day} {date:%B %Y}"


def offset(instant: dt.datetime) -> str:
    """Return the offset from UTC, such as “UTC+01:00”."""
    shown = f"{instant:%:z}"
    return "UTC" if shown == "+00:00" else f"UTC{shown}"


def distance(instant: dt.datetime, now: dt.datetime) -> str:
    """Return how far an instant is from now, such as “in 3 days” or “2 hours ago”."""
    seconds = (instant - now).total_seconds()
    for unit, name in _UNITS:
        if (number := int(abs(seconds) // unit)) >= 1:
            said = counted(number, name)
            return f"in {said}" if seconds > 0 else f"{said} ago"
    return "in a moment" if seconds > 0 else "just now"


def since(instant: dt.datetime, now: dt.datetime) -> str:
    """Return how long ago an instant was. Clocks differ, so an instant after `now` gives “just now”."""
    return distance(min(instant, now), now)


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return the number with its noun, such as “1 day” or “3 days”."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listed(names: Iterable[str]) -> str:
    """Join names with commas and "and"."""
    *most, last = [*names] or ["nothing"]
    return f"{', '.join(most)} and {last}" if most else last


def plain(text: str) -> str:
    """Replace control characters in a text, because they could control a terminal. Keep tabs and newlines."""
    return "".join(each if each in "\n\t" or unicodedata.category(each) not in {"Cc", "Cs"} else "�" for each in text)
