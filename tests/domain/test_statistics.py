"""Statistics reveal nobody.

No shown number, and no difference between two shown numbers, describes fewer than ten couples.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekindle.domain.ids import PackId, PromptId
from rekindle.domain.prompts import Theme
from rekindle.domain.statistics import PackCounters, shown, shown_days, shown_weeks, through, view
from rekindle.domain.tallies import RunLength
from rekindle.push.kinds import REMINDERS
from testing.builders import an_instant

if TYPE_CHECKING:
    from collections.abc import Iterator

AT = an_instant("2026-03-25T16:00:00Z")
STARTER, MONEY = PackId("starter"), PackId("money")

counts = st.integers(0, 40) | st.integers(0, 5_000_000)
names = st.sampled_from(
    [
        "active",
        "active_28",
        *(f"themes/{theme}/{name}" for theme in Theme for name in ("offered", "completed")),
        *(f"packs/{pack}/{name}" for pack in (STARTER, MONEY) for name in ("offered", "completed")),
        *(f"streaks/{length}" for length in RunLength),
        *(f"reach/{kind}/{name}" for kind in ("prompt", "evening", "touch") for name in ("due", "reached")),
    ]
)
counters = st.dictionaries(names, counts)
prompts = st.dictionaries(
    st.sampled_from([PromptId("walk"), PromptId("dance")]),
    st.dictionaries(st.sampled_from(["offered", "answered", "completed", "swapped"]), counts),
)
views = st.builds(
    view,
    st.just(AT),
    st.dictionaries(st.sampled_from(shown_days(AT)), counters),
    st.dictionaries(st.sampled_from(shown_weeks(AT)), counters),
    st.fixed_dictionaries(dict.fromkeys((STARTER, MONEY), st.builds(PackCounters, prompts, by_code=st.booleans()))),
    st.just(REMINDERS),
)


def numbers_in(value: Any) -> Iterator[int | None]:
    match value:
        case dict():
            for each in value.values():
                yield from numbers_in(each)
        case list():
            for each in value:
                yield from numbers_in(each)
        case int() | None:
            yield value


@given(counts)
def test_a_count_is_shown_rounded_down_and_not_at_all_under_ten(count: int) -> None:
    seen = shown(count)
    assert seen is None if count < 10 else seen is not None and count - 10 < seen <= count and seen % 10 == 0


@given(counts, counts)
def test_no_difference_of_two_shown_numbers_is_under_ten(one: int, other: int) -> None:
    """This holds for any two numbers. The test takes a number that is not shown as zero."""
    difference = abs((shown(one) or 0) - (shown(other) or 0))
    assert difference == 0 or difference >= 10


@given(counts, counts)
def test_a_part_is_never_shown_larger_than_its_whole(one: int, other: int) -> None:
    assert (shown(min(one, other)) or 0) <= (shown(max(one, other)) or 0)


@given(views, views)
def test_no_two_numbers_of_two_views_differ_by_less_than_ten(first: dict[str, Any], second: dict[str, Any]) -> None:
    seen = {number or 0 for number in itertools.chain(numbers_in(first), numbers_in(second))}
    assert all(abs(one - other) >= 10 for one, other in itertools.combinations(seen, 2))


@given(views)
def test_a_view_is_json_and_has_every_counter_in_every_week(seen: dict[str, Any]) -> None:
    assert json.loads(json.dumps(seen)) == seen
    assert [day["date"] for day in seen["days"]] == [str(date) for date in shown_days(AT)]
    for week in seen["weeks"]:
        assert week.keys() == {"week", "active", "active_28", "themes", "packs", "streaks", "reach"}
        assert week["themes"].keys() == set(Theme)
        assert week["packs"].keys() == {"starter", "money"}
        assert week["streaks"].keys() == {"0", "1-6", "7-29", "30-99", "100-364", "365+"}
        assert week["reach"].keys() == {"prompt", "evening", "touch"}


def test_reach_is_of_couples_and_a_couple_is_two_persons() -> None:
    monday = shown_weeks(AT)[0]
    seen = view(AT, {}, {monday: {"reach/prompt/due": 59, "reach/prompt/reached": 19}}, {}, REMINDERS)
    assert seen["weeks"][0]["reach"]["prompt"] == {"due": 20, "reached": None}


def test_a_prompt_that_few_have_had_is_not_even_named() -> None:
    walk, dance = PromptId("walk"), PromptId("dance")
    seen = view(
        AT,
        {},
        {},
        {
            STARTER: PackCounters({walk: {"offered": 9, "answered": 1}, dance: {"offered": 12}}),
            MONEY: PackCounters({walk: {}}),
        },
        REMINDERS,
    )
    assert seen["prompts"].keys() == {"starter"}
    assert seen["prompts"]["starter"].keys() == {"dance"}


@given(counts)
def test_a_pack_by_code_shows_numbers_from_fifty_couples_on_in_tens(count: int) -> None:
    monday = shown_weeks(AT)[0]
    walk = PromptId("walk")
    weeks = {monday: {f"packs/{pack}/offered": count for pack in (STARTER, MONEY)}}
    packs = {pack: PackCounters({walk: {"offered": count}}, by_code=pack == MONEY) for pack in (STARTER, MONEY)}
    seen = view(AT, {}, weeks, packs, REMINDERS)
    shown_of_code = None if count < 50 else count // 10 * 10
    assert seen["weeks"][0]["packs"]["money"]["offered"] == shown_of_code
    assert seen["prompts"].get("money", {}).get("walk", {}).get("offered") == shown_of_code
    assert seen["weeks"][0]["packs"]["starter"]["offered"] == shown(count)


def test_a_counter_of_zero_is_not_shown() -> None:
    seen = view(AT, {}, {}, {STARTER: PackCounters({})}, REMINDERS)
    assert set(numbers_in(seen)) == {None}
    assert seen["prompts"] == {}


@pytest.mark.parametrize(
    ("instant", "date"),
    [
        # In the zone furthest behind, the 23rd ends at 12:00 UTC of the 24th, and takes answers until 15:00 UTC.
        ("2026-03-24T15:59:59.999Z", "2026-03-22"),
        ("2026-03-24T16:00:00Z", "2026-03-23"),
        ("2026-03-25T00:00:00Z", "2026-03-23"),
        ("2026-01-01T16:00:00Z", "2025-12-31"),
    ],
)
def test_a_date_is_shown_once_it_is_over_for_everybody(instant: str, date: str) -> None:
    assert through(an_instant(instant)) == dt.date.fromisoformat(date)


@pytest.mark.parametrize(
    ("instant", "monday"),
    [
        # Sunday the 22nd is over for everybody in the afternoon of Monday.
        ("2026-03-23T15:59:59Z", "2026-03-09"),
        ("2026-03-23T16:00:00Z", "2026-03-16"),
        ("2026-03-30T15:00:00Z", "2026-03-16"),
    ],
)
def test_a_week_is_shown_once_its_sunday_is_over_for_everybody(instant: str, monday: str) -> None:
    weeks = shown_weeks(an_instant(instant))
    assert weeks[0] == dt.date.fromisoformat(monday)
    assert len(weeks) == 12
    assert {earlier - later for earlier, later in itertools.pairwise(weeks)} == {dt.timedelta(weeks=1)}


def test_four_weeks_of_days_are_shown() -> None:
    days = shown_days(AT)
    assert (len(days), days[-1]) == (28, through(AT))
