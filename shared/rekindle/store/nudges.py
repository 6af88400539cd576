"""Store each sender's latest nudges in one item. So one conditional write can enforce the limit of nudges.

The item belongs to the sender and not to the couple. So after the sender pairs again, the limit also counts nudges to
the former partner.
"""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rekindle.domain.ids import CoupleId
from rekindle.domain.nudges import Gesture, Nudge, next_nudge_at, original_of, remembered
from rekindle.errors import WriteConflictError
from rekindle.store import keys
from rekindle.store.forms import stored
from rekindle.store.instants import from_millis, to_ttl
from rekindle.store.table import Write, repeated_on_conflict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rekindle.domain.couples import Couple
    from rekindle.domain.ids import Uid
    from rekindle.store.table import Table

NOBODY: Final = ""
"""The stored recipient of nudges to a person who has erased their account."""

KEPT: Final = dt.timedelta(days=3)
"""The table keeps the item for at least this time after its latest nudge. The limit counts a nudge for 24 hours."""


@dataclass(frozen=True, slots=True)
class Nudges:
    """The nudges of the table."""

    table: Table

    def sent_by(self, couple: Couple) -> dict[Uid, tuple[Nudge, ...]]:
        """Map each partner to the latest nudges that they sent (a strongly consistent read)."""
        senders = {keys.nudges(uid): uid for uid in couple.profiles}
        items = self.table.get_many(senders, consistent=True)
        sent = {senders[keys.Key(item["pk"], item["sk"])]: nudges_from(item) for item in items}
        return {uid: sent.get(uid, ()) for uid in couple.profiles}

    @repeated_on_conflict("a person's nudges kept changing")
    def send(self, sender: Uid, to: Uid, nudge: Nudge, also: Sequence[Write] = ()) -> Nudge | dt.datetime:
        """Store the nudge to the partner, in one transaction with the writes in `also`.

        If the sender has sent a nudge with the same id in the last 24 hours, the request is a repeat. Then execute only
        the writes in `also`. A nudge counts for the limit even if the partner does not see it.

        Returns:
            The stored nudge, or the instant of the next allowed nudge if the sender has reached the limit.
        """
        item = self.table.get(keys.nudges(sender)) or {"revision": 0}
        sent = nudges_from(item)
        if existing := original_of(nudge, sent):
            # The existing nudge may have a different gesture, if two requests used one idempotency key at the same
            # moment.
            self.table.commit(also)
            return existing
        if next_at := next_nudge_at(sent, nudge.at):
            return next_at
        kept = remembered([*sent, nudge])
        changed = {"to": to, "sent": stored(kept), "ttl": to_ttl(kept[-1].at + KEPT)}
        # Invariant: nobody exceeds the limit, even if two nudges arrive at the same moment.
        self.table.commit([Write.versioned(keys.nudges(sender), changed, item["revision"]), *also])
        return nudge

    def forget_recipient(self, sender: Uid, recipient: Uid) -> None:
        """Remove the recipient from the sender's latest nudges. The nudges still count for the limit."""
        with suppress(WriteConflictError):
            self.table.write(
                Write(
                    "Update",
                    keys.nudges(sender),
                    update="SET #to = :nobody",
                    condition="#to = :recipient",
                    names={"#to": "to"},
                    values={":nobody": NOBODY, ":recipient": recipient},
                )
            )


def nudges_from(item: Mapping[str, Any]) -> tuple[Nudge, ...]:
    """Read a sender's latest nudges from their item. An empty item has no nudges."""
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
