"""Prepare the practice's statistics so that no number reveals fewer than ten couples.

Every number is rounded down to tens, and a number under ten is not shown. So any two shown numbers are equal or differ
by at least ten. A reader can subtract the numbers of two days, of two packs, or of a total and its part. The result
cannot reveal a group of fewer than ten couples.

The practice gives the code of a pack to couples whom it knows, so it may know most of the couples behind a number. Such
a pack shows numbers only from fifty couples on. It counts a couple only from its seventh day with the pack
(`Couple.has_just_joined`), so a number does not tell that somebody has just joined.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rekindle.domain.prompts import Theme
from rekindle.domain.tallies import ONE_WEEK, RunLength, week_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rekindle.domain.ids import PackId, PromptId
    from rekindle.domain.pushes import PushKind

STEP: Final = 10
"""Counts below this number of couples are never shown. All other counts are rounded down to a multiple of STEP."""
LEAST_BY_CODE: Final = 50
"""Counts of a pack by code are shown only from this number of couples on."""
DAYS: Final = 28
WEEKS: Final = 12

STREAMS_HOUR: Final = dt.timedelta(hours=1)
"""The table's stream may take this long to deliver a change that the statistics count."""
OVER_AFTER: Final = dt.timedelta(hours=12 + 3) + STREAMS_HOUR
"""This long after its end in UTC, a date is over everywhere and counted.

The westernmost clock is twelve hours behind UTC, and a date takes answers for three hours after its end.
"""

_ONE_DAY: Final = dt.timedelta(days=1)
_TAKING_PART: Final = ("offered", "completed")
_OF_A_PROMPT: Final = ("offered", "answered", "completed", "swapped")

type Counters = Mapping[str, int]
"""The counters of a row by name; see `rekindle.domain.tallies.Counted`."""


@dataclass(frozen=True, slots=True)
class PackCounters:
    """The counters of a pack's prompts, and whether couples join the pack by a code, or did so earlier."""

    prompts: Mapping[PromptId, Counters]
    by_code: bool = False

    @property
    def least(self) -> int:
        """The least number of couples that is shown for this pack."""
        return LEAST_BY_CODE if self.by_code else STEP


def shown(count: int, least: int = STEP) -> int | None:
    """Return the count rounded down to tens. Return None for a count under `least`, which is a multiple of STEP."""
    return count - count % STEP if count >= least else None


def through(instant: dt.datetime) -> dt.date:
    """Return the last date that is over everywhere and counted at `instant`."""
    return (instant - OVER_AFTER).date() - _ONE_DAY


def shown_days(instant: dt.datetime) -> list[dt.date]:
    """Return the dates that the statistics show at `instant`, oldest first."""
    last = through(instant)
    return [last - number * _ONE_DAY for number in reversed(range(DAYS))]


def shown_weeks(instant: dt.datetime) -> list[dt.date]:
    """Return the Mondays of the latest weeks that are over everywhere, latest first."""
    open_week = week_of(through(instant) + _ONE_DAY)
    return [open_week - number * ONE_WEEK for number in range(1, WEEKS + 1)]


def view(
    instant: dt.datetime,
    days: Mapping[dt.date, Counters],
    weeks: Mapping[dt.date, Counters],
    packs: Mapping[PackId, PackCounters],
    reminders: Iterable[PushKind],
) -> dict[str, Any]:
    """Return all statistics at an instant as JSON. None marks a number that is zero or too small to be shown."""
    packs = dict(sorted(packs.items()))
    return {
        "as_of": str(instant.date()),
        "through": str(through(instant)),
        "days": [
            {"date": str(date), "active": shown(days.get(date, {}).get("active", 0))} for date in shown_days(instant)
        ],
        "weeks": [_week(week, weeks.get(week, {}), packs, reminders) for week in shown_weeks(instant)],
        "prompts": {pack: counts for pack, each in packs.items() if (counts := _prompts(each))},
    }


def _prompts(pack: PackCounters) -> dict[str, dict[str, int | None]]:
    # Leave out a prompt without a shown number: its name alone would reveal that a couple has had the prompt.
    named = {
        prompt: _named(counters, "", _OF_A_PROMPT, pack.least) for prompt, counters in sorted(pack.prompts.items())
    }
    return {prompt: counts for prompt, counts in named.items() if any(counts.values())}


def _week(
    week: dt.date, counters: Counters, packs: Mapping[PackId, PackCounters], reminders: Iterable[PushKind]
) -> dict[str, Any]:
    # Reach counts persons. A couple is two persons, so divide a reach by two before rounding.
    couples = {name: count // 2 if name.startswith("reach/") else count for name, count in counters.items()}
    return {
        "week": str(week),
        **_named(couples, "", ("active", "active_28")),
        "themes": {str(theme): _named(couples, f"themes/{theme}/", _TAKING_PART) for theme in Theme},
        "packs": {pack: _named(couples, f"packs/{pack}/", _TAKING_PART, each.least) for pack, each in packs.items()},
        "streaks": _named(couples, "streaks/", RunLength),
        "reach": {str(kind): _named(couples, f"reach/{kind}/", ("due", "reached")) for kind in reminders},
    }


def _named(counters: Counters, prefix: str, names: Iterable[str], least: int = STEP) -> dict[str, int | None]:
    return {str(name): shown(counters.get(f"{prefix}{name}", 0), least) for name in names}
