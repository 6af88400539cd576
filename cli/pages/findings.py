"""What there is to mend in packs, and what to think about."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from rich.console import Group

from cli.pages import table, text
from cli.words import counted
from rekindle.packs.advice import lix

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import RenderableType

    from cli import wire
    from cli.files import PackFile
    from rekindle.packs.check import SourceFinding
    from rekindle.packs.document import Pack

MANY = 40


def lint_page(files: Sequence[PackFile]) -> RenderableType:
    """A line for each finding, as editors know them, then each file at a glance."""
    lines = [finding_line(str(file.path), each) for file in files for each in file.checked.findings]
    at_a_glance = table(
        "File", "Prompts", "Languages", "Reading", "Mend", "Think", numbers=("Prompts", "Mend", "Think")
    )
    for file in files:
        pack = file.checked.pack
        errors, advice = len(file.errors), len(file.advice)
        at_a_glance.add_row(
            text(str(file.path)),
            str(len(pack.prompts)) if pack else "-",
            " ".join(pack.languages) if pack else "-",
            reading_words(pack) if pack else "-",
            text((str(errors), "red bold" if errors else "green")),
            text((str(advice), "yellow" if advice else "")),
        )
    errors = sum(len(file.errors) for file in files)
    verdict = (
        text((f"{counted(errors, 'thing')} to mend.", "red bold")) if errors else text(("Fit to publish.", "green"))
    )
    return Group(*lines, *([text("")] if lines else []), at_a_glance, verdict)


def finding_line(place: str, finding: SourceFinding | wire.Finding) -> RenderableType:
    """One finding with its place."""
    kind = ("advice", "yellow") if finding.advice else ("mend", "red")
    said = ": ".join(part for part in (finding.prompt or "pack", finding.field, finding.reason) if part)
    return text((f"{place}:{finding.line}: ", "bold"), kind, f" {said}")


def findings_page(place: str, findings: Sequence[wire.Finding], *, most: int = MANY) -> RenderableType:
    """The findings that the service has of a draft; the first of many."""
    lines: list[RenderableType] = [finding_line(place, each) for each in findings[:most]]
    if len(findings) > most:
        lines.append(text(f"and {len(findings) - most:,} more"))
    return Group(*lines)


def reading_level(pack: Pack) -> dict[str, float]:
    """How hard the prompts of each language are to read, half of them harder: 20 is easy, 50 hard."""
    levels = {}
    for language in pack.languages:
        texts = (_said(prompt.words[language]) for prompt in pack.prompts if language in prompt.words)
        if judged := [level for level in map(lix, texts) if level is not None]:
            levels[str(language)] = round(statistics.median(judged), 1)
    return levels


def reading_words(pack: Pack) -> str:
    """The reading levels in a few words."""
    return _span(reading_level(pack).values())


def _span(levels: Iterable[float]) -> str:
    found = sorted(levels)
    if not found:
        return "-"
    return f"LIX {found[0]:.0f}" if round(found[0]) == round(found[-1]) else f"LIX {found[0]:.0f} to {found[-1]:.0f}"


def _said(words: object) -> str:
    return " ".join(getattr(words, name) or "" for name in ("text", "why", "hint"))
