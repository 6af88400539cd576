"""The right packs and courses play for a couple, and a swap gives another prompt."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rekindle.domain.couples import PackWish, Wish
from rekindle.domain.ids import PackId, PromptId, Uid
from rekindle.domain.playlist import (
    FIRST_STEPS,
    Comfort,
    Course,
    Entry,
    Release,
    available_themes,
    comfort_on,
    courses_on,
    leaning_barriers,
    playing,
    prompt_for,
    prompt_on,
    theme_for,
)
from rekindle.domain.prompts import Audience, Theme
from rekindle.errors import NoPromptError
from testing.builders import a_couple, a_profile
from testing.plays import FIRST, Play, a_pack, day

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from rekindle.domain.couples import Couple

UNCALM = "a seed without calm phases 5648"
"""A couple with this seed has no calm phase within 45 dates from FIRST."""
GENTLE = Comfort(depth=1, touch=0)
JOINED, CHOSEN, ASIDE = (PackWish(wish, FIRST) for wish in (Wish.JOINED, Wish.CHOSEN, Wish.TURNED_OFF))


def a_course(name: str, themes: Iterable[Theme] = Theme, course: Course | None = None, *, depth: int = 1) -> Release:
    return a_pack(name, themes, depth=depth, audience=Audience.CODE, course=course)


def in_comfort(comfort: Comfort, **changes: Any) -> Couple:
    """Build a couple that has taken its first steps and is in no calm phase, so that the limits of both count."""
    profile = a_profile(depth=comfort.depth, touch_comfort=comfort.touch)
    persons = {Uid("ada"): profile, Uid("ben"): profile}
    return a_couple(**({"seed": UNCALM, "first_date": FIRST - FIRST_STEPS, "profiles": persons} | changes))


def at_ease(**changes: Any) -> Couple:
    return in_comfort(Comfort(depth=3, touch=3), **changes)


names = st.sampled_from([PackId(name) for name in ("one", "two", "three", "four")])
wishes = st.dictionaries(
    names, st.builds(PackWish, wish=st.sampled_from(Wish), since=st.integers(0, 10).map(day)), max_size=4
)
some_themes = st.lists(st.sampled_from(Theme), min_size=1, max_size=8)
courses = st.builds(
    Course, in_order=st.booleans(), starts_on=st.none() | st.integers(-10, 15).map(day), every_days=st.integers(1, 7)
)
depths = st.integers(1, 3)


@st.composite
def some_releases(draw: st.DrawFn) -> list[Release]:
    packs = []
    for name in draw(st.lists(names, unique=True, min_size=1)):
        audience = draw(st.sampled_from(Audience))
        course = draw(st.none() | courses) if audience is Audience.CODE else None
        themes, depth = draw(some_themes), draw(depths)
        packs.append(a_pack(name, themes, depth=depth, audience=audience, course=course))
    return packs


comforts = st.builds(Comfort, depth=depths, touch=st.integers(0, 3))


def fits(entry: Entry, comfort: Comfort) -> bool:
    return available_themes([entry], comfort) == {entry.theme}


def test_the_seed_of_these_couples_brings_no_calm_phase() -> None:
    allowed = Comfort(depth=3, touch=3)
    assert all(comfort_on(day(number), at_ease()) == allowed for number in range(45))


# Packs that play


def test_everyones_packs_play_until_a_couple_turns_them_off() -> None:
    one, two = a_pack("one"), a_pack("two")
    assert playing({}, [one, two]) == (one, two)
    assert playing({one.pack: ASIDE}, [one, two]) == (two,)


def test_a_pack_plays_for_couples_that_chose_it_or_joined_it_by_its_code() -> None:
    base = a_pack("base")
    choice, code = a_pack("choice", audience=Audience.CHOICE), a_course("code")
    every = [base, choice, code]
    assert playing({}, every) == (base,)
    assert playing({choice.pack: CHOSEN}, every) == (base, choice)
    assert playing({code.pack: JOINED}, every) == (base, code)
    assert playing({code.pack: CHOSEN}, every) == (base,), "nobody chooses what has a code"


def test_everyones_packs_play_for_a_couple_that_turned_all_off() -> None:
    one, two = a_pack("one"), a_pack("two", depth=3)
    choice = a_pack("choice", audience=Audience.CHOICE)
    aside = {one.pack: ASIDE, two.pack: ASIDE}
    assert playing(aside, [one, two, choice]) == (one, two)
    assert playing({one.pack: ASIDE}, [one, two]) == (two,), "the packs that they see tell nothing of their limits"
    assert playing(aside | {choice.pack: CHOSEN}, [one, two, choice]) == (choice,)


@given(some_releases(), wishes, comforts)
def test_a_couple_always_gets_a_prompt_while_one_of_everyones_fits(
    releases: list[Release], said: dict[PackId, PackWish], comfort: Comfort
) -> None:
    everyones = [each for each in releases if each.audience is Audience.EVERYONE]
    assume(any(fits(entry, comfort) for release in everyones for entry in release.entries))
    offer = prompt_on(FIRST, in_comfort(comfort, packs=said), releases, lambda _themes: {})
    assert fits(offer.entry, comfort)


@given(st.lists(st.sampled_from(Theme), min_size=1, max_size=12), st.integers(0, 30), comforts)
def test_a_couple_without_a_course_plays_by_the_rhythm_alone(themes: list[Theme], dates: int, comfort: Comfort) -> None:
    """With one pack for everyone, `theme_for` and `prompt_for` alone choose the prompts, and nothing else is read."""
    pack = a_pack("one", themes)
    couple = in_comfort(comfort)
    assume(available_themes(pack.entries, comfort))
    play, seen = Play(couple, [pack]), dict[tuple[PackId, PromptId], dt.date]()
    met: dict[dt.date, Theme] = {}
    for number in range(dates):
        barriers = leaning_barriers(day(number), couple)
        theme = theme_for(day(number), met, available_themes(pack.entries, comfort), barriers, couple.seed)
        entry = prompt_for(theme, pack.entries, seen, comfort, couple.seed)
        met[day(number)], seen[entry.ref.pack, entry.ref.prompt] = theme, day(number)
        assert play.open(number) == entry
        assert play.asked[-1] == {theme}
    assert len(play.asked) == dates


def test_a_couple_without_a_fitting_prompt_gets_an_error() -> None:
    with pytest.raises(NoPromptError):
        prompt_on(FIRST, at_ease(), [], lambda _themes: {})


# Courses


@given(st.integers(-10, 10), st.integers(0, 10), st.integers(1, 7), st.integers(-12, 30))
def test_a_course_plays_from_its_start_and_from_when_they_joined(
    start: int, since: int, every: int, number: int
) -> None:
    """A couple that joins late gets the same prompts as the rest of the group."""
    wish = {PackId("one"): PackWish(Wish.JOINED, day(since))}
    dated = a_course("one", course=Course(starts_on=day(start), every_days=every))
    turns = {start + count * every for count in range(50)}
    assert bool(courses_on(day(number), wish, [dated])) is (number in turns and number >= since)
    undated = a_course("one", course=Course(every_days=every))
    assert bool(courses_on(day(number), wish, [undated])) is (number >= since and (number - since) % every == 0)


def test_themes_that_a_course_brought_count_as_met() -> None:
    pack = a_course("one", [Theme.SPARK, Theme.SPARK, Theme.SPARK, Theme.TIME], Course(in_order=True))
    play = Play(at_ease(packs={pack.pack: JOINED}), [a_pack("base"), pack])
    opened = [play.open(number) for number in range(5)]
    assert tuple(opened[:4]) == pack.entries
    assert opened[4].theme not in {Theme.SPARK, Theme.TIME}


def test_a_course_without_an_order_keeps_to_the_rhythm_of_the_themes() -> None:
    pack = a_course("one", [*Theme, *Theme], Course(in_order=False))
    play = Play(at_ease(packs={pack.pack: JOINED}), [a_pack("base"), pack])
    opened = [play.open(number) for number in range(14)]
    assert set(opened) == set(pack.entries)
    for start in range(8):
        assert {entry.theme for entry in opened[start : start + 7]} == set(Theme)


def test_the_course_joined_first_comes_before_other_courses() -> None:
    early = a_course("zebra", [Theme.SPARK] * 2, Course(in_order=True))
    late = a_course("ant", [Theme.TIME] * 2, Course(in_order=True))
    said = {late.pack: PackWish(Wish.JOINED, day(1)), early.pack: PackWish(Wish.JOINED, day(0))}
    play = Play(a_couple(packs=said), [late, a_pack("base"), early])
    assert [play.open(number).ref.pack for number in range(5)] == ["zebra", "zebra", "ant", "ant", "base"]


def test_prompts_of_a_course_come_back_after_those_that_are_new() -> None:
    pack = a_course("one", [Theme.SPARK] * 2, Course(in_order=True))
    play = Play(at_ease(packs={pack.pack: JOINED}), [a_pack("base", [Theme.SPARK] * 3), pack])
    opened = [play.open(number) for number in range(10)]
    assert [entry.ref.pack for entry in opened] == ["one"] * 2 + ["base"] * 3 + ["one"] * 2 + ["base"] * 3
    assert opened[:5] == opened[5:]


def test_a_course_skips_prompts_that_do_not_fit_until_they_fit() -> None:
    entries = tuple(replace(entry, depth=1 + number % 2) for number, entry in enumerate(a_pack("one").entries[:4]))
    pack = replace(a_course("one", course=Course(in_order=True)), entries=entries)
    play = Play(in_comfort(GENTLE, packs={pack.pack: JOINED}), [a_pack("base"), pack])
    assert [play.open(number) for number in range(2)] == [entries[0], entries[2]]
    assert play.open(2).ref.pack == "base"
    further = in_comfort(Comfort(2, 0), packs=play.couple.packs, themes_met=play.couple.themes_met)
    play.couple = further
    assert [play.open(number) for number in (3, 4)] == [entries[1], entries[3]]


def test_a_couple_that_leaves_a_course_has_nothing_more_of_it() -> None:
    pack = a_course("one", [Theme.SPARK] * 9, Course(in_order=True))
    play = Play(at_ease(packs={pack.pack: JOINED}), [a_pack("base"), pack])
    play.open(0)
    play.couple = replace(play.couple, packs={})
    assert {play.open(number).ref.pack for number in range(1, 30)} == {"base"}


def test_a_courses_history_is_read_in_one_batch_on_its_dates() -> None:
    pack = a_course("one", [Theme.SPARK, Theme.TIME], Course(in_order=True, every_days=2))
    play = Play(at_ease(packs={pack.pack: JOINED}), [a_pack("base"), pack])
    for number in range(3):
        play.open(number)
    assert [len(themes) for themes in play.asked] == [2, 1, 2]


class PlainCourses:
    """A plain model. Each course is a queue of prompts with its own dates. Other dates have everyday prompts."""

    def __init__(self, couple: Couple, releases: Collection[Release], comfort: Comfort) -> None:
        joined = [
            (couple.packs[each.pack].since, each)
            for each in releases
            if each.audience is Audience.CODE
            and each.pack in couple.packs
            and couple.packs[each.pack].wish is Wish.JOINED
        ]
        self.queues = [
            (since, each, [entry for entry in each.entries if fits(entry, comfort)])
            for since, each in sorted(joined, key=lambda each: (each[0], each[1].pack))
        ]

    def turn(self, date: dt.date) -> list[Entry] | None:
        """Return the unmet prompts of the course whose date it is. Return None on an everyday date."""
        for since, release, left in self.queues:
            course = release.course or Course()
            turn = course.starts_on or since
            while turn < date:
                turn += dt.timedelta(days=course.every_days)
            if turn == date >= since and left:
                return left[:1] if course.in_order else left
        return None

    def met(self, entry: Entry) -> None:
        for _, _, left in self.queues:
            if entry in left:
                left.remove(entry)


@settings(max_examples=4 * settings().max_examples)
@given(some_releases(), wishes, comforts, st.frozensets(st.integers(0, 29), max_size=20))
def test_courses_play_as_plain_queues_would(
    releases: list[Release], said: dict[PackId, PackWish], comfort: Comfort, skipped: frozenset[int]
) -> None:
    releases.append(a_pack("base"))
    play = Play(in_comfort(comfort, packs=said), releases)
    plain = PlainCourses(play.couple, releases, comfort)
    unmet_of_courses = {entry for _, _, left in plain.queues for entry in left}
    for number in range(30):
        if number in skipped:
            continue
        turn = plain.turn(day(number))
        entry = play.open(number)
        assert fits(entry, comfort)
        if turn:
            assert entry in turn
        else:
            assert entry not in unmet_of_courses
        plain.met(entry)
        unmet_of_courses.discard(entry)


@given(some_releases(), wishes, st.integers(0, 20), st.randoms(use_true_random=False))
def test_the_order_in_which_packs_are_listed_does_not_matter(
    releases: list[Release], said: dict[PackId, PackWish], number: int, chance: Any
) -> None:
    releases.append(a_pack("base"))
    couple = at_ease(packs=said)
    shuffled = list(releases)
    chance.shuffle(shuffled)
    nothing: Mapping[tuple[PackId, PromptId], dt.date] = {}
    offers = {prompt_on(day(number), couple, each, lambda _: nothing) for each in (releases, shuffled)}
    assert len(offers) == 1


# Swapping a prompt away


@given(some_releases(), wishes, comforts, st.integers(1, 12))
def test_a_swap_gives_another_prompt_of_the_same_theme_that_fits(
    releases: list[Release], said: dict[PackId, PackWish], comfort: Comfort, dates: int
) -> None:
    releases.append(a_pack("base", [*Theme, *Theme]))
    play = Play(in_comfort(comfort, packs=said), releases)
    for number in range(dates):
        entry = play.open(number)
        other = play.swap(number, entry)
        everyday = [e for r in releases if r.audience is Audience.EVERYONE for e in r.entries]
        if not said:
            choices = [e for e in everyday if e.theme is entry.theme and e != entry and fits(e, GENTLE)]
            assert (other is not None) is bool(choices)
        if other:
            assert other != entry
            assert other.theme is entry.theme
            assert fits(other, GENTLE)


def test_a_swap_gives_an_unmet_prompt_first_and_the_replaced_one_counts_as_met() -> None:
    play = Play(at_ease(), [a_pack("base", [Theme.SPARK] * 3)])
    first = play.open(0)
    second = play.swap(0, first)
    third = play.open(1)
    assert len({first, second, third}) == 3
    assert play.swap(1, third) in {first, second}


def test_a_course_in_order_continues_with_the_next_after_a_swap() -> None:
    """The replaced prompt does not come again on the next date, and the next prompt does not come early."""
    pack = a_course("one", [Theme.SPARK] * 3, Course(in_order=True))
    play = Play(at_ease(packs={pack.pack: JOINED}), [a_pack("base"), pack])
    first = play.open(0)
    other = play.swap(0, first)
    assert other
    assert other.ref.pack == "base"
    assert [play.open(number) for number in (1, 2)] == list(pack.entries[1:])


def test_a_course_without_an_order_gives_another_of_its_own_while_it_has_one() -> None:
    pack = a_course("one", [Theme.SPARK] * 2)
    play = Play(at_ease(packs={pack.pack: JOINED}), [a_pack("base", [Theme.SPARK] * 2), pack])
    first = play.open(0)
    other = play.swap(0, first)
    assert {first, other} == set(pack.entries)
    after = play.open(1)
    assert after.ref.pack == "base"
    again = play.swap(1, after)
    assert again
    assert again.ref.pack == "base"


def test_a_theme_with_one_prompt_has_no_swap_even_if_a_pack_that_was_turned_off_has_more() -> None:
    base, aside = a_pack("base", [Theme.SPARK]), a_pack("aside", [Theme.SPARK] * 5)
    play = Play(at_ease(packs={aside.pack: ASIDE}), [base, aside])
    assert play.swap(0, play.open(0)) is None


def test_a_couple_meets_every_prompt_of_its_packs_before_one_returns() -> None:
    base, choice = a_pack("base", [Theme.SPARK] * 4), a_pack("more", [Theme.SPARK] * 4, audience=Audience.CHOICE)
    play = Play(at_ease(packs={choice.pack: CHOSEN}), [base, choice])
    counts = Counter(play.open(number) for number in range(16))
    assert set(counts.values()) == {2}
