"""A change of a touch choice shows to the partner from a date that neither has begun, and looks like a calm phase."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from rekindle.domain.calendar import dates
from rekindle.domain.touch_dates import (
    EVERY_TOUCH_DATE,
    LONGEST_PHASE,
    WARMEST,
    TouchDates,
    calm_on,
    level_on,
    touch_dates,
    touch_seed,
    with_level,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rekindle.domain.touch_dates import Levels

START = dt.date(2026, 3, 2)
DAY = dt.timedelta(days=1)
BEFORE_AND_AFTER = 3
"""A date and the settled date can be this many days apart: clocks show dates that are up to two days apart."""

changes = st.lists(st.tuples(st.integers(0, 6), st.integers(0, WARMEST)), max_size=12)
"""Changes of a couple's level. Each has the days since the change before, and the new level."""


def changed(found: Iterable[tuple[int, int]]) -> tuple[Levels, list[tuple[dt.date, int]]]:
    """Return the levels after these changes, and a plain list of the changes: the settled date and the level."""
    levels: Levels = {}
    settled, log = START, list[tuple[dt.date, int]]()
    for days, level in found:
        settled += days * DAY
        levels = with_level(levels, level, settled)
        log.append((settled, level))
    return levels, log


class TestLevels:
    @given(changes)
    def test_each_date_has_the_level_of_the_last_change_before_it(self, found: list[tuple[int, int]]) -> None:
        levels, log = changed(found)
        settled = log[-1][0] if log else START
        for date in dates(settled - BEFORE_AND_AFTER * DAY, settled + 30 * DAY):
            expected = [level for since, level in log if since < date]
            assert level_on(levels, date) == (expected[-1] if expected else 0)

    @given(changes, st.integers(0, WARMEST), st.integers(0, 6))
    def test_no_change_shows_on_a_date_that_somebody_has_begun(
        self, found: list[tuple[int, int]], level: int, days: int
    ) -> None:
        levels, log = changed(found)
        settled = (log[-1][0] if log else START) + days * DAY
        after = with_level(levels, level, settled)
        for date in dates(settled - BEFORE_AND_AFTER * DAY, settled):
            assert level_on(after, date) == level_on(levels, date)
        assert level_on(after, settled + DAY) == level

    @given(changes, st.lists(st.integers(0, WARMEST), max_size=5))
    def test_a_choice_that_is_taken_back_on_its_date_leaves_nothing(
        self, found: list[tuple[int, int]], others: list[int]
    ) -> None:
        levels, log = changed(found)
        if not log:
            return
        settled, level = log[-1]
        again = levels
        for other in (*others, level):
            again = with_level(again, other, settled)
        assert again == levels

    @given(changes)
    def test_few_levels_are_kept(self, found: list[tuple[int, int]]) -> None:
        assert len(changed(found)[0]) <= 6

    def test_a_couple_that_stopped_a_week_ago_keeps_nothing(self) -> None:
        stopped = with_level(with_level({}, 2, START), 0, START + 10 * DAY)
        assert stopped
        assert with_level(stopped, 0, START + 17 * DAY) == {}


class TestDates:
    @given(changes, st.text(max_size=8))
    def test_a_couple_has_touch_on_dates_with_a_level_and_in_no_break(
        self, found: list[tuple[int, int]], seed: str
    ) -> None:
        levels, log = changed(found)
        known = touch_dates(levels, seed)
        settled = log[-1][0] if log else START
        for date in dates(settled - BEFORE_AND_AFTER * DAY, settled + 20 * DAY):
            has_touch = level_on(levels, date) > 0 and calm_on(touch_seed(seed), date) > 0
            assert (known is not None and date in known) is has_touch
        assert (known is not None and known.go_on) is bool(log and log[-1][1])

    def test_a_copy_of_version_0_1_0_has_every_date(self) -> None:
        assert all(date in EVERY_TOUCH_DATE for date in dates(START, START + 400 * DAY))
        assert EVERY_TOUCH_DATE.go_on

    def test_nothing_that_is_printed_shows_the_seed(self) -> None:
        assert "secret" not in repr(TouchDates((START,), "secret"))

    @given(st.text(max_size=40))
    def test_the_touch_seed_does_not_have_the_couple_s_seed(self, seed: str) -> None:
        assert len(touch_seed(seed)) == 16
        assert touch_seed(seed) != seed


@cache
def lengths_of_breaks() -> list[int]:
    """Return the lengths of the breaks of a hundred couples within a year each."""
    lengths = []
    for number in range(100):
        in_break = [calm_on(touch_seed(f"{number}"), START + day * DAY) == 0 for day in range(365)]
        runs = [(value, len(list(run))) for value, run in itertools.groupby(in_break)]
        lengths += [length for value, length in runs[1:-1] if value]
    return lengths


class TestCalmPhases:
    """The numbers are exact: the seeds and dates are fixed."""

    def test_every_fifth_date_or_so_is_in_a_break(self) -> None:
        assert 0.18 < sum(lengths_of_breaks()) / (100 * 365) < 0.25

    def test_breaks_of_every_length_are_frequent(self) -> None:
        """A partner who stops for some days and begins again looks like a couple with a break of this length."""
        breaks = Counter(lengths_of_breaks())
        assert all(breaks[length] > breaks.total() / 50 for length in range(1, LONGEST_PHASE + 1))
        assert max(breaks) > LONGEST_PHASE, "two breaks can meet"

    def test_a_break_begins_on_every_weekday(self) -> None:
        """No weekday shows whether a partner has stopped."""
        begins = Counter[int]()
        for number, day in itertools.product(range(200), range(1, 100)):
            seed, date = touch_seed(f"{number}"), START + day * DAY
            begins[date.weekday()] += calm_on(seed, date) == 0 < calm_on(seed, date - DAY)
        assert min(begins.values()) > max(begins.values()) / 2

    def test_a_date_can_have_each_highest_warmth(self) -> None:
        found = Counter(calm_on(touch_seed(f"{number}"), START) for number in range(2000))
        assert found.keys() == set(range(WARMEST + 1))
        assert found[WARMEST] > 1000

    def test_two_couples_have_their_breaks_on_different_dates(self) -> None:
        patterns = {
            tuple(calm_on(touch_seed(f"{number}"), START + day * DAY) for day in range(120)) for number in range(20)
        }
        assert len(patterns) == 20
