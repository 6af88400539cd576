"""A week's recap agrees with the plainest possible computation."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekindle.domain.couples import PackWish, Wish
from rekindle.domain.ids import PackId
from rekindle.domain.playlist import Release
from rekindle.domain.prompts import Audience
from rekindle.domain.recap import Week, available_from, may_be_new, recap_of
from rekindle.domain.streaks import MILESTONES, History, streak_of
from testing.builders import an_instant

MONDAY = dt.date(2026, 3, 2)
DAY = dt.timedelta(days=1)


def days(*offsets: int, since: dt.date = MONDAY) -> frozenset[dt.date]:
    return frozenset(since + offset * DAY for offset in offsets)


def test_a_week_is_named_by_its_monday() -> None:
    week = Week(MONDAY)
    assert week.sunday == dt.date(2026, 3, 8)
    assert [MONDAY + n * DAY in week for n in (-1, 0, 6, 7)] == [False, True, True, False]
    for offset in range(1, 7):
        with pytest.raises(ValueError, match="Monday"):
            Week(MONDAY + offset * DAY)
        assert Week.of(MONDAY + offset * DAY) == week
    assert Week.of(MONDAY) == week


@pytest.mark.parametrize(("today", "monday"), [("2026-03-08", "2026-02-23"), ("2026-03-09", "2026-03-02")])
def test_the_last_whole_week_ended_on_the_sunday_before(today: str, monday: str) -> None:
    assert Week.last_before(dt.date.fromisoformat(today)) == Week(dt.date.fromisoformat(monday))


def test_a_recap_has_the_dates_met_and_the_streak_at_the_weeks_end() -> None:
    """Later days belong to another week."""
    history = History(first=MONDAY - 2 * DAY, complete=days(-2, -1, 0, 1, 3, 4, 5, 6, 7, 8))
    recap = recap_of(Week(MONDAY), history, frozenset(), MONDAY + 20 * DAY)
    assert recap.met == tuple(sorted(days(0, 1, 3, 4, 5, 6)))
    assert (recap.streak.current, recap.streak.longest, recap.streak.total) == (8, 8, 8)
    assert recap.milestones == (7,)
    assert recap.longest_grew


@given(st.frozensets(st.integers(-40, 12)), st.frozensets(st.integers(0, 10)), st.integers(0, 12))
def test_any_week_agrees_with_the_streak_day_by_day(
    complete: frozenset[int], still_open: frozenset[int], today: int
) -> None:
    history = History(first=MONDAY - 40 * DAY, complete=days(*complete))
    recap = recap_of(Week(MONDAY), history, days(*still_open), MONDAY + today * DAY)
    unjudged = days(*still_open, *range(today + 1, 30))
    so_far = streak_of(history, unjudged, MONDAY - DAY)
    reached = []
    for offset in range(7):
        then = streak_of(history, unjudged, MONDAY + offset * DAY)
        reached += [length for length in MILESTONES if so_far.current < length == then.current]
        so_far = then
    assert recap.streak == so_far
    assert list(recap.milestones) == reached
    assert recap.met == tuple(sorted(days(*(complete & frozenset(range(7))))))
    assert recap.longest_grew is (so_far.longest > streak_of(history, unjudged, MONDAY - DAY).longest)


def release(audience: Audience) -> Release:
    return Release(PackId("pack"), 1, audience, an_instant(), ())


@pytest.mark.parametrize(
    ("audience", "wish", "news"),
    [
        (Audience.EVERYONE, None, True),
        (Audience.EVERYONE, Wish.TURNED_OFF, False),
        (Audience.CHOICE, None, True),
        (Audience.CHOICE, Wish.CHOSEN, True),
        (Audience.CODE, None, False),
        (Audience.CODE, Wish.JOINED, True),
    ],
)
def test_a_pack_that_a_couple_can_have_and_has_not_turned_off_may_be_new(
    audience: Audience, wish: Wish | None, *, news: bool
) -> None:
    wishes = {PackId("pack"): PackWish(wish, MONDAY)} if wish else {}
    assert may_be_new(release(audience), wishes) is news


def test_a_pack_with_a_code_is_there_from_when_it_was_joined() -> None:
    wishes = {PackId("pack"): PackWish(Wish.JOINED, MONDAY + DAY)}
    assert available_from(release(Audience.CODE), MONDAY, wishes) == MONDAY + DAY
    assert available_from(release(Audience.CODE), MONDAY + 3 * DAY, wishes) == MONDAY + 3 * DAY
    assert available_from(release(Audience.EVERYONE), MONDAY, {}) == MONDAY
