"""The catalogue: an index of all live prompts, with a version, and the texts, which never change.

A process keeps the index in memory, and reads it again when the version row changes. It remembers a text as long as it
lives. A release for a later instant is in the index already, and plays from that instant on.
"""

from __future__ import annotations

import datetime as dt
import json
import time
import zlib
from collections import OrderedDict
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from rekindle.domain.ids import Language, PackId, PromptId
from rekindle.domain.playlist import Course, Entry, Release
from rekindle.domain.prompts import Audience, PromptKind, PromptRef, Theme
from rekindle.errors import ContentionError
from rekindle.store import keys
from rekindle.store.instants import from_millis, to_millis, to_ttl
from rekindle.store.table import Write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rekindle.store.table import Item, Table

VERSION_AGE: Final = 30.0
"""Seconds for which a process remembers the version: the longest time that a withdrawn prompt is still offered."""
TEXTS_REMEMBERED: Final = 2_000
PACKS_REMEMBERED: Final = 200
ROW_BYTES: Final = 350_000
"""Bytes of the packed index in one row, below DynamoDB's limit of 400 KB. A prompt takes about ten."""
SUPERSEDED_KEPT: Final = dt.timedelta(days=1)
"""How long a replaced index stays readable for a process that has just read its version."""
READ_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class PromptText:
    """A prompt's text, by language. The text in `default` always exists."""

    theme: Theme
    kind: PromptKind
    default: Language
    texts: Mapping[Language, str]
    whys: Mapping[Language, str]
    hints: Mapping[Language, str]

    def spoken_to(self, language: Language) -> Language:
        """Return the language for a reader: their own if the prompt has it, else the default."""
        return language if language in self.texts else self.default


@dataclass(frozen=True, slots=True)
class PackText:
    """A pack's text, by language. The text in `default` always exists."""

    default: Language
    titles: Mapping[Language, str]
    written_for: Mapping[Language, str]

    def spoken_to(self, language: Language) -> Language:
        """Return the language for a reader: their own if the pack has all texts in it, else the default."""
        return language if language in self.titles and language in self.written_for else self.default

    def title_in(self, language: Language) -> str:
        """Return the title for a reader of this language."""
        return self.titles[self.spoken_to(language)]


@dataclass(frozen=True, slots=True)
class Index:
    """The releases of all packs: for each the live one, the one before and the one to come. `rows` counts its rows."""

    version: int = 0
    rows: int = 0
    releases: tuple[Release, ...] = ()

    def at(self, instant: dt.datetime) -> tuple[Release, ...]:
        """Return the live release of each pack at the instant, by the packs' names."""
        live: dict[PackId, Release] = {}
        for release in sorted(self.releases, key=attrgetter("live_from", "version")):
            if release.live_from <= instant:
                live[release.pack] = release
        return tuple(live[pack] for pack in sorted(live))


def index_of(table: Table, head: Item | None = None) -> Index:
    """Return the index as last acknowledged, empty before the first release. `head` is the version row if known."""
    for _ in range(READ_ATTEMPTS):
        head = head or _head(table)
        # A row never changes, so an eventually consistent read is right, for half the price.
        for consistent in (False, True):
            rows = table.get_many(_rows(head["version"], head["rows"]), consistent=consistent)
            if len(rows) == head["rows"]:
                joined = b"".join(row["packed"] for row in sorted(rows, key=lambda row: str(row["sk"])))
                return Index(head["version"], head["rows"], tuple(unpacked(joined)))
        head = None  # the index was replaced meanwhile
    raise ContentionError("the catalogue kept changing while it was read")


def index_writes(
    before: Index, releases: Sequence[Release], instant: dt.datetime, *, row_bytes: int = ROW_BYTES
) -> list[Write]:
    """Return the writes that replace the index as read by `releases`, for one transaction.

    The first write is refused if the index has changed since it was read.
    """
    version = before.version + 1
    data = packed(releases)
    chunks = [data[start : start + row_bytes] for start in range(0, len(data), row_bytes)]
    item = {"version": version, "rows": len(chunks)}
    version_row = Write.replacing(keys.CATALOGUE_VERSION, item, version=before.version or None)
    new = [
        Write("Put", key, item={"packed": chunk})
        for key, chunk in zip(_rows(version, len(chunks)), chunks, strict=True)
    ]
    ttl = to_ttl(instant + SUPERSEDED_KEPT)
    old = [Write.expiring(key, ttl) for key in _rows(before.version, before.rows)]
    return [version_row, *new, *old]


