"""Store the watermark of the function `tick`: the instant up to which it has enqueued the jobs of slots."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekindle.errors import WriteConflictError
from rekindle.store import keys
from rekindle.store.instants import from_millis, to_millis
from rekindle.store.table import Write

if TYPE_CHECKING:
    import datetime as dt

    from rekindle.store.table import Table


@dataclass(frozen=True, slots=True)
class Watermark:
    """The watermark of the table."""

    table: Table

    def read(self) -> dt.datetime | None:
        """Return the watermark. Return None if no tick has stored the watermark yet."""
        item = self.table.get(keys.WATERMARK)
        return from_millis(item["until_at"]) if item else None

    def advance(self, until: dt.datetime) -> None:
        """Move the watermark to `until`. Do nothing if the watermark is already at or after `until`."""
        # Invariant: the watermark never moves back, even if two ticks run at the same time. Before this write, each
        # tick has enqueued the jobs of all slots between the watermark and `until`. So ticks leave out only a slot that
        # is more than MAX_LATENESS late.
        further = Write(
            "Put",
            keys.WATERMARK,
            item={"until_at": to_millis(until)},
            condition="attribute_not_exists(pk) OR until_at < :until",
            values={":until": to_millis(until)},
        )
        with contextlib.suppress(WriteConflictError):
            self.table.write(further)
