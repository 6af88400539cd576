"""The tallies on real engines: exact however many tallies count the same couples at once, and wherever one dies."""

from __future__ import annotations

import contextlib
import datetime as dt
import random
from concurrent.futures import ThreadPoolExecutor
from itertools import batched
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rekindle.domain.changes import FinishedRun
from rekindle.domain.ids import CoupleId, PackId, PromptId
from rekindle.domain.prompts import Theme
from rekindle.domain.pushes import PushKind, Reach
from rekindle.domain.tallies import DayProgress, Met, StreakProgress
from rekindle.errors import ContentionError
from rekindle.store import keys
from rekindle.store.table import unmarshal
from rekindle.store.tallies import KEPT, Tallies
from testing.stored import row_in
from testing.wire import Crash, Fault, Wire, tapped
from tests.tally_model import Event, by_couple, model

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rekindle.store.table import Table

MONDAY = dt.date(2026, 3, 2)
STARTER = PackId("starter")


def a_week_of(couples: int) -> list[Event]:
    """Return a week of couples' changes: days opened, answered and completed, and streaks that grow."""
    events = []
    for number in range(couples):
        couple = CoupleId(f"couple-{number}")
        for day, theme in enumerate(Theme):
            date = MONDAY + dt.timedelta(days=day)
            met = (Met(STARTER, PromptId(f"{theme}-{number % 3}"), again=number % 5 == 0),)
            events += [Event(24 * day, couple, DayProgress(date, theme, met, answered)) for answered in range(3)]
            events.append(Event(24 * day, couple, StreakProgress(date, day + 1, day + number)))
    return events


def counters(table: Table) -> dict[tuple[str, str, str], int]:
    """All counters that there are: a test may scan."""
    pages = table.client.get_paginator("scan").paginate(TableName=table.name, ConsistentRead=True)
    return {
        (item["pk"], item["sk"], name): count
        for page in pages
        for item in map(unmarshal, page["Items"])
        if item["pk"].startswith("STATS")
        for name, count in item.items()
        if isinstance(count, int) and count
    }


def test_a_week_of_couples_is_counted_as_a_plain_count_has_it(table: Table) -> None:
    events = a_week_of(40)
    Tallies(table).count(by_couple(events))
    assert counters(table) == model(events)
    Tallies(table).count(by_couple(events))
    assert counters(table) == model(events)


def test_a_row_is_forgotten_long_after_its_newest_date(table: Table) -> None:
    Tallies(table).count(by_couple(a_week_of(1)))
    row = row_in(table, keys.tally(CoupleId("couple-0")))
    last = dt.datetime(2026, 3, 8, tzinfo=dt.UTC)
    assert row["ttl"] == int((last + KEPT).timestamp())


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
    """Count a batch as the stream does: retry for as long as other batches conflict."""
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


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("at", range(1, 6))
def test_a_repeated_batch_is_counted_once_after_any_fault(table: Table, fault: Fault, at: int) -> None:
    events = a_week_of(130)
    wire = Wire(fault, at, only=frozenset({"BatchGetItem", "TransactWriteItems"}))
    with tapped(wire, table.client), contextlib.suppress(Crash, ConnectionClosedError, ClientError):
        Tallies(table).count(by_couple(events))
    assert wire.struck
    Tallies(table).count(by_couple(events))
    assert counters(table) == model(events)


def test_a_run_is_counted_once_by_however_many(table: Table) -> None:
    run = FinishedRun("7k#2026-03-02", MONDAY, {PushKind.TOUCH: Reach(30, 20)})
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: Tallies(table).count({}, [run]), range(4)))
    week = ("STATS", "WEEK#2026-03-02")
    assert counters(table) == {(*week, "reach/touch/due"): 30, (*week, "reach/touch/reached"): 20}


def test_the_store_says_so_when_the_table_is_gone(table: Table) -> None:
    """Then nothing is acknowledged, and the batch comes again."""
    gone = type(table)(table.client, f"{table.name}-gone")
    with pytest.raises(ClientError):
        Tallies(gone).count(by_couple(a_week_of(1)))


@given(data=st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_and_any_batches_come_to_the_same(table: Table, data: st.DataObject) -> None:
    """Each time with couples of its own, in one table."""
    before = counters(table)
    prefix = f"{len(before)}-{sum(before.values())}"
    events = [Event(each.hour, CoupleId(f"{prefix}-{each.couple}"), each.told) for each in a_week_of(3)]
    given_out = data.draw(st.permutations(events)) + data.draw(st.lists(st.sampled_from(events), max_size=20))
    for batch in batched(given_out, data.draw(st.integers(1, 40)), strict=False):
        Tallies(table).count(by_couple(batch))
    after = counters(table)
    assert {
        name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)
    } == model(events)
