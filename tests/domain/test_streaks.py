"""The streak agrees with its rules, date by date, and never shows a couple a reproach."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rekindle.domain.streaks import (
    DayMark,
    History,
    Streak,
    calendar_marks,
    first_of_year,
    milestone_crossed,
    pack_dates,
    streak_of,
    unpack_dates,
)

FIRST = dt.date(2026, 1, 1)
NOTHING: frozenset[dt.date] = frozenset()


def day(number: int) -> dt.date:
    """Return the couple's nth date, counted from 0."""
    return FIRST + dt.timedelta(days=number)


def days(*numbers: int) -> frozenset[dt.date]:
    return frozenset(map(day, numbers))


def days_from(first: int, length: int) -> frozenset[dt.date]:
    return days(*range(first, first + length))


def run_of(pattern: str, paused: frozenset[dt.date] = NOTHING) -> Streak:
    """Return the streak of a pattern: x complete, . missed, o open, e excused."""

    def those(letter: str) -> frozenset[dt.date]:
        return days(*(number for number, each in enumerate(pattern) if each == letter))

    history = History(FIRST, complete=those("x"), paused=paused, excused=those("e"))
    return streak_of(history, those("o"), day(len(pattern) - 1))


reach = st.integers(0, 60)
some_days = st.frozensets(st.integers(-10, 70).map(day), max_size=60)
later_days = st.frozensets(reach.map(day), max_size=60)
spans = st.tuples(st.integers(-10, 70), st.integers(1, 21)).map(lambda span: days_from(*span))
paused_days = st.lists(spans, max_size=2).map(lambda chosen: NOTHING.union(*chosen))


@st.composite
def complete_days(draw: st.DrawFn) -> frozenset[dt.date]:
    """Draw mostly complete dates, which give runs and rest days, or scattered dates."""
    if draw(st.booleans()):
        return days(*range(70)) - draw(st.frozensets(reach.map(day), max_size=12))
    return draw(later_days)


histories = st.builds(
    History,
    first=st.just(FIRST),
    complete=complete_days(),
    paused=paused_days,
    excused=st.frozensets(reach.map(day), max_size=4),
)
open_days = st.frozensets(reach.map(day), max_size=4)
throughs = reach.map(day)


def plain_streak(history: History, open_dates: frozenset[dt.date], through: dt.date) -> Streak:
    """Compute the streak as the rules describe it, checking each rule for every date."""

    def is_missed(date: dt.date) -> bool:
        offered = date >= history.first and date not in history.excused and date not in history.paused
        return offered and date not in history.complete and date not in open_dates

    def ends_the_run(date: dt.date) -> bool:
        return is_missed(date) and any(is_missed(date - dt.timedelta(days=back)) for back in range(1, 7))

    dates = [day(number) for number in range((through - FIRST).days + 1)]
    ends = [-1, *(number for number, date in enumerate(dates) if ends_the_run(date)), len(dates)]
    runs = [sum(date in history.complete for date in dates[start + 1 : end]) for start, end in pairwise(ends)]
    return Streak(current=runs[-1], longest=max(runs), total=sum(date in history.complete for date in dates))


@given(histories, open_days, throughs)
def test_a_streak_is_what_its_rules_say_of_each_date(
    history: History, open_dates: frozenset[dt.date], through: dt.date
) -> None:
    assert streak_of(history, open_dates, through) == plain_streak(history, open_dates, through)


@given(histories, open_days, throughs)
def test_an_open_day_never_breaks_a_streak(history: History, open_dates: frozenset[dt.date], through: dt.date) -> None:
    now = streak_of(history, open_dates, through)
    for date in open_dates:
        excused = replace(history, excused=history.excused | {date})
        assert streak_of(excused, open_dates - {date}, through) == now
    assert now.current >= streak_of(history, NOTHING, through).current


@given(histories, open_days, throughs, reach.map(day))
def test_completing_a_day_never_lowers_anything(
    history: History, open_dates: frozenset[dt.date], through: dt.date, date: dt.date
) -> None:
    before = streak_of(history, open_dates, through)
    after = streak_of(replace(history, complete=history.complete | {date}), open_dates, through)
    assert after.current >= before.current
    assert after.longest >= before.longest
    assert after.total >= before.total


@given(histories, open_days, throughs, reach.map(day))
def test_a_fault_of_ours_never_costs_a_couple_anything(
    history: History, open_dates: frozenset[dt.date], through: dt.date, date: dt.date
) -> None:
    before = streak_of(history, open_dates, through)
    after = streak_of(replace(history, excused=history.excused | {date}), open_dates, through)
    assert after.current >= before.current
    assert after.total == before.total


@given(complete_days(), spans, throughs, some_days)
def test_a_day_that_both_met_inside_a_pause_counts_like_any_other(
    complete: frozenset[dt.date], pause: frozenset[dt.date], through: dt.date, met_anyway: frozenset[dt.date]
) -> None:
    inside = frozenset(date for date in met_anyway if date in pause and date >= FIRST)
    met = complete | inside
    assert streak_of(History(FIRST, met, pause), NOTHING, through) == streak_of(
        History(FIRST, met, pause - inside), NOTHING, through
    )


