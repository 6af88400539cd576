"""The tallies are exact on a real engine when several processes count the same couples."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from typing import TYPE_CHECKING

from rekindle.domain.changes import FinishedRun
from rekindle.domain.pushes import PushKind, Reach
from rekindle.errors import ContentionError
from rekindle.store.tallies import Tallies
from tests.tally_model import FIRST, Event, a_week_of, by_couple, counters, model

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rekindle.store.table import Table


def test_tallies_that_count_the_same_couples_at_once_count_each_once(table: Table) -> None:
    """Two counts overlap when a shard changes hands, or a retry starts early."""
    events = a_week_of(30)
    dice = random.Random(4)  # noqa: S311  no secret

    def count(number: int) -> None:
        mine = events if number % 2 else sorted(events, key=lambda _: dice.random())
        for batch in batched(mine, 60, strict=False):
            until_counted(table, batch)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count, range(4)))
    assert counters(table) == model(events)


def until_counted(table: Table, events: Iterable[Event]) -> None:
    """Count a batch as the stream does: retry while other batches conflict."""
    while True:
        try:
            Tallies(table).count(by_couple(events))
        except ContentionError:
            continue
        return


def test_tallies_of_different_couples_share_the_counters(table: Table) -> None:
    events = a_week_of(64)
    shards = [[event for event in events if int(event.couple.partition("-")[2]) % 4 == shard] for shard in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda shard: until_counted(table, shard), shards))
    assert counters(table) == model(events)


def test_a_run_is_counted_once_by_however_many(table: Table) -> None:
    run = FinishedRun("7k#2026-03-02", FIRST, {PushKind.TOUCH: Reach(30, 20)})
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: Tallies(table).count({}, [run]), range(4)))
    week = ("STATS", "WEEK#2026-03-02")
    assert counters(table) == {(*week, "reach/touch/due"): 30, (*week, "reach/touch/reached"): 20}
