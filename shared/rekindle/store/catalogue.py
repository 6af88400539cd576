"""Store the catalogue: the index of all packs' releases, and the texts of prompts and packs.

The version row has the version number of the current index. A process keeps the index in memory, and reads the index
again when the version number has changed. The process also keeps texts, because a text never changes. If there are too
many texts, the process drops the least recently used texts. A scheduled release is in the index before it goes live.
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
from rekindle.store.practice_codes import PracticeCode
from rekindle.store.table import Write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rekindle.store.table import Item, Table

VERSION_AGE: Final = 30.0
"""Seconds for which a process uses the index without reading the version row again.

So a process may still offer a withdrawn prompt for this long.
"""
TEXTS_REMEMBERED: Final = 2_000
PACKS_REMEMBERED: Final = 200
ROW_BYTES: Final = 350_000
"""A row has at most this many bytes of the compressed index. DynamoDB's limit for an item is 400 KB."""
SUPERSEDED_KEPT: Final = dt.timedelta(days=1)
"""The rows of a replaced index stay in the table for at least this time.

A process that has read the old version number may still need the old rows.
"""
READ_ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class PromptText:
    """A prompt's texts, by language. `texts` and `whys` always have the language `default`."""

    theme: Theme
    kind: PromptKind
    default: Language
    texts: Mapping[Language, str]
    whys: Mapping[Language, str]
    hints: Mapping[Language, str]

    def language_for(self, language: Language) -> Language:
        """Return `language` if the prompt has a text in this language. Otherwise return the default language."""
        return language if language in self.texts else self.default


@dataclass(frozen=True, slots=True)
class PackText:
    """A pack's texts, by language. `titles` and `written_for` always have the language `default`."""

    default: Language
    titles: Mapping[Language, str]
    written_for: Mapping[Language, str]

    def language_for(self, language: Language) -> Language:
        """Return `language` if the pack has both texts in this language. Otherwise return the default language."""
        return language if language in self.titles and language in self.written_for else self.default

    def title_in(self, language: Language) -> str:
        """Return the pack's title for a reader of this language."""
        return self.titles[self.language_for(language)]


@dataclass(frozen=True, slots=True)
class Index:
    """At most three releases of each pack: the live, the scheduled and the replaced release.

    A replaced release stays for at least `rekindle.store.releases.OVERLAP`. `rows` is the number of rows in which the
    table stores the index.
    """

    version: int = 0
    rows: int = 0
    releases: tuple[Release, ...] = ()

    def at(self, instant: dt.datetime) -> tuple[Release, ...]:
        """Return each pack's release that is live at the instant, sorted by pack id."""
        live: dict[PackId, Release] = {}
        for release in sorted(self.releases, key=attrgetter("live_from", "version")):
            if release.live_from <= instant:
                live[release.pack] = release
        return tuple(live[pack] for pack in sorted(live))


def index_of(table: Table, version_row: Item | None = None) -> Index:
    """Return the current index. Before the first release the index is empty.

    `version_row` is the version row that the caller has just read. If `version_row` is None, this function reads the
    row (a strongly consistent read).
    """
    for _ in range(READ_ATTEMPTS):
        version_row = version_row or _version_row(table)
        version, count = version_row["version"], version_row["rows"]
        # First try an eventually consistent read, because it costs half as much as a strongly consistent read. The
        # cheaper read may miss a row, but never returns a wrong release, because an index row's releases never change.
        for consistent in (False, True):
            rows = table.get_many(_row_keys(version, count), consistent=consistent)
            if len(rows) == count:
                joined = b"".join(row["packed"] for row in sorted(rows, key=lambda row: str(row["sk"])))
                return Index(version, count, tuple(unpacked(joined)))
        version_row = None  # another process has replaced the index, and the rows of the old index have expired
    raise ContentionError("the catalogue kept changing while it was read")


def index_writes(
    before: Index, releases: Sequence[Release], instant: dt.datetime, *, row_bytes: int = ROW_BYTES
) -> list[Write]:
    """Return the writes, for one transaction, that replace the index `before` with `releases`.

    The first write fails if `before` is not the current index any more.
    """
    version = before.version + 1
    data = packed(releases)
    chunks = [data[start : start + row_bytes] for start in range(0, len(data), row_bytes)]
    item = {"version": version, "rows": len(chunks)}
    version_row = Write.replacing(keys.CATALOGUE_VERSION, item, version=before.version or None)
    new = [
        Write("Put", key, item={"packed": chunk})
        for key, chunk in zip(_row_keys(version, len(chunks)), chunks, strict=True)
    ]
    ttl = to_ttl(instant + SUPERSEDED_KEPT)
    old = [Write.expiring(key, ttl) for key in _row_keys(before.version, before.rows)]
    return [version_row, *new, *old]


