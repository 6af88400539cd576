"""What the practice is shown of all couples together: nothing that tells of a few.

Every number that leaves is rounded down to tens, and one under ten is not shown; what a rate is made of is rounded
alike. So any two numbers that are shown, of two days, two packs or a total and its part, differ by nothing or by ten at
least, and no subtraction tells of fewer.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

from rekindle.domain.models import Theme
from rekindle.domain.tallies import ONE_WEEK, RunLength, week_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rekindle.domain.models import PackId, PromptId, PushKind

STEP: Final = 10
"""Fewer than so many couples are nobody's to know, and numbers are shown in steps of as many."""
DAYS: Final = 28
WEEKS: Final = 12

STREAMS_HOUR: Final = dt.timedelta(hours=1)
"""What the stream may take to tell of something and have it counted."""
OVER_AFTER: Final = dt.timedelta(hours=12 + 3) + STREAMS_HOUR
"""After the end of a date in UTC: it ends twelve hours later on the clock furthest behind, and stays open for three."""

_ONE_DAY: Final = dt.timedelta(days=1)
_TAKING_PART: Final = ("offered", "completed")
_OF_A_PROMPT: Final = ("offered", "answered", "completed", "swapped")

type Counters = Mapping[str, int]
"""The counters of a row by name; see `rekindle.domain.tallies.Counted`."""


def shown(count: int) -> int | None:
    """The count rounded down to tens; None under ten."""
    return count - count % STEP if count >= STEP else None


def through(instant: dt.datetime) -> dt.date:
    """The last date that is over for everybody, wherever they are, and counted."""
    return (instant - OVER_AFTER).date() - _ONE_DAY


def shown_days(instant: dt.datetime) -> list[dt.date]:
    """The dates that are shown, oldest first."""
    last = through(instant)
    return [last - number * _ONE_DAY for number in reversed(range(DAYS))]


def shown_weeks(instant: dt.datetime) -> list[dt.date]:
    """The weeks that are shown by their Mondays, latest first: those whose every date is over for everybody."""
    open_week = week_of(through(instant) + _ONE_DAY)
    return [open_week - number * ONE_WEEK for number in range(1, WEEKS + 1)]


def view(
    instant: dt.datetime,
    days: Mapping[dt.date, Counters],
    weeks: Mapping[dt.date, Counters],
    prompts: Mapping[PackId, Mapping[PromptId, Counters]],
    reminders: Iterable[PushKind],
) -> dict[str, Any]:
    """All that is shown at an instant, as JSON has it; None where nothing is counted, or too little to be shown."""
    packs = sorted(prompts)
    return {
        "as_of": str(instant.date()),
        "through": str(through(instant)),
        "days": [
            {"date": str(date), "active": shown(days.get(date, {}).get("active", 0))} for date in shown_days(instant)
        ],
        "weeks": [_week(week, weeks.get(week, {}), packs, reminders) for week in shown_weeks(instant)],
        "prompts": {pack: told for pack in packs if (told := _prompts(prompts[pack]))},
    }


def _prompts(prompts: Mapping[PromptId, Counters]) -> dict[str, dict[str, int | None]]:
    # One that nothing is shown of is left out: that it stood there would say that somebody has had it.
    named = {prompt: _named(counters, "", _OF_A_PROMPT) for prompt, counters in sorted(prompts.items())}
    return {prompt: counts for prompt, counts in named.items() if any(counts.values())}


def _week(week: dt.date, counters: Counters, packs: Iterable[PackId], reminders: Iterable[PushKind]) -> dict[str, Any]:
    # Persons are due, and reached; two of them are a couple.
    couples = {name: count // 2 if name.startswith("reach/") else count for name, count in counters.items()}
    return {
        "week": str(week),
        **_named(couples, "", ("active", "active_28")),
        "themes": {str(theme): _named(couples, f"themes/{theme}/", _TAKING_PART) for theme in Theme},
        "packs": {pack: _named(couples, f"packs/{pack}/", _TAKING_PART) for pack in packs},
        "streaks": _named(couples, "streaks/", RunLength),
        "reach": {str(kind): _named(couples, f"reach/{kind}/", ("due", "reached")) for kind in reminders},
    }


def _named(counters: Counters, place: str, names: Iterable[str]) -> dict[str, int | None]:
    return {str(name): shown(counters.get(f"{place}{name}", 0)) for name in names}
