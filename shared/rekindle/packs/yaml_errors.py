"""Explain a YAML error to the person who typed it: where to look, and what to type instead.

The parser reports where it stopped and what YAML's grammar expected there, but not what the author did wrong. Each rule
here looks for one mistake, at that place and in the lines before it. The first rule that finds its mistake explains it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rekindle.packs.document import Course, Pack, PackPrompt, PackWords, PromptWords, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NAMES: Final = frozenset(
    name for model in (Pack, PackWords, PackPrompt, PromptWords, Course) for name in model.model_fields
)
_FIELD: Final = re.compile(r"\s*(?:- +)*(?P<name>[\w-]+|\"[^\"]*\"|'[^']*')\s*:(?:\s+(?P<value>.*))?$")
_INDENT: Final = re.compile(r"\s*")
_ODD_SPACE: Final = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_LONGEST_LOOK: Final = 1_000
_ODD_COLONS: Final = ("\uff1a", "\ufe55", "\ufe13", "\ua789")
_CLOSERS: Final = {"[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Fault:
    """The parser's error. Lines and columns count from 0. `since` is the first line of the part that has the error."""

    problem: str
    context: str
    line: int
    column: int
    since: int


@dataclass(frozen=True, slots=True)
class _Spot:
    """A fault, and the lines of the source. `json` says whether the source begins with a bracket, as JSON does."""

    fault: Fault
    lines: list[str]
    json: bool

    @property
    def here(self) -> str:
        """The line where the parser stopped."""
        return self.lines[self.fault.line]

    @property
    def character(self) -> str:
        """The character where the parser stopped, or an empty text at the end of a line."""
        return self.here[self.fault.column : self.fault.column + 1]

    @property
    def begins_line(self) -> bool:
        """Return whether the line has only white space before the place where the parser stopped."""
        return not self.here[: self.fault.column].strip()

    @property
    def value(self) -> str:
        """The text after the field's name, in the line where the parser stopped."""
        return _value(self.here)

    def span(self) -> Iterator[tuple[int, str]]:
        """Yield the number and the text of each line from `fault.since` to `fault.line`.

        If line `before()` is earlier, begin with it. Begin at most `_LONGEST_LOOK` lines before `fault.line`.
        """
        since = max(min(self.fault.since, self.before()), self.fault.line - _LONGEST_LOOK)
        for at in range(since, self.fault.line + 1):
            yield at, self.lines[at]

    def before(self) -> int:
        """Return the number of the nearest line with text above the fault. If there is none, return 0."""
        at = self.fault.line - 1
        while at > 0 and not self.lines[at].strip():
            at -= 1
        return max(at, 0)


def meaning(text: str, fault: Fault) -> tuple[int, str]:
    """Return the number of the line that the author must fix, counted from 1, and how to fix it."""
    lines = text.split("\n")
    last = len(lines) - 1
    line, since = min(fault.line, last), min(fault.since, fault.line, last)
    column = fault.column if line == fault.line else len(lines[line])
    spot = _Spot(Fault(fault.problem, fault.context, line, column, since), lines, text.lstrip()[:1] in ("{", "["))
    for rule in _RULES:
        if explanation := rule(spot):
            at, reason = explanation
            return at + 1, reason
    return line + 1, (
        "this line, or the one before it, cannot be read. Check that every quote and bracket is closed, that fields of "
        "one block begin in one column, and that a text with a colon in it is in quotes"
    )


def _value(line: str) -> str:
    match = _FIELD.match(line)
    return (match["value"] or "") if match else ""


def _name(line: str) -> str:
    match = _FIELD.match(line)
    return match["name"].strip("\"'") if match else ""


def _indent(line: str) -> str:
    match = _INDENT.match(line)
    return match[0] if match else ""


def in_quotes(name: str) -> str:
    """Return advice on how to write a field's text that YAML would misread."""
    return (
        f'Put the whole text between straight quotes ("…"), or write “{printable(name) or "text"}: >-” and the text on '
        "the next line, indented"
    )


def first_character(character: str, name: str) -> str:
    """Return advice on a text that begins with a character that YAML does not allow there."""
    return f"a text cannot begin with “{printable(character)}”. {in_quotes(name)}"


def unclosed_quote(quote: str) -> str:
    """Return advice on a quote that is never closed."""
    return f"the quote ({quote}) that opens in this line is never closed. Put another {quote} where the text ends"


BACKSLASH: Final = "a backslash (\\) in a text between double quotes is a command. Remove it, or write it twice"


def _tab(spot: _Spot) -> tuple[int, str] | None:
    if spot.json:
        return None
    for at, line in spot.span():
        if "\t" in _indent(line):
            return at, "this line begins with a tab, and indentation must be spaces. Replace the tab with spaces"
    return None


