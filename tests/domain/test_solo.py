"""A person alone gets a suitable question each day: theme, depth, comfort, and no repeats."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from rekindle.domain.persons import Barrier
from rekindle.domain.playlist import LEANINGS, Release
from rekindle.domain.prompts import Audience, PromptKind, Theme
from rekindle.domain.solo import SoloHistory, solo_prompt, takes_solo_answers
from rekindle.errors import NoPromptError
from testing.builders import a_person, a_profile, an_instant, prompts

DATE = dt.date(2026, 3, 2)
DAY = dt.timedelta(days=1)


def a_release(pack: str = "test", audience: Audience = Audience.EVERYONE) -> Release:
    entries = tuple(entry for entry, _ in prompts(pack))
    return Release(entries[0].ref.pack, 1, audience, an_instant(), entries)


def met_after(days: int, **profile: object) -> tuple[SoloHistory, list[Theme]]:
    """Return the history of a person who came every day, and the themes in order."""
    person, history, themes = a_person(profile=a_profile(**profile)), SoloHistory(), []
    for number in range(days):
        date = DATE + number * DAY
        entry = solo_prompt(date, person, history, [a_release()])
        assert entry.kind is PromptKind.QUESTION
        assert (entry.depth, entry.comfort) <= (person.profile.depth, person.profile.touch_comfort)
        name = (entry.ref.pack, entry.ref.prompt)
        assert name not in history.seen
        themes.append(entry.theme)
        history = SoloHistory({**history.themes_met, date: entry.theme}, {**history.seen, name: date})
    return history, themes


@pytest.mark.parametrize("depth", [1, 3])
def test_each_week_brings_each_theme_once_and_no_prompt_twice(depth: int) -> None:
    _, themes = met_after(7, depth=depth)
    assert len(set(themes)) == 7


def test_the_same_person_gets_the_same_whichever_phone_asks() -> None:
    person, releases = a_person(), [a_release()]
    assert solo_prompt(DATE, person, SoloHistory(), releases) == solo_prompt(DATE, person, SoloHistory(), releases)
    others = {solo_prompt(DATE, a_person(), SoloHistory(), releases).ref for _ in range(20)}
    assert len(others) > 1


def test_only_everyones_packs_play_for_a_person_alone() -> None:
    person = a_person()
    for audience in (Audience.CHOICE, Audience.CODE):
        with pytest.raises(NoPromptError):
            solo_prompt(DATE, person, SoloHistory(), [a_release(audience=audience)])
    with pytest.raises(NoPromptError):
        solo_prompt(DATE, person, SoloHistory(), [])


def test_a_person_alone_gets_only_questions() -> None:
    release = a_release()
    together = replace(release, entries=tuple(replace(each, kind=PromptKind.TOGETHER) for each in release.entries))
    with pytest.raises(NoPromptError):
        solo_prompt(DATE, a_person(), SoloHistory(), [together])


@pytest.mark.parametrize("barrier", Barrier)
def test_barriers_influence_the_solo_themes(barrier: Barrier) -> None:
    person = a_person(profile=a_profile(barriers=frozenset({barrier})))
    first = solo_prompt(DATE, person, SoloHistory(), [a_release()])
    assert first.theme in LEANINGS[barrier]


def test_when_all_are_met_the_one_longest_ago_comes_again() -> None:
    person, release = a_person(), a_release()
    seen = {(each.ref.pack, each.ref.prompt): DATE - number * DAY for number, each in enumerate(release.entries, 1)}
    entry = solo_prompt(DATE, person, SoloHistory(seen=seen), [release])
    fitting = [
        (each.ref.pack, each.ref.prompt)
        for each in release.entries
        if (each.theme, each.depth, each.comfort) == (entry.theme, 1, 0)
    ]
    assert seen[entry.ref.pack, entry.ref.prompt] == min(seen[name] for name in fitting)


def test_an_answer_comes_on_its_date_or_the_day_after() -> None:
    assert [takes_solo_answers(DATE + n * DAY, DATE) for n in (-2, -1, 0, 1)] == [False, True, True, False]
