"""Draw events of couples, and count them plainly, to compare with the tallies."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from rekindle.domain.ids import CoupleId, PackId, PromptId
from rekindle.domain.prompts import Theme
from rekindle.domain.tallies import DayProgress, Met, StreakProgress
from testing.stored import every_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hypothesis.strategies import DrawFn

    from rekindle.domain.tallies import Progress
    from rekindle.store.table import Table

FIRST = dt.date(2026, 3, 2)
DATES = 75
"""More than a row keeps, so that what is old is left out and comes to nothing."""
OPEN_HOURS = 4 * 24
"""From the start of a date until nobody can answer it any more, with room to spare."""
LAG_HOURS = 24
"""How long a record may be under way: the stream keeps it no longer."""
BUCKETS = ((365, "365+"), (100, "100-364"), (30, "30-99"), (7, "7-29"), (1, "1-6"), (0, "0"))


@dataclass(frozen=True)
class Event:
    """Something that a couple did, and the hour in which they did."""

    hour: int
    couple: CoupleId
    progress: Progress


@st.composite
def couples_lives(draw: DrawFn, couples: int = 3) -> list[Event]:
    """Draw the events of several couples over some weeks, in order."""
    events: list[Event] = []
    for number in range(draw(st.integers(1, couples))):
        events += draw(_life(CoupleId(f"couple-{number}")))
    return sorted(events, key=lambda event: event.hour)


@st.composite
def _life(draw: DrawFn, couple: CoupleId) -> list[Event]:
    completions: list[tuple[int, dt.date]] = []
    events: list[Event] = []
    for day in draw(st.lists(st.integers(0, DATES), max_size=12, unique=True)):
        date = FIRST + dt.timedelta(days=day)
        swaps, answered = draw(st.integers(0, 1)), draw(st.integers(0, 2))
        steps = swaps + answered + 1
        hours = sorted(draw(st.lists(st.integers(0, OPEN_HOURS), min_size=steps, max_size=steps)))
        themes = [draw(st.sampled_from([*Theme][:3])) for _ in range(swaps + 1)]
        # A day from before days said their theme says it from a swap on, if ever.
        known_from = draw(st.sampled_from([0, 0, 0, 0, swaps, steps]))
        met = tuple(draw(_met()) for _ in range(swaps + 1))
        for step, hour in enumerate(hours):
            swapped = min(step, swaps)
            theme = themes[swapped] if step >= known_from else None
            progress = DayProgress(date, theme, met[: swapped + 1], max(0, step - swaps))
            events.append(Event(24 * day + hour, couple, progress))
        if answered == 2:
            completions.append((24 * day + hours[-1], date))
    for number, (hour, date) in enumerate(sorted(completions), 1):
        events.append(
            Event(hour, couple, StreakProgress(date, number, draw(st.sampled_from([0, 1, 6, 7, 30, 99, 100, 365]))))
        )
    return events


@st.composite
def _met(draw: DrawFn) -> Met:
    pack = PackId(draw(st.sampled_from(["starter", "money"])))
    prompt = PromptId(draw(st.sampled_from(["one", "two", "three"])))
    return Met(pack, prompt, again=draw(st.booleans()), early=draw(st.sampled_from([False, False, True])))


@st.composite
def deliveries(draw: DrawFn, events: list[Event]) -> list[Event]:
    """Draw the events as a stream delivers them: repeated, and reordered within the lag."""
    given = [
        (event.hour + draw(st.integers(0, LAG_HOURS)), event)
        for event in events
        for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3])))
    ]
    return [event for _, event in sorted(given, key=lambda each: each[0])]


def a_week_of(couples: int) -> list[Event]:
    """Return a week of couples' changes: days opened, answered and completed, and streaks that grow."""
    events = []
    for number in range(couples):
        couple = CoupleId(f"couple-{number}")
        for day, theme in enumerate(Theme):
            date = FIRST + dt.timedelta(days=day)
            met = (Met(PackId("starter"), PromptId(f"{theme}-{number % 3}"), again=number % 5 == 0),)
            events += [Event(24 * day, couple, DayProgress(date, theme, met, answered)) for answered in range(3)]
            events.append(Event(24 * day, couple, StreakProgress(date, day + 1, day + number)))
    return events