@dataclass(slots=True)
class Catalogue:
    """The catalogue as one process remembers it. `monotonic` gives seconds and serves only the age of the index."""

    table: Table
    monotonic: Callable[[], float] = time.monotonic
    _index: Index = field(default_factory=Index)
    _checked_at: float | None = None
    _texts: OrderedDict[PromptRef, PromptText] = field(default_factory=OrderedDict)
    _packs: OrderedDict[tuple[PackId, int], PackText] = field(default_factory=OrderedDict)
    _begun: OrderedDict[PackId, dt.datetime] = field(default_factory=OrderedDict)

    def releases(self, instant: dt.datetime) -> tuple[Release, ...]:
        """Return the live release of each pack at the instant."""
        now = self.monotonic()
        if self._checked_at is None or now - self._checked_at >= VERSION_AGE:
            head = _head(self.table)
            if head["version"] != self._index.version:
                self._index = index_of(self.table, head)
            self._checked_at = now
        return self._index.at(instant)

    def texts(self, refs: Iterable[PromptRef]) -> dict[PromptRef, PromptText]:
        """Return the texts of these prompts, also of withdrawn ones."""
        wanted = {ref: keys.prompt(ref.pack, ref.version, ref.prompt) for ref in refs}
        return self._remembered(wanted, self._texts, _text_from, TEXTS_REMEMBERED)

    def pack_texts(self, releases: Iterable[Release]) -> dict[PackId, PackText]:
        """Return the texts of the packs of these releases."""
        wanted = {(each.pack, each.version): keys.release(each.pack, each.version) for each in releases}
        found = self._remembered(wanted, self._packs, pack_text_from, PACKS_REMEMBERED)
        return {pack: text for (pack, _), text in found.items()}

    def first_live(self, releases: Iterable[Release]) -> dict[PackId, dt.datetime]:
        """Return when the first version of each of these packs went live."""
        found = {each.pack: each.live_from for each in releases}
        corrected = {each.pack: keys.release(each.pack, 1) for each in releases if each.version > 1}
        return found | self._remembered(corrected, self._begun, _live_from, PACKS_REMEMBERED)

    def pack_of_code(self, code: str) -> PackId | None:
        """Return the pack of a practice's code, or None for an unknown or replaced code."""
        item = self.table.get(keys.practice_code(code))
        return PackId(item["pack"]) if item else None

    def _remembered[Name, Text](
        self,
        wanted: Mapping[Name, keys.Key],
        memory: OrderedDict[Name, Text],
        text_from: Callable[[Mapping[str, Any]], Text],
        limit: int,
    ) -> dict[Name, Text]:
        missing = {key: name for name, key in wanted.items() if name not in memory}
        # An eventually consistent read may miss a release of the last second.
        for consistent in (False, True):
            for item in self.table.get_many(missing, consistent=consistent):
                memory[missing.pop(keys.Key(item["pk"], item["sk"]))] = text_from(item)
        found = {name: memory[name] for name in wanted}
        for name in wanted:
            memory.move_to_end(name)
        while len(memory) > limit:
            memory.popitem(last=False)
        return found


def _head(table: Table) -> Item:
    return table.get(keys.CATALOGUE_VERSION) or {"version": 0, "rows": 0}


def _rows(version: int, count: int) -> list[keys.Key]:
    return [keys.catalogue_index(version, number) for number in range(count)]


def packed(releases: Iterable[Release]) -> bytes:
    """Return releases as bytes: about ten for each prompt."""
    return zlib.compress(json.dumps([_plain(release) for release in releases], separators=(",", ":")).encode(), 9)


def unpacked(data: bytes) -> list[Release]:
    """Return the releases of packed bytes, and none for no bytes."""
    return [_release_from(plain) for plain in json.loads(zlib.decompress(data))] if data else []


def _plain(release: Release) -> list[object]:
    course = release.course
    return [
        release.pack,
        release.version,
        release.audience,
        to_millis(release.live_from),
        [course.in_order, str(course.starts_on) if course.starts_on else None, course.every_days] if course else None,
        [[each.ref.prompt, each.theme, each.kind, each.depth, each.comfort] for each in release.entries],
    ]


def _release_from(plain: Sequence[Any]) -> Release:
    pack, version, audience, live_from, course, entries = plain
    return Release(
        pack=PackId(pack),
        version=version,
        audience=Audience(audience),
        live_from=from_millis(live_from),
        course=_course_from(*course) if course else None,
        entries=tuple(
            Entry(
                ref=PromptRef(PackId(pack), version, PromptId(prompt)),
                theme=Theme(theme),
                kind=PromptKind(kind),
                depth=depth,
                comfort=comfort,
            )
            for prompt, theme, kind, depth, comfort in entries
        ),
    )


def _course_from(in_order: bool, starts_on: str | None, every_days: int) -> Course:  # noqa: FBT001  as stored
    return Course(in_order, dt.date.fromisoformat(starts_on) if starts_on else None, every_days)


def _text_from(item: Mapping[str, Any]) -> PromptText:
    return PromptText(
        theme=Theme(item["theme"]),
        kind=PromptKind(item["kind"]),
        default=Language(item["default"]),
        texts=item["texts"],
        whys=item["whys"],
        hints=item["hints"],
    )


def _live_from(item: Mapping[str, Any]) -> dt.datetime:
    (release,) = unpacked(item["packed"])
    return release.live_from


def pack_text_from(item: Mapping[str, Any]) -> PackText:
    """Read a pack's text from its release's row."""
    return PackText(Language(item["default"]), item["titles"], item["written_for"])
