"""The sample words of a new pack can be previewed, but never published."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from rekindle.packs.check import check_source
from rekindle.packs.template import PROMPT_TEXT, PROMPT_WHY, WRITTEN_FOR

CONSOLE: Final = Path(__file__).parents[2] / "functions" / "console" / "console" / "page" / "yaml.js"

BEGUN: Final = f"""\
id: river
audience: choice
default_language: en
languages: [en]
words:
  en:
    title: River
    written_for: >-
      {WRITTEN_FOR}
prompts:
  - id: first-prompt
    theme: spark
    kind: question
    depth: 1
    words:
      en:
        text: >-
          {PROMPT_TEXT}
        why: >-
          {PROMPT_WHY}
"""
EXAMPLE: Final = "is still the template's example"
OWN: Final = {
    WRITTEN_FOR: "Two who like water.",
    PROMPT_TEXT: "Which river would you follow?",
    PROMPT_WHY: "Rivers lead somewhere.",
}


def with_own_words(kept: str | None = None) -> str:
    """Return the pack with the author's words in place of the template's. One sample text remains."""
    source = BEGUN
    for words, own in OWN.items():
        source = source if words == kept else source.replace(words, own)
    return source


def test_each_of_the_template_s_words_is_a_finding_and_the_pack_can_be_shown_meanwhile() -> None:
    checked = check_source(BEGUN)
    assert checked.pack is None
    assert checked.readable
    assert checked.readable.prompts[0].words[checked.readable.default_language].text == PROMPT_TEXT
    assert [f"{each.line}: {each}" for each in checked.findings if not each.advice] == [
        "8: pack: words.en.written_for: is still the template's; say in one sentence who your pack is for",
        f"17: first-prompt: words.en.text: {EXAMPLE}; write your own prompt over it, or delete this one",
        f"19: first-prompt: words.en.why: {EXAMPLE}; say in one line why your prompt is good for a couple",
    ]


@pytest.mark.parametrize("kept", OWN)
def test_one_remaining_sample_text_blocks_publishing(kept: str) -> None:
    assert len([each for each in check_source(with_own_words(kept)).findings if not each.advice]) == 1


def test_a_pack_with_words_of_its_own_is_fit() -> None:
    assert check_source(with_own_words()).pack


@pytest.mark.parametrize("words", OWN)
def test_the_console_s_template_has_the_same_words(words: str) -> None:
    assert CONSOLE.read_text(encoding="utf-8").count(f'"{words}"') == 1
