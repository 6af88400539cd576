"""Give an end (`ttl`) to rows that version 0.1.0 stored without one. Later versions store such rows with an end."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from rekindle.errors import WriteConflictError
from rekindle.store import keys
from rekindle.store.audit import audit_ttl
from rekindle.store.couples import couple_from, ending
from rekindle.store.instants import from_millis
from rekindle.store.solo import solo_ttl
from rekindle.store.table import Write
from rekindle.store.tallies import counters_ttl

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rekindle.store.table import Table


def give_end(table: Table, item: Mapping[str, Any]) -> bool:
    """Give the row its `ttl`, if rows of its kind have an end. Return whether this call has changed the row."""
    write = None if "ttl" in item else _write_of(item)
    if write is None:
        return False
    try:
        table.write(write)
    except WriteConflictError:
        return False  # Another process has changed or deleted the row.
    return True


def _write_of(item: Mapping[str, Any]) -> Write | None:
    key = keys.Key(item["pk"], item["sk"])
    if key.pk.startswith(keys.COUPLE_PREFIX) and key.sk == keys.COUPLE:
        couple = couple_from(item)
        return ending(couple, couple.ended_at, "ended_at = :instant") if couple.ended_at else None
    ttl = _ttl_of(key, item)
    return Write.expiring(key, ttl, "attribute_exists(pk) AND attribute_not_exists(#ttl)") if ttl else None


def _ttl_of(key: keys.Key, item: Mapping[str, Any]) -> int | None:
    kind, _, rest = key.sk.partition("#")
    if key.pk == keys.OLDER_AUDIT:
        return audit_ttl(from_millis(item["done"]["at"]))
    if key.pk == keys.STATS:
        return counters_ttl(dt.date.fromisoformat(rest))
    if key.pk.startswith(keys.PERSON_PREFIX) and kind == "SOLO":
        return solo_ttl(dt.date.fromisoformat(rest or max(item["themes_met"])))
    if key.pk.startswith(keys.COUPLE_PREFIX) and kind == "SHARED":
        return solo_ttl(dt.date.fromisoformat(rest.partition("#")[0]))
    return None
