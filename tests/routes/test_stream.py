"""A stream record becomes a change of domain values. `test_react.py` reads what the stores write."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from rekindle.domain.changes import DayChange, FinishedRun, NudgesChange, OverdueReminder, StreakChange
from rekindle.domain.ids import PromptId
from rekindle.domain.pushes import PushKind, Reach
from rekindle.store.stream import change_in
from testing.samples import sample_event
from testing.stored import stream_record

CANARY = "the canary sings at dawn"


def sample(name: str, of: type) -> tuple[dict[str, Any], Any]:
    """Return the first record of the sample event with this kind of change, and the change."""
    records = sample_event(name)["Records"]
    return next((record, change) for record in records if isinstance(change := change_in(record), of))


def test_a_day_comes_with_its_persons_and_answers_but_without_their_texts() -> None:
    record, _ = sample("react", DayChange)
    (answer,) = record["dynamodb"]["NewImage"]["answers"]["M"].values()
    answer["M"] |= {"sealed": {"B": base64.b64encode(CANARY.encode()).decode()}, "reflection": {"S": CANARY}}
    change = change_in(record)
    assert isinstance(change, DayChange)
    assert change.before
    assert sorted(change.persons) == ["uid-ada", "uid-ben"]
    assert (len(change.before.answers), len(change.after.answers)) == (0, 1)
    assert change.after.prompt.prompt == PromptId("spark-01")
    assert CANARY not in repr(change)


def test_a_streak_comes_with_its_dates() -> None:
    _, change = sample("tally", StreakChange)
    assert (change.before.current, change.after.current) == (6, 7)
    assert len(change.after.complete - change.before.complete) == 1


def test_nudges_come_with_their_recipient() -> None:
    _, change = sample("react", NudgesChange)
    assert len({*change.after} - {*change.before}) == 1
    assert change.to == "uid-ben"


def test_an_overdue_reminder_comes_with_its_times() -> None:
    _, reminder = sample("react", OverdueReminder)
    assert reminder.kind is PushKind.PROMPT
    assert reminder.due_at < reminder.moved_at < reminder.ends_at


def test_a_run_comes_once_it_is_done_and_was_due_for_somebody() -> None:
    record, run = sample("tally", FinishedRun)
    assert (run.name, str(run.date)) == ("7k#2026-03-02", "2026-03-02")
    assert run.reach == {PushKind.PROMPT: Reach(3, 2), PushKind.EVENING: Reach(1, 1)}
    image = record["dynamodb"]["NewImage"]
    nobody = image | {"due": {"M": {}}, "reached": {"M": {}}}
    old = {name: value for name, value in image.items() if name not in {"due", "reached"}}
    others = (image | {"done": {"BOOL": False}}, nobody, old)
    assert [change_in(stream_record(None, other)) for other in others] == [None] * 3


@pytest.mark.parametrize(
    ("pk", "sk"),
    [
        ("PERSON#ada", "PERSON"),
        ("PERSON#ada", "TRIES"),
        ("COUPLE#couple-1", "COUPLE"),
        ("COUPLE#couple-1", "SEEN#spark"),
        ("SLOT#Asia/Tokyo#08:30", "SHARDS"),
        ("DUE#7k", "pE4XbdHOQi0tE"),
        ("DUE#7k", "~1772464200000#pE4XbdHOQi0tE"),
        ("TICK", "WATERMARK"),
    ],
)
def test_no_other_row_is_a_change(pk: str, sk: str) -> None:
    assert change_in(stream_record(None, {"pk": {"S": pk}, "sk": {"S": sk}, "any": {"S": "thing"}})) is None


def test_a_deleted_row_is_no_change() -> None:
    record, _ = sample("react", DayChange)
    assert change_in(stream_record(record["dynamodb"]["NewImage"], None)) is None


def test_a_gesture_of_a_later_version_stops_no_worker() -> None:
    record, nudges = sample("react", NudgesChange)
    for entry in record["dynamodb"]["NewImage"]["sent"]["L"]:
        entry["M"]["gesture"] = {"S": "a_gesture_of_next_year"}
    change = change_in(record)
    assert isinstance(change, NudgesChange)
    assert [(each.id, each.at, each.shown) for each in change.after] == [
        (each.id, each.at, each.shown) for each in nudges.after
    ]
