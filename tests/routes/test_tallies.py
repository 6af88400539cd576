"""The counters equal a plain count, in any order and batches, and after any crash."""

from __future__ import annotations

import datetime as dt
from itertools import batched
from typing import TYPE_CHECKING, cast

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from rekindle.domain.ids import CoupleId
from rekindle.store import keys
from rekindle.store.tallies import KEPT, Tallies
from testing.memory_table import MemoryTable
from testing.push_world import CrashError, calls, no_such_table
from testing.stored import row_in
from tests.tally_model import a_week_of, by_couple, counters, model

if TYPE_CHECKING:
    from rekindle.store.table import Table


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


@pytest.mark.parametrize("crash_at", range(4))
def test_a_repeated_batch_is_counted_once_after_any_crash(table: Table, crash_at: int) -> None:
    """A lost reply or a throttled request leaves the same rows as a crash, so crashes are enough here."""
    events = [event for event in a_week_of(130) if event.hour == 0]
    with calls(table, crash_at=crash_at), pytest.raises(CrashError):
        Tallies(table).count(by_couple(events))
    Tallies(table).count(by_couple(events))
    assert counters(table) == model(events)


def test_the_store_says_so_when_the_table_is_gone() -> None:
    """Then the batch is not acknowledged, and comes again."""
    with pytest.raises(ClientError):
        Tallies(no_such_table()).count(by_couple(a_week_of(1)))


@given(data=st.data())
def test_any_order_and_any_batches_come_to_the_same(data: st.DataObject) -> None:
    table, events = cast("Table", MemoryTable()), a_week_of(3)
    given_out = data.draw(st.permutations(events)) + data.draw(st.lists(st.sampled_from(events), max_size=20))
    for batch in batched(given_out, data.draw(st.integers(1, 40)), strict=False):
        Tallies(table).count(by_couple(batch))
    assert counters(table) == model(events)
