"""Compute how much each couple adds to the counters of the statistics.

The words of this module:

- A date is *complete* when both partners have answered. A *completion* is the moment at which this happens.
- A *run* is a couple's streak: its number of complete dates in a row. A *length class* is a range of such numbers, such
  as `7-29`.
- *Progress* is what is new in one change of the table: a day's new state (`DayProgress`), or a completion
  (`StreakProgress`).
- A *tally* is the row with a couple's `History`: its counted days and completions of the last six weeks.
- `Latest` is the completion that the history stores for a week. `active_28` counts couples over four weeks.

From a history alone, `contributions` computes what the couple adds to the counters of dates and weeks. Progress adds
the contributions of the new history, minus those of the history before. So progress that arrives a second time adds
nothing. An old state of a day that arrives after a newer state also adds nothing. One transaction writes the history
and the counters.

A history stores the packs of a day, but not its prompts. So the progress of a day names all prompts of the day, and
`prompt_contributions` counts them.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from rekindle.domain.changes import DayChange, StreakChange
from rekindle.domain.ids import PackId
from rekindle.domain.streaks import MILESTONES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rekindle.domain.changes import Change
    from rekindle.domain.days import Day
    from rekindle.domain.ids import CoupleId, PromptId
    from rekindle.domain.prompts import Theme
    from rekindle.domain.pushes import PushKind, Reach

ONE_WEEK: Final = dt.timedelta(weeks=1)
LOOK_BACK: Final = 3
"""`active_28` of a week counts the couples that were active in this week or in the LOOK_BACK weeks before it."""
LATE: Final = 2
"""Progress is counted if its week is at most this many weeks before the week of the couple's newest date.

This is enough: a date takes answers for less than three days, and the stream delivers a change within a day.
"""
KEPT: Final = LATE + LOOK_BACK
"""A history has six weeks: the week of its newest date, and KEPT weeks before. The counting needs no older weeks."""

_BOTH: Final = 2
_NO_PACK: Final = PackId("")
"""Stands in a history for a pack that does not count, because the couple has just joined it."""


class RunLength(StrEnum):
    """The length class of a run. Each class after the first two begins with a milestone, such as 7 days."""

    NONE = "0"
    DAYS = "1-6"
    WEEKS = "7-29"
    MONTHS = "30-99"
    SEASONS = "100-364"
    YEARS = "365+"


@dataclass(frozen=True, slots=True)
class DayRow:
    """The row of counters of a date."""

    date: dt.date


@dataclass(frozen=True, slots=True)
class WeekRow:
    """The row of counters of a week, named by its Monday."""

    week: dt.date


@dataclass(frozen=True, slots=True)
class PromptRow:
    """The row of counters of a prompt, over all time."""

    pack: PackId
    prompt: PromptId


class Counted(NamedTuple):
    """One counter of a row. Slashes in the name give its place in the statistics: `themes/touch/offered`."""

    row: DayRow | WeekRow | PromptRow
    name: str


type Counts = Counter[Counted]
"""The number to add to each counter. A negative number lowers the counter."""


@dataclass(frozen=True, slots=True)
class Met:
    """A prompt that a couple was offered. `again` means that they had met the prompt on an earlier day.

    `early` means that they had just joined the prompt's pack by its code. Then the pack and the prompt do not count.
    """

    pack: PackId
    prompt: PromptId
    again: bool
    early: bool = False

    @property
    def counted_pack(self) -> PackId:
        """The prompt's pack, or the empty id if it does not count."""
        return _NO_PACK if self.early else self.pack


@dataclass(frozen=True, slots=True)
class DayProgress:
    """The new state of a day. `prompts` are the day's swapped prompts, and then its current prompt.

    `answered` is the number of persons who have answered. `theme` is None on a day that an old version stored. It is
    unknown which prompts of such a day were new to the couple, so they are not counted.
    """

    date: dt.date
    theme: Theme | None
    prompts: tuple[Met, ...]
    answered: int


@dataclass(frozen=True, slots=True)
class StreakProgress:
    """The completion of `date`.

    `total` is the couple's number of complete dates, and `run` is the length of its run, both after the completion.
    """

    date: dt.date
    total: int
    run: int


type Progress = DayProgress | StreakProgress


def progress_of(change: Change | None) -> tuple[CoupleId, Progress] | None:
    """Return the couple of a change and its progress. Return None if the change has no progress."""
    match change:
        case DayChange(before=before, after=after):
            progress = _progress_of_day(after)
            known = _progress_of_day(before) if before else None
            # An erasure removes an answer. The statistics keep its count, because they name nobody.
            if known and (known == progress or progress.answered < known.answered):
                return None
            return after.couple, progress
        case StreakChange(before=before, after=after):
            # Each write adds one date, so `total` grows with each write and shows which completion is later.
            new = after.complete - (before.complete if before else frozenset())
            return (after.couple, StreakProgress(max(new), len(after.complete), after.current)) if new else None
        case _:
            return None


def _progress_of_day(day: Day) -> DayProgress:
    prompts = [Met(each.prompt.pack, each.prompt.prompt, each.again, each.early) for each in day.swapped]
    prompts.append(Met(day.prompt.pack, day.prompt.prompt, day.again, day.early))
    return DayProgress(day.date, day.theme, tuple(prompts), len(day.answers))


