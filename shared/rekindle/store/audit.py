"""The audit of staff's actions: rows that are only added, in the transaction of the action, and never deleted."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rekindle.domain.ids import PackId, PromptId
from rekindle.packs.lifecycle import Actor, AuditEntry, StaffAction
from rekindle.store import keys
from rekindle.store.forms import stored
from rekindle.store.instants import from_millis, to_millis
from rekindle.store.table import Write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rekindle.store.table import Table


@dataclass(frozen=True, slots=True)
class Audit:
    """The audit rows of the table."""

    table: Table

    def entries(self, before: str | None, limit: int) -> tuple[list[AuditEntry], str | None]:
        """Return the latest actions before a cursor, latest first, and the next cursor; None at the end."""
        page = self.table.query(keys.AUDIT, after=before, limit=limit, descending=True)
        return [_entry_from(item) for item in page.items], page.last


def audit_row(entry: AuditEntry, revision: int) -> Write:
    """Return the row of the action that made this revision of its object. No write replaces the row."""
    done = entry.done
    # Two actions can have the same millisecond, so their content is part of the key.
    name = hashlib.blake2b(f"{entry} {revision}".encode(), digest_size=6).hexdigest()
    details = {"pack": entry.pack, "version": entry.version, "prompt": entry.prompt, "note": entry.note}
    return Write(
        "Put",
        keys.audit(to_millis(done.at), name),
        item={"done": stored(done), "action": entry.action}
        | {name: value for name, value in details.items() if value is not None},
        condition="attribute_not_exists(pk)",
    )


def actor_from(item: Mapping[str, Any]) -> Actor:
    """Read an actor from its item part."""
    return Actor(item["uid"], item["name"], from_millis(item["at"]))


def _entry_from(item: Mapping[str, Any]) -> AuditEntry:
    return AuditEntry(
        done=actor_from(item["done"]),
        action=StaffAction(item["action"]),
        pack=PackId(item["pack"]) if "pack" in item else None,
        version=item.get("version"),
        prompt=PromptId(item["prompt"]) if "prompt" in item else None,
        note=item.get("note"),
    )