@dataclass(slots=True)
class Catalogue:
    """The catalogue, with the index and the texts that this process has in memory. `monotonic` returns seconds."""

    table: Table
    monotonic: Callable[[], float] = time.monotonic
    _index: Index = field(default_factory=Index)
    _checked_at: float | None = None
    _texts: OrderedDict[PromptRef, PromptText] = field(default_factory=OrderedDict)
    _packs: OrderedDict[tuple[PackId, int], PackText] = field(default_factory=OrderedDict)
    _first_live: OrderedDict[PackId, dt.datetime] = field(default_factory=OrderedDict)

    def releases(self, instant: dt.datetime) -> tuple[Release, ...]:
        """Return each pack's release that is live at the instant, sorted by pack id."""
        now = self.monotonic()
        if self._checked_at is None or now - self._checked_at >= VERSION_AGE:
            version_row = _version_row(self.table)
            if version_row["version"] != self._index.version:
                self._index = index_of(self.table, version_row)
            self._checked_at = now
        return self._index.at(instant)

    def texts(self, refs: Iterable[PromptRef]) -> dict[PromptRef, PromptText]:
        """Return the texts of these prompts, including withdrawn prompts."""
        wanted = {ref: keys.prompt(ref.pack, ref.version, ref.prompt) for ref in refs}
        return self._remembered(wanted, self._texts, _text_from, TEXTS_REMEMBERED)

    def pack_texts(self, releases: Iterable[Release]) -> dict[PackId, PackText]:
        """Return the texts of the packs of these releases."""
        wanted = {(each.pack, each.version): keys.release(each.pack, each.version) for each in releases}
        texts = self._remembered(wanted, self._packs, pack_text_from, PACKS_REMEMBERED)
        return {pack: text for (pack, _), text in texts.items()}

    def first_live(self, releases: Iterable[Release]) -> dict[PackId, dt.datetime]:
        """Map each pack of these releases to the `live_from` of its version 1.

        If version 1 has no row, because a process crashed while staff published this version, use the given release's
        `live_from`.
        """
        live_from = {each.pack: each.live_from for each in releases}
        first_versions = {each.pack: keys.release(each.pack, 1) for each in releases if each.version > 1}
        return live_from | self._remembered(first_versions, self._first_live, _live_from, PACKS_REMEMBERED)

    def practice_code(self, code: str) -> PracticeCode | None:
        """Return the code with its pack (a strongly consistent read). Return None for an unknown or replaced code."""
        item = self.table.get(keys.practice_code(code))
        return PracticeCode.read(item) if item else None

    def _remembered[Name, Value](
        self,
        wanted: Mapping[Name, keys.Key],
        memory: OrderedDict[Name, Value],
        value_from: Callable[[Mapping[str, Any]], Value],
        limit: int,
    ) -> dict[Name, Value]:
        """Return the values of the existing rows in `wanted`. Read only the rows whose values are not in `memory`.

        Afterwards `memory` has at most `limit` values. The least recently used values are dropped first.
        """
        missing = {key: name for name, key in wanted.items() if name not in memory}
        # An eventually consistent read may miss a row that was written in the last second. Then a strongly consistent
        # read finds the row.
        for consistent in (False, True):
            for item in self.table.get_many(missing, consistent=consistent):
                memory[missing.pop(keys.Key(item["pk"], item["sk"]))] = value_from(item)
        values = {name: memory[name] for name in wanted if name in memory}
        for name in values:
            memory.move_to_end(name)
        while len(memory) > limit:
            memory.popitem(last=False)
        return values


def _version_row(table: Table) -> Item:
    return table.get(keys.CATALOGUE_VERSION) or {"version": 0, "rows": 0}


def _row_keys(version: int, count: int) -> list[keys.Key]:
    return [keys.catalogue_index(version, number) for number in range(count)]


def packed(releases: Iterable[Release]) -> bytes:
    """Compress releases into bytes. A prompt takes about ten bytes."""
    return zlib.compress(json.dumps([_plain(release) for release in releases], separators=(",", ":")).encode(), 9)


def unpacked(data: bytes) -> list[Release]:
    """Return the releases in the compressed `data`. Empty data has no releases."""
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


def _course_from(in_order: bool, starts_on: str | None, every_days: int) -> Course:  # noqa: FBT001  a stored value
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
    """Read a pack's texts from the row of one of its releases."""
    return PackText(Language(item["default"]), item["titles"], item["written_for"])
