"""Find sample texts from the template for new packs. A pack that still has a sample text cannot be published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rekindle.packs.document import PackFinding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rekindle.packs.document import Pack

WRITTEN_FOR: Final = "Say in one sentence whom this pack is for."
PROMPT_TEXT: Final = "What is something small your partner did this week that made you smile?"
PROMPT_WHY: Final = "Small kindnesses grow when somebody notices them."
"""`newPack` in the console's `yaml.js` writes the same three texts. A test compares both files."""


def template_findings(pack: Pack) -> Iterator[PackFinding]:
    """Yield a finding for each sample text that the author has not replaced."""
    for language, about in pack.words.items():
        if about.written_for == WRITTEN_FOR:
            reason = "is still the template's; say in one sentence who your pack is for"
            yield PackFinding(None, f"words.{language}.written_for", reason, ("words", language, "written_for"))
    for place, prompt in enumerate(pack.prompts):
        for language, words in prompt.words.items():
            for name, line, sample, instead in (
                ("text", words.text, PROMPT_TEXT, "write your own prompt over it, or delete this one"),
                ("why", words.why, PROMPT_WHY, "say in one line why your prompt is good for a couple"),
            ):
                if line == sample:
                    path = ("prompts", place, "words", language, name)
                    reason = f"is still the template's example; {instead}"
                    yield PackFinding(prompt.id, f"words.{language}.{name}", reason, path)
