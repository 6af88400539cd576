"""Lambda repeats the right records of a batch after a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rekindle.batches import handle_batch

if TYPE_CHECKING:
    from rekindle.batches import Record


def message(name: str) -> Record:
    return {"messageId": name}


def stream_record(name: str) -> Record:
    return {"dynamodb": {"SequenceNumber": name}}


@pytest.mark.parametrize(("record", "handled"), [(message, ["a", "d"]), (stream_record, ["a"])])
def test_a_queue_continues_after_a_failure_and_a_stream_stops(record: Any, handled: list[str]) -> None:
    done: list[Record] = []
    logged: list[tuple[str, str]] = []

    def handle(each: Record) -> None:
        if each in (record("b"), record("c")):
            raise ValueError("no")
        done.append(each)

    answer = handle_batch(
        [record(name) for name in "abcd"], handle, lambda error, name: logged.append((type(error).__name__, name))
    )
    failed = ["b", "c"] if record is message else ["b"]
    assert done == [record(name) for name in handled]
    assert answer == {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}
    assert logged == [("ValueError", name) for name in failed]
