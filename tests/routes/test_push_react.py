from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from react.handler import React
from rekindle.domain.pushes import PushKind
from rekindle.store import keys
from rekindle.store.couples import Couples
from rekindle.store.days import Days
from rekindle.store.streaks import Streaks
from rekindle.store.table import Write, marshal
from testing.push_world import Queue, calls
from testing.stored import stream_record

if TYPE_CHECKING:
    from couples_api.services import Services
    from rekindle.store.table import Table
    from testing.phones import Phone

CANARY = "the canary sings at dawn"


@pytest.fixture
def table(services: Services) -> Table:
    """Return the table that the phones' API uses."""
    return services.people.table


@pytest.fixture
def react(table: Table, queue: Queue) -> React:
    return React(Streaks(table, Couples(table), Days(table)), queue.outbox)


class Stream:
    """The stream's records of a couple's items and of one partner's."""

    def __init__(self, table: Table, ada: Phone) -> None:
        self.table = table
        self.couple = (table.get(keys.person(ada.uid)) or {})["couple"]
        self.partitions = (f"COUPLE#{self.couple}", f"PERSON#{ada.uid}")
        self.seen = self._items()

    def _items(self) -> dict[tuple[str, str], Any]:
        return {(pk, item["sk"]): marshal(item) for pk in self.partitions for item in self.table.query(pk).items}

    def records(self) -> list[dict[str, Any]]:
        """One record for each item that has changed since the last call."""
        before, self.seen = self.seen, self._items()
        return [
            stream_record(before.get(key), item, number)
            for number, (key, item) in enumerate(self.seen.items(), 1)
            if before.get(key) != item
        ]


@pytest.fixture
def stream(table: Table, couple: tuple[Phone, Phone]) -> Stream:
    return Stream(table, couple[0])


def test_the_partner_is_notified_of_each_answer(
    couple: tuple[Phone, Phone], stream: Stream, react: React, queue: Queue
) -> None:
    ada, ben = couple
    date = ada.get("/v1/today").body["today"]["date"]
    assert react.handle(stream.records()) == {"batchItemFailures": []}
    assert queue.taken() == []

    ada.put(f"/v1/days/{date}/answer", {"text": CANARY})
    react.handle(stream.records())
    (job,) = queue.taken()
    assert job.type == "person"
    assert (job.kind, job.uid, job.couple, job.instant) == (PushKind.PARTNER_ANSWERED, ben.uid, stream.couple, ada.now)

    ada.put(f"/v1/days/{date}/answer", {"text": f"{CANARY} again", "replaces": 1})
    react.handle(stream.records())
    assert queue.taken() == []

    ben.put(f"/v1/days/{date}/answer", {"text": CANARY})
    react.handle(stream.records())
    (job,) = queue.taken()
    assert job.type == "person"
    assert (job.kind, job.uid) == (PushKind.BOTH_ANSWERED, ada.uid)
    assert CANARY not in job.model_dump_json()


def test_the_partner_is_notified_of_each_nudge(
    couple: tuple[Phone, Phone], stream: Stream, react: React, queue: Queue
) -> None:
    ada, ben = couple
    ada.post("/v1/nudges", {"gesture": "miss_you"}, key="tap")
    records = stream.records()
    for _ in range(2):
        react.handle(records)
    first, again = queue.taken()
    assert first == again
    assert first.type == "person"
    assert (first.kind, first.uid, first.couple, first.instant) == (PushKind.NUDGE, ben.uid, stream.couple, ada.now)
    assert "miss_you" not in first.model_dump_json()

    ada.post("/v1/nudges", {"gesture": "miss_you"}, key="tap")
    assert stream.records() == []

    ada.now += dt.timedelta(hours=1)
    ada.post("/v1/nudges", {"gesture": "hug"})
    react.handle(stream.records())
    (second,) = queue.taken()
    assert second.instant == ada.now


def test_a_streak_that_the_api_died_before_is_made_up_for(
    table: Table, couple: tuple[Phone, Phone], stream: Stream, react: React
) -> None:
    ada, ben = couple
    date = ada.get("/v1/today").body["today"]["date"]
    ada.put(f"/v1/days/{date}/answer", {"text": "The way you hum."})
    ben.put(f"/v1/days/{date}/answer", {"text": "Your letters."})
    records = stream.records()
    table.write(Write("Delete", keys.streak(stream.couple)))
    react.handle(records)
    assert ada.get("/v1/streak").body["current"] == 1


def test_the_same_records_again_change_nothing(
    table: Table, couple: tuple[Phone, Phone], stream: Stream, react: React
) -> None:
    ada, ben = couple
    date = ada.get("/v1/today").body["today"]["date"]
    ada.put(f"/v1/days/{date}/answer", {"text": "The way you hum."})
    ben.put(f"/v1/days/{date}/answer", {"text": "Your letters."})
    records = stream.records()
    react.handle(records)
    with calls(table) as seen:
        react.handle(records)
    assert not {"PutItem", "UpdateItem", "TransactWriteItems"} & set(seen)


def test_a_record_that_fails_is_named_and_those_before_it_are_done(
    couple: tuple[Phone, Phone], stream: Stream, react: React, queue: Queue
) -> None:
    ada, _ = couple
    date = ada.get("/v1/today").body["today"]["date"]
    stream.records()
    ada.put(f"/v1/days/{date}/answer", {"text": "The way you hum."})
    (good,) = [record for record in stream.records() if "DAY#" in record["dynamodb"]["Keys"]["sk"]["S"]]
    broken = {"dynamodb": {**good["dynamodb"], "SequenceNumber": "77", "NewImage": {"answers": {"S": "nonsense"}}}}
    assert react.handle([good, broken, good]) == {"batchItemFailures": [{"itemIdentifier": "77"}]}
    assert len(queue.taken()) == 1
