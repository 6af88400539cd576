"""The catalogue: a small index of every live prompt in memory behind one version row, and texts that never change.

Choosing a prompt reads the index, which is loaded anew only when the version row says so; showing one reads that
prompt's own row, which is immutable and so is remembered for as long as the process lives.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from rekindle.models import Language, PackId, PromptId, PromptKind, PromptRef, Theme
from rekindle.playlist import Entry
from rekindle.store import keys
from rekindle.store.table import Write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rekindle.store.table import Item, Table

VERSION_AGE: Final = 30.0
"""Seconds for which the version row is believed: a withdrawn prompt is offered to nobody new after this."""
TEXTS_REMEMBERED: Final = 2_000
ENTRIES_IN_A_ROW: Final = 1_000
"""About 60 KB: far below an item's 400 KB."""


@dataclass(frozen=True, slots=True)
class PromptText:
    """What a couple reads, by language; `default` is the language that is always there."""

    theme: Theme
    kind: PromptKind
    default: Language
    texts: Mapping[Language, str]
    whys: Mapping[Language, str]
    hints: Mapping[Language, str]


@dataclass(slots=True)
class Catalogue:
    """The catalogue as one process remembers it. `monotonic` gives seconds and serves only the age of the index."""

    table: Table
    monotonic: Callable[[], float] = time.monotonic
    _version: int = 0
    _checked_at: float | None = None
    _entries: tuple[Entry, ...] = ()
    _texts: OrderedDict[PromptRef, PromptText] = field(default_factory=OrderedDict)

    def entries(self) -> tuple[Entry, ...]:
        """Every live prompt; empty before the first publication."""
        now = self.monotonic()
        if self._checked_at is None or now - self._checked_at >= VERSION_AGE:
            head = self._head()
            if head["version"] != self._version:
                rows = [keys.catalogue_index(head["version"], number) for number in range(head["rows"])]
                items = self.table.get_many(rows, consistent=True)
                self._entries = tuple(_entry_from(row) for item in items for row in item["entries"])
                self._version = head["version"]
            self._checked_at = now
        return self._entries

    def texts(self, refs: Iterable[PromptRef]) -> dict[PromptRef, PromptText]:
        """The texts of these prompts, whether live or withdrawn since."""
        wanted = dict.fromkeys(refs)
        missing = {keys.prompt(ref.pack, ref.version, ref.prompt): ref for ref in wanted if ref not in self._texts}
        # What went live this very second need not be on every replica yet.
        for consistent in (False, True):
            for item in self.table.get_many(missing, consistent=consistent):
                ref = missing.pop(keys.Key(item["pk"], item["sk"]))
                self._texts[ref] = _text_from(item)
        found = {ref: self._texts[ref] for ref in wanted}
        for ref in wanted:
            self._texts.move_to_end(ref)
        while len(self._texts) > TEXTS_REMEMBERED:
            self._texts.popitem(last=False)
        return found

    def publish(self, pack: PackId, prompts: Sequence[tuple[Entry, PromptText]]) -> None:
        """Make these the live prompts of the pack, in place of its earlier version's.

        Texts come first, then the index with its version row in one transaction: until that moment nobody sees any of
        it. Publishing the same version again changes nothing; with other words, or while somebody else publishes, it
        raises WriteConflictError.
        """
        for entry, text in prompts:
            ref = entry.ref
            self.table.write(
                Write(
                    "Put",
                    keys.prompt(ref.pack, ref.version, ref.prompt),
                    item=_text_item(text),
                    # A published version never changes: couples have days that point at these very words.
                    condition="attribute_not_exists(pk) OR (texts = :texts AND whys = :whys AND hints = :hints)",
                    values={":texts": dict(text.texts), ":whys": dict(text.whys), ":hints": dict(text.hints)},
                )
            )
        head = self._head()
        self._checked_at = None
        others = [entry for entry in self.entries() if entry.ref.pack != pack]
        live = [*others, *(entry for entry, _ in prompts)]
        if set(live) == set(self._entries):
            return
        version = head["version"] + 1
        rows = [live[start : start + ENTRIES_IN_A_ROW] for start in range(0, len(live), ENTRIES_IN_A_ROW)]
        self.table.transact(
            [
                Write(
                    "Put",
                    keys.CATALOGUE_VERSION,
                    item={"version": version, "rows": len(rows)},
                    condition="version = :read" if head["version"] else "attribute_not_exists(pk)",
                    values={":read": head["version"]} if head["version"] else {},
                ),
                *(
                    Write(
                        "Put",
                        keys.catalogue_index(version, number),
                        item={"entries": [_entry_row(entry) for entry in row]},
                    )
                    for number, row in enumerate(rows)
                ),
            ]
        )
        self._checked_at = None

    def _head(self) -> Item:
        return self.table.get(keys.CATALOGUE_VERSION) or {"version": 0, "rows": 0}


def _entry_row(entry: Entry) -> list[object]:
    ref = entry.ref
    return [ref.pack, ref.version, ref.prompt, entry.theme, entry.kind, entry.depth, entry.comfort]


def _entry_from(row: Sequence[Any]) -> Entry:
    pack, version, prompt, theme, kind, depth, comfort = row
    ref = PromptRef(PackId(pack), version, PromptId(prompt))
    return Entry(ref=ref, theme=Theme(theme), kind=PromptKind(kind), depth=depth, comfort=comfort)


def _text_item(text: PromptText) -> Item:
    return {
        "theme": text.theme,
        "kind": text.kind,
        "default": text.default,
        "texts": dict(text.texts),
        "whys": dict(text.whys),
        "hints": dict(text.hints),
    }


def _text_from(item: Mapping[str, Any]) -> PromptText:
    return PromptText(
        theme=Theme(item["theme"]),
        kind=PromptKind(item["kind"]),
        default=Language(item["default"]),
        texts=item["texts"],
        whys=item["whys"],
        hints=item["hints"],
    )
