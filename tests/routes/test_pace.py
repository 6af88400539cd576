"""A worker keeps its pace. The test supplies the instants."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from delivery.libcurl import BURST, Pace

A_LITTLE = 1e-6


def test_without_a_pace_everything_may_begin_at_once() -> None:
    pace = Pace(None)
    pace.spend(1_000_000)
    assert pace.allowed(0.0) > 1_000_000
    assert pace.wait(0.0) == 0


def test_after_a_pause_no_more_may_begin_than_the_share_of_a_moment() -> None:
    pace = Pace(1000)
    assert 1000 * BURST <= pace.allowed(3600.0) <= 1000 * BURST + 1


def test_it_names_the_wait_after_which_one_more_may_begin() -> None:
    pace = Pace(1000)
    pace.spend(pace.allowed(5.0))
    pace.spend(pace.allowed(5.0))
    wait = pace.wait(5.0)
    assert 0 < wait <= 1 / 1000 + A_LITTLE
    assert pace.allowed(5.0 + wait - A_LITTLE) == 0
    assert pace.allowed(5.0 + wait + A_LITTLE) == 1


@given(st.floats(1, 10_000), st.lists(st.tuples(st.floats(0, 0.5), st.integers(0, 500)), max_size=100))
def test_a_pace_is_kept_over_any_time(per_second: float, steps: list[tuple[float, int]]) -> None:
    """Each step is a pause, and the number of pushes that want to begin after it."""
    pace, now = Pace(per_second), 100.0
    begun: list[tuple[float, int]] = []
    for pause, wanted in steps:
        now += pause
        count = min(wanted, pace.allowed(now))
        pace.spend(count)
        begun.append((now, count))
    for first, (start, _) in enumerate(begun):
        total = 0
        for end, count in begun[first:]:
            total += count
            assert total <= per_second * (end - start + BURST) + 1 + A_LITTLE * per_second
