"""Store the dates that have news. On a date with news, the push of the daily prompt announces a new pack.

A new date is stored at least an hour before the date begins anywhere on earth. So a process may keep the stored dates
in memory for some minutes.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from rekindle.packs.lifecycle import NEWS_AUDIENCES, news_date
from rekindle.store import keys
from rekindle.store.table import Write

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekindle.domain.ids import PackId
    from rekindle.packs.lifecycle import PackHead
    from rekindle.store.table import Table

REMEMBERED: Final = 600.0
"""Seconds for which a process uses the dates in memory without reading them again."""
KEPT: Final = dt.timedelta(days=400)


@dataclass(slots=True)
class News:
    """The dates that have news, as this process has them in memory. `monotonic` returns seconds."""

    table: Table
    monotonic: Callable[[], float] = time.monotonic
    _dates: frozenset[dt.date] = frozenset()
    _asked_at: float | None = None

    def dates(self) -> frozenset[dt.date]:
        """Return the dates that have news."""
        now = self.monotonic()
        if self._asked_at is None or now - self._asked_at >= REMEMBERED:
            item = self.table.get(keys.NEWS, consistent=False) or {}
            self._dates = frozenset(map(dt.date.fromisoformat, item.get("dates", ())))
            self._asked_at = now
        return self._dates


def with_news(table: Table, head: PackHead, instant: dt.datetime) -> tuple[PackHead, list[Write]]:
    """Return the pack's head with its news date, and the writes for the stored dates.

    A pack gets a news date when a release is to be announced to NEWS_AUDIENCES. Later releases do not change this date.
    If no release is to be announced any more, the pack loses its date if the date begins at least an hour from now
    everywhere on earth. Otherwise the pack keeps the date, because processes may already have the date in memory.
    """
    announced = [each.live_from for each in head.effective if each.announce and each.audience in NEWS_AUDIENCES]
    if head.news_on is None and announced:
        date = news_date(max(min(announced), instant))
        return replace(head, news_on=date), [_news_write(table, date, head.id, add=True)]
    if head.news_on and not announced and news_date(instant) <= head.news_on:
        return replace(head, news_on=None), [_news_write(table, head.news_on, head.id, add=False)]
    return head, []


def _news_write(table: Table, date: dt.date, pack: PackId, *, add: bool) -> Write:
    """Return the write that adds a pack to a date's news, or removes the pack.

    The write also removes each date that is more than KEPT before `date`.
    """
    item = table.get(keys.NEWS) or {"dates": {}, "revision": 0}
    dates: dict[str, list[str]] = item["dates"]
    packs = [each for each in dates.get(str(date), []) if each != pack] + ([pack] if add else [])
    kept = {day: of_day for day, of_day in dates.items() if day >= str(date - KEPT) and day != str(date)}
    return Write.versioned(keys.NEWS, {"dates": kept | ({str(date): packs} if packs else {})}, item["revision"])
