"""A run remembers how far a job has come, so a repeat continues there."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rekindle.domain.pushes import PushKind, Reach
from rekindle.errors import WriteConflictError
from rekindle.store import keys
from rekindle.store.runs import Run, Runs
from testing.builders import an_instant
from testing.push_world import calls
from testing.stored import row_in

if TYPE_CHECKING:
    from rekindle.store.table import Table

SHARD = "7k"
DATE = dt.date(2026, 3, 2)
AT = an_instant("2026-03-02T13:30:00Z")


@pytest.fixture
def runs(table: Table) -> Runs:
    return Runs(table)


def begun(runs: Runs) -> Run:
    return runs.begin(SHARD, DATE, AT)


def test_a_run_begins_before_the_first_page(runs: Runs) -> None:
    run = begun(runs)
    assert (run.cursor, run.done, run.rows) == (None, False, 0)


def test_a_repeat_continues_where_the_run_was_left(runs: Runs) -> None:
    moved = runs.advance(runs.advance(begun(runs), "pada", 1000), "pben", 7)
    assert begun(runs) == moved
    assert (moved.cursor, moved.done, moved.rows) == ("pben", False, 1007)


def test_a_run_keeps_the_reach_of_each_kind_and_counts_each_page_once(runs: Runs, table: Table) -> None:
    page = {PushKind.PROMPT: Reach(3, 2), PushKind.TOUCH: Reach(1, 1)}
    moved = runs.advance(begun(runs), "pada", 4, page)
    with pytest.raises(WriteConflictError):
        runs.advance(replace(moved, cursor=None), "pada", 4, page)
    assert begun(runs) == moved
    runs.finish(begun(runs), {PushKind.PROMPT: Reach(1, 0)})
    item = row_in(table, keys.run(SHARD, DATE))
    assert (item["due"], item["reached"]) == ({"prompt": 4, "touch": 1}, {"prompt": 2, "touch": 1})


def test_each_shard_and_each_date_has_a_run_of_its_own(runs: Runs) -> None:
    runs.finish(begun(runs))
    assert begun(runs).done
    assert not runs.begin("7l", DATE, AT).done
    assert not runs.begin(SHARD, DATE + dt.timedelta(days=1), AT).done


def test_only_one_of_two_deliveries_of_a_job_continues(runs: Runs) -> None:
    mine, other = begun(runs), begun(runs)
    runs.advance(other, "pada", 1)
    with pytest.raises(WriteConflictError):
        runs.advance(mine, "pada", 1)
    with pytest.raises(WriteConflictError):
        runs.finish(mine)


def test_a_finished_run_is_never_moved(runs: Runs) -> None:
    run = begun(runs)
    runs.finish(run)
    with pytest.raises(WriteConflictError):
        runs.advance(run, "pada", 1)
    with pytest.raises(WriteConflictError):
        runs.finish(run)


def test_a_run_is_forgotten_three_days_after_its_instant(runs: Runs, table: Table) -> None:
    begun(runs)
    item = row_in(table, keys.run(SHARD, DATE))
    assert item["ttl"] == int((AT + dt.timedelta(days=3)).timestamp())


def test_a_run_of_one_page_is_two_writes(runs: Runs, table: Table) -> None:
    with calls(table) as seen:
        runs.finish(begun(runs))
    assert seen == ["PutItem", "UpdateItem"]
