"""A pack's source: reads what an author typed, YAML or JSON, and says on which line what must be mended.

This is the one way from a document to a `Pack`, for the desk, the command line and the service. Only what serves the
practice may import it: it needs PyYAML, which the layer does not have.

YAML 1.2 is read: `no` is a word (and Norwegian), `12:30` a text, and a date is a text until a field asks for a date.
Anchors, aliases and merged keys work. Nothing an author can type raises, and work and memory are bounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import yaml
from yaml.cyaml import CParser
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
from rekindle.packs import SLUG, PackError, parse_pack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rekindle.packs import Pack, PackFinding

SOURCE_LIMIT: Final = 4_000_000
"""The most characters of a pack's document."""

MOST_VALUES: Final = 400_000
MOST_FIELDS: Final = 200
MOST_ENTRIES: Final = 10_000
MOST_LEVELS: Final = 32
MOST_FINDINGS: Final = 300
"""No pack comes near these; they keep a document that is no pack from costing more than one."""


@dataclass(frozen=True, slots=True)
class SourceFinding:
    """One thing to mend, or with `advice` one to think about, and the line it stands on, from 1.

    `prompt` is the id of the prompt, or "prompt 3" where it has none to go by, or None for the pack as a whole. `field`
    is dotted and may be empty.
    """

    line: int
    prompt: str | None
    field: str
    reason: str
    advice: bool

    def __str__(self) -> str:
        return ": ".join(part for part in (self.prompt or "pack", self.field, self.reason) if part)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a source holds: errors first, then advice, each by line. There is a pack only where there is no error."""

    pack: Pack | None
    findings: tuple[SourceFinding, ...]


def check_source(source: str | bytes, *, others: Sequence[Pack] = ()) -> Checked:  # noqa: ARG001 - advice is to come
    """The pack in a source, and everything to mend in it. Never raises.

    `others` are the practice's other packs, which its prompts are compared with.
    """
    try:
        document, place = _Reading(_text(source)).document()
        pack = parse_pack(document)
    except _SourceError as error:
        return Checked(None, tuple(error.findings))
    except PackError as error:
        return Checked(None, _ordered(_placed(place, each) for each in error.findings))
    return Checked(pack, ())


class _SourceError(RekindleError):
    """The source is no document that could be judged as a pack."""

    def __init__(self, *findings: SourceFinding) -> None:
        super().__init__("\n".join(str(each) for each in findings))
        self.findings = findings


def _fault(line: int, reason: str, prompt: str | None = None) -> _SourceError:
    return _SourceError(SourceFinding(line, prompt, "", reason, advice=False))


_UTF_16: Final = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"), (b"\x00", "UTF-16"))
_SAVE_AS_UTF_8: Final = "in your editor, choose “save with encoding” and UTF-8, and save it again"
_UNSEEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
# To YAML these end a line, to most editors they do not; a text has its line breaks folded anyway.
_ODD_BREAKS: Final = {0x85: " ", 0x2028: " ", 0x2029: " "}
# How JSON writes an emoji; YAML knows no such halves.
_JSON_ESCAPE: Final = re.compile(r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|.)")


def _text(source: str | bytes) -> str:
    """The characters of a source, with line feeds alone between its lines."""
    if len(source) > 4 * SOURCE_LIMIT:
        raise _too_long(len(source))
    text = _decoded(source) if isinstance(source, bytes) else source
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").translate(_ODD_BREAKS)
    if len(text) > SOURCE_LIMIT:
        raise _too_long(len(text))
    if unseen := _UNSEEN.search(text):
        line = text.count("\n", 0, unseen.start()) + 1
        code = ord(unseen[0])
        if code == 0 and text.count("\0") > len(text) // 4:
            raise _fault(1, f"this is saved as UTF-16 and not as UTF-8; {_SAVE_AS_UTF_8}")
        reason = f"an invisible character (U+{code:04X}) stands in this line; delete the line and type it anew"
        raise _fault(line, reason)
    if text.lstrip()[:1] in ("{", "["):
        text = _JSON_ESCAPE.sub(_joined, text)
    return text


def _too_long(length: int) -> _SourceError:
    return _fault(1, f"this is {length:,} characters long; {SOURCE_LIMIT:,} is the most. Split the pack in two")


def _decoded(data: bytes) -> str:
    for beginning, name in _UTF_16:
        if data.startswith(beginning) or data[1:2] == b"\0":
            raise _fault(1, f"this is saved as {name} and not as UTF-8; {_SAVE_AS_UTF_8}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reason = f"the letters from here on are not saved as UTF-8; {_SAVE_AS_UTF_8}"
        raise _fault(line, reason) from error


def _joined(escape: re.Match[str]) -> str:
    if not escape[1]:
        return escape[0]
    return chr(0x10000 + ((int(escape[1], 16) - 0xD800) << 10) + int(escape[2], 16) - 0xDC00)


@dataclass(slots=True)
class _Place:
    """Where a value begins, and the places in it. `size` counts its values, with those that aliases repeat."""

    line: int
    fields: dict[Any, tuple[int, _Place]] | None = None
    entries: list[_Place] | None = None
    size: int = 1
    levels: int = 1


@dataclass(slots=True)
class _Open:
    """A block or a list that is being read."""

    value: dict[Any, Any] | list[Any]
    place: _Place
    anchor: str | None
    key: Any = None
    key_line: int = 0
    wants_key: bool = True
    merged: list[tuple[Any, _Place]] = field(default_factory=list)
    twins: list[tuple[int, str, int, str | None]] = field(default_factory=list)


class _Reading:
    """Turns the events of one text into plain data and its places, without recursion."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Any, _Place] | None] = {}
        self._size = 0
        self._root: tuple[Any, _Place] | None = None
        self._twins: list[SourceFinding] = []

    def document(self) -> tuple[Any, _Place]:
        """The data and where each part of it stands. Raises `_SourceError`."""
        parser = CParser(self._text)
        try:
            while not isinstance(event := parser.get_event(), StreamEndEvent):
                self._take(event)
        except yaml.MarkedYAMLError as error:
            fault = _marks(error)
            line, reason = meaning(self._text, fault)
            raise _fault(line, reason, self._prompt()) from error
        finally:
            parser.dispose()
        if self._root is None:
            raise _fault(1, "there is nothing here yet; begin with the pack's id, such as “id: river”")
        # YAML would quietly keep the last of two, so nothing else in such a document can be trusted.
        if self._twins:
            raise _SourceError(*self._twins[:MOST_FINDINGS])
        return self._root

    def _take(self, event: Any) -> None:  # noqa: ANN401 - PyYAML's events share no useful type
        match event:
            case ScalarEvent():
                value = _scalar(event)
                if isinstance(value, _Tagged):
                    raise _fault(_line(event), value.reason, self._prompt())
                self._put(value, _Place(_line(event), size=1 + len(event.value) // 100), event.anchor, event)
            case MappingStartEvent() | SequenceStartEvent():
                self._begin(event)
            case MappingEndEvent() | SequenceEndEvent():
                self._end()
            case AliasEvent():
                value, place = self._anchored(event)
                self._put(value, place, None, event)
            case DocumentStartEvent() if self._root is not None:
                reason = (
                    "a line “---” begins a second document here; a pack is one document. Take the line out, "
                    "or put what follows into a file of its own"
                )
                raise _fault(_line(event), reason)

    def _begin(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        line = _line(event)
        if len(self._open) >= MOST_LEVELS:
            reason = "blocks or brackets stand too deep inside each other here; a pack needs no more than six levels"
            raise _fault(line, reason, self._prompt())
        if reason := _tag_reason(event.tag):
            raise _fault(line, reason, self._prompt())
        if event.anchor:
            self._anchors[event.anchor] = None
        parent = self._open[-1] if self._open else None
        if parent and isinstance(parent.value, dict) and parent.wants_key:
            raise _fault(line, _KEY_REASON, self._prompt())
        mapping = isinstance(event, MappingStartEvent)
        place = _Place(line, {}, None) if mapping else _Place(line, None, [])
        self._open.append(_Open({} if mapping else [], place, event.anchor))

    def _end(self) -> None:
        ended = self._open.pop()
        if isinstance(ended.value, dict):
            self._merge(ended)
            self._twins += self._twin_findings(ended)
        self._put(ended.value, ended.place, ended.anchor, None)

    def _put(self, value: Any, place: _Place, anchor: str | None, event: Any) -> None:  # noqa: ANN401 - whatever stood there
        self._size += place.size if event is not None else 1
        if self._size > MOST_VALUES:
            reason = (
                f"there are more than {MOST_VALUES:,} values up to here; a pack has no need of so many. Split it in two"
            )
            raise _fault(self._here(place, event), reason, self._prompt())
        if anchor:
            self._anchors[anchor] = (value, place)
        if not self._open:
            self._root = (value, place)
            return
        around = self._open[-1]
        levels = place.levels + 1
        if levels + len(self._open) > MOST_LEVELS:
            raise _fault(self._here(place, event), "blocks stand too deep inside each other here", self._prompt())
        around.place.levels = max(around.place.levels, levels)
        if isinstance(around.value, list):
            around.value.append(value)
            around.place.entries.append(place)  # type: ignore[union-attr]  # a list's place has entries
            around.place.size += place.size
            if len(around.value) > MOST_ENTRIES:
                reason = f"a list has more than {MOST_ENTRIES:,} entries here; a pack has at most 2,000 prompts"
                raise _fault(around.place.line, reason, self._prompt())
        elif around.wants_key:
            self._key(around, value, event)
        else:
            self._value(around, value, place)

    def _key(self, around: _Open, value: Any, event: Any) -> None:  # noqa: ANN401 - whatever stood there
        if not isinstance(event, ScalarEvent) or len(event.value) > MOST_FIELDS:
            raise _fault(around.place.line if event is None else _line(event), _KEY_REASON, self._prompt())
        around.key = _MERGE if event.value == "<<" and not event.style else value
        around.key_line = _line(event)
        around.wants_key = False

    def _value(self, around: _Open, value: Any, place: _Place) -> None:  # noqa: ANN401 - whatever stood there
        around.wants_key = True
        around.place.size += place.size + 1
        key, line, fields = around.key, around.key_line, around.place.fields
        if key is _MERGE:
            around.merged += _mergeable(value, place, line, self._prompt())
        elif key in fields:  # type: ignore[operator]  # a block's place has fields
            around.twins.append((line, str(key), fields[key][0], self._prompt()))  # type: ignore[index]
        else:
            around.value[key] = value
            fields[key] = (line, place)  # type: ignore[index]
            if len(around.value) + len(around.twins) > MOST_FIELDS:
                reason = f"a block has more than {MOST_FIELDS} fields here; check the indentation"
                raise _fault(line, reason, self._prompt())

    @staticmethod
    def _merge(ended: _Open) -> None:
        for value, place in ended.merged:
            for key, each in value.items():
                if key not in ended.value:
                    ended.value[key] = each
                    ended.place.fields[key] = place.fields[key]  # type: ignore[index]

    @staticmethod
    def _twin_findings(ended: _Open) -> Iterator[SourceFinding]:
        """A prompt whose dash is missing has every field twice, and needs one finding."""
        missing_dash = [twin for twin in ended.twins if twin[1] == "id"]
        for line, name, first, prompt in missing_dash or ended.twins:
            reason = f"{name} stands twice in one block; the first is on line {first}. "
            mend = "If a new prompt begins here, put “- ” before the id" if missing_dash else "Keep one of the two"
            yield SourceFinding(line, prompt, "", reason + mend, advice=False)

    def _anchored(self, event: AliasEvent) -> tuple[Any, _Place]:
        known = self._anchors.get(event.anchor)
        if known is None:
            reason = (
                f"“*{event.anchor}” would repeat a block that is named “&{event.anchor}”, and there is none before this "
                "line. If the star belongs to the text, put the text in quotes"
            )
            raise _fault(_line(event), reason, self._prompt())
        return known

    def _prompt(self) -> str | None:
        """The prompt that is being read, by its id where that was read already."""
        match self._open:
            case [_Open(value=dict(), key="prompts", wants_key=False), _Open(value=list() as listed), *within]:
                reading = within[0].value if within else None
                name = reading.get("id") if isinstance(reading, dict) else None
                return name if isinstance(name, str) and re.fullmatch(SLUG, name) else f"prompt {len(listed) + 1}"
        return None

    def _here(self, place: _Place, event: Any) -> int:  # noqa: ANN401 - an event or nothing
        return place.line if event is None else _line(event)


_MERGE: Final = object()
_KEY_REASON: Final = "a field's name must be a short plain word. If this should be text that begins with a bracket, put the text in quotes"
_NULLS: Final = frozenset(("", "~", "null", "Null", "NULL"))
_FLAGS: Final = dict.fromkeys(("true", "True", "TRUE"), True) | dict.fromkeys(("false", "False", "FALSE"), False)
_WHOLE: Final = re.compile(r"[-+]?[0-9]+")
_BROKEN: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_LONGEST_NUMBER: Final = 20


@dataclass(frozen=True, slots=True)
class _Tagged:
    """What stands where a value has a tag that a pack has no use for."""

    reason: str


def _tag_reason(tag: str | None) -> str | None:
    if tag is None or tag in ("!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"):
        return None
    shown = tag.replace("tag:yaml.org,2002:", "!!")[:40]
    return f"“{shown}” is read as a command and not as text. If the text begins so, put it in quotes; else take it out"


def _scalar(event: ScalarEvent) -> Any:  # noqa: ANN401 - plain data
    if event.tag is not None:
        reason = _tag_reason(event.tag)
        return _Tagged(reason) if reason else event.value
    value: str = event.value
    if event.style:
        return value
    if value in _NULLS:
        return None
    if value in _FLAGS:
        return _FLAGS[value]
    if _WHOLE.fullmatch(value):
        return int(value[:_LONGEST_NUMBER])  # as far out of every bound as the whole of it
    return float(value) if _BROKEN.fullmatch(value) else value


def _mergeable(value: Any, place: _Place, line: int, prompt: str | None) -> list[tuple[Any, _Place]]:  # noqa: ANN401
    if isinstance(value, dict):
        return [(value, place)]
    if isinstance(value, list) and all(isinstance(each, dict) for each in value):
        return list(zip(value, place.entries or (), strict=True))
    raise _fault(line, "“<<” takes in the fields of another block, and what follows it is no block", prompt)


def _line(event: Any) -> int:  # noqa: ANN401 - PyYAML's events share no useful type
    return event.start_mark.line + 1


def _marks(error: yaml.MarkedYAMLError) -> Fault:
    at, since = error.problem_mark or error.context_mark, error.context_mark or error.problem_mark
    return Fault(
        problem=str(error.problem),
        context=str(error.context or ""),
        line=at.line if at else 0,
        column=at.column if at else 0,
        since=since.line if since else 0,
    )


def _placed(root: _Place, finding: PackFinding) -> SourceFinding:
    return SourceFinding(_line_of(root, finding.path), finding.prompt, finding.field, finding.reason, advice=False)


def _line_of(place: _Place, path: tuple[str | int, ...]) -> int:
    """The line of the place that a path leads to, or of the last step that exists."""
    line = place.line
    for step in path:
        if place.fields is not None:
            found = place.fields.get(step) or next((at for key, at in place.fields.items() if str(key) == step), None)
            if found is None:
                break
            line, place = found
        elif place.entries is not None and isinstance(step, int):
            place = place.entries[step]
            line = place.line
        else:
            break
    return line


def _ordered(findings: Iterator[SourceFinding]) -> tuple[SourceFinding, ...]:
    """Errors first, each part by line; and no more than an author would read."""
    ordered = sorted(findings, key=lambda each: (each.advice, each.line))
    if len(ordered) <= MOST_FINDINGS:
        return tuple(ordered)
    kept, rest = ordered[:MOST_FINDINGS], ordered[MOST_FINDINGS:]
    reason = f"there are {len(rest):,} more findings; mend these first"
    return (*kept, SourceFinding(rest[0].line, None, "", reason, advice=rest[0].advice))