def test_a_year_begins_the_day_after_the_same_date_a_year_before() -> None:
    assert first_of_year(dt.date(2028, 12, 31)) == dt.date(2028, 1, 1)
    assert first_of_year(dt.date(2027, 12, 31)) == dt.date(2027, 1, 1)
    assert first_of_year(dt.date(2028, 2, 29)) == dt.date(2027, 3, 1)
    assert first_of_year(dt.date(2029, 2, 28)) == dt.date(2028, 2, 29)
    assert first_of_year(dt.date(2029, 3, 1)) == dt.date(2028, 3, 2)


@given(st.dates(dt.date(2020, 1, 1), dt.date(2104, 12, 31)))
def test_a_year_has_each_day_of_the_calendar_once(last: dt.date) -> None:
    first = first_of_year(last)
    year = [dt.date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1)]
    named = [(date.month, date.day) for date in year]
    assert len(set(named)) == len(named)
    assert len(set(named) - {(2, 29)}) == 365
    morrow = last + dt.timedelta(days=1)
    assert dt.timedelta(0) <= first_of_year(morrow) - first <= dt.timedelta(days=2)


@pytest.mark.parametrize(
    ("pattern", "current"),
    [
        ("x", 1), ("xxxxx", 5), ("xxx.xxx", 6), ("xxx.", 3), ("xxx..", 0), (".xxx", 3), ("..xxx", 3),
        ("xxx.xxxxx.xx", 2), ("xxx.xxxxxx.xx", 11), ("xxx.eeeee.xx", 2), ("xxx.eeeeee.xx", 5), ("xxxo", 3),
        ("xxx.o", 3), ("xxx.ox", 4), ("xxx.oo..x", 1), ("xxx.e", 3), ("o", 0), ("xxxx.xxx.xxx.xx", 2),
    ],
)  # fmt: skip
def test_one_missed_day_in_seven_is_rest_and_a_second_ends_the_run(pattern: str, current: int) -> None:
    assert run_of(pattern).current == current


def test_a_pause_holds_the_streak_however_long_it_is() -> None:
    assert run_of("xxx" + 10 * "." + "xx", days_from(3, 10)) == Streak(current=5, longest=5, total=5)


def test_a_couple_that_has_just_paired_has_missed_nothing() -> None:
    assert streak_of(History(FIRST, NOTHING), NOTHING, FIRST - dt.timedelta(days=1)) == Streak(0, 0, 0)


def test_ten_faithful_years_are_counted() -> None:
    history = History(FIRST, days(*range(3653)))
    assert streak_of(history, NOTHING, day(3652)) == Streak(3653, 3653, 3653)


@given(histories, open_days, st.integers(-20, 70).map(day), st.integers(-20, 70).map(day))
def test_a_calendar_has_one_mark_for_each_date_since_the_couple_began(
    history: History, open_dates: frozenset[dt.date], first: dt.date, last: dt.date
) -> None:
    marks = calendar_marks(history, open_dates, first, last)
    assert list(marks) == [day(n) for n in range(max(0, (first - FIRST).days), (last - FIRST).days + 1)]
    for date, mark in marks.items():
        paused = date in history.paused
        assert (mark is DayMark.COMPLETE) == (date in history.complete)
        assert (mark is DayMark.PAUSED) == (date not in history.complete and paused)
        assert (mark is DayMark.OPEN) == (date in open_dates and date not in history.complete and not paused)


def test_a_calendar_shows_every_missed_day_as_rest() -> None:
    """A missed date that ended a run looks like any other missed date. Nothing shows who missed it, or its cost."""
    history = History(FIRST, days(0, 2, 3), paused=days(6, 7), excused=days(5))
    marks = calendar_marks(history, days(8), FIRST, day(8))
    assert [str(mark) for mark in marks.values()] == [
        "complete", "rest", "complete", "complete", "rest", "rest", "paused", "paused", "open",
    ]  # fmt: skip


@given(st.integers(0, 400), st.integers(0, 400))
@example(6, 7)
@example(7, 8)
@example(7, 7)
@example(6, 30)
@example(30, 29)
@example(0, 1)
def test_a_milestone_is_crossed_once_on_the_way_up_and_the_highest_counts(before: int, after: int) -> None:
    reached = [days for days in range(before + 1, after + 1) if days in {7, 30, 100, 365}]
    assert milestone_crossed(before, after) == (reached[-1] if reached else None)


@given(st.dates(dt.date(2020, 1, 1), dt.date(2040, 1, 1)), st.frozensets(st.integers(0, 4000), max_size=200))
def test_dates_come_back_from_their_bitmap(first: dt.date, offsets: frozenset[int]) -> None:
    dates = frozenset(first + dt.timedelta(days=offset) for offset in offsets)
    bits = pack_dates(first, dates)
    assert unpack_dates(first, bits) == dates
    assert len(bits) == (max(offsets) // 8 + 1 if offsets else 0)


@given(later_days, st.permutations(range(20)))
def test_equal_dates_make_equal_bitmaps(dates: frozenset[dt.date], order: list[int]) -> None:
    repeated = [date for date in sorted(dates) for _ in range(2)]
    assert pack_dates(FIRST, repeated) == pack_dates(FIRST, sorted(dates, reverse=True))
    assert pack_dates(FIRST, map(day, order)) == pack_dates(FIRST, days(*range(20)))


def test_a_date_before_the_first_does_not_fit() -> None:
    with pytest.raises(ValueError, match="before 2026-01-01"):
        pack_dates(FIRST, [day(3), day(-1)])
