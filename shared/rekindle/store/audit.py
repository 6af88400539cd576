"""Store an audit row in the transaction of each staff action. No function changes or deletes an audit row.

The rows are a chain: each has a number, and a digest that covers the row before it. The head names the last row. The
transaction that adds a row also moves the head, so that two actions cannot follow the same row. The rows of version
0.1.0 are in another partition, and have no chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter

from rekindle.errors import ContentionError, WriteConflictError
from rekindle.packs.audit_chain import KEPT, ChainedEntry, Link, fault_in, linked
from rekindle.packs.lifecycle import AuditEntry
from rekindle.store import keys
from rekindle.store.forms import stored
from rekindle.store.instants import from_millis, to_millis, to_ttl
from rekindle.store.notices import audited_notice_row
from rekindle.store.table import URGENT_ATTEMPTS, Write
from rekindle.telemetry import logger

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from rekindle.packs.notices import Notice
    from rekindle.store.keys import Key
    from rekindle.store.table import Item, Table

_ENTRIES: Final = TypeAdapter(AuditEntry)
_LINKS: Final = TypeAdapter(Link)


@dataclass(frozen=True, slots=True)
class AuditPage:
    """A page of entries, latest first. The next page begins after the cursor `before`, which is None on the last page.

    `intact` says whether the chain is whole on this page and up to the first entry of the next page. On the first page,
    it also says whether the entry that the head names is there.
    """

    entries: list[ChainedEntry]
    before: str | None
    intact: bool


@dataclass(frozen=True, slots=True)
class Audit:
    """The audit rows of the table."""

    table: Table

    def page(self, before: str | None, limit: int, instant: dt.datetime) -> AuditPage:
        """Return a page of at most `limit` entries at an instant, latest first.

        The page begins after the cursor `before`, or with the latest action if `before` is None.
        """
        # Read one more row, the first of the next page. It shows whether an entry is missing between the two pages.
        rows, older = (
            self.table.query(pk, after=before, limit=limit + 1, descending=True).items
            for pk in (keys.AUDIT, keys.OLDER_AUDIT)
        )
        chained = [_chained(item) for item in rows]
        # If the query found fewer rows, it has read up to the oldest one.
        intact = fault_in(chained, instant, complete=len(rows) <= limit) is None
        if before is None:
            # The head is read after the rows, so it is not older than they are.
            intact = intact and self._has_named_by(_head(self.table), chained, instant)
        items = sorted([*rows, *older], key=itemgetter("sk"), reverse=True)
        more = len(items) > limit
        return AuditPage([_chained(item) for item in items[:limit]], items[limit - 1]["sk"] if more else None, intact)

    def _has_named_by(self, head: dict[str, Any] | None, entries: Sequence[ChainedEntry], instant: dt.datetime) -> bool:
        """Return whether the entry that the head names is there, or has ended after ten years."""
        if head is None:
            return not entries
        if from_millis(head["at"]) + KEPT <= instant:
            return True
        named = self.table.get(_key(head["at"], head["number"])) or {}
        return (named.get("number"), named.get("digest")) == (head["number"], head["digest"])


def record(table: Table, entry: AuditEntry, writes: Sequence[Write] = (), notice: Notice | None = None) -> None:
    """Execute the writes of an action, and add its entry to the audit and a notice to all staff, in one transaction.

    The log gets the number and the digest of the entry. No function can change its log, so the log is a witness outside
    of the table. If another action was faster, try again after the faster one.

    Raises:
        WriteConflictError: a condition of `writes` failed. Then read again, and repeat all.
        ContentionError: other actions were faster each time.
    """
    for _ in range(URGENT_ATTEMPTS):
        added = audit_writes(table, entry, notice)
        try:
            table.transact([*writes, *added], urgent=True)
        except WriteConflictError as error:
            if min(error.existing) < len(writes):
                raise
            table.back_off(0)
        else:
            logger.info("audited", extra={name: added[0].item[name] for name in ("number", "digest")})
            return
    raise ContentionError("the audit kept changing")


def audit_writes(table: Table, entry: AuditEntry, notice: Notice | None = None) -> list[Write]:
    """Return the writes that add an entry after the last one, and a notice of it.

    The writes fail if another entry was added since this read.
    """
    head = _head(table) or {}
    number = head.get("number", 0) + 1
    # A slow request can be older than the last entry. The keys of entries have the same order as their numbers.
    at = max(to_millis(entry.done.at), head.get("at", 0))
    link = linked(entry, number, head.get("digest"), from_millis(head["at"]) if head else None)
    moved = {"number": number, "digest": link.digest, "at": at}
    told = [audited_notice_row(notice, at, number)] if notice else []
    return [audit_row(entry, link, at), Write.replacing(keys.AUDIT_HEAD, moved, number=head.get("number")), *told]


def audit_row(entry: AuditEntry, link: Link, millis: int) -> Write:
    """Return the write of an entry's row. `millis` is the instant in the row's key."""
    item = {name: value for name, value in (stored(entry) | stored(link)).items() if value is not None}
    ttl = audit_ttl(from_millis(millis))
    return Write.new(_key(millis, link.number), {**item, "ttl": ttl})


def audit_ttl(instant: dt.datetime) -> int:
    """Return the `ttl` of the row of an action."""
    return to_ttl(instant + KEPT)


def _head(table: Table) -> dict[str, Any] | None:
    return table.get(keys.AUDIT_HEAD)


def _chained(item: Item) -> ChainedEntry:
    return ChainedEntry(_ENTRIES.validate_python(item), _LINKS.validate_python(item) if "number" in item else None)


def _key(millis: int, number: int) -> Key:
    return keys.audit(millis, f"{number:012x}")
