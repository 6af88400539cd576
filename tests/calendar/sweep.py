"""Run ticks over dates on which a zone's clocks change, and compare the slots with the oracle's.

A few other dates are checked too. Each simulated tick does what a real one does: it calls `window` with the watermark
of the tick before, and then `due_in`.
"""

from __future__ import annotations

import datetime as dt
import random
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise
from typing import TYPE_CHECKING, Final

from rekindle.domain.calendar import start_of
from tests.calendar.oracle import SLOT_TIMES, WallClock, date_shown, instant_at
from tick.handler import due_in, window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rekindle.domain.ids import Zone
    from rekindle.domain.reminders import DueSlot
    from tests.calendar.oracle import Coming

ORDINARY_DATES: Final = 2

_ONE_DAY: Final = dt.timedelta(days=1)
_INTERVAL: Final = 5 * 60
_TOO_LATE: Final = 2 * 60 * 60
"""A tick drops a slot that is late by this many seconds or more. Delivery would drop the job, which takes time too."""
_NEARLY_A_DAY: Final = 23 * 60 * 60


type DueIn = Callable[[Iterable[Zone], dt.datetime, dt.datetime], Sequence[DueSlot]]
"""A function that finds the slots of zones between two instants. A test of the sweep passes a wrong one."""


@dataclass(frozen=True, slots=True)
class Findings:
    """The checks of one zone, and a complaint about each error."""

    zone: Zone
    changes: int
    dates: int
    never_shown: int
    slots: int
    complaints: tuple[str, ...]


def findings(zone: Zone, years: range, seed: int, due: DueIn = due_in) -> Findings:
    """Check a zone in these years. The same seed repeats the same ticks."""
    dice = random.Random(f"{seed} {zone}")  # noqa: S311 - repeatable by the seed
    clock = WallClock.of(zone)
    changes = changes_to_check(clock, years)
    around = dates_around(clock, changes)
    dates = around | ordinary_dates(years, around, dice)
    never_shown, slots, complaints = 0, 0, list[str]()
    for stretch in in_a_row(dates):
        first, last = stretch[0], stretch[-1]
        near = clock.near(first, last)
        comings = near.slots(every_date(first - 2 * _ONE_DAY, last + 2 * _ONE_DAY))
        own = [coming.instant for coming in comings if first <= coming.date <= last]
        complaints += wrong_starts(zone, near, stretch)
        for story in stories(own[0], own[-1], dice):
            complaints += wrong_slots(zone, comings, story, due)
        never_shown += sum(near.start(date) is None for date in stretch)
        slots += len(own)
    if slots != (len(dates) - never_shown) * len(SLOT_TIMES):
        complaints.append(f"{zone}: the oracle itself has {slots} slots on {len(dates) - never_shown} dates")
    return Findings(zone, len(changes), len(dates), never_shown, slots, tuple(complaints))


def named_findings(zone: Zone, years: range, seed: int) -> Findings:
    """Check a zone in these years. An exception names the zone."""
    try:
        return findings(zone, years, seed)
    except Exception as error:
        error.add_note(f"The zone was {zone}.")
        raise


def changes_to_check(clock: WallClock, years: range) -> list[int]:
    """Return the changes of clocks in the years, and all changes by about a whole day."""
    begin, end = (dt.datetime(year, 1, 1, tzinfo=dt.UTC).timestamp() for year in (years.start, years.stop))
    return [
        int(after.start)
        for before, after in pairwise(clock.eras)
        if begin <= after.start < end or abs(after.offset - before.offset) >= _NEARLY_A_DAY
    ]


def dates_around(clock: WallClock, changes: Iterable[int]) -> set[dt.date]:
    """Return the dates from one before to one after each change."""
    dates = set[dt.date]()
    for change in changes:
        before, after = (date_shown(change + clock.offset_at(instant)) for instant in (change - 1, change))
        dates.update(every_date(min(before, after) - _ONE_DAY, max(before, after) + _ONE_DAY))
    return dates


def ordinary_dates(years: range, around: set[dt.date], dice: random.Random) -> set[dt.date]:
    """Return ORDINARY_DATES other dates of the years."""
    new_year, last_eve = dt.date(years.start, 1, 1), dt.date(years.stop, 1, 1) - _ONE_DAY
    others = [date for date in every_date(new_year, last_eve) if date not in around]
    return set(dice.sample(others, ORDINARY_DATES))


