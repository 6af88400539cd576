"""A pack's document as an author typed it, YAML or JSON, turned into plain data that knows its lines.

YAML 1.2 is read, of which JSON is a part: `no` is a word (and Norwegian), `12:30` a text, and a date is a text until a
field asks for a date. Anchors, aliases and merged keys work; tags, which could call for more than data, do not.

The parser is libyaml's, taken event by event: there is one pass and no recursion, every value keeps its line, and what
is no pack stops it at the first bound that it passes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NoReturn

import yaml
from yaml._yaml import CParser  # what CSafeLoader is made of, without its composer, which recurses
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from rekindle.errors import RekindleError
from rekindle.pack_syntax import Fault, meaning
from rekindle.packs import SLUG, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from yaml.events import Event

SOURCE_LIMIT: Final = 4_000_000
"""The most characters of a pack's document."""

# No pack comes near these. They keep what is no pack from costing more than a pack.
MOST_VALUES: Final = 400_000
MOST_FIELDS: Final = 200
MOST_ENTRIES: Final = 10_000
MOST_LEVELS: Final = 32
LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Flaw:
    """What keeps a document from being read: its line, from 1, the prompt that was being read, and how to mend it."""

    line: int
    prompt: str | None
    reason: str


class DocumentError(RekindleError):
    """A source is no document that could be judged as a pack."""

    def __init__(self, *flaws: Flaw) -> None:
        super().__init__("\n".join(f"{each.line}: {each.reason}" for each in flaws))
        self.flaws = flaws


@dataclass(slots=True)
class Place:
    """Where a value begins, and the places in it: a block's by name, each with the line of the name; a list's in order.

    `size` counts the values in it and `levels` how deep they go, with those that aliases repeat.
    """

    line: int
    fields: dict[Any, tuple[int, Place]] = field(default_factory=dict)
    entries: list[Place] = field(default_factory=list)
    size: int = 1
    levels: int = 1

    def line_of(self, path: tuple[str | int, ...]) -> int:
        """The line of the place that a path leads to, or of the last step that exists."""
        place, line = self, self.line
        for step in path:
            found = place.fields.get(step) or next((at for key, at in place.fields.items() if str(key) == step), None)
            if found:
                line, place = found
            elif isinstance(step, int) and step < len(place.entries):
                place = place.entries[step]
                line = place.line
            else:
                break
        return line


def read_document(source: str | bytes) -> tuple[Any, Place]:
    """The plain data of a source, and where each part of it stands. Raises `DocumentError`, and nothing else."""
    return _Reading(_text(source)).document()


def _refuse(line: int, reason: str, prompt: str | None = None) -> NoReturn:
    raise DocumentError(Flaw(line, prompt, reason))


_NO_TEXTS: Final = {
    b"PK\x03\x04": "a file of a word processor, or a zip archive,",
    b"\xd0\xcf\x11\xe0": "a file of a word processor",
    b"{\\rtf": "a file of a word processor",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
}
_SAVE: Final = "In your editor, choose “save with encoding” and UTF-8, and save it again"
_UNSEEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
# To YAML these end a line, to most editors they do not; a text has its line breaks folded anyway.
_ODD_BREAKS: Final = re.compile("[\x85\u2028\u2029]")
# How JSON writes an emoji: in two halves, which YAML does not know.
_JSON_ESCAPE: Final = re.compile(r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|.)")


