"""Store each person's latest tries of codes. After too many tries a person must wait, so nobody can guess a code."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rekindle.domain.invites import next_try_at, remembered
from rekindle.store import keys
from rekindle.store.instants import from_millis, to_millis, to_ttl
from rekindle.store.table import Write, repeated_on_conflict

if TYPE_CHECKING:
    from rekindle.domain.ids import Uid
    from rekindle.store.keys import Key
    from rekindle.store.table import Table


KEPT: Final = dt.timedelta(days=2)
"""The table keeps the row for at least this time after its latest try. The row of a tried invite ends earlier."""


@dataclass(frozen=True, slots=True)
class Tries:
    """The tries of the table."""

    table: Table

    @repeated_on_conflict("a person's tries of codes kept changing")
    def admit(
        self, key: Key, instant: dt.datetime, fingerprint: str | None = None, code_mac: str | None = None
    ) -> dt.datetime | None:
        """Count one try, and return None if the person may try the code now.

        Call this method before anything checks the code. If a stored try has the same `fingerprint`, the request is a
        repeat: count nothing and return None. Otherwise, if the person has made too many tries, count nothing, and
        return the instant from which they may try again. `key` is the key of the row with the person's tries.
        `fingerprint` identifies the request. The row keeps `code_mac` for KEPT, so that an erasure finds the invites
        that the person has redeemed. A later request with the fingerprint `code_mac` is a repeat, too.
        """
        item = self.table.get(key) or {}
        tries = [from_millis(each) for each in item.get("tries", [])]
        kept = remembered(tries, instant)
        requests = {each: at for each, at in item.get("requests", {}).items() if from_millis(at) in kept}
        codes = {each: at for each, at in item.get("codes", {}).items() if from_millis(at) + KEPT > instant}
        if fingerprint in requests or fingerprint in codes:
            return None
        if next_at := next_try_at(tries, instant):
            return next_at
        if fingerprint:
            requests[fingerprint] = to_millis(instant)
        if code_mac:
            codes[code_mac] = to_millis(instant)
        # Invariant: the row counts each admitted try, even if two requests come at the same moment.
        changed = {
            "tries": [to_millis(each) for each in (*kept, instant)],
            "requests": requests,
            **({"codes": codes} if codes else {}),
            "count": item.get("count", 0) + 1,
            "ttl": to_ttl(instant + KEPT),
        }
        self.table.write(Write.replacing(key, changed, count=item.get("count")))
        return None

    def codes(self, uid: Uid) -> frozenset[str]:
        """Return the MACs of the invites' codes that the person has tried in the last days."""
        return frozenset((self.table.get(keys.tries(uid)) or {}).get("codes", {}))
