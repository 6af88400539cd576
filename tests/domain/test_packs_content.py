"""All packs in `packs/` together last for a year, keep the rules, and repeat nothing."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from rekindle.domain.ids import Language, PromptId
from rekindle.domain.prompts import Audience, Theme
from rekindle.packs.check import check_source

if TYPE_CHECKING:
    from rekindle.packs.document import Pack, PackPrompt, PromptWords

EN: Final = Language("en")
SOURCES: Final = {path.name: path.read_bytes() for path in (Path(__file__).parents[2] / "packs").glob("*.yaml")}

DAYS_OF_A_YEAR: Final = 366


@pytest.fixture(scope="module")
def packs() -> dict[str, Pack]:
    """Return each pack by the name of its file."""
    return {name: pack for name, source in SOURCES.items() if (pack := check_source(source).pack)}


@pytest.fixture(scope="module")
def prompts(packs: dict[str, Pack]) -> list[PackPrompt]:
    return [each for pack in packs.values() for each in pack.prompts]


@pytest.fixture(scope="module")
def everyones(packs: dict[str, Pack]) -> list[PackPrompt]:
    """Return the prompts of the packs that play for every couple."""
    return [each for pack in packs.values() if pack.audience is Audience.EVERYONE for each in pack.prompts]


def said(prompts: list[PackPrompt]) -> list[tuple[PromptId, Language, PromptWords]]:
    return [(each.id, language, words) for each in prompts for language, words in each.words.items()]


def test_every_file_is_a_pack(packs: dict[str, Pack]) -> None:
    assert packs.keys() == SOURCES.keys()


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_no_pack_has_findings_beside_all_the_others(name: str, packs: dict[str, Pack]) -> None:
    others = [pack for file, pack in packs.items() if file != name]
    assert [str(finding) for finding in check_source(SOURCES[name], others=others).findings] == []


def test_no_two_prompts_share_an_id(prompts: list[PackPrompt]) -> None:
    """An id alone identifies a prompt, without its pack."""
    assert [name for name, times in Counter(each.id for each in prompts).items() if times > 1] == []


def test_there_are_enough_prompts_in_english(prompts: list[PackPrompt]) -> None:
    assert sum(EN in each.words for each in prompts) >= 380


def test_the_starter_pack_speaks_english_spanish_and_french_throughout(packs: dict[str, Pack]) -> None:
    starter = packs["starter.yaml"]
    assert set(starter.languages) == {"en", "es", "fr"}
    assert [each.id for each in starter.prompts if each.words.keys() != set(starter.languages)] == []
    assert starter.words.keys() == set(starter.languages)


class TestAYear:
    """A year of a couple that meets a prompt each day, allows every depth and has no barrier."""

    @pytest.mark.parametrize("theme", [theme for theme in Theme if theme != Theme.TOUCH])
    def test_no_prompt_comes_twice_to_a_couple_that_wants_no_touch(
        self, theme: Theme, everyones: list[PackPrompt]
    ) -> None:
        """With some packs, the other six themes share the days, so each of them comes every sixth day.

        Prompts on touch for such a couple are few, and come back.
        """
        without_touch = [each.id for each in everyones if each.theme == theme and each.comfort == 0]
        assert len(without_touch) >= DAYS_OF_A_YEAR / 6

    def test_no_touch_comes_twice_to_a_couple_at_ease_with_it(self, everyones: list[PackPrompt]) -> None:
        """With touch there are seven themes, one for each day of a week."""
        assert sum(each.theme == Theme.TOUCH for each in everyones) >= DAYS_OF_A_YEAR / 7


class TestWording:
    def test_touch_is_asked_for_in_its_own_theme_only(self, prompts: list[PackPrompt]) -> None:
        assert {each.theme for each in prompts if each.comfort > 0} == {Theme.TOUCH}

    def test_every_line_can_be_read_at_a_glance(self, prompts: list[PackPrompt]) -> None:
        """The limit is below the format's limit, because readers are tired and texts grow in translation."""
        assert [
            (name, language)
            for name, language, words in said(prompts)
            if len(words.text) > 200 or len(words.why) > 130 or len(words.hint or "") > 150
        ] == []

    def test_french_marks_stay_with_their_words(self, prompts: list[PackPrompt]) -> None:
        """A narrow no-break space stands before ; : ! ? and a no-break space inside the guillemets."""
        loose = re.compile("(?<!\N{NARROW NO-BREAK SPACE})[;:!?]|«(?!\N{NO-BREAK SPACE})|(?<!\N{NO-BREAK SPACE})»")
        french = [(name, words) for name, language, words in said(prompts) if language == "fr"]
        assert french
        assert [name for name, words in french if loose.search(f"{words.text} {words.why} {words.hint or ''}")] == []