def _odd_space(spot: _Spot) -> tuple[int, str] | None:
    for at, line in spot.span():
        if _ODD_SPACE.search(_indent(line)) or re.match(rf"\s*(?:- +)*[\w-]+\s*:{_ODD_SPACE.pattern}", line):
            reason = (
                "this line has special spaces, which web pages and word processors make. Replace them with plain "
                "spaces, before the field's name and after its colon"
            )
            return at, reason
    return None


def _fence(spot: _Spot) -> tuple[int, str] | None:
    for at, line in spot.span():
        if line.lstrip().startswith("```"):
            return at, "a line of ``` is not part of a pack; it was copied along with the text. Remove it"
    return None


def _open_quote(spot: _Spot) -> tuple[int, str] | None:
    if "quoted scalar" in spot.fault.context and "unexpected" in spot.fault.problem:
        at = spot.fault.since
        return at, unclosed_quote(_opening_quote(spot.lines[at]))
    return None


def _opening_quote(line: str) -> str:
    value = _value(line) or line.strip()
    return next((each for each in value if each in "\"'"), '"')


def _early_open_quote(spot: _Spot) -> tuple[int, str] | None:
    """Find an unclosed quote. The parser took the opening quote of a later text for its closing quote."""
    if "did not find expected" not in spot.fault.problem:
        return None
    for at, line in reversed(list(spot.span())[:-1]):
        value = _value(line)
        if value[:1] in ("'", '"') and value.count(value[0]) == 1 and value[0] in spot.here[: spot.fault.column]:
            return at, unclosed_quote(value[0])
    return None


def _colon(spot: _Spot) -> tuple[int, str] | None:
    if "mapping values are not allowed" not in spot.fault.problem:
        return None
    at, line, before = spot.fault.line, spot.here, spot.lines[spot.before()]
    own = ":" not in line[: spot.fault.column]  # the line's first colon stopped the parser
    if own and spot.before() < at and not _FIELD.match(before) and len(_indent(before)) <= len(_indent(line)):
        return spot.before(), _no_field(before)
    if own and _name(line) in _NAMES:
        return at, (
            f"{_name(line)} is indented further than the line above it. "
            "Start it in the same column as the other fields of its block"
        )
    reason = "this text contains a colon and a space, which would begin a field. "
    return at, reason + in_quotes(_name(before if own else line))


def _no_field(line: str) -> str:
    word = printable(line.strip())
    return (
        f"“{word}” is neither a field nor part of a text. A field is a name, a colon and a space, such as “depth: 1”; "
        "the next line of a text is indented further than its field"
    )


def _no_colon(spot: _Spot) -> tuple[int, str] | None:
    if "could not find expected ':'" not in spot.fault.problem:
        return None
    at = spot.fault.since
    line = spot.lines[at]
    word = re.match(r"\s*(?:- +)*([\w-]+)(.?)", line)
    name, following = (word[1], word[2]) if word else ("", "")
    if following in _ODD_COLONS:
        reason = (
            f"the colon after {name} is a special character ({following}). Type a plain colon and a space: “{name}: ”"
        )
        return at, reason
    if following == ":":
        return at, f"a space is missing after the colon. Write “{name}: ” and then the value"
    if name in _NAMES:
        return at, f"a colon is missing after {name}. Write “{name}: ” and then the value"
    return at, _no_field(line)


def _dash(spot: _Spot) -> tuple[int, str] | None:
    if "expected '-' indicator" not in spot.fault.problem:
        return None
    at, line, first = spot.fault.line, spot.here, spot.fault.since + 1
    if re.match(r"\s*-[\w\"']", line):
        return at, "a space is missing after the dash. Write “- ” and then the field"
    if line.lstrip().startswith("- "):
        return at, f"this dash is not below the dash in line {first}. Dashes of one list begin in one column"
    if _name(line) == "id":
        return (
            at,
            f"the dash is missing. A new prompt begins with “- id:”, with its dash below the dash in line {first}",
        )
    return at, _out_of_line(line, first)


def _out_of_line(line: str, first: int) -> str:
    word = printable(_name(line) or line.strip())
    return (
        f"“{word}” does not line up with any block (the block around it begins in line {first}). "
        "Start it exactly below the other fields of its block"
    )


def _inner_quote(spot: _Spot) -> tuple[int, str] | None:
    value = spot.value
    if "did not find expected" not in spot.fault.problem or spot.begins_line:
        return None
    if value.startswith("'"):
        return spot.fault.line, (
            "an apostrophe (') inside the text ends it. Write it curly, as ’, "
            "or twice (''), or put the text in double quotes (\"…\")"
        )
    if value.startswith('"'):
        return spot.fault.line, (
            'a quote (") inside the text ends it too early. Write inner quotes curly (“ ”), '
            "and one straight quote at each end"
        )
    return None


def _opening_bracket(spot: _Spot) -> tuple[int, str] | None:
    value = spot.value
    if "expected key" in spot.fault.problem and value[:1] in _CLOSERS and spot.character not in ("]", "}"):
        return spot.fault.line, first_character(value[0], _name(spot.here))
    return None


