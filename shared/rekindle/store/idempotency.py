"""Idempotency keys: each names one request, so that a repeat of the request changes nothing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rekindle.errors import KeyReusedError
from rekindle.store import keys
from rekindle.store.instants import to_ttl
from rekindle.store.table import Write

if TYPE_CHECKING:
    from rekindle.domain.ids import Uid
    from rekindle.store.table import Table

KEPT: Final = dt.timedelta(hours=24)
"""How long an idempotency key is remembered."""


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request under an idempotency key. Without a key it has no fingerprint.

    `writes` remember the key. They belong into the request's own transaction, so that a refused request leaves no row.
    A repeat has none.
    """

    fingerprint: str | None = None
    is_repeat: bool = False
    writes: tuple[Write, ...] = ()


@dataclass(frozen=True, slots=True)
class IdempotencyKeys:
    """The idempotency keys of the table."""

    table: Table

    def request(self, uid: Uid, idempotency_key: str, fingerprint: str, instant: dt.datetime) -> KeyedRequest | None:
        """Return the request with this fingerprint, or None if its key names another request."""
        key = keys.once(uid, idempotency_key)
        if item := self.table.get(key):
            return KeyedRequest(fingerprint, is_repeat=True) if item["fingerprint"] == fingerprint else None
        # Invariant: a key names one request, even when two requests arrive at the same moment.
        remembering = Write(
            "Put",
            key,
            item={"fingerprint": fingerprint, "ttl": to_ttl(instant + KEPT)},
            condition="attribute_not_exists(pk) OR fingerprint = :fingerprint",
            values={":fingerprint": fingerprint},
            otherwise=lambda: KeyReusedError("another request took the key at the same moment"),
        )
        return KeyedRequest(fingerprint, writes=(remembering,))

    def remember(self, request: KeyedRequest) -> None:
        """Remember the key of a request that had nothing to change."""
        self.table.commit(request.writes)
