"""Each change in the table has its reaction, and no reaction contains a private word."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from react.handler import React
from rekindle.cleanup import EraseJob
from rekindle.domain.changes import Change, DayChange, FinishedRun, NudgesChange, StreakChange, StreakRecord
from rekindle.domain.days import Answer, Day
from rekindle.domain.ids import CoupleId, Uid
from rekindle.domain.nudges import Gesture, Nudge
from rekindle.domain.pushes import PushKind
from rekindle.push.reactions import NOTHING, Completed, reaction_to
from rekindle.store import keys
from rekindle.store.couples import Couples
from rekindle.store.days import Days
from rekindle.store.streaks import Streaks
from rekindle.store.stream import change_in
from rekindle.store.table import Write, marshal
from testing.builders import a_day, an_instant
from testing.push_world import Queue, calls
from testing.samples import sample_event
from testing.stored import stream_record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from couples_api.services import Services
    from rekindle.store.table import Table
    from testing.phones import Phone

ADA, BEN = Uid("ada"), Uid("ben")
COUPLE = CoupleId("couple-1")
DATE = dt.date(2026, 3, 2)
FIRST, SECOND = an_instant("2026-03-02T15:00:00.123Z"), an_instant("2026-03-02T16:00:00.456Z")


def day(**answered_at: dt.datetime) -> Day:
    answers = {Uid(uid): Answer(at, revision=1, sealed=None) for uid, at in answered_at.items()}
    return a_day(couple=COUPLE, date=DATE, answers=answers)


def day_change(before: Day | None, after: Day) -> DayChange:
    return DayChange(frozenset({ADA, BEN}), before, after)


def streak(current: int, at: dt.datetime = SECOND) -> StreakRecord:
    return StreakRecord(COUPLE, frozenset({ADA, BEN}), frozenset(), current, at)


def nudge(at: dt.datetime, name: str = "a", *, shown: bool = True) -> Nudge:
    return Nudge(name, COUPLE, Gesture.MISS_YOU, at, shown)


def nudges_change(before: list[Nudge], after: list[Nudge]) -> NudgesChange:
    return NudgesChange(BEN, tuple(before), tuple(after))


def test_a_first_answer_notifies_the_other_person() -> None:
    reaction = reaction_to(day_change(day(), day(ada=FIRST)))
    (job,) = reaction.jobs
    assert (job.kind, job.uid, job.couple, job.date) == (PushKind.PARTNER_ANSWERED, BEN, COUPLE, DATE)
    assert job.instant == FIRST
    assert reaction.completed is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (day(ben=FIRST), day(ada=SECOND, ben=FIRST)),
        (day(ben=SECOND), day(ada=SECOND, ben=SECOND)),
        (day(ben=SECOND), day(ada=FIRST, ben=SECOND)),
    ],
    ids=["later", "in the same millisecond", "before an edit of the first answer"],
)
def test_the_second_answer_notifies_the_person_who_was_first_and_completes_the_day(before: Day, after: Day) -> None:
    reaction = reaction_to(day_change(before, after))
    (job,) = reaction.jobs
    assert (job.kind, job.uid, job.instant) == (PushKind.BOTH_ANSWERED, BEN, SECOND)
    assert reaction.completed == Completed(COUPLE, DATE, SECOND)


@pytest.mark.parametrize(("before", "after"), [(6, 7), (29, 30), (99, 100), (364, 365)])
def test_a_milestone_notifies_both(before: int, after: int) -> None:
    reaction = reaction_to(StreakChange(streak(before, FIRST), streak(after)))
    assert [(job.kind, job.uid, job.milestone) for job in reaction.jobs] == [
        (PushKind.STREAK_MILESTONE, uid, after) for uid in (ADA, BEN)
    ]
    assert {(job.instant, job.date) for job in reaction.jobs} == {(SECOND, SECOND.date())}


@pytest.mark.parametrize(
    ("before", "after", "instant"),
    [
        ([], [nudge(FIRST)], FIRST),
        ([nudge(FIRST)], [nudge(FIRST), nudge(SECOND, "b")], SECOND),
        ([nudge(FIRST)], [nudge(FIRST), nudge(SECOND)], SECOND),
        ([nudge(SECOND)], [nudge(FIRST, "b"), nudge(SECOND)], FIRST),
        ([nudge(FIRST, "a"), nudge(FIRST, "b")], [nudge(FIRST, "b"), nudge(SECOND, "c")], SECOND),
    ],
    ids=["the first", "another", "under the same key a day later", "out of order", "an old one forgotten"],
)
def test_a_new_nudge_notifies_its_recipient(before: list[Nudge], after: list[Nudge], instant: dt.datetime) -> None:
    change = nudges_change(before, after)
    (job,) = reaction_to(change).jobs
    assert (job.kind, job.uid, job.couple) == (PushKind.NUDGE, BEN, COUPLE)
    assert (job.instant, job.date) == (instant, instant.date())
    assert reaction_to(change).completed is None


QUIET: Mapping[str, Change | None] = {
    "another row": None,
    "a day opened": day_change(None, day()),
    "a day widened": day_change(day(), day()),
    "an answer edited": day_change(day(ada=FIRST), day(ada=SECOND)),
    "a day after both answers": day_change(day(ada=FIRST, ben=SECOND), day(ada=FIRST, ben=SECOND)),
    "an opened answer erased": day_change(day(ada=FIRST, ben=SECOND), day(ben=SECOND)),
    "a sealed answer erased": day_change(day(ada=FIRST), day()),
    "an answer whose reader is erased": DayChange(frozenset({BEN}), day(), day(ben=FIRST)),
    "a new streak": StreakChange(None, streak(1)),
    "a streak without an erased person": StreakChange(streak(7), replace(streak(7), persons=frozenset({BEN}))),
    "a muted nudge": nudges_change([], [nudge(FIRST, shown=False)]),
    "a nudge muted since": nudges_change([nudge(FIRST)], [nudge(FIRST), nudge(SECOND, "b", shown=False)]),
    "the same nudge": nudges_change([nudge(FIRST)], [nudge(FIRST)]),
    "a run": FinishedRun("7k#2026-03-02", DATE, {}),
} | {
    f"a streak from {before} to {after}": StreakChange(streak(before), streak(after))
    for before, after in [(0, 1), (7, 8), (8, 0), (7, 7), (100, 3)]
}


@pytest.mark.parametrize("change", QUIET.values(), ids=list(QUIET))
def test_a_change_without_news_for_anybody_pushes_nothing(change: Change | None) -> None:
    assert reaction_to(change) == NOTHING


def test_the_mark_of_an_erased_person_leads_to_their_erasure_once_for_each_request() -> None:
    """The stream has a record for each later change of the marked person, too."""
    marked = {**keys.person(ADA).attributes, "revision": 3, "erased_at": 1_772_463_600_123}
    for before in (None, {**keys.person(ADA).attributes, "revision": 2}):
        record = stream_record(marshal(before) if before else None, marshal(marked))
        assert reaction_to(change_in(record)).cleanup == (EraseJob(uid=ADA, erased_at=FIRST),)
    asked_again = marked | {"asked": 1}
    record = stream_record(marshal(marked), marshal(asked_again))
    assert reaction_to(change_in(record)).cleanup == (EraseJob(uid=ADA, erased_at=FIRST),)
    assert reaction_to(change_in(stream_record(marshal(asked_again), marshal(marked)))) == NOTHING
    for after in (marked | {"revision": 4}, {**keys.person(BEN).attributes, "revision": 1}):
        assert reaction_to(change_in(stream_record(marshal(marked), marshal(after)))) == NOTHING


def test_a_record_of_an_erased_answer_is_read(services: Services, couple: tuple[Phone, Phone]) -> None:
    table, (ada, ben) = services.people.table, couple
    stream = Stream(table, ada)
    date = ada.get("/v1/today").body["today"]["date"]
    for phone in couple:
        assert phone.put(f"/v1/days/{date}/answer", {"text": "So."}).status == 200
    assert stream.records()
    services.days.forget(stream.couple, ada.uid)
    services.streaks.forget(stream.couple, ada.uid)
    records = stream.records()
    assert len(records) == 2
    assert [reaction_to(change_in(record)) for record in records] == [NOTHING, NOTHING]
    services.days.forget(stream.couple, ben.uid)
    assert [reaction_to(change_in(record)) for record in stream.records()] == [NOTHING]


def test_a_job_says_nothing_about_a_nudge_except_that_there_is_one() -> None:
    (job,) = reaction_to(nudges_change([], [nudge(FIRST, "an-id")])).jobs
    said = job.model_dump_json()
    assert not any(word in said for word in ("miss_you", "an-id", "ada"))


def test_the_sample_event_shows_each_reaction() -> None:
    reactions = [reaction_to(change_in(record)) for record in sample_event("react")["Records"]]
    assert [[job.kind for job in reaction.jobs] for reaction in reactions] == [
        [PushKind.PARTNER_ANSWERED],
        [PushKind.BOTH_ANSWERED],
        [PushKind.STREAK_MILESTONE] * 2,
        [PushKind.NUDGE],
        [PushKind.PROMPT],
    ]


# Records of what the phones' API stores


CANARY = "the canary sings at dawn"


@pytest.fixture
def table(services: Services) -> Table:
    """Return the table that the phones' API uses."""
    return services.people.table


