"""Read a pack's document, YAML or JSON, into plain data, and record the line of each value.

The reader follows YAML 1.2, which includes JSON. So `no` (the code of Norwegian) and `12:30` are texts. A date stays
a text until the module `document` converts it. Blocks can have anchors, aliases and merged keys. The reader refuses all
tags except those for texts, blocks and lists, because other tags can create things that are not data. The reader also
reports each text that YAML misreads (see `yaml_prose`).

The reader takes the events of libyaml's parser one by one. So the reader needs no recursion, and knows the line of
each value. The reader stops at the first limit that a source exceeds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

import yaml
from yaml._yaml import CParser  # CSafeLoader without its composer, which is recursive
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
from rekindle.packs.document import SLUG, printable
from rekindle.packs.yaml_errors import Fault, in_quotes, meaning
from rekindle.packs.yaml_prose import PROSE, Prose, note_flaws, prose_flaws

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator

    from yaml.events import Event

SOURCE_LIMIT: Final = 4_000_000
"""A pack's document can have at most this many characters."""

# No real pack reaches these limits. They stop a harmful document before it takes too much time or memory.
MOST_VALUES: Final = 400_000
MOST_FIELDS: Final = 200
MOST_ENTRIES: Final = 10_000
MOST_LEVELS: Final = 32
LONGEST_NAME: Final = 200
MOST_FLAWS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Flaw:
    """A flaw of a document: its line (from 1), its prompt, what is wrong, and how to fix it.

    `field` is a dotted path such as `words.en.text`, or empty if the flaw is not in one field.
    """

    line: int
    prompt: str | None
    reason: str
    field: str = ""


class DocumentError(RekindleError):
    """A source cannot be read as a pack's document."""

    def __init__(self, *flaws: Flaw) -> None:
        super().__init__("\n".join(f"{each.line}: {each.reason}" for each in flaws))
        self.flaws = flaws


@dataclass(slots=True)
class Place:
    """The place of a value in the source, with the places of all values inside it.

    For a block, `fields` maps each name to the name's line and the value's place. For a list, `entries` has the places
    of its entries. `size` is the number of values, where a long text counts as several. `levels` is how deeply the
    values are nested. Both numbers include the values that aliases repeat.
    """

    line: int
    fields: dict[Any, tuple[int, Place]] = field(default_factory=dict)
    entries: list[Place] = field(default_factory=list)
    size: int = 1
    levels: int = 1

    def line_of(self, path: tuple[str | int, ...]) -> int:
        """Return the line of the field or entry at a path, or of the path's last step that exists."""
        place, line = self, self.line
        for step in path:
            named = place.fields.get(step) or next((at for key, at in place.fields.items() if str(key) == step), None)
            if named:
                line, place = named
            elif isinstance(step, int) and step < len(place.entries):
                place = place.entries[step]
                line = place.line
            else:
                break
        return line


class Document(NamedTuple):
    """The plain data of a source, the places of its values, and the flaws of its texts."""

    data: Any
    root: Place
    flaws: list[Flaw]


def read_document(source: str | bytes, texts: Container[Any] = PROSE) -> Document:
    """Return the document in a source. `texts` are the names of the fields with text for people.

    Raise DocumentError, and no other error, if the source cannot be read.
    """
    return _Reading(_text(source), texts).document()


def _refuse(line: int, reason: str, prompt: str | None = None) -> NoReturn:
    raise DocumentError(Flaw(line, prompt, reason))


_NOT_TEXT: Final = {
    b"PK\x03\x04": "a file of a word processor, or a zip archive",
    b"\xd0\xcf\x11\xe0": "a file of a word processor",
    b"{\\rtf": "a file of a word processor",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
}
_SAVE: Final = "In your editor, choose “save with encoding” and UTF-8, and save it again"
_UNSEEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
# YAML ends a line at these characters, but most editors do not. Each becomes a space, like a line break in a text.
_ODD_BREAKS: Final = re.compile("[\x85\u2028\u2029]")
# JSON can write an emoji as two escapes, such as `\ud83d\ude00`. YAML cannot, so `_joined` replaces them by the emoji.
_JSON_ESCAPE: Final = re.compile(r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|.)")