def _extra_bracket(spot: _Spot) -> tuple[int, str] | None:
    if "did not find expected" in spot.fault.problem and spot.character in ("]", "}") and not _flow(spot):
        return spot.fault.line, f"there is one closing bracket ({spot.character}) too many. Remove it"
    return None


def _flow(spot: _Spot) -> bool:
    return "flow" in spot.fault.context


def _brackets(spot: _Spot) -> tuple[int, str] | None:
    if not _flow(spot):
        return None
    since, at = spot.fault.since, spot.fault.line
    opening = "[" if "sequence" in spot.fault.context else "{"
    closing = _CLOSERS[opening]
    ended = at == len(spot.lines) - 1 and not spot.character
    begun = not spot.json and at > since and re.fullmatch(r"\s*(?:- +)*[\w-]*", spot.here[: spot.fault.column])
    if begun or ended:
        return since, f"the bracket ({opening}) that opens in this line is not closed. Put {closing} where it ends"
    if spot.character in ("]", "}"):
        reason = f"the bracket ({opening}) that opens in line {since + 1} is closed by the wrong kind"
        return at, f"{reason} ({spot.character}). Write {closing} here"
    if spot.begins_line:
        return (
            at,
            f"a comma is missing at the end of line {spot.before() + 1}, between this entry and the one before it",
        )
    return at, (
        f"something is missing before “{printable(spot.here[spot.fault.column :])}”: a comma between two entries, "
        "a colon after a field's name, or a quote"
    )


_FIRST: Final = {
    "while scanning an alias": "*",
    "while scanning an anchor": "&",
    "while scanning a tag": "!",
    "while parsing a tag": "!",
    "while scanning a directive": "%",
}


def _first_character(spot: _Spot) -> tuple[int, str] | None:
    fault, line = spot.fault, spot.here
    first = _FIRST.get(fault.context)
    if "cannot start any token" in fault.problem:
        first = spot.character
    elif "entries are not allowed" in fault.problem:
        first = "-"
    elif "keys are not allowed" in fault.problem:
        first = "?"
    elif "tag handle" in fault.problem:
        first = "!"
    if first == "-" and spot.begins_line:
        return fault.line, (
            "no list can begin at this dash. Put it below the other dashes of its list; "
            "if it belongs to the text above, put that text in quotes"
        )
    return (fault.line, first_character(first, _name(line))) if first else None


def _folded_text(spot: _Spot) -> tuple[int, str] | None:
    if "block scalar" not in spot.fault.context:
        return None
    name = printable(_name(spot.here)) or "text"
    return spot.fault.line, (
        f"after “>” or “|” the line must end. Write “{name}: >-” and begin the text on the next line, indented"
    )


def _escape(spot: _Spot) -> tuple[int, str] | None:
    if "escape" in spot.fault.problem or "hexdecimal" in spot.fault.problem:
        return spot.fault.line, BACKSLASH
    return None


def _dash_or_column(spot: _Spot) -> tuple[int, str] | None:
    if "did not find expected key" not in spot.fault.problem:
        return None
    if spot.here.lstrip().startswith("- ") and spot.begins_line:
        first = next((at for at, line in enumerate(spot.lines) if line.rstrip() == "prompts:"), spot.fault.line)
        if not any(line.lstrip().startswith("-") for line in spot.lines[first : spot.fault.line]):
            return first, "the first entry of this list has no dash. Put “- ” before the first field that follows"
        return spot.fault.line, "this dash is not below the other dashes of its list. Start it in their column"
    return spot.fault.line, _out_of_line(spot.here, spot.fault.since + 1)


def _after_the_end(spot: _Spot) -> tuple[int, str] | None:
    if "<document start>" not in spot.fault.problem:
        return None
    for at in range(spot.fault.line - 1, -1, -1):
        if spot.lines[at].startswith("..."):
            return at, "a line “...” ends the document, but more follows. Remove this line"
    if spot.json:
        return (
            spot.fault.line,
            (
                "the outermost bracket is closed before this line, but more text follows. "
                "Remove that closing bracket, or this text"
            ),
        )
    return spot.fault.line, _no_field(spot.here)


def _version(spot: _Spot) -> tuple[int, str] | None:
    if "%" in spot.here[:1] or "directive" in spot.fault.problem:
        return (
            spot.fault.line,
            "a line that begins with “%” is a command for the program that reads the file. Remove it",
        )
    return None


_RULES: Final[tuple[Callable[[_Spot], tuple[int, str] | None], ...]] = (
    _open_quote,
    _tab,
    _odd_space,
    _fence,
    _version,
    _folded_text,
    _escape,
    _extra_bracket,
    _early_open_quote,
    _brackets,
    _colon,
    _no_colon,
    _dash,
    _inner_quote,
    _opening_bracket,
    _first_character,
    _after_the_end,
    _dash_or_column,
)