@pytest.fixture
def react(table: Table, queue: Queue) -> React:
    return React(Streaks(table, Couples(table), Days(table)), queue.outbox, queue.outbox, queue.outbox)


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
        """Return a record for each item that has changed since the last call."""
        before, self.seen = self.seen, self._items()
        return [
            stream_record(before.get(key), item, number)
            for number, (key, item) in enumerate(self.seen.items(), 1)
            if before.get(key) != item
        ]


@pytest.fixture
def stream(table: Table, couple: tuple[Phone, Phone]) -> Stream:
    return Stream(table, couple[0])


def test_a_streak_has_only_the_attributes_that_react_may_write(
    couple: tuple[Phone, Phone], stream: Stream, table: Table, react: React
) -> None:
    """The role of `react` names these attributes, as `tests/build/test_template.py` says."""
    ada, ben = couple
    date = ada.get("/v1/today").body["today"]["date"]
    for phone in (ada, ben):
        phone.put(f"/v1/days/{date}/answer", {"text": CANARY})
    key = keys.streak(stream.couple)
    table.write(Write("Delete", key))
    react.handle(stream.records())
    assert set(table.get(key) or {}) == {"pk", "sk", "persons", "bits_from", "bits", "run", "changed_at"}


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

    assert ada.put(f"/v1/days/{date}/answer", {"text": f"{CANARY} again", "revision": 1}).status == 200
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


def test_a_streak_that_the_api_died_before_is_made_up_for_and_the_same_records_again_change_nothing(
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