def _text(source: str | bytes) -> str:
    """Return the characters of a source, with a line feed at each line break."""
    if len(source) > 4 * SOURCE_LIMIT:
        _refuse_length(len(source))
    beginning = source[:8].encode(errors="replace") if isinstance(source, str) else source[:8]
    for signature, kind in _NOT_TEXT.items():
        if beginning.startswith(signature):
            _refuse(1, f"this is {kind}, not plain text. Copy its words into a plain text file and save that as UTF-8")
    text = _decoded(source) if isinstance(source, bytes) else source
    text = _ODD_BREAKS.sub(" ", text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
    if len(text) > SOURCE_LIMIT:
        _refuse_length(len(text))
    if unseen := _UNSEEN.search(text):
        reason = f"an invisible character (U+{ord(unseen[0]):04X}) is in this line. Delete the line and type it again"
        _refuse(text.count("\n", 0, unseen.start()) + 1, reason)
    return _JSON_ESCAPE.sub(_joined, text) if _is_json(text) else text


def _is_json(text: str) -> bool:
    return text.lstrip()[:1] in ("{", "[")


def _refuse_length(length: int) -> NoReturn:
    _refuse(1, f"this is {length:,} characters long; {SOURCE_LIMIT:,} is the limit. Split it into two packs")


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


class _Twin(NamedTuple):
    """A field whose name its block already has. `holds_more` is True if the field's value is a block or a list."""

    name: Any
    holds_more: bool
    line: int
    prompt: str | None


@dataclass(slots=True)
class _Block:
    """A block of fields that is being read."""

    place: Place
    anchor: str | None
    in_brackets: bool
    value: dict[Any, Any] = field(default_factory=dict)
    name: Any = None
    name_event: Any = None
    name_line: int = 0
    wants_name: bool = True
    merged: list[tuple[dict[Any, Any], Place]] = field(default_factory=list)
    twins: list[_Twin] = field(default_factory=list)


@dataclass(slots=True)
class _List:
    """A list that is being read."""

    place: Place
    anchor: str | None
    in_brackets: bool
    value: list[Any] = field(default_factory=list)


class _Reading:
    """Builds the document from the parser's events for one source."""

    def __init__(self, text: str, texts: Container[Any]) -> None:
        self._text = text
        self._texts = texts
        self._json = _is_json(text)
        self._lines = text.count("\n") + 1
        self._open: list[_Block | _List] = []
        self._anchors: dict[str | None, tuple[Any, Place]] = {}
        self._size = 0
        self._repeated = 0
        self._root: tuple[Any, Place] | None = None
        self._twins: list[Flaw] = []
        self._flaws: list[Flaw] = []
        self._prose: Prose | None = None

    def document(self) -> Document:
        parser = CParser(self._text)
        try:
            while not isinstance(event := parser.get_event(), StreamEndEvent):
                if self._prose and event and event.start_mark:
                    self._judge_prose(prose_flaws, event.start_mark.index)
                self._take(event)
        except yaml.MarkedYAMLError as error:
            known = len(self._flaws)
            self._judge_prose(note_flaws, len(self._text))
            if len(self._flaws) == known:  # no note (a YAML comment) in a text explains the error
                line, reason = meaning(self._text, _fault(error))
                self._flaws = [each for each in self._flaws if each.line != line]
                self._flaws.append(Flaw(line, self._prompt(line), reason))
            raise DocumentError(*self._flaws) from error
        except (yaml.YAMLError, UnicodeError) as error:  # not expected, since `_text` refuses bad characters
            raise DocumentError(Flaw(1, None, "this text cannot be read as a pack")) from error
        finally:
            parser.dispose()
        if self._root is None:
            _refuse(1, "there is nothing here yet. Begin with the pack's id, such as “id: river”")
        # If a block has a name twice, the data has only the first value. So report these names only.
        if self._twins:
            raise DocumentError(*self._twins)
        return Document(*self._root, self._flaws)

    def _take(self, event: object) -> None:
        match event:
            case ScalarEvent():
                self._refuse_tag(event)
                if self._at_name():
                    self._begin_field(event)
                else:
                    value = _scalar(event)
                    self._remember_prose(event, value)
                    self._put(value, Place(self._line(event), size=1 + len(event.value) // 100), event.anchor)
            case MappingStartEvent() | SequenceStartEvent():
                self._begin(event)
            case MappingEndEvent() | SequenceEndEvent():
                self._end()
            case AliasEvent():
                self._repeat(event)
            case DocumentStartEvent() if self._root is not None:
                reason = "a line “---” begins a second pack here, but a file has only one. Remove the line, or put what"
                _refuse(self._line(event), f"{reason} follows into another file")

    def _line(self, event: Event) -> int:
        """Return the line of an event, from 1. It is at most the number of the last line."""
        mark = event.start_mark
        return min(mark.line + 1 if mark else 1, self._lines)

    def _at_name(self) -> bool:
        """Return whether a field's name comes next."""
        return bool(self._open) and isinstance(around := self._open[-1], _Block) and around.wants_name

    def _remember_prose(self, event: ScalarEvent | AliasEvent, value: object) -> None:
        """Remember a text until the parser reaches the event after it. Then `_judge_prose` judges the text."""
        block = self._open[-1] if self._open else None
        if not isinstance(block, _Block):
            return
        if block.name in self._texts:
            self._prose = Prose(self._text, block.name_event, event, value, block.in_brackets, self._json)
        if block.in_brackets and value is None:
            self._judge_colon(block)

    def _judge_colon(self, block: _Block) -> None:
        """Add a flaw if a name between { and } has no colon. In `{why: Yes, we do}`, YAML reads “we do” as a name."""
        in_text = any(isinstance(each, _Block) and each.name in self._texts for each in self._open[:-1])
        if _NO_COLON.match(self._text, block.name_event.end_mark.index) and not in_text:
            self._prose = None
            reason = f"“{printable(str(block.name))}” has no colon. Between brackets, a comma ends a text"
            self._add_flaw(block.name_line, f"{reason}. If it belongs to a text, put that text in quotes")

    def _judge_prose(self, judge: Callable[[Prose, int], Iterator[tuple[int, str]]], end: int) -> None:
        """Let `judge` read the remembered text, and add the text's flaws. The parser has reached the position `end`."""
        if prose := self._prose:
            self._prose = None
            for line, reason in judge(prose, end):
                self._add_flaw(min(line, self._lines), reason)

    def _add_flaw(self, line: int, reason: str) -> None:
        """Add a flaw in the field that the parser is reading or has just read."""
        steps = [block.name for block in self._open if isinstance(block, _Block)]
        if steps[0] == "prompts" and len(steps) > 1:
            steps = steps[1:]
        self._flaws.append(Flaw(line, self._prompt(line), reason, ".".join(printable(str(step)) for step in steps)))
        if len(self._flaws) > MOST_FLAWS:
            raise DocumentError(*self._flaws)

    def _begin_field(self, event: ScalarEvent) -> None:
        block, line = self._open[-1], self._line(event)
        assert isinstance(block, _Block)  # noqa: S101 - `_take` has checked it with `_at_name`
        if len(event.value) > LONGEST_NAME:
            self._refuse_name(line)
        block.name = _MERGE if event.value == "<<" and not event.style else _scalar(event)
        block.name_event, block.name_line, block.wants_name = event, line, False

    def _begin(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        line = self._line(event)
        self._refuse_tag(event)
        if self._at_name():
            self._refuse_name(line)
        if len(self._open) >= MOST_LEVELS:
            self._refuse_depth(line)
        match self._open:
            case [*_, _Block(name=str(name), name_line=name_line)] if name in self._texts:
                self._add_flaw(
                    name_line, f"this is read as a list or a block of fields, not as text. {in_quotes(name)}"
                )
        kind = _Block if isinstance(event, MappingStartEvent) else _List
        self._anchors.pop(event.anchor, None)  # an alias can repeat a block only after the block's end
        self._open.append(kind(Place(line), event.anchor, bool(event.flow_style)))

    def _end(self) -> None:
        ended = self._open.pop()
        if isinstance(ended, _Block):
            for value, place in ended.merged:
                for name, each in value.items():
                    if name not in ended.value:
                        ended.value[name], ended.place.fields[name] = each, place.fields[name]
            self._twins += _twin_flaws(ended, is_pack=not self._open)
        self._put(ended.value, ended.place, ended.anchor, added=1)

    def _repeat(self, event: AliasEvent) -> None:
        line, anchor = self._line(event), printable(event.anchor or "")
        if self._at_name():
            self._refuse_name(line)
        if event.anchor not in self._anchors and event.anchor in [each.anchor for each in self._open]:
            _refuse(line, f"“*{anchor}” is inside the block that it repeats. Remove it", self._prompt(line))
        if event.anchor not in self._anchors:
            reason = f"“*{anchor}” repeats a block that is marked “&{anchor}” above it, but no such block exists"
            _refuse(line, f"{reason}. If the star belongs to the text, put the text in quotes", self._prompt(line))
        value, place = self._anchors[event.anchor]
        self._repeated += place.size
        self._remember_prose(event, value)
        self._put(value, place, None, repeats_on=line)

    def _put(
        self, value: object, place: Place, anchor: str | None, *, added: int | None = None, repeats_on: int = 0
    ) -> None:
        line = repeats_on or place.line
        self._size += place.size if added is None else added
        if self._size > MOST_VALUES:
            if 2 * self._repeated > self._size:
                reason = "together with all blocks that “*” repeats, this has more than"
                _refuse(line, f"{reason} {MOST_VALUES:,} values, more than any pack. Repeat fewer of them")
            _refuse(line, f"this has more than {MOST_VALUES:,} values, more than any pack. Split it into two packs")
        if anchor:
            self._anchors[anchor] = (value, place)
        if not self._open:
            self._root = (value, place)
            return
        around = self._open[-1]
        around.place.size += place.size
        around.place.levels = max(around.place.levels, place.levels + 1)
        if len(self._open) + place.levels > MOST_LEVELS:
            if repeats_on:
                reason = "the block that “*” repeats here also repeats other blocks, so it is nested too deeply"
                _refuse(line, f"{reason}. A pack has at most six levels", self._prompt(line))
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
            block.twins.append(_Twin(name, isinstance(value, dict | list), line, self._prompt(line)))
        else:
            block.value[name] = value
            fields[name] = (line, place)
        if len(fields) + len(block.twins) + len(block.merged) > MOST_FIELDS:
            if block.twins:
                raise DocumentError(_twin_flaws(block, is_pack=len(self._open) == 1)[0])
            _refuse(
                line,
                f"this block has more than {MOST_FIELDS} fields, more than any block of a pack",
                self._prompt(line),
            )

    def _prompt(self, line: int) -> str | None:
        """Return the id of a line's prompt, or “prompt 3” if no id was read yet. Return None outside of prompts."""
        match self._open:
            case [_Block(name="prompts", wants_name=False), _List() as prompts, *within]:
                reading: object = within[0].value if within else None
                number = len(prompts.value) + 1
                if not within and prompts.value and not re.match(r"[\s-]*id\s*:", self._text.split("\n")[line - 1]):
                    reading, number = (
                        prompts.value[-1],
                        number - 1,
                    )  # the field belongs to the last prompt, but is not indented enough
                match reading:
                    case {"id": str(name)} if re.fullmatch(SLUG, name):
                        return name
                return f"prompt {number}"
        return None

    def _refuse_tag(self, event: ScalarEvent | MappingStartEvent | SequenceStartEvent) -> None:
        if event.tag not in _HARMLESS_TAGS:
            shown = printable(event.tag.replace("tag:yaml.org,2002:", "!!"))
            reason = f"“{shown}” is a command, not text. Remove it, or put a text that begins with it in quotes"
            _refuse(self._line(event), reason, self._prompt(self._line(event)))

    def _refuse_name(self, line: int) -> NoReturn:
        reason = "the name of a field must be one plain word. If a text begins here with a bracket, put it in quotes"
        _refuse(line, reason, self._prompt(line))

    def _refuse_depth(self, line: int) -> NoReturn:
        reason = "this is nested too deeply: blocks or brackets inside others. A pack has at most six levels"
        _refuse(line, reason, self._prompt(line))


_MERGE: Final = object()
_NO_COLON: Final = re.compile(r"\s*[,}]")
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
    """Return the value of a scalar by the core schema of YAML 1.2. But `0x1F`, `0o17`, `.inf` and `.nan` stay texts."""
    value: str = event.value
    if event.style or event.tag:
        return value
    if value in _WORDS:
        return _WORDS[value]
    if _WHOLE.fullmatch(value):
        return int(value[:_LONGEST_NUMBER])  # no field needs a longer number
    return float(value) if _BROKEN.fullmatch(value) else value


def _twin_flaws(block: _Block, *, is_pack: bool) -> list[Flaw]:
    """Return a flaw for each field that a block has twice.

    If another pack or prompt seems to begin inside the block, return only flaws of the repeated `id`.
    """
    names = {twin.name for twin in block.twins}
    again = [twin for twin in block.twins if twin.name == "id"]
    if again and is_pack and names & {"languages", "prompts"}:
        return [_twin_flaw(block, again[0], "If a second pack begins here, put it into another file")]
    if again and "theme" in block.value and (is_pack or len(names) > 1):
        return [_twin_flaw(block, each, "If a new prompt begins here, put “- ” before the id") for each in again]
    return [
        _twin_flaw(block, twin, "Put everything under the first one" if twin.holds_more else "Keep one of the two")
        for twin in block.twins
    ]


def _twin_flaw(block: _Block, twin: _Twin, advice: str) -> Flaw:
    first, _ = block.place.fields[twin.name]
    reason = f"{printable(str(twin.name))} appears twice in one block; the first is on line {first}. {advice}"
    return Flaw(twin.line, twin.prompt, reason)


def _mergeable(value: object, place: Place, line: int, prompt: str | None) -> Iterator[tuple[dict[Any, Any], Place]]:
    parts = zip(value, place.entries, strict=True) if isinstance(value, list) else ((value, place),)
    for part, where in parts:
        if not isinstance(part, dict):
            _refuse(line, "“<<” includes the fields of another block, but no block follows it", prompt)
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
