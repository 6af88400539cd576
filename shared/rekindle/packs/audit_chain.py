"""Chain the entries of the audit by digests, so that a changed, inserted or removed entry shows."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from rekindle.packs.lifecycle import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Sequence

KEPT: Final = dt.timedelta(days=10 * 365 + 3)
"""An entry is kept for ten years, as practices commonly keep their records."""


@dataclass(frozen=True, slots=True)
class Link:
    """An entry's place in the chain.

    `number` counts up from 1. `digest` covers the entry and all other fields of the link. `previous` is the digest of
    the entry before it, and `previous_at` is the instant of that entry. Both are None for the first entry.
    """

    number: int
    digest: str
    previous: str | None = None
    previous_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class ChainedEntry:
    """An entry with its link. The link is None for an entry of version 0.1.0, which had no chain."""

    entry: AuditEntry
    link: Link | None


def linked(entry: AuditEntry, number: int, previous: str | None, previous_at: dt.datetime | None) -> Link:
    """Return the link of an entry."""
    return Link(number, _digest_of(entry, number, previous, previous_at), previous, previous_at)


def fault_in(entries: Sequence[ChainedEntry], instant: dt.datetime, *, complete: bool) -> str | None:
    """Return a sentence about the first fault in a part of the chain, or None if this part is whole.

    The latest entry comes first. If `complete` is true, the part has all entries that are kept at the instant, down to
    the oldest one. Leave out the entries of version 0.1.0, which had no chain.

    DynamoDB deletes ended entries in any order. So a gap between ended entries is no fault.
    """
    for each, older in zip(entries, [*entries[1:], None], strict=False):
        link = each.link
        if link is None:
            return "an entry has no number"
        if link != linked(each.entry, link.number, link.previous, link.previous_at):
            return f"entry {link.number} was changed"
        if link.previous_at and link.previous_at + KEPT <= instant:
            continue
        if older and older.link and (older.link.number, older.link.digest) != (link.number - 1, link.previous):
            return f"the entry before entry {link.number} was changed or removed"
        if older is None and complete and link.number > 1:
            return f"the entry before entry {link.number} was removed"
    return None


def _digest_of(entry: AuditEntry, number: int, previous: str | None, previous_at: dt.datetime | None) -> str:
    covered = asdict(entry) | {"number": number, "previous": previous, "previous_at": previous_at}
    # A field that is None is left out, so that a new field changes no digest of an older entry.
    content = {name: value for name, value in covered.items() if value is not None}
    text = json.dumps(content, default=_text_of, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _text_of(instant: dt.datetime) -> str:
    return instant.astimezone(dt.UTC).isoformat(timespec="milliseconds")
