"""Nudges: what each person sent lately, one item each, so that one conditional write keeps the cap.

It is the person's and not the couple's: who parts and pairs again has sent what they have sent.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rekindle.domain.models import CoupleId
from rekindle.domain.nudges import Gesture, Nudge, next_nudge_at, remembered, repeated_by
from rekindle.errors import ContentionError, WriteConflictError
from rekindle.store import keys
from rekindle.store.instants import from_millis, to_millis, to_ttl
from rekindle.store.table import Write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rekindle.domain.models import Couple, Uid
    from rekindle.store.table import Item, Table

ATTEMPTS: Final = 10
"""More than ever needed: a write is refused only because another was let through, and the cap lets few."""

KEPT: Final = dt.timedelta(days=3)
"""How long the item outlives its last nudge, which matters for a day."""


@dataclass(frozen=True, slots=True)
class Nudges:
    """The nudges of the table."""

    table: Table

    def sent_by(self, couple: Couple) -> dict[Uid, tuple[Nudge, ...]]:
        """What each of the couple sent lately, as last acknowledged."""
        senders = {keys.nudges(uid): uid for uid in couple.profiles}
        items = self.table.get_many(senders, consistent=True)
        found = {senders[keys.Key(item["pk"], item["sk"])]: _nudges_from(item) for item in items}
        return {uid: found.get(uid, ()) for uid in couple.profiles}

    def send(self, sender: Uid, to: Uid, nudge: Nudge, also: Sequence[Write] = ()) -> Nudge | dt.datetime:
        """Send the nudge to the partner, or find it sent already: as it stands; or when the sender may, if not yet.

        A nudge of the same id that stands is this one, whose acknowledgement was lost. One that is not shown is kept
        by the same write, and counts as much. `also` is written with a nudge that is new or exists.
        """
        key = keys.nudges(sender)
        for _ in range(ATTEMPTS):
            item = self.table.get(key)
            sent = _nudges_from(item or {})
            if existing := repeated_by(nudge, sent):
                # Another gesture under the same key may have come first by a moment.
                self.table.commit(also)
                return existing
            if next_at := next_nudge_at(sent, nudge.at):
                return next_at
            kept = remembered([*sent, nudge])
            write = Write(
                "Put",
                key,
                item={
                    "to": to,
                    "sent": [_entry(each) for each in kept],
                    "ttl": to_ttl(kept[-1].at + KEPT),
                    "revision": item["revision"] + 1 if item else 1,
                },
                condition="revision = :read" if item else "attribute_not_exists(pk)",
                values={":read": item["revision"]} if item else {},
            )
            try:
                self.table.commit([write, *also])
            except WriteConflictError:
                continue
            return nudge
        raise ContentionError("nudges kept coming")


def _nudges_from(item: Mapping[str, Any]) -> tuple[Nudge, ...]:
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


def _entry(nudge: Nudge) -> Item:
    return {
        "id": nudge.id,
        "couple": nudge.couple,
        "gesture": nudge.gesture,
        "at": to_millis(nudge.at),
        "shown": nudge.shown,
    }
