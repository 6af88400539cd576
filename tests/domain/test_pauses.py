"""A couple's pauses agree with a plain model that reads all choices date by date."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from rekindle.domain.couples import Couple, Pause
from rekindle.domain.ids import Uid
from rekindle.domain.pauses import (
    LONGEST,
    PEACE,
    end_range,
    may_pause_at,
    noting_who,
    pause_on,
    pauses_further_dates,
    with_pause,
    without_pause,
)
from rekindle.domain.streaks import DayMark, History, calendar_marks, pack_dates, streak_of, unpack_dates
from testing.builders import a_couple
from tests.domain.test_streaks import FIRST, NOTHING, day, days, days_from, plain_streak

COUPLE = a_couple(first_date=FIRST, counted_from=FIRST)
SPAN = 24
DAY_NUMBERS = range(-2, SPAN + 15)
CLOSED = day(-1)
"""The latest closed date. It is before every date that a clock shows, because the clocks stay in their zones."""


@dataclass(frozen=True)
class Wish:
    """A partner's choice on a date of their own clock: pause for so many dates, or end the pause (None)."""

    today: dt.date
    dates: int | None

    @property
    def until(self) -> dt.date:
        return self.today + dt.timedelta(days=self.dates or 0)


type Step = Wish | dt.date
"""A choice, or a date that both have answered."""


@st.composite
def lives(draw: st.DrawFn) -> list[Step]:
    """Draw the steps of a couple whose clocks may be two dates apart. Late days complete too."""
    steps: list[Step] = []
    number = 0
    for ahead, behind, wish, dates in draw(st.lists(st.tuples(*map(st.integers, (0, 0, 0, -3), (3, 2, 2, 9))))):
        number = min(number + ahead, SPAN)
        today = day(max(0, number - behind))
        steps.append(Wish(today, dates if dates > 0 else None) if wish else today)
    return steps


def couple_after(steps: list[Step]) -> tuple[Couple, frozenset[dt.date]]:
    """Return the couple, and the dates that both have answered."""
    couple, complete = COUPLE, NOTHING
    for step in steps:
        if isinstance(step, Wish):
            wished = step.dates is not None
            couple = (
                with_pause(couple, step.today, step.until, CLOSED)
                if wished
                else without_pause(couple, step.today, CLOSED)
            )
        else:
            complete |= {step}
    return couple, complete


def is_paused(date: dt.date, steps: list[Step]) -> bool:
    """Return whether a date is inside a pause, by the last choice that was made before or on the date."""
    for number in reversed(range(len(steps))):
        step = steps[number]
        if isinstance(step, Wish) and step.today <= date:
            return step.dates is not None and date < step.until
    return False


@given(lives())
def test_a_date_is_paused_if_the_last_choice_that_could_still_change_it_says_so(steps: list[Step]) -> None:
    couple, _ = couple_after(steps)
    assert couple.paused == {day(number) for number in DAY_NUMBERS if is_paused(day(number), steps)}


@given(lives(), st.frozensets(st.integers(0, SPAN).map(day), max_size=3), st.integers(0, SPAN).map(day))
def test_the_streak_and_the_calendar_follow_from_dates_and_pauses(
    steps: list[Step], open_dates: frozenset[dt.date], through: dt.date
) -> None:
    couple, complete = couple_after(steps)
    stored = unpack_dates(FIRST, pack_dates(FIRST, couple.paused))
    history = History(FIRST, complete, paused=stored)
    plain = History(FIRST, complete, paused=days(*(n for n in DAY_NUMBERS if is_paused(day(n), steps))))
    assert streak_of(history, open_dates, through) == plain_streak(plain, open_dates, through)
    for date, mark in calendar_marks(history, open_dates, FIRST, through).items():
        assert (mark is DayMark.PAUSED) == (is_paused(date, steps) and date not in complete)


@given(lives(), st.integers(SPAN, SPAN + 5).map(day))
def test_a_date_can_be_missed_exactly_if_a_clock_shows_no_pause(steps: list[Step], today: dt.date) -> None:
    """While a clock shows a pause, no date before its end can be missed. Otherwise each date can be missed."""
    couple, _ = couple_after(steps)
    pause = pause_on(couple, today)
    ahead = frozenset(date for date in couple.paused if date >= today)
    if pause is None:
        assert ahead == NOTHING
    else:
        shown = days_from((pause.first - FIRST).days, (pause.until - pause.first).days)
        assert ahead == {date for date in shown if date >= today}