def every_date(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    """Yield each date from the first to the last."""
    return map(dt.date.fromordinal, range(first.toordinal(), last.toordinal() + 1))


def in_a_row(dates: Iterable[dt.date]) -> Iterator[list[dt.date]]:
    """Yield the dates as stretches of consecutive dates."""
    for _, stretch in groupby(enumerate(sorted(dates)), lambda each: each[1].toordinal() - each[0]):
        yield [date for _, date in stretch]


def stories(first: int, last: int, dice: random.Random) -> list[list[int]]:
    """Return stories of ticks that must find all slots from `first` until `last`.

    The first story has every tick at its time. In the second, up to two hours of ticks are missed at a time, some ticks
    are doubled, some run after a later one, and none need be on a whole minute. In the third is an outage.
    """
    ticks_on_time = range(first - first % _INTERVAL, last + 2 * _INTERVAL, _INTERVAL)
    return [list(ticks_on_time), _troubled(first, last, dice), _with_an_outage(ticks_on_time, dice)]


def _troubled(first: int, last: int, dice: random.Random) -> list[int]:
    latest = first - dice.randrange(_TOO_LATE)
    story = [latest]
    while latest < last:
        latest += _INTERVAL * dice.choice((1, 1, 2, dice.randint(1, 24), 24))
        story.append(latest)
        if dice.random() < 1 / 8:
            story.append(latest - _INTERVAL * dice.choice((0, 0, 1, 2, 30)))
    return story


def _with_an_outage(ticks_on_time: Sequence[int], dice: random.Random) -> list[int]:
    begin = dice.randrange(1, len(ticks_on_time) - 1)
    return [*ticks_on_time[:begin], *ticks_on_time[begin + dice.randint(24, 72) :], ticks_on_time[-1]]


def wrong_starts(zone: Zone, clock: WallClock, dates: Iterable[dt.date]) -> Iterator[str]:
    """Yield the dates whose start differs from the oracle's."""
    for date in dates:
        later = (clock.start(date + n * _ONE_DAY) for n in range(3))
        start = next(instant_at(shown) for shown in later if shown is not None)
        if start_of(date, zone) != start:
            yield f"{zone} {date}: starts at {start_of(date, zone)}, and should at {start}"


def wrong_slots(zone: Zone, comings: Iterable[Coming], story: Sequence[int], due: DueIn) -> Iterator[str]:
    """Yield each slot that a wrong tick found, or that was not found exactly once at the right instant."""
    right, found = list(_should_be_found(comings, story)), list(_found(zone, story, due))
    if found == right:
        return
    by_slot: defaultdict[tuple[dt.date, dt.time], tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for side, finds in enumerate((found, right)):
        for tick, date, time, instant in finds:
            by_slot[date, time][side].append(f"as of {instant:%m-%d %H:%M:%S} at the tick of {tick:%m-%d %H:%M:%S}")
    wrong = {slot: sides for slot, sides in by_slot.items() if sides[0] != sides[1]}
    for (date, time), (was, should_be) in sorted(wrong.items()):
        yield f"{zone} {date} {time:%H:%M}: due {_told(was)}; should be {_told(should_be)}"
    if not wrong:
        yield f"{zone} {instant_at(story[0]):%Y-%m-%d}: the right slots, in another order than they came"


type Find = tuple[dt.datetime, dt.date, dt.time, dt.datetime]
"""A tick, and the date, the time and the instant of a slot that the tick finds."""


def _should_be_found(comings: Iterable[Coming], story: Sequence[int]) -> Iterator[Find]:
    """Yield the expected finds: each slot with the first tick after it, unless that tick is too late."""
    # The first tick ever looks back five minutes.
    reached = list(accumulate(story, max))
    for coming in comings:
        if story[0] - _INTERVAL < coming.instant <= reached[-1]:
            tick = reached[bisect_left(reached, coming.instant)]
            if tick - coming.instant < _TOO_LATE:
                yield instant_at(tick), coming.date, coming.time, instant_at(coming.instant)


def _found(zone: Zone, story: Sequence[int], due: DueIn) -> Iterator[Find]:
    """Yield the finds of ticks in sequence, each with the watermark of the earlier ticks."""
    # Two ticks that run at once would find the same slots. That is no fault: a run refuses the second job.
    watermark = None
    for at in map(instant_at, story):
        after, until = window(watermark, at)
        if after == until:
            continue
        for each in due([zone], after, until):
            yield at, each.date, each.slot.time, each.instant
        watermark = until


def _told(finds: Sequence[str]) -> str:
    return " and ".join(finds) or "never"
