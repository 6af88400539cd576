"""Streaks: which dates were complete, as a bitmap, from which everything else is worked out."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rekindle.domain.calendar import dates
from rekindle.domain.open_days import earliest_date, streak_at
from rekindle.domain.streaks import History, pack_dates, unpack_dates
from rekindle.errors import ContentionError, WriteConflictError
from rekindle.store import keys
from rekindle.store.couples import Couples
from rekindle.store.days import Days
from rekindle.store.instants import to_millis
from rekindle.store.table import Write

if TYPE_CHECKING:
    from rekindle.domain.models import Couple, CoupleId
    from rekindle.store.table import Table

ATTEMPTS: Final = 10
"""How often the bitmap is read anew when the couple's other open day has just been noted in it."""


@dataclass(frozen=True, slots=True)
class Streaks:
    """The streaks of the table."""

    table: Table

    def history(self, couple: Couple) -> History:
        """The couple's complete dates as last acknowledged, and the dates that were not theirs to miss."""
        item = self.table.get(keys.streak(couple.id))
        return self._history(couple, unpack_dates(_origin(couple), item["bits"] if item else b""))

    def complete(self, couple_id: CoupleId, date: dt.date, instant: dt.datetime) -> None:
        """Note that the date is complete; noting it again changes nothing, in whatever order dates arrive.

        `run` and `changed_at` say what the streak came to at `instant`, for milestones; who asks for the streak gets
        it worked out from the bitmap as it stands at their own instant.
        """
        key = keys.streak(couple_id)
        for _ in range(ATTEMPTS):
            item = self.table.get(key)
            couple = Couples(self.table).couple(couple_id)
            if couple is None or (item and date in unpack_dates(_origin(couple), item["bits"])):
                return
            complete = unpack_dates(_origin(couple), item["bits"] if item else b"") | {date}
            stored = Days(self.table).nearby(couple_id, instant)
            write = Write(
                "Put",
                key,
                item={
                    "persons": sorted(couple.profiles),
                    "bits_from": str(_origin(couple)),
                    "bits": pack_dates(_origin(couple), complete),
                    "run": streak_at(couple, self._history(couple, complete), stored, instant).current,
                    "changed_at": to_millis(instant),
                },
                condition="bits = :read" if item else "attribute_not_exists(pk)",
                values={":read": item["bits"]} if item else {},
            )
            try:
                self.table.write(write)
            except WriteConflictError:
                continue
            return
        raise ContentionError("a streak kept changing")

    def _history(self, couple: Couple, complete: frozenset[dt.date]) -> History:
        first = min({couple.first_date, *complete})
        begun = dates(first, couple.counted_from - dt.timedelta(days=1))
        outages = self.table.get(keys.OUTAGES, consistent=False) or {}
        return History(
            first=first,
            complete=complete,
            paused=couple.paused,
            excused=frozenset(begun) | {dt.date.fromisoformat(date) for date in outages.get("dates", ())},
        )


def _origin(couple: Couple) -> dt.date:
    return earliest_date(couple.first_date)