def by_couple(events: Iterable[Event]) -> Mapping[CoupleId, Sequence[Progress]]:
    """Return the events of each couple, as the function gets them."""
    couples: defaultdict[CoupleId, list[Progress]] = defaultdict(list)
    for event in events:
        couples[event.couple].append(event.progress)
    return couples


def counters(table: Table) -> dict[tuple[str, str, str], int]:
    """Return all counters that there are."""
    return {
        (row["pk"], row["sk"], name): count
        for row in every_row(table)
        if row["pk"].startswith("STATS")
        for name, count in row.items()
        if isinstance(count, int) and count and name != "ttl"
    }


def model(events: Iterable[Event]) -> dict[tuple[str, str, str], int]:
    """Return each counter, by partition, sort key and name, from all events."""
    total: Counter[tuple[str, str, str]] = Counter()
    for progress in by_couple(events).values():
        days: dict[dt.date, DayProgress] = {}
        streaks = [each for each in progress if isinstance(each, StreakProgress)]
        for each in progress:
            if isinstance(each, DayProgress):
                known = days.get(each.date, each)
                days[each.date] = max(known, each, key=lambda day: (day.answered, len(day.prompts)))
        total.update(_of_days(days))
        total.update(_of_weeks(days, streaks))
        for day in days.values():
            total.update(_of_prompts(day))
    return {counter: count for counter, count in total.items() if count}


def _of_days(days: Mapping[dt.date, DayProgress]) -> Iterable[tuple[str, str, str]]:
    return [("STATS", f"DAY#{date}", "active") for date, day in days.items() if day.answered > 0]


def _of_weeks(days: Mapping[dt.date, DayProgress], streaks: list[StreakProgress]) -> Iterable[tuple[str, str, str]]:
    for number in range(-1, DATES // 7 + 6):
        monday = FIRST + dt.timedelta(weeks=number)
        sunday = monday + dt.timedelta(days=6)
        week = ("STATS", f"WEEK#{monday}")
        of_week = [day for date, day in days.items() if monday <= date <= sunday]
        if any(day.answered for day in of_week):
            yield *week, "active"
        if any(day.answered for date, day in days.items() if sunday - dt.timedelta(days=27) <= date <= sunday):
            yield *week, "active_28"
        for offered in {f"themes/{day.theme}" for day in of_week if day.theme} | {
            f"packs/{met.pack}" for day in of_week for met in day.prompts if not met.early
        }:
            yield *week, f"{offered}/offered"
        complete = [day for day in of_week if day.answered == 2]
        for completed in {f"themes/{day.theme}" for day in complete if day.theme} | {
            f"packs/{day.prompts[-1].pack}" for day in complete if not day.prompts[-1].early
        }:
            yield *week, f"{completed}/completed"
        noted = [each for each in streaks if monday <= each.date <= sunday]
        if noted:
            run = max(noted, key=lambda each: each.total).run
            yield *week, f"streaks/{next(name for least, name in BUCKETS if run >= least)}"


def _of_prompts(day: DayProgress) -> Iterable[tuple[str, str, str]]:
    if day.theme is None:
        return
    for number, met in enumerate(day.prompts):
        row = (f"STATS#{met.pack}", f"PROMPT#{met.prompt}")
        stands = number == len(day.prompts) - 1
        for name, holds in (
            ("offered", True),
            ("swapped", not stands),
            ("answered", stands and day.answered >= 1),
            ("completed", stands and day.answered == 2),
        ):
            if holds and not met.again and not met.early:
                yield *row, name
