"""Nudges: one item for each sender with their latest nudges, so that one conditional write keeps the limit.

The item belongs to the person and not to the couple: the limit continues after a person pairs again.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rekindle.domain.ids import CoupleId
from rekindle.domain.nudges import Gesture, Nudge, next_nudge_at, original_of, remembered
from rekindle.store import keys
from rekindle.store.forms import stored
from rekindle.store.instants import from_millis, to_ttl
from rekindle.store.table import Write, repeated_on_conflict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rekindle.domain.couples import Couple
    from rekindle.domain.ids import Uid
    from rekindle.store.table import Table

KEPT: Final = dt.timedelta(days=3)
"""How long the item is kept after its last nudge, which counts for a day."""


@dataclass(frozen=True, slots=True)
class Nudges:
    """The nudges of the table."""

    table: Table

    def sent_by(self, couple: Couple) -> dict[Uid, tuple[Nudge, ...]]:
        """Return the latest nudges of each of the couple, as last acknowledged."""
        senders = {keys.nudges(uid): uid for uid in couple.profiles}
        items = self.table.get_many(senders, consistent=True)
        found = {senders[keys.Key(item["pk"], item["sk"])]: nudges_from(item) for item in items}
        return {uid: found.get(uid, ()) for uid in couple.profiles}

    @repeated_on_conflict("nudges kept coming")
    def send(self, sender: Uid, to: Uid, nudge: Nudge, also: Sequence[Write] = ()) -> Nudge | dt.datetime:
        """Send the nudge to the partner, together with `also`.

        A nudge with the same id is a repeat of the same request, and is not sent again. A nudge that the partner does
        not see is stored and counted in the same way.

        Returns:
            The sent nudge, or the instant from which the sender may send another one.
        """
        item = self.table.get(keys.nudges(sender)) or {"revision": 0}
        sent = nudges_from(item)
        if existing := original_of(nudge, sent):
            # The existing nudge may have another gesture, if two requests used one key at the same moment.
            self.table.commit(also)
            return existing
        if next_at := next_nudge_at(sent, nudge.at):
            return next_at
        kept = remembered([*sent, nudge])
        changed = {"to": to, "sent": stored(kept), "ttl": to_ttl(kept[-1].at + KEPT)}
        # Invariant: nobody exceeds the limit, even with two nudges at once.
        self.table.commit([Write.versioned(keys.nudges(sender), changed, item["revision"]), *also])
        return nudge


def nudges_from(item: Mapping[str, Any]) -> tuple[Nudge, ...]:
    """Read a sender's latest nudges from their item. An empty item has none."""
    return tuple(
        Nudge(
            id=entry["id"],
            couple=CoupleId(entry["couple"]),
            gesture=Gesture(entry["gesture"]),
            at=from_millis(entry["at"]),
            shown=entry["shown"],
        )
        for entry in item.get("sent", ())
    )
