"""Show the differences between two versions of a pack's document."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from cli.pages import text
from cli.pages.packs import changes_summary
from cli.words import counted

if TYPE_CHECKING:
    from rich.console import RenderableType

    from cli.changes import Changes, FieldChange
    from rekindle.packs.document import PackPrompt


def changes_page(differences: Changes, before: str, after: str) -> RenderableType:
    """Show the differences, prompt by prompt. `before` and `after` name the two versions."""
    lines: list[RenderableType] = [text((f"From {before} to {after}: ", "bold"), changes_summary(differences))]
    if languages := differences.languages():
        by_language = ", ".join(f"{language} in {counted(number, 'prompt')}" for language, number in languages.items())
        lines.append(text(f"Words changed: {by_language}."))
    if differences.about:
        lines += [text(""), text(("the pack", "bold")), *_field_lines(differences.about)]
    for each in differences.changed:
        lines += [text(""), text(("~ ", "yellow bold"), (each.id, "bold")), *_field_lines(each.fields)]
    for sign, style, prompts in (("+ ", "green", differences.added), ("- ", "red", differences.removed)):
        for prompt in prompts:
            lines += [text(""), text((sign, f"{style} bold"), (prompt.id, "bold")), *_prompt_lines(prompt, sign, style)]
    if differences.reordered:
        lines += [text(""), text("The order of the prompts has changed.")]
    return Group(*lines)


def unified_diff_page(lines: list[str]) -> RenderableType:
    """Show the lines of a unified diff in colors."""
    styles = {"+": "green", "-": "red", "@": "cyan"}
    return Text("\n").join(text((line.rstrip("\n"), styles.get(line[:1], ""))) for line in lines)


def _field_lines(fields: tuple[FieldChange, ...]) -> list[Text]:
    lines = []
    for field in fields:
        name = f"{field.language} {field.field}" if field.language else field.field
        lines.append(text(("    " + name, "dim")))
        old, new = _marked(field.before or "", field.after or "")
        if field.before is not None:
            lines.append(text(("    - ", "red"), *old))
        if field.after is not None:
            lines.append(text(("    + ", "green"), *new))
    return lines


def _marked(before: str, after: str) -> tuple[list[str | tuple[str, str]], list[str | tuple[str, str]]]:
    """Split both texts into parts. Highlight the parts that differ."""
    old, new = (re.findall(r"\S+|\s+", each) for each in (before, after))
    marked: tuple[list[str | tuple[str, str]], list[str | tuple[str, str]]] = ([], [])
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        for side, part, style in ((0, old[a:b], "red bold"), (1, new[c:d], "green bold")):
            if part:
                marked[side].append("".join(part) if kind == "equal" else ("".join(part), style))
    return marked


def _prompt_lines(prompt: PackPrompt, sign: str, style: str) -> list[Text]:
    return [
        text((f"    {sign}", style), (f"{language} ", "dim"), words.text) for language, words in prompt.words.items()
    ]
