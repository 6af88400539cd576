"""A damaged record of the table's stream stops its batch there: what came before is done, and it alone is named."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from react.handler import React
from rekindle.store.couples import Couples
from rekindle.store.days import Days
from rekindle.store.streaks import Streaks
from rekindle.store.tallies import Tallies
from tally.handler import Tally
from testing.memory_table import MemoryTable
from testing.push_world import Queue
from testing.samples import sample_event
from testing.stored import every_row
from tests.fuzz.damage import CANARY, damaged
from tests.fuzz.logs import logged
from tests.fuzz.settings import fuzzing

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekindle.batches import BatchResponse
    from rekindle.store.table import Table

type Run = Callable[[list[dict[str, Any]]], tuple[BatchResponse, Any]]
"""Handles records in a new world. Returns the reply, and everything that was written and enqueued."""


def react(records: list[dict[str, Any]]) -> tuple[BatchResponse, Any]:
    table = cast("Table", MemoryTable())
    queues = [Queue.in_memory() for _ in range(3)]
    worker = React(Streaks(table, Couples(table), Days(table)), *(queue.outbox for queue in queues))
    reply = worker.handle(records)
    return reply, ([queue.bodies() for queue in queues], every_row(table))


def tally(records: list[dict[str, Any]]) -> tuple[BatchResponse, Any]:
    table = cast("Table", MemoryTable())
    reply = Tally(Tallies(table)).handle(records)
    return reply, every_row(table)


RECORDS: Final = [*sample_event("react")["Records"], *sample_event("tally")["Records"]]
HOSTILE: Final = {"S": CANARY}


def numbered(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return copies of the records with the numbers 0, 1, … as their sequence numbers."""
    copies = copy.deepcopy(records)
    for number, record in enumerate(copies):
        record["dynamodb"]["SequenceNumber"] = str(number)
    return copies


def of_stream(change: dict[str, Any]) -> dict[str, Any]:
    """Return the record of a damaged change. DynamoDB always sends the keys, so they are whole."""
    return {"dynamodb": change}


DAMAGED: Final = damaged([record["dynamodb"] for record in RECORDS]).map(of_stream)


@pytest.mark.parametrize("run", [react, tally])
@pytest.mark.parametrize("sealed", [False, True])
def test_what_came_before_a_damaged_record_is_done_and_nothing_after_it_is_lost(run: Run, *, sealed: bool) -> None:
    @fuzzing(short=60)
    @given(
        before=st.lists(st.sampled_from(RECORDS), max_size=3),
        record=DAMAGED,
        after=st.lists(st.sampled_from(RECORDS), max_size=2),
    )
    def check(before: list[dict[str, Any]], record: dict[str, Any], after: list[dict[str, Any]]) -> None:
        if sealed:
            record["dynamodb"].setdefault("NewImage", {})
            if isinstance(record["dynamodb"]["NewImage"], dict):
                record["dynamodb"]["NewImage"] |= {"text": HOSTILE, "answers": HOSTILE, "sent": HOSTILE}
        batch = numbered([*before, record, *after])
        with logged() as lines:
            reply, outcome = run(batch)
        assert CANARY not in lines.getvalue()
        assert CANARY not in repr(outcome)
        failed = [each["itemIdentifier"] for each in reply["batchItemFailures"]]
        assert failed in ([], [str(len(before))])
        if failed:
            assert outcome == run(batch[: len(before)])[1]

    check()
