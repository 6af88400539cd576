"""Store the statistics that the practice sees: rounded numbers, which stay the same for one day in UTC."""

from __future__ import annotations

import datetime as dt
import json
import zlib
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Any, Final

from rekindle.domain.ids import PackId, PromptId
from rekindle.domain.statistics import PackCounters, shown_days, shown_weeks, view
from rekindle.errors import WriteConflictError
from rekindle.push.kinds import REMINDERS
from rekindle.store import keys
from rekindle.store.instants import to_ttl
from rekindle.store.table import Write, every_item

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rekindle.domain.statistics import Counters
    from rekindle.store.table import Table

KEPT: Final = dt.timedelta(days=3)
"""The table keeps the statistics of a date for at least this time."""
PART: Final = 350_000
"""A row has at most this many bytes of the statistics. DynamoDB's limit for a row is 400 KB."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """The statistics of the table. A date's statistics are stored in rows of at most `part` bytes."""

    table: Table
    part: int = PART

    def view(self, instant: dt.datetime, packs: Mapping[PackId, bool]) -> dict[str, Any]:
        """Return the statistics of the instant's UTC date as JSON values.

        The first request on a date computes the statistics of `packs` and their prompts from the counters, and stores
        the result. Each later request on this date returns the stored statistics. So nobody can learn from repeated
        requests when a couple did something. If a pack is published after the first request, the date's statistics do
        not have this pack. `packs` maps each pack to whether couples join it by a code, or did so earlier.
        """
        if kept := self._kept(instant.date()):
            return kept
        fresh = self._counted(instant, packs)
        # Invariant: a date's statistics never change.
        try:
            self.table.transact(shown_rows(fresh, instant, self.part))
        except WriteConflictError:
            # Another request has stored the statistics at the same moment.
            return self._kept(instant.date()) or fresh
        return fresh

    def _kept(self, date: dt.date) -> dict[str, Any] | None:
        parts = list(every_item(self.table, keys.shown(date, 0).pk))
        # While a request writes the parts, a query may see only some of them.
        if not parts or len(parts) < parts[0]["parts"]:
            return None
        kept: dict[str, Any] = json.loads(zlib.decompress(b"".join(part["view"] for part in parts)))
        return kept

    def _counted(self, instant: dt.datetime, packs: Mapping[PackId, bool]) -> dict[str, Any]:
        days, weeks = shown_days(instant), shown_weeks(instant)
        rows = {
            item["sk"]: _counters(item)
            for first, last in (
                (keys.stats_of_date(days[0]), keys.stats_of_date(days[-1])),
                (keys.stats_of_week(weeks[-1]), keys.stats_of_week(weeks[0])),
            )
            for item in every_item(self.table, keys.STATS, between=(first.sk, last.sk))
        }
        return view(
            instant,
            {date: rows.get(keys.stats_of_date(date).sk, {}) for date in days},
            {week: rows.get(keys.stats_of_week(week).sk, {}) for week in weeks},
            {
                pack: PackCounters(
                    {
                        PromptId(item["sk"].partition("#")[2]): _counters(item)
                        for item in every_item(self.table, keys.stats_of_pack(pack))
                    },
                    by_code=by_code,
                )
                for pack, by_code in packs.items()
            },
            REMINDERS,
        )


def shown_rows(view: Mapping[str, Any], instant: dt.datetime, part: int = PART) -> list[Write]:
    """Return the writes that store the statistics of the instant's UTC date, in rows of at most `part` bytes."""
    packed = zlib.compress(json.dumps(view, separators=(",", ":")).encode())
    parts = [bytes(each) for each in batched(packed, part, strict=False)]
    ttl = to_ttl(instant + KEPT)
    return [
        Write.new(keys.shown(instant.date(), number), {"view": each, "parts": len(parts), "ttl": ttl})
        for number, each in enumerate(parts)
    ]


def _counters(item: Mapping[str, Any]) -> Counters:
    return {name: count for name, count in item.items() if isinstance(count, int) and name != "ttl"}
