"""What is counted of couples: how much each adds to the counters, worked out from their own last weeks.

A couple's history only ever grows, and what it adds follows from it alone: `contributions`. A change is counted as the
difference that it makes, so that one that is told twice, or after another that came later, makes none. Counters that
are moved in one transaction with the history hold exactly what all histories add up to.

Of a prompt's history only how far it had come is kept, and each change of a day names its prompts once more:
`prompt_contributions`.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from rekindle.domain.changes import DayChange, StreakChange
from rekindle.domain.streaks import MILESTONES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rekindle.domain import models
    from rekindle.domain.changes import Change
    from rekindle.domain.models import CoupleId, PackId, PromptId, PushKind, Reach, Theme

ONE_WEEK: Final = dt.timedelta(weeks=1)
LOOK_BACK: Final = 3
"""The weeks before a week in which a couple may have been active to be among its `active_28`."""
LATE: Final = 2
"""The weeks before that of a couple's newest date whose days may still change.

A date takes answers for three days after it, and five where somebody flies; the stream tells of it within a day.
"""
KEPT: Final = LATE + LOOK_BACK
"""The weeks before that of the newest date that are kept: all that the changes which may come can bear on."""

_BOTH: Final = 2


class RunLength(StrEnum):
    """How long a streak's run is, by the milestones that it has passed."""

    NONE = "0"
    DAYS = "1-6"
    WEEKS = "7-29"
    MONTHS = "30-99"
    SEASONS = "100-364"
    YEARS = "365+"


@dataclass(frozen=True, slots=True)
class DayRow:
    """The counters of a date."""

    date: dt.date


@dataclass(frozen=True, slots=True)
class WeekRow:
    """The counters of a week, which is named by its Monday."""

    week: dt.date


@dataclass(frozen=True, slots=True)
class PromptRow:
    """The counters of a prompt, of all time."""

    pack: PackId
    prompt: PromptId


class Counted(NamedTuple):
    """One counter. A name with slashes is a place within what is shown: `themes/touch/offered`."""

    row: DayRow | WeekRow | PromptRow
    name: str


type Counts = Counter[Counted]
"""By how much counters go up, or down where it is negative."""


@dataclass(frozen=True, slots=True)
class Met:
    """A prompt that a couple was offered; `again` if they had been before, on another day."""

    pack: PackId
    prompt: PromptId
    again: bool


@dataclass(frozen=True, slots=True)
class DayTold:
    """What a day has come to: the prompts put aside and then the one that stands, and how many have answered it.

    `theme` is None on a day from before days said so: nor is it known then whether its prompts had been met.
    """

    date: dt.date
    theme: Theme | None
    prompts: tuple[Met, ...]
    answered: int


@dataclass(frozen=True, slots=True)
class StreakTold:
    """What a streak came to as `date` was noted in it, the couple's complete date number `total`."""

    date: dt.date
    total: int
    run: int


type Told = DayTold | StreakTold


def told_by(change: Change | None) -> tuple[CoupleId, Told] | None:
    """Return what a change adds to its couple's history, or None for a change that is not counted."""
    match change:
        case DayChange(before=before, after=after):
            told = _told_by_day(after)
            return None if before and _told_by_day(before) == told else (after.couple, told)
        case StreakChange(before=before, after=after):
            # Each write adds one date, so no two writes of a couple have the same number of dates.
            noted = after.complete - (before.complete if before else frozenset())
            return (after.couple, StreakTold(max(noted), len(after.complete), after.current)) if noted else None
        case _:
            return None


def _told_by_day(day: models.Day) -> DayTold:
    prompts = [Met(each.prompt.pack, each.prompt.prompt, each.again) for each in day.swapped]
    prompts.append(Met(day.prompt.pack, day.prompt.prompt, day.again))
    return DayTold(day.date, day.theme, tuple(prompts), len(day.answers))


@dataclass(frozen=True, slots=True)
class Day:
    """What is kept of a day: `packs` are those of its prompts, the one that stands last."""

    theme: Theme | None
    packs: tuple[PackId, ...]
    answered: int

    @property
    def progress(self) -> tuple[int, int]:
        """How far the day has come; it never goes back, and a prompt is put aside only before anybody answers."""
        return self.answered, len(self.packs)


class Latest(NamedTuple):
    """The latest completion in a week: the couple's complete dates with it, and the length of their run."""

    total: int
    run: RunLength