def _text(source: str | bytes) -> str:
    """The characters of a source, with line feeds alone between its lines."""
    if len(source) > 4 * SOURCE_LIMIT:
        _refuse_length(len(source))
    beginning = source[:8].encode(errors="replace") if isinstance(source, str) else source[:8]
    for signature, kind in _NO_TEXTS.items():
        if beginning.startswith(signature):
            _refuse(
                1, f"this is {kind} and no plain text. Copy its words into a plain text file and save that as UTF-8"
            )
    text = _decoded(source) if isinstance(source, bytes) else source
    text = _ODD_BREAKS.sub(" ", text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
    if len(text) > SOURCE_LIMIT:
        _refuse_length(len(text))
    if unseen := _UNSEEN.search(text):
        reason = (
            f"an invisible character (U+{ord(unseen[0]):04X}) stands in this line. Delete the line and type it anew"
        )
        _refuse(text.count("\n", 0, unseen.start()) + 1, reason)
    return _JSON_ESCAPE.sub(_joined, text) if text.lstrip()[:1] in ("{", "[") else text


def _refuse_length(length: int) -> NoReturn:
    _refuse(1, f"this is {length:,} characters long; {SOURCE_LIMIT:,} is the most. Make two packs of it")


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:2]:
        _refuse(1, f"this is saved as UTF-16 (“Unicode”), not as UTF-8. {_SAVE}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = len(re.findall(rb"\r\n|\r|\n", data[: error.start])) + 1
        raise DocumentError(Flaw(line, None, f"the letters of this line are not saved as UTF-8. {_SAVE}")) from error


def _joined(escape: re.Match[str]) -> str:
    if not escape[1]:
        return escape[0]
    return chr(0x10000 + ((int(escape[1], 16) - 0xD800) << 10) + int(escape[2], 16) - 0xDC00)


@dataclass(slots=True)
class _Block:
    """A block of fields that is being read."""

    place: Place
    anchor: str | None
    value: dict[Any, Any] = field(default_factory=dict)
    name: Any = None
    name_line: int = 0
    wants_name: bool = True
    merged: list[tuple[dict[Any, Any], Place]] = field(default_factory=list)
    twins: list[tuple[str, Flaw]] = field(default_factory=list)


@dataclass(slots=True)
class _List:
    """A list that is being read."""

    place: Place
    anchor: str | None
    value: list[Any] = field(default_factory=list)


class _Reading:
    """Builds the data and its places out of the events of one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = text.count("\n") + 1
        self._open: list[_Block | _List] = []
        self._anchors: dict[str | None, tuple[Any, Place]] = {}
        self._size = 0
        self._root: tuple[Any, Place] | None = None
        self._twins: list[Flaw] = []

    def document(self) -> tuple[Any, Place]:
        parser = CParser(self._text)
        try:
            while not isinstance(event := parser.get_event(), StreamEndEvent):
                self._take(event)
        except yaml.MarkedYAMLError as error:
            line, reason = meaning(self._text, _fault(error))
            raise DocumentError(Flaw(line, self._prompt(line), reason)) from error
        except (yaml.YAMLError, UnicodeError) as error:  # of its reader, which `_text` left nothing to refuse
            raise DocumentError(Flaw(1, None, "this is no text that can be read as a pack")) from error
        finally:
            parser.dispose()
        if self._root is None:
            _refuse(1, "there is nothing here yet. Begin with the pack's id, such as “id: river”")
        # YAML would quietly keep the last of two, so nothing else in such a document can be trusted.
        if self._twins:
            raise DocumentError(*self._twins)
        return self._root

    def _take(self, event: object) -> None:
        match event:
            case ScalarEvent():
                self._refuse_tag(event)
                if self._at_name():
                    self._begin_field(event)
                else:
                    self._put(_scalar(event), Place(self._line(event), size=1 + len(event.value) // 100), event.anchor)
            case MappingStartEvent() | SequenceStartEvent():
                self._begin(event)
            case MappingEndEvent() | SequenceEndEvent():
                self._end()
            case AliasEvent():
                self._repeat(event)
            case DocumentStartEvent() if self._root is not None:
                reason = "a line “---” begins a second document here, and a pack is one. Take the line out, or put what"
                _refuse(self._line(event), f"{reason} follows into a file of its own")

    def _line(self, event: Event) -> int:
        """The line of an event, from 1; what is missing at the end counts as standing in the last line."""
        mark = event.start_mark
        return min(mark.line + 1 if mark else 1, self._lines)

    def _at_name(self) -> bool:
        """Whether what comes next is the name of a field."""
        return bool(self._open) and isinstance(around := self._open[-1], _Block) and around.wants_name

    def _begin_field(self, event: ScalarEvent) -> None:
        block, line = self._open[-1], self._line(event)
        assert isinstance(block, _Block)  # noqa: S101 - `_at_name` said so
        if len(event.value) > LONGEST_NAME:
            self._refuse_name(line)
        block.name = _MERGE if event.value == "<<" and not event.style else _scalar(event)
        block.name_line, block.wants_name = line, False

    def _begin(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        line = self._line(event)
        self._refuse_tag(event)
        if self._at_name():
            self._refuse_name(line)
        if len(self._open) >= MOST_LEVELS:
            self._refuse_depth(line)
        form = _Block if isinstance(event, MappingStartEvent) else _List
        self._anchors.pop(event.anchor, None)  # until its end there is nothing that an alias could repeat
        self._open.append(form(Place(line), event.anchor))

    def _end(self) -> None:
        ended = self._open.pop()
        if isinstance(ended, _Block):
            for value, place in ended.merged:
                for name, each in value.items():
                    if name not in ended.value:
                        ended.value[name], ended.place.fields[name] = each, place.fields[name]
            # A prompt whose dash is missing has every field twice, and needs one finding.
            dashes = [flaw for name, flaw in ended.twins if name == "id"]
            self._twins += dashes or [flaw for _, flaw in ended.twins]
        self._put(ended.value, ended.place, ended.anchor, added=1)

    def _repeat(self, event: AliasEvent) -> None:
        line = self._line(event)
        if self._at_name():
            self._refuse_name(line)
        if event.anchor not in self._anchors:
            anchor = printable(event.anchor or "")
            reason = f"“*{anchor}” repeats a block that is marked “&{anchor}” above it, and there is none"
            _refuse(line, f"{reason}. If the star belongs to the text, put the text in quotes", self._prompt(line))
        value, place = self._anchors[event.anchor]
        self._put(value, place, None, line=line)

    def _put(
        self, value: object, place: Place, anchor: str | None, *, added: int | None = None, line: int | None = None
    ) -> None:
        line = line or place.line
        self._size += place.size if added is None else added
        if self._size > MOST_VALUES:
            _refuse(line, f"this has more than {MOST_VALUES:,} values, more than any pack. Make two packs of it")
        if anchor:
            self._anchors[anchor] = (value, place)
        if not self._open:
            self._root = (value, place)
            return
        around = self._open[-1]
        around.place.size += place.size
        around.place.levels = max(around.place.levels, place.levels + 1)
        if len(self._open) + place.levels > MOST_LEVELS:
            self._refuse_depth(line)
        if isinstance(around, _Block):
            self._end_field(around, value, place)
        else:
            around.value.append(value)
            around.place.entries.append(place)
            if len(around.value) > MOST_ENTRIES:
                reason = f"this list has more than {MOST_ENTRIES:,} entries. A pack has at most 2,000 prompts"
                _refuse(around.place.line, reason, self._prompt(line))

    def _end_field(self, block: _Block, value: object, place: Place) -> None:
        name, line, fields = block.name, block.name_line, block.place.fields
        block.wants_name = True
        if name is _MERGE:
            block.merged += _mergeable(value, place, line, self._prompt(line))
        elif name in fields:
            first = f"{printable(str(name))} stands twice in one block; the first is on line {fields[name][0]}. "
            mend = "If a new prompt begins here, put “- ” before the id" if name == "id" else "Keep one of the two"
            block.twins.append((str(name), Flaw(line, self._prompt(line), first + mend)))
        else:
            block.value[name] = value
            fields[name] = (line, place)
        if len(fields) + len(block.twins) + len(block.merged) > MOST_FIELDS:
            _refuse(line, f"this block has more than {MOST_FIELDS} fields, more than any of a pack", self._prompt(line))

    def _prompt(self, line: int) -> str | None:
        """The prompt that a line belongs to, by its id where that was read already."""
        match self._open:
            case [_Block(name="prompts", wants_name=False), _List() as prompts, *within]:
                reading: object = within[0].value if within else None
                number = len(prompts.value) + 1
                if not within and prompts.value and not re.match(r"[\s-]*id\s*:", self._text.split("\n")[line - 1]):
                    reading, number = prompts.value[-1], number - 1  # a field that slipped out of the last prompt
                match reading:
                    case {"id": str(name)} if re.fullmatch(SLUG, name):
                        return name
                return f"prompt {number}"
        return None

    def _refuse_tag(self, event: ScalarEvent | MappingStartEvent | SequenceStartEvent) -> None:
        if event.tag not in _HARMLESS_TAGS:
            shown = printable(event.tag.replace("tag:yaml.org,2002:", "!!"))
            reason = (
                f"“{shown}” is a command and no text. Take it out; or, if the text begins so, put the text in quotes"
            )
            _refuse(self._line(event), reason, self._prompt(self._line(event)))

    def _refuse_name(self, line: int) -> NoReturn:
        reason = "the name of a field must be one plain word. If a text begins here with a bracket, put it in quotes"
        _refuse(line, reason, self._prompt(line))

    def _refuse_depth(self, line: int) -> NoReturn:
        reason = "this is nested too deeply: blocks or brackets inside others. A pack has six levels and no more"
        _refuse(line, reason, self._prompt(line))


_MERGE: Final = object()
_HARMLESS_TAGS: Final = (None, "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_WORDS: Final[dict[str, bool | None]] = (
    dict.fromkeys(("", "~", "null", "Null", "NULL"))
    | dict.fromkeys(("true", "True", "TRUE"), True)
    | dict.fromkeys(("false", "False", "FALSE"), False)
)
_WHOLE: Final = re.compile(r"[-+]?[0-9]+")
_BROKEN: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_LONGEST_NUMBER: Final = 20


def _scalar(event: ScalarEvent) -> str | int | float | bool | None:
    """The value of a scalar by the core schema of YAML 1.2."""
    value: str = event.value
    if event.style or event.tag:
        return value
    if value in _WORDS:
        return _WORDS[value]
    if _WHOLE.fullmatch(value):
        return int(value[:_LONGEST_NUMBER])  # as far out of every bound as the whole of it
    return float(value) if _BROKEN.fullmatch(value) else value


def _mergeable(value: object, place: Place, line: int, prompt: str | None) -> Iterator[tuple[dict[Any, Any], Place]]:
    parts = zip(value, place.entries, strict=True) if isinstance(value, list) else ((value, place),)
    for part, where in parts:
        if not isinstance(part, dict):
            _refuse(line, "“<<” takes in the fields of another block, and what follows it is no block", prompt)
        yield part, where


def _fault(error: yaml.MarkedYAMLError) -> Fault:
    at, since = error.problem_mark, error.context_mark or error.problem_mark
    return Fault(
        problem=error.problem or "",
        context=error.context or "",
        line=at.line if at else 0,
        column=at.column if at else 0,
        since=since.line if since else 0,
    )
