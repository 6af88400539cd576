"""Check that YAML reads a text exactly as its author wrote it.

YAML drops or changes a part of some texts without an error. For example, YAML ends a text at a “#”, reads “&we” as the
name of a block, and reads “null” as no value. Each rule here looks for one such case in the source of a text, and tells
the author how to write the text. Changed spaces and line breaks do not matter (see `_folded` in `document`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from yaml.events import AliasEvent

from rekindle.packs.document import PackWords, PromptWords, printable
from rekindle.packs.yaml_errors import BACKSLASH, first_character, in_quotes, unclosed_quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from yaml.error import Mark

PROSE: Final = frozenset({*PackWords.model_fields, *PromptWords.model_fields, "notes"})
"""The names of the fields with text for people. All other fields have codes and numbers."""

# Four kinds of escape are no mistakes: a quote, a backslash, a character's number, and the line break where a program
# has wrapped a long line. For any other escape, the group `other` is the character after the backslash.
_ESCAPE: Final = re.compile(r"\\(?:[\"\\xuU]|\n[ \t]*\\ |(?P<other>.))", re.DOTALL)
_LAST_COMMA: Final = re.compile(r"\s*,\s*\}")
_BLOCKS: Final = frozenset({">", "|"})
_BEHIND: Final = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*(?:#[^\n]*)?")  # empty lines and notes (YAML comments)
_ESCAPES_OF_JSON: Final = frozenset("/bfnrt")


class Prose(NamedTuple):
    """A field's text, and its place in the source.

    `name` and `event` are the parser's events for the field's name and for the text. `value` is what YAML reads.
    `in_brackets` is True for a field between { and }. `json` is True in a JSON document.
    """

    source: str
    name: Any  # Any, since the type stubs allow events without marks; a parser always sets the marks
    event: Any
    value: object
    in_brackets: bool
    json: bool


def prose_flaws(prose: Prose, end: int) -> Iterator[tuple[int, str]]:
    """Yield the first place where YAML misreads the text: its line (from 1), and what is wrong.

    The parser's next event begins at position `end`.
    """
    for position, reason in [*_notes(prose, end)] or [*_text(prose)]:
        yield _line(prose, position), reason


def note_flaws(prose: Prose, end: int) -> Iterator[tuple[int, str]]:
    """Yield the first note (YAML comment) that may be meant as text. Call this if the parser fails after the text."""
    behind = _BEHIND.match(prose.source, prose.event.end_mark.index, end)
    for position, reason in _notes(prose, behind.end() if behind else end):
        yield _line(prose, position), reason


def _line(prose: Prose, position: int) -> int:
    mark: Mark = prose.name.start_mark
    return mark.line + 1 + prose.source.count("\n", mark.index, position)


def _notes(prose: Prose, end: int) -> Iterator[tuple[int, str]]:
    """Yield the first note that may be meant as text: its position, and what is wrong.

    A note may be meant as text if it follows other characters in its line, if it begins further right than the
    field's name, or if it is between brackets and no comma comes before it.
    """
    source, name, event = prose.source, prose.name, prose.event
    name_end, start, text_end = name.end_mark.index, event.start_mark.index, event.end_mark.index
    if source.find("#", name_end, end) == -1:
        return
    sign_end = start  # a note can follow “>-” in the same line; the block's other lines are all text
    if getattr(event, "style", None) in _BLOCKS:
        sign_end = start + len(source[start:text_end].partition("\n")[0])
    for since, until in ((name_end, start), (start, sign_end), (text_end, end)):
        at = source.find("#", since, until)
        while at != -1:
            margin = source[source.rfind("\n", 0, at) + 1 : at]
            inside = prose.in_brackets and "," not in source[since:at]
            if margin.strip() or len(margin) > name.start_mark.column or inside:
                reason = (
                    f"“#” begins a note here, and couples never see a note. {in_quotes(name.value)}; or, if it is a "
                    f"note, move it to a line of its own that begins no further right than “{name.value}”"
                )
                yield at, reason
                return
            line_end = source.find("\n", at, until)
            at = source.find("#", line_end, until) if line_end != -1 else -1


def _text(prose: Prose) -> Iterator[tuple[int, str]]:
    """Yield the first place where YAML misreads the text: its position, and what is wrong."""
    name, event = prose.name.value, prose.event
    start = event.start_mark.index
    written = prose.source[start : event.end_mark.index]
    if isinstance(event, AliasEvent) or event.anchor or event.tag:
        yield start, first_character(written[0], name)
    elif event.style in _BLOCKS:
        if not written.partition("\n")[2].strip():
            yield start, f"there is no text after “{event.style}”. Write the text on the next line, indented"
    elif event.style:
        yield from _quoted(prose, written)
    elif written and not isinstance(prose.value, str) and prose.name.style != '"':
        # If the name is in quotes, a program wrote the field, and a null is no mistake.
        reason = f"“{printable(written)}” is read as a number, as a yes or no, or as nothing"
        yield start, f'{reason}. Put it between straight quotes ("…") if it is the text; otherwise remove the field'
    elif prose.in_brackets and _LAST_COMMA.match(prose.source, event.end_mark.index):
        reason = "the comma before the closing bracket is not read as part of the text"
        yield start, f"{reason}. Remove it, or put the text in quotes"


def _quoted(prose: Prose, written: str) -> Iterator[tuple[int, str]]:
    start, quote = prose.event.start_mark.index, prose.event.style
    if not prose.in_brackets:
        for line in written.split("\n")[1:]:
            if line.strip() and len(line) - len(line.lstrip()) <= prose.name.start_mark.column:
                yield start, unclosed_quote(quote)
                return
    if quote == '"':
        for escape in _ESCAPE.finditer(written):
            if escape["other"] and not (prose.json and escape["other"] in _ESCAPES_OF_JSON):
                yield start + escape.start(), BACKSLASH
                return