@given(lives())
def test_the_end_of_the_latest_pause_is_after_all_dates_that_are_paused(steps: list[Step]) -> None:
    """The reminders need only the end of the latest pause."""
    couple, _ = couple_after(steps)
    assert all(couple.pause and date < couple.pause.until for date in couple.paused)


@given(lives(), st.integers(1, 92))
def test_neither_beginning_nor_ending_a_pause_lowers_the_streak(steps: list[Step], length: int) -> None:
    today, open_dates = day(SPAN), days(SPAN)
    couple, complete = couple_after(steps)

    def streak(each: Couple) -> tuple[int, int, int]:
        found = streak_of(History(FIRST, complete, paused=each.paused), open_dates, today)
        return found.current, found.longest, found.total

    couple = without_pause(couple, today, CLOSED)
    before = streak(couple)
    resting = with_pause(couple, today, today + dt.timedelta(days=length), CLOSED)
    assert streak(resting) == before
    assert streak(without_pause(resting, today, CLOSED)) == before


@given(lives(), st.integers(1, 92))
def test_setting_the_same_pause_again_changes_nothing(steps: list[Step], length: int) -> None:
    couple, _ = couple_after(steps)
    today = day(SPAN)
    until = today + dt.timedelta(days=length)
    resting = with_pause(couple, today, until, CLOSED)
    assert with_pause(resting, today, until, CLOSED) == resting
    back = without_pause(resting, today, CLOSED)
    assert without_pause(back, today, CLOSED) == back


def test_a_pause_does_not_change_a_closed_date() -> None:
    """A clock that travels west shows the closed date again as today."""
    missed = with_pause(COUPLE, day(3), day(6), day(3))
    assert (missed.pause, missed.paused) == (Pause(day(3), day(6)), days(4, 5))
    paused = with_pause(COUPLE, day(2), day(6), day(1))
    assert without_pause(paused, day(3), day(3)).paused == days(2, 3)


def test_a_pause_ends_by_itself_and_today_counts_again_when_it_is_ended_by_hand() -> None:
    resting = with_pause(COUPLE, day(3), day(6), CLOSED)
    assert [pause_on(resting, day(number)) is not None for number in (2, 3, 5, 6)] == [True, True, True, False]
    back = without_pause(resting, day(5), CLOSED)
    assert (back.pause, back.paused) == (Pause(day(3), day(5)), days(3, 4))
    assert without_pause(resting, day(3), CLOSED) == replace(COUPLE, pause=None)


def test_either_moves_the_end_and_it_keeps_its_beginning() -> None:
    resting = with_pause(COUPLE, day(3), day(6), CLOSED)
    longer = with_pause(resting, day(4), day(20), CLOSED)
    assert (longer.pause, longer.paused) == (Pause(day(3), day(20)), days(*range(3, 20)))
    shorter = with_pause(longer, day(5), day(7), CLOSED)
    assert (shorter.pause, shorter.paused) == (Pause(day(3), day(7)), days(3, 4, 5, 6))


def test_a_pause_set_by_the_partner_ahead_gains_the_others_today_when_they_set_it_too() -> None:
    ahead = with_pause(COUPLE, day(6), day(9), CLOSED)
    assert pause_on(ahead, day(5)) == Pause(day(6), day(9))
    both = with_pause(ahead, day(5), day(9), CLOSED)
    assert (both.pause, both.paused) == (Pause(day(5), day(9)), days(5, 6, 7, 8))


def test_years_of_pauses_stay_small() -> None:
    """The couple pauses every other day for ten years. No couple can have more pauses."""
    couple = COUPLE
    for number in range(0, 3652, 2):
        couple = with_pause(couple, day(number), day(number + 1), CLOSED)
    assert len(pack_dates(FIRST, couple.paused)) <= 457
    assert couple.pause == Pause(day(3650), day(3651))


def test_a_pause_ends_tomorrow_at_the_earliest_and_within_three_months() -> None:
    assert end_range(day(0)) == (day(1), day(0) + LONGEST) == (day(1), day(92))


