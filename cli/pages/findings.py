"""Show the findings in packs: errors to fix, and advice."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from rich.console import Group

from cli.pages import table, text
from cli.words import counted
from rekindle.packs.advice import lix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from cli.files import PackFile
    from rekindle.packs.check import SourceFinding
    from rekindle.packs.contract import FindingView
    from rekindle.packs.document import Pack, PromptWords

MANY = 40


def lint_page(files: Sequence[PackFile]) -> RenderableType:
    """Show each finding as `file:line: text`, so that editors can jump to the line. Then show a table of the files."""
    lines = [_line(str(file.path), each) for file in files for each in file.checked.findings]
    overview = table(
        "File", "Prompts", "Languages", "Reading", "To fix", "Advice", numbers=("Prompts", "To fix", "Advice")
    )
    for file in files:
        pack = file.checked.pack
        errors, advice = len(file.errors), len(file.advice)
        overview.add_row(
            text(str(file.path)),
            str(len(pack.prompts)) if pack else "-",
            " ".join(pack.languages) if pack else "-",
            _reading(pack) if pack else "-",
            text((str(errors), "red bold" if errors else "green")),
            text((str(advice), "yellow" if advice else "")),
        )
    errors = sum(len(file.errors) for file in files)
    verdict = (f"{counted(errors, 'thing')} to fix.", "red bold") if errors else ("Ready to publish.", "green")
    return Group(*lines, *([text("")] if lines else []), overview, text(verdict))


def findings_page(place: str, findings: Sequence[FindingView], *, most: int = MANY) -> RenderableType:
    """Show the service's first `most` findings in a draft, and how many more there are."""
    lines = [_line(place, each) for each in findings[:most]]
    if len(findings) > most:
        lines.append(text(f"and {len(findings) - most:,} more"))
    return Group(*lines)


def reading_levels(pack: Pack) -> dict[str, float]:
    """Return the median readability index (LIX) of each language's prompts: 20 is easy, 50 is hard."""
    levels = {}
    for language in pack.languages:
        texts = (_text_of(prompt.words[language]) for prompt in pack.prompts if language in prompt.words)
        if judged := [level for level in map(lix, texts) if level is not None]:
            levels[str(language)] = round(statistics.median(judged), 1)
    return levels


def _line(place: str, finding: SourceFinding | FindingView) -> RenderableType:
    kind = ("advice", "yellow") if finding.advice else ("fix", "red")
    sentence = ": ".join(part for part in (finding.prompt or "pack", finding.field, finding.reason) if part)
    return text((f"{place}:{finding.line}: ", "bold"), kind, f" {sentence}")


def _reading(pack: Pack) -> str:
    levels = sorted({round(level) for level in reading_levels(pack).values()})
    if not levels:
        return "-"
    return f"LIX {levels[0]}" if len(levels) == 1 else f"LIX {levels[0]} to {levels[-1]}"


def _text_of(words: PromptWords) -> str:
    return " ".join(filter(None, (words.text, words.why, words.hint)))
