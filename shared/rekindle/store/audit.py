"""Store an audit row in the transaction of each staff action. No function changes or deletes an audit row."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter

from rekindle.packs.lifecycle import AuditEntry
from rekindle.store import keys
from rekindle.store.forms import stored
from rekindle.store.instants import to_millis, to_ttl
from rekindle.store.table import Write

if TYPE_CHECKING:
    from rekindle.store.table import Table

KEPT: Final = dt.timedelta(days=10 * 365 + 3)
"""The table keeps an audit row for ten years, as practices commonly keep their records."""

_ENTRIES: Final = TypeAdapter(AuditEntry)


@dataclass(frozen=True, slots=True)
class Audit:
    """The audit rows of the table."""

    table: Table

    def entries(self, before: str | None, limit: int) -> tuple[list[AuditEntry], str | None]:
        """Return a page of actions, latest first, and the cursor of the next page.

        The page begins after the cursor `before`, or with the latest action if `before` is None. On the last page the
        returned cursor is None.
        """
        page = self.table.query(keys.AUDIT, after=before, limit=limit, descending=True)
        return [_ENTRIES.validate_python(item) for item in page.items], page.last


def audit_row(entry: AuditEntry, revision: int) -> Write:
    """Return the write of an action's audit row.

    `revision` is the new revision of the pack or help that the action changes.
    """
    # Two actions can happen in the same millisecond. So a digest of the action is part of the key.
    name = hashlib.blake2b(f"{entry} {revision}".encode(), digest_size=6).hexdigest()
    item = {field: value for field, value in stored(entry).items() if value is not None}
    return Write.new(keys.audit(to_millis(entry.done.at), name), {**item, "ttl": audit_ttl(entry.done.at)})


def audit_ttl(instant: dt.datetime) -> int:
    """Return the `ttl` of the row of an action."""
    return to_ttl(instant + KEPT)