ADA, BEN = Uid("ada"), Uid("ben")


def at(number: int) -> dt.datetime:
    return dt.datetime.combine(day(number), dt.time(12), dt.UTC)


def changed(couple: Couple, who: Uid, number: int, until: int | None) -> Couple:
    """Return the couple after this person has set the pause's end on a date, or has ended the pause (None)."""
    today = day(number)
    after = with_pause(couple, today, day(until), CLOSED) if until else without_pause(couple, today, CLOSED)
    return noting_who(couple, after, who, at(number))


def blocked(couple: Couple, number: int) -> set[Uid]:
    return {who for who in (ADA, BEN) if may_pause_at(couple, who, at(number))}


def test_whoever_ends_the_partner_s_pause_is_not_paused_by_them_for_a_week() -> None:
    ended = changed(changed(COUPLE, ADA, 0, 20), BEN, 3, None)
    for number in range(3, 10):
        assert may_pause_at(ended, ADA, at(number)) == at(3) + PEACE
        assert may_pause_at(ended, BEN, at(number)) is None
    assert blocked(ended, 10) == set()
    assert changed(ended, BEN, 11, 12).pauses_ended == {}, "an old note is dropped"


def test_whoever_shortens_the_partner_s_pause_has_ended_a_part_of_it() -> None:
    assert blocked(changed(changed(COUPLE, ADA, 0, 20), BEN, 3, 5), 4) == {ADA}


def test_whoever_ends_or_shortens_their_own_pause_or_one_that_is_over_keeps_nobody_from_pausing() -> None:
    own = changed(COUPLE, ADA, 0, 20)
    for until in (None, 5, 30):
        assert blocked(changed(own, ADA, 3, until), 4) == set()
    assert blocked(changed(own, BEN, 3, 30), 4) == set()
    over = changed(COUPLE, ADA, 0, 2)
    assert blocked(changed(over, BEN, 5, None), 5) == set()


def test_a_pause_belongs_to_both_if_one_has_made_the_other_s_pause_longer() -> None:
    longer = changed(changed(COUPLE, ADA, 0, 5), BEN, 1, 30)
    assert blocked(changed(longer, ADA, 2, None), 2) == {BEN}
    assert blocked(changed(longer, BEN, 2, None), 2) == {ADA}


def test_whoever_ends_only_what_they_have_added_keeps_nobody_from_pausing() -> None:
    longer = changed(changed(COUPLE, ADA, 0, 5), BEN, 1, 30)
    assert blocked(changed(longer, BEN, 2, 10), 2) == set()
    assert blocked(changed(longer, BEN, 2, 4), 2) == {ADA}
    assert blocked(changed(longer, BEN, 7, None), 7) == set(), "Ada's dates are over"


def test_a_pause_of_version_0_1_0_names_nobody_and_may_be_ended() -> None:
    unnamed = with_pause(COUPLE, day(0), day(20), CLOSED)
    assert blocked(changed(unnamed, BEN, 3, None), 3) == set()


PAUSES = st.lists(st.tuples(st.sampled_from([ADA, BEN]), st.integers(0, 3), st.none() | st.integers(1, 20)))


@given(PAUSES)
def test_nobody_is_paused_by_somebody_whose_pause_they_have_just_ended(
    steps: list[tuple[Uid, int, int | None]],
) -> None:
    """Follow each date back to the person who paused it, and compare with the notes."""
    couple, number, ended = COUPLE, 0, dict.fromkeys((ADA, BEN), -100)
    paused_by: dict[dt.date, set[Uid]] = {}
    for who, later, length in steps:
        number += later
        after = changed(couple, who, number, length and number + length)
        if pauses_further_dates(couple, after) and may_pause_at(couple, who, at(number)):
            continue
        if after.paused - couple.paused:
            assert number >= ended[who] + 7
            for date in days(*range(number, number + (length or 0))):
                paused_by.setdefault(date, set()).add(who)
        for date in couple.paused - after.paused:
            ended |= dict.fromkeys(paused_by.pop(date) - {who}, number)
        couple = after
        assert blocked(couple, number) == {each for each, since in ended.items() if number < since + 7}
