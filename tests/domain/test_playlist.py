"""The playlist brings every theme, and no prompt returns too soon."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rekindle.domain.ids import PackId, PromptId
from rekindle.domain.persons import Barrier
from rekindle.domain.playlist import (
    LEANINGS,
    Comfort,
    Entry,
    available_themes,
    comfort_of,
    forgettable,
    prompt_for,
    theme_for,
)
from rekindle.domain.prompts import PromptKind, PromptRef, Theme
from rekindle.errors import NoPromptError
from testing.builders import a_profile

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from random import Random

FIRST = dt.date(2026, 1, 1)
STARTER = PackId("starter")
ALL = frozenset(Theme)
UNTOUCHED = ALL - {Theme.TOUCH}
"""The themes of a couple in which not both allow touch."""


def day(number: int) -> dt.date:
    return FIRST + dt.timedelta(days=number)


def serve(
    dates: Iterable[int],
    *,
    available: Collection[Theme] = ALL,
    barriers: Collection[Barrier] = (),
    seed: str = "couple",
    met: Mapping[dt.date, Theme] | None = None,
) -> dict[dt.date, Theme]:
    """Return the themes date by date in the order of serving, each computed from all earlier ones."""
    themes = dict(met or {})
    for number in dates:
        themes[day(number)] = theme_for(day(number), themes, available, barriers, seed)
    return themes


def in_order(themes: Mapping[dt.date, Theme]) -> list[Theme]:
    return [themes[date] for date in sorted(themes)]


def weeks(themes: list[Theme]) -> list[list[Theme]]:
    """Return every seven consecutive themes."""
    return [themes[start : start + 7] for start in range(len(themes) - 6)]


def closest_repeat(themes: Mapping[dt.date, Theme]) -> int:
    """Return the fewest days between two dates of one theme."""
    dates = {theme: sorted(date for date in themes if themes[date] == theme) for theme in themes.values()}
    return min(((after - before).days for each in dates.values() for before, after in pairwise(each)), default=1000)


seeds = st.text(max_size=8)
barriers_named = st.frozensets(st.sampled_from(Barrier))
some_themes = st.frozensets(st.sampled_from(Theme), min_size=1)
many_themes = st.frozensets(st.sampled_from(Theme), min_size=4)
skipped_dates = st.frozensets(st.integers(0, 39), max_size=30)


@st.composite
def servings(draw: st.DrawFn) -> list[int]:
    """Draw forty dates, some never served, and some served after the next date or the one after that.

    Two partners who live up to 26 hours apart open their dates in such orders.
    """
    skipped = draw(skipped_dates)
    late = draw(st.dictionaries(st.integers(0, 39), st.sampled_from([1.5, 2.5]), max_size=20))
    return sorted(
        (number for number in range(40) if number not in skipped), key=lambda number: number + late.get(number, 0)
    )


@given(st.integers(0, 30), skipped_dates, barriers_named, barriers_named, seeds)
def test_any_seven_dates_in_a_row_bring_all_seven_themes(
    start: int, skipped: frozenset[int], barriers: frozenset[Barrier], other: frozenset[Barrier], seed: str
) -> None:
    """This holds whatever came before, and although the barriers change on the way."""
    past = serve((n for n in range(start) if n not in skipped), barriers=barriers, seed=seed)
    now = serve(range(start, start + 10), barriers=barriers, seed=seed, met=past)
    now = serve(range(start + 10, start + 25), barriers=other, seed=seed, met=now)
    faithful = [now[day(number)] for number in range(start, start + 25)]
    assert all(set(week) == ALL for week in weeks(faithful))


@given(st.permutations(range(7)), st.integers(0, 6), barriers_named, seeds)
def test_seven_dates_bring_all_seven_themes_in_whatever_order_they_are_served(
    order: list[int], offset: int, barriers: frozenset[Barrier], seed: str
) -> None:
    assert set(serve((offset + number for number in order), barriers=barriers, seed=seed).values()) == ALL


@given(servings(), barriers_named, seeds)
def test_no_theme_comes_twice_in_seven_days_even_if_a_partner_is_a_date_or_two_ahead(
    order: list[int], barriers: frozenset[Barrier], seed: str
) -> None:
    assert closest_repeat(serve(order, barriers=barriers, seed=seed)) >= 7


@given(servings(), many_themes, barriers_named, seeds)
def test_neighboring_dates_never_share_a_theme(
    order: list[int], available: frozenset[Theme], barriers: frozenset[Barrier], seed: str
) -> None:
    """Three available themes are enough, because at most two neighboring dates are taken."""
    assert closest_repeat(serve(order, available=available, barriers=barriers, seed=seed)) > 1


@settings(max_examples=30)
@given(st.lists(some_themes, min_size=1, max_size=4), barriers_named, seeds)
def test_only_available_themes_are_met_and_neighbors_differ_while_there_is_a_choice(
    phases: list[frozenset[Theme]], barriers: frozenset[Barrier], seed: str
) -> None:
    """The themes that are available change as partners change what they allow."""
    themes: dict[dt.date, Theme] = {}
    for phase, available in enumerate(phases):
        for number in range(phase * 9, phase * 9 + 9):
            yesterday = themes.get(day(number - 1))
            themes = serve([number], available=available, barriers=barriers, seed=seed, met=themes)
            assert themes[day(number)] in available
            assert themes[day(number)] != yesterday or available == {yesterday}


@given(many_themes, seeds)
def test_without_a_barrier_the_themes_there_are_come_round_evenly(available: frozenset[Theme], seed: str) -> None:
    themes = in_order(serve(range(30), available=available, seed=seed))
    assert set(themes[: len(available)]) == available
    assert all(later == earlier for earlier, later in zip(themes, themes[len(available) :], strict=False))


@pytest.mark.parametrize("barrier", list(Barrier))
@settings(max_examples=20)
@given(seeds)
def test_the_turn_of_touch_goes_to_a_theme_that_answers_a_barrier(barrier: Barrier, seed: str) -> None:
    themes = serve(range(40), available=UNTOUCHED, barriers=[barrier], seed=seed)
    for week in weeks(in_order(themes)):
        (doubled,) = (theme for theme, count in Counter(week).items() if count == 2)
        assert doubled in LEANINGS[barrier]
        assert set(week) == UNTOUCHED
    assert closest_repeat(themes) == 3


@given(barriers_named, seeds)
def test_themes_that_answer_a_barrier_come_first_in_the_first_week(barriers: frozenset[Barrier], seed: str) -> None:
    leaning = {theme for barrier in barriers for theme in LEANINGS[barrier]}
    assert set(in_order(serve(range(7), barriers=barriers, seed=seed))[: len(leaning)]) == leaning


@settings(max_examples=30)
@given(st.frozensets(st.integers(0, 6), min_size=1), seeds)
def test_a_couple_that_meets_on_certain_weekdays_goes_through_all_themes(weekdays: frozenset[int], seed: str) -> None:
    """A couple gets every theme, however few days of the week it plays, and not the same theme every weekend."""
    themes = in_order(serve((n for n in range(20 * 7) if n % 7 in weekdays), seed=seed))
    assert all(set(themes[start : start + 10]) == ALL for start in range(len(themes) - 9))


@settings(max_examples=30)
@given(st.frozensets(st.integers(0, 6), min_size=1, max_size=3), st.sampled_from(Barrier), seeds)
def test_a_couple_that_skips_days_gets_themes_that_answer_its_barriers_more_often(
    weekdays: frozenset[int], barrier: Barrier, seed: str
) -> None:
    served = [n for n in range(40 * 7) if n % 7 in weekdays]
    counts = Counter(serve(served, barriers=[barrier], seed=seed).values())
    leaning = [counts[theme] for theme in LEANINGS[barrier]]
    others = [counts[theme] for theme in ALL - LEANINGS[barrier]]
    assert min(leaning) > 1.2 * max(others)
    assert min(others) > 0


@settings(max_examples=30)
@given(servings(), barriers_named, seeds, st.integers(-2, 3))
def test_forgotten_dates_do_not_change_the_next_theme(
    order: list[int], barriers: frozenset[Barrier], seed: str, ahead: int
) -> None:
    met = serve(order, barriers=barriers, seed=seed)
    latest = max(met)
    kept = {date: theme for date, theme in met.items() if date not in forgettable(met, latest)}
    date = latest + dt.timedelta(days=ahead)
    assert theme_for(date, kept, ALL, barriers, seed) == theme_for(date, met, ALL, barriers, seed)
    assert len(kept) <= 22 + len(Theme)


def test_couples_meet_the_themes_in_orders_of_their_own() -> None:
    orders = {tuple(in_order(serve(range(7), seed=f"couple {number}"))) for number in range(50)}
    assert len(orders) > 40


def test_the_same_couple_gets_the_same_themes_in_every_process() -> None:
    """Two Lambda environments hash strings differently, and so have other orders of sets."""
    program = (
        "import datetime as dt; from rekindle.domain.persons import Barrier; from rekindle.domain.prompts import Theme;"
        "from rekindle.domain.playlist import theme_for;"
        "print(theme_for(dt.date(2026, 1, 1), {}, frozenset(Theme), frozenset(Barrier), 'couple'))"
    )
    themes = {
        subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", program],
            env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for hash_seed in ("1", "2", "3")
    }
    assert themes == {theme_for(FIRST, {}, ALL, frozenset(Barrier), "couple") + "\n"}


def test_a_couple_that_nothing_fits_has_no_theme() -> None:
    with pytest.raises(NoPromptError):
        theme_for(FIRST, {}, frozenset(), (), "couple")


def entry(
    name: str,
    *,
    theme: Theme = Theme.SPARK,
    kind: PromptKind = PromptKind.QUESTION,
    depth: int = 1,
    comfort: int = 0,
    version: int = 1,
) -> Entry:
    return Entry(PromptRef(STARTER, version, PromptId(name)), theme, kind, depth, comfort)


comforts = st.builds(Comfort, depth=st.integers(1, 3), touch=st.integers(0, 3))
catalogues = st.lists(
    st.builds(
        entry,
        st.text("abcdefgh", min_size=1, max_size=3),
        theme=st.sampled_from([Theme.SPARK, Theme.TOUCH]),
        kind=st.sampled_from(PromptKind),
        depth=st.integers(1, 3),
        comfort=st.integers(0, 3),
    ),
    max_size=15,
    unique_by=lambda each: each.ref,
)
histories = st.dictionaries(
    st.tuples(st.just(STARTER), st.text("abcdefgh", min_size=1, max_size=3).map(PromptId)),
    st.integers(0, 30).map(day),
)


def fits(each: Entry, comfort: Comfort) -> bool:
    if each.kind is PromptKind.TOUCH and comfort.touch == 0:
        return False
    return each.depth <= comfort.depth and each.comfort <= comfort.touch


@given(st.integers(1, 3), st.integers(0, 3), st.integers(1, 3), st.integers(0, 3))
def test_a_couple_gets_the_smaller_comfort_of_both(depth: int, touch: int, other_depth: int, other_touch: int) -> None:
    profiles = [
        a_profile(depth=depth, touch_comfort=touch),
        a_profile(depth=other_depth, touch_comfort=other_touch),
    ]
    assert comfort_of(profiles) == Comfort(min(depth, other_depth), min(touch, other_touch))


@given(catalogues, comforts)
def test_a_theme_is_available_if_a_prompt_of_it_fits(entries: list[Entry], comfort: Comfort) -> None:
    assert available_themes(iter(entries), comfort) == {each.theme for each in entries if fits(each, comfort)}


@given(catalogues, histories, comforts, seeds)
def test_a_prompt_is_new_and_gentle_first_and_else_the_one_seen_longest_ago(
    entries: list[Entry], seen: dict[tuple[PackId, PromptId], dt.date], comfort: Comfort, seed: str
) -> None:
    fitting = [each for each in entries if each.theme is Theme.SPARK and fits(each, comfort)]
    if not fitting:
        with pytest.raises(NoPromptError):
            prompt_for(Theme.SPARK, entries, seen, comfort, seed)
        return
    chosen = prompt_for(Theme.SPARK, iter(entries), seen, comfort, seed)
    unseen = [each for each in fitting if (each.ref.pack, each.ref.prompt) not in seen]
    assert chosen in fitting
    if unseen:
        assert chosen in unseen
        assert chosen.depth == min(each.depth for each in unseen)
    else:
        last_seen = {each.ref: seen[each.ref.pack, each.ref.prompt] for each in fitting}
        assert last_seen[chosen.ref] == min(last_seen.values())


@given(catalogues, histories, comforts, seeds, st.randoms(use_true_random=False))
def test_the_order_of_the_catalogue_does_not_matter(
    entries: list[Entry], seen: dict[tuple[PackId, PromptId], dt.date], comfort: Comfort, seed: str, chance: Random
) -> None:
    if Theme.SPARK in available_themes(entries, comfort):
        chosen = prompt_for(Theme.SPARK, entries, seen, comfort, seed)
        chance.shuffle(entries)
        assert prompt_for(Theme.SPARK, entries, seen, comfort, seed) == chosen


def test_twelve_prompts_are_met_before_the_first_returns() -> None:
    entries = [entry(f"spark-{number}", depth=number % 3 + 1) for number in range(12)]
    seen: dict[tuple[PackId, PromptId], dt.date] = {}
    met = []
    for week in range(36):
        chosen = prompt_for(Theme.SPARK, entries, seen, Comfort(depth=3, touch=0), "couple")
        seen[chosen.ref.pack, chosen.ref.prompt] = day(7 * week)
        met.append(chosen)
    assert set(met[:12]) == set(entries)
    assert met[:12] == met[12:24] == met[24:]
    assert [each.depth for each in met[:12]] == [1] * 4 + [2] * 4 + [3] * 4


def test_a_new_version_of_a_pack_does_not_make_its_prompts_new() -> None:
    again, fresh = entry("again", version=2), entry("fresh", version=2)
    seen = {(STARTER, PromptId("again")): day(0)}
    assert prompt_for(Theme.SPARK, [again, fresh], seen, Comfort(1, 0), "couple") == fresh


def test_a_touch_prompt_needs_both_to_allow_touch_however_gentle_it_is() -> None:
    gentle = entry("hold-hands", theme=Theme.TOUCH, kind=PromptKind.TOUCH, comfort=0)
    assert available_themes([gentle], Comfort(depth=3, touch=0)) == frozenset()
    assert available_themes([gentle], Comfort(depth=1, touch=1)) == {Theme.TOUCH}
    with pytest.raises(NoPromptError):
        prompt_for(Theme.TOUCH, [gentle], {}, Comfort(depth=3, touch=0), "couple")


def test_couples_meet_the_prompts_in_orders_of_their_own() -> None:
    entries = [entry(f"spark-{number}") for number in range(12)]
    first = {prompt_for(Theme.SPARK, entries, {}, Comfort(1, 0), f"couple {n}").ref for n in range(50)}
    assert len(first) > 8


def test_every_barrier_has_themes_that_answer_it() -> None:
    assert dict(LEANINGS) == {
        Barrier.STRESS: {Theme.TIME, Theme.TOUCH},
        Barrier.COMMUNICATION: {Theme.LISTENING, Theme.COURAGE},
        Barrier.VULNERABILITY: {Theme.OPENNESS, Theme.FEAR},
        Barrier.NEGLECT: {Theme.TIME, Theme.SPARK},
    }