@dataclass(frozen=True, slots=True)
class History:
    """A couple's last weeks: their days, and by week (its Monday) the latest completion of one of its dates."""

    days: Mapping[dt.date, Day] = field(default_factory=dict)
    runs: Mapping[dt.date, Latest] = field(default_factory=dict)

    def since(self, week: dt.date) -> History:
        """The history from a week on."""
        return History(
            {date: day for date, day in self.days.items() if date >= week},
            {each: latest for each, latest in self.runs.items() if each >= week},
        )

    def with_told(self, told: Told) -> History:
        """The history with what was told, the same if it was known already or is overtaken."""
        match told:
            case DayTold():
                day = Day(told.theme, tuple(met.pack for met in told.prompts), told.answered)
                known = self.days.get(told.date)
                if known is None or day.progress > known.progress:
                    return replace(self, days={**self.days, told.date: day})
            case StreakTold():
                week, latest = week_of(told.date), Latest(told.total, length_of(told.run))
                existing = self.runs.get(week)
                # One that leaves the length as it was need not be kept: whatever is told again says the same.
                if existing is None or (latest.total > existing.total and latest.run != existing.run):
                    return replace(self, runs={**self.runs, week: latest})
        return self


def week_of(date: dt.date) -> dt.date:
    """The Monday of the date's week."""
    return date - dt.timedelta(days=date.weekday())


def length_of(run: int) -> RunLength:
    """How long a run of so many days is."""
    return list(RunLength)[0 if run < 1 else 1 + sum(run >= days for days in MILESTONES)]


def after(history: History, told: Told) -> tuple[History, Counts]:
    """The history once something has been told, and what that adds to the counters.

    What is told of a week that no change can come to any more is not heard: it can only be a repeat.
    """
    newest = max([told.date, *history.days, *history.runs])
    if week_of(told.date) < week_of(newest) - LATE * ONE_WEEK:
        return history, Counter()
    before = history.since(week_of(newest) - KEPT * ONE_WEEK)
    grown = before.with_told(told)
    if grown is before:
        return history, Counter()
    counts = contributions(grown)
    counts.subtract(contributions(before))
    if isinstance(told, DayTold):
        counts.update(prompt_contributions(told, grown.days[told.date]))
        counts.subtract(prompt_contributions(told, before.days.get(told.date)))
    return grown, Counter({counted: count for counted, count in counts.items() if count})


def contributions(history: History) -> Counts:
    """What a couple with this history adds to the counters of dates and weeks: to each at most one."""
    added: set[Counted] = set()
    for date, day in history.days.items():
        week = WeekRow(week_of(date))
        practised = [f"packs/{day.packs[-1]}"]
        added |= {Counted(week, f"packs/{pack}/offered") for pack in day.packs}
        if day.theme:
            practised.append(f"themes/{day.theme}")
            added.add(Counted(week, f"themes/{day.theme}/offered"))
        if day.answered:
            added |= {Counted(DayRow(date), "active"), Counted(week, "active")}
            later = (WeekRow(week.week + number * ONE_WEEK) for number in range(LOOK_BACK + 1))
            added |= {Counted(each, "active_28") for each in later}
        if day.answered == _BOTH:
            added |= {Counted(week, f"{each}/completed") for each in practised}
    added |= {Counted(WeekRow(week), f"streaks/{latest.run}") for week, latest in history.runs.items()}
    return Counter(added)


def prompt_contributions(told: DayTold, day: Day | None) -> Counts:
    """What a day adds to the counters of its prompts once it has come as far as `day`, which may be less than was told.

    First meetings alone are counted: how a prompt fares with those who had met it would be another question.
    """
    if day is None or day.theme is None:
        return Counter()
    prompts = told.prompts[: len(day.packs)]
    states = ["offered", *["answered", "completed"][: day.answered]]
    named = [(met, ("offered", "swapped")) for met in prompts[:-1]] + [(prompts[-1], tuple(states))]
    return Counter(
        Counted(PromptRow(met.pack, met.prompt), name) for met, names in named if not met.again for name in names
    )


def reach_contributions(date: dt.date, reach: Mapping[PushKind, Reach]) -> Counts:
    """What a run of reminders for a date adds: persons, by kind."""
    week = WeekRow(week_of(date))
    return Counter(
        {
            Counted(week, f"reach/{kind}/{name}"): count
            for kind, each in reach.items()
            for name, count in (("due", each.due), ("reached", each.reached))
            if count
        }
    )


def total_of(counts: Iterable[Counts]) -> Counts:
    """All of it together, without what comes to nothing."""
    total: Counts = Counter()
    for each in counts:
        total.update(each)
    return Counter({counted: count for counted, count in total.items() if count})
