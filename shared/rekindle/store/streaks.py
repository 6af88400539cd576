"""Store a bitmap of each couple's complete dates, and compute the streak. Both partners answered on a complete date."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rekindle.domain.calendar import dates
from rekindle.domain.changes import StreakRecord
from rekindle.domain.ids import CoupleId, Uid
from rekindle.domain.open_days import earliest_date, streak_at
from rekindle.domain.streaks import History, pack_dates, unpack_dates
from rekindle.store import keys
from rekindle.store.instants import from_millis, to_millis
from rekindle.store.members import forget_member
from rekindle.store.table import Write, repeated_on_conflict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rekindle.domain.couples import Couple
    from rekindle.store.couples import Couples
    from rekindle.store.days import Days
    from rekindle.store.table import Table


@dataclass(frozen=True, slots=True)
class Streaks:
    """The streaks of the table."""

    table: Table
    couples: Couples
    days: Days

    def history(self, couple: Couple) -> History:
        """Return the couple's complete dates, and the dates that never count as missed.

        The complete dates come from a strongly consistent read.
        """
        item = self.table.get(keys.streak(couple.id))
        return self._history(couple, unpack_dates(_origin(couple), item["bits"] if item else b""))

    @repeated_on_conflict("a streak kept changing")
    def complete(self, couple_id: CoupleId, date: dt.date, instant: dt.datetime) -> None:
        """Add a complete date to the couple's bitmap. Do nothing if the bitmap has the date, or the couple has ended.

        Calls may add dates in any order. For the readers of the stream, also store the current streak at `instant` as
        `run`, and `instant` as `changed_at`. The API does not show `run`, but computes the streak from the bitmap at
        the instant of the call.
        """
        key = keys.streak(couple_id)
        item = self.table.get(key)
        couple = self.couples.couple(couple_id)
        if couple is None or couple.ended_at or (item and date in unpack_dates(_origin(couple), item["bits"])):
            return
        complete = unpack_dates(_origin(couple), item["bits"] if item else b"") | {date}
        stored = self.days.nearby(couple_id, instant)
        # Invariant: the bitmap keeps every added date, even if two calls add dates at the same moment.
        values: dict[str, object] = {
            ":persons": sorted(couple.profiles),
            ":from": str(_origin(couple)),
            ":bits": pack_dates(_origin(couple), complete),
            ":run": streak_at(couple, self._history(couple, complete), stored, instant).current,
            ":instant": to_millis(instant),
        }
        # The policy of `react` lets an update change only these attributes of a couple's rows, and return no attribute.
        update = Write(
            "Update",
            key,
            update="SET persons = :persons, bits_from = :from, bits = :bits, #run = :run, changed_at = :instant",
            condition="bits = :read" if item else "attribute_not_exists(pk)",
            names={"#run": "run"},
            values=values | ({":read": item["bits"]} if item else {}),
        )
        self.table.write(update, returned="NONE")

    def forget(self, couple: CoupleId, uid: Uid) -> None:
        """Remove the person from the couple's streak."""
        forget_member(self.table, keys.streak(couple), uid)

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


def streak_from(item: Mapping[str, Any]) -> StreakRecord:
    """Read a streak from its item."""
    return StreakRecord(
        couple=CoupleId(item["pk"].removeprefix(keys.COUPLE_PREFIX)),
        persons=frozenset(map(Uid, item["persons"])),
        complete=unpack_dates(dt.date.fromisoformat(item["bits_from"]), item["bits"]),
        current=item["run"],
        changed_at=from_millis(item["changed_at"]),
    )


def _origin(couple: Couple) -> dt.date:
    """Return the date of the bitmap's first bit."""
    return earliest_date(couple.first_date)
