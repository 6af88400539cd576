"""Store idempotency keys. A client repeats a request with the same key, so that the repeat changes nothing."""

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
"""The table keeps an idempotency key for at least this time. DynamoDB deletes the key some time later."""


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request, and whether it is a repeat.

    `fingerprint` is the MAC of the request, or None if the request has no idempotency key. `writes` stores a new key.
    If there is no new key, `writes` is empty. Execute `writes` in the request's transaction, so that a refused request
    stores no key.
    """

    fingerprint: str | None = None
    is_repeat: bool = False
    writes: tuple[Write, ...] = ()


@dataclass(frozen=True, slots=True)
class IdempotencyKeys:
    """The idempotency keys of the table."""

    table: Table

    def request(self, uid: Uid, idempotency_key: str, fingerprint: str, instant: dt.datetime) -> KeyedRequest | None:
        """Return the request with this fingerprint. Return None if a different request has used the key."""
        key = keys.once(uid, idempotency_key)
        if item := self.table.get(key):
            return KeyedRequest(fingerprint, is_repeat=True) if item["fingerprint"] == fingerprint else None
        # Invariant: a key belongs to one request, even if two requests with the same key arrive at the same moment.
        storing = Write(
            "Put",
            key,
            item={"fingerprint": fingerprint, "ttl": to_ttl(instant + KEPT)},
            condition="attribute_not_exists(pk) OR fingerprint = :fingerprint",
            values={":fingerprint": fingerprint},
            otherwise=lambda: KeyReusedError("another request took the key at the same moment"),
        )
        return KeyedRequest(fingerprint, writes=(storing,))