@dataclass(frozen=True, slots=True)
class CountedDay:
    """A day as the history stores it. `packs` are the packs of its prompts, with the current prompt's pack last.

    A pack that does not count has an empty id.
    """

    theme: Theme | None
    packs: tuple[PackId, ...]
    answered: int

    @property
    def progress(self) -> tuple[int, int]:
        """The sort key of this state: a newer state has a greater key. A swap adds a pack. Answers come after swaps."""
        return self.answered, len(self.packs)


class Latest(NamedTuple):
    """The completion that a history stores for a week: the couple's `total` and length class after it.

    The history first stores the first completion of the week. A later completion replaces the stored completion only
    if it has another length class, because otherwise it changes no counter.
    """

    total: int
    run: RunLength


@dataclass(frozen=True, slots=True)
class History:
    """A couple's last six weeks: its days by date, and the stored completion of each week by the week's Monday."""

    days: Mapping[dt.date, CountedDay] = field(default_factory=dict)
    runs: Mapping[dt.date, Latest] = field(default_factory=dict)

    def since(self, week: dt.date) -> History:
        """Return the part of the history that begins with `week`."""
        return History(
            {date: day for date, day in self.days.items() if date >= week},
            {each: latest for each, latest in self.runs.items() if each >= week},
        )

    def with_progress(self, progress: Progress) -> History:
        """Return the history with this progress. Return the same history if the progress changes nothing."""
        match progress:
            case DayProgress():
                day = CountedDay(progress.theme, tuple(met.counted_pack for met in progress.prompts), progress.answered)
                known = self.days.get(progress.date)
                if known is None or day.progress > known.progress:
                    return replace(self, days={**self.days, progress.date: day})
            case StreakProgress():
                week, latest = week_of(progress.date), Latest(progress.total, length_of(progress.run))
                existing = self.runs.get(week)
                if existing is None or (latest.total > existing.total and latest.run != existing.run):
                    return replace(self, runs={**self.runs, week: latest})
        return self


def week_of(date: dt.date) -> dt.date:
    """Return the Monday of the date's week."""
    return date - dt.timedelta(days=date.weekday())


def length_of(run: int) -> RunLength:
    """Return the length class of a run of this many days."""
    return list(RunLength)[0 if run < 1 else 1 + sum(run >= days for days in MILESTONES)]


def after(history: History, progress: Progress) -> tuple[History, Counts]:
    """Return the history with this progress, and what the progress adds to the counters.

    Progress adds nothing if its week is more than LATE weeks before the week of the couple's newest date. The stream
    must have delivered such progress before, and it was counted then.
    """
    newest = max([progress.date, *history.days, *history.runs])
    if week_of(progress.date) < week_of(newest) - LATE * ONE_WEEK:
        return history, Counter()
    before = history.since(week_of(newest) - KEPT * ONE_WEEK)
    grown = before.with_progress(progress)
    if grown is before:
        return history, Counter()
    counts = contributions(grown)
    counts.subtract(contributions(before))
    if isinstance(progress, DayProgress):
        counts.update(prompt_contributions(progress, grown.days[progress.date]))
        counts.subtract(prompt_contributions(progress, before.days.get(progress.date)))
    return grown, Counter({counted: count for counted, count in counts.items() if count})


def contributions(history: History) -> Counts:
    """Return the counters of dates and weeks to which a couple with this history adds 1."""
    added: set[Counted] = set()
    for date, day in history.days.items():
        week = WeekRow(week_of(date))
        met = [f"packs/{day.packs[-1]}"] if day.packs[-1] else []
        added |= {Counted(week, f"packs/{pack}/offered") for pack in day.packs if pack}
        if day.theme:
            met.append(f"themes/{day.theme}")
            added.add(Counted(week, f"themes/{day.theme}/offered"))
        if day.answered:
            added |= {Counted(DayRow(date), "active"), Counted(week, "active")}
            later = (WeekRow(week.week + number * ONE_WEEK) for number in range(LOOK_BACK + 1))
            added |= {Counted(each, "active_28") for each in later}
        if day.answered == _BOTH:
            added |= {Counted(week, f"{each}/completed") for each in met}
    added |= {Counted(WeekRow(week), f"streaks/{latest.run}") for week, latest in history.runs.items()}
    return Counter(added)


def prompt_contributions(progress: DayProgress, day: CountedDay | None) -> Counts:
    """Return what a day in the state `day` adds to the counters of its prompts.

    `day` does not name the prompts. `progress` names them: it is the same state of the same day, or a newer state. A
    prompt counts only if the couple had not met it on an earlier day, because the statistics are about new prompts. It
    does not count on the couple's first days with a pack by code.
    """
    if day is None or day.theme is None:
        return Counter()
    prompts = progress.prompts[: len(day.packs)]
    states = ["offered", *["answered", "completed"][: day.answered]]
    named = [(met, ("offered", "swapped")) for met in prompts[:-1]] + [(prompts[-1], tuple(states))]
    return Counter(
        Counted(PromptRow(met.pack, met.prompt), name)
        for met, names in named
        if not (met.again or met.early)
        for name in names
    )


def reach_contributions(date: dt.date, reach: Mapping[PushKind, Reach]) -> Counts:
    """Return the numbers of due and reached persons, by kind of reminder, for the counters of the date's week."""
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
    """Return the sum of all counts, without zeros."""
    total: Counts = Counter()
    for each in counts:
        total.update(each)
    return Counter({counted: count for counted, count in total.items() if count})
