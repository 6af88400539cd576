"""What tally takes from a record of the stream, and what it never looks at."""

from __future__ import annotations

import base64
import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rekindle.domain.models import CoupleId, PackId, PromptId, PushKind, Reach, Theme
from rekindle.domain.streaks import pack_dates
from rekindle.domain.tallies import DayTold, Met, StreakTold
from rekindle.store.instants import to_millis
from rekindle.store.tallies import RunDone
from tally.handler import Tally, told_by
from testing.builders import an_instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rekindle.domain.tallies import Told

EVENTS = Path(__file__).parents[2] / "events"
COUPLE = CoupleId("couple-1")
DATE = dt.date(2026, 3, 2)
SK = f"DAY#{DATE}"
AT = an_instant()
WALK, DANCE = Met(PackId("starter"), PromptId("walk"), again=False), Met(PackId("money"), PromptId("dance"), again=True)
FIRST_DATE = dt.date(2026, 2, 27)


def change(
    sk: str, old: dict[str, Any] | None, new: dict[str, Any] | None, pk: str = f"COUPLE#{COUPLE}"
) -> dict[str, Any]:
    images = {"OldImage": old, "NewImage": new}
    return {
        "dynamodb": {
            "Keys": {"pk": {"S": pk}, "sk": {"S": sk}},
            "SequenceNumber": "1",
            **{name: image for name, image in images.items() if image is not None},
        }
    }


def answer(revision: int = 1, *, share_first: bool = False) -> dict[str, Any]:
    return {
        "M": {
            "at": {"N": str(to_millis(AT))},
            "revision": {"N": str(revision)},
            "share_first": {"BOOL": share_first},
            "sealed": {"B": "AXNlYWxlZA=="},
        }
    }


def prompt(met: Met, **more: Any) -> dict[str, Any]:
    return {"pack": {"S": met.pack}, "version": {"N": "1"}, "id": {"S": met.prompt}, **more}


def day(met: Met = WALK, **answers: dict[str, Any]) -> dict[str, Any]:
    return {
        "persons": {"L": [{"S": "ada"}, {"S": "ben"}]},
        "prompt": {"M": prompt(met)},
        "theme": {"S": "time"},
        "again": {"BOOL": met.again},
        "opens_at": {"N": "1"},
        "answers": {"M": answers},
    }


def streak(run: int, *dates: int) -> dict[str, Any]:
    bits = pack_dates(FIRST_DATE, [FIRST_DATE + dt.timedelta(days=each) for each in dates])
    return {
        "run": {"N": str(run)},
        "bits_from": {"S": str(FIRST_DATE)},
        "bits": {"B": base64.b64encode(bits).decode()},
    }


def run(*, done: bool = True, **counts: tuple[int, int]) -> dict[str, Any]:
    return {
        "done": {"BOOL": done},
        "due": {"M": {kind: {"N": str(due)} for kind, (due, _) in counts.items()}},
        "reached": {"M": {kind: {"N": str(reached)} for kind, (_, reached) in counts.items()}},
    }


def of_day(old: dict[str, Any] | None, new: dict[str, Any] | None) -> DayTold | None:
    found = told_by(change(SK, old, new))
    if found is None:
        return None
    assert isinstance(found, tuple)
    couple, told = found
    assert couple == COUPLE
    assert isinstance(told, DayTold)
    return told


def test_a_day_that_is_opened_was_offered() -> None:
    assert of_day(None, day()) == DayTold(DATE, Theme.TIME, (WALK,), 0)


def test_answers_are_counted_and_not_looked_at() -> None:
    first, both = day(ada=answer()), day(ada={}, ben={"M": {"nothing": {"that": "anyone"}}})
    assert of_day(day(), first) == DayTold(DATE, Theme.TIME, (WALK,), 1)
    assert of_day(first, both) == DayTold(DATE, Theme.TIME, (WALK,), 2)


def test_an_edit_and_other_hours_are_nothing() -> None:
    first = day(ada=answer())
    assert of_day(first, day(ada=answer(2, share_first=True))) is None
    assert of_day(first, first | {"opens_at": {"N": "0"}}) is None


def test_a_prompt_put_aside_comes_before_the_one_that_stands() -> None:
    swapped = day(DANCE) | {"swapped": {"L": [{"M": prompt(WALK, again={"BOOL": False})}]}}
    assert of_day(day(), swapped) == DayTold(DATE, Theme.TIME, (WALK, DANCE), 0)


def test_a_day_from_before_days_said_more_has_no_theme() -> None:
    old = {name: value for name, value in day(ada=answer()).items() if name not in {"theme", "again"}}
    assert of_day(None, old) == DayTold(DATE, None, (WALK,), 1)


def test_a_streak_tells_which_date_was_noted_and_as_which_of_all() -> None:
    told = told_by(change("STREAK", streak(2, 0, 4), streak(3, 0, 2, 4)))
    assert told == (COUPLE, StreakTold(dt.date(2026, 3, 1), 3, 3))
    assert told_by(change("STREAK", None, streak(1, 4))) == (COUPLE, StreakTold(dt.date(2026, 3, 3), 1, 1))


def test_a_run_that_is_over_tells_its_reach_and_one_that_is_not_tells_nothing() -> None:
    done = run(prompt=(30, 28), touch=(4, 0))
    assert told_by(change("RUN", None, done, pk="RUN#7k#2026-03-02")) == RunDone(
        "7k#2026-03-02", DATE, {PushKind.PROMPT: Reach(30, 28), PushKind.TOUCH: Reach(4, 0)}
    )
    going_on, nobody, older = run(done=False, prompt=(1, 1)), run(), {"done": {"BOOL": True}}
    assert [told_by(change("RUN", None, each, pk="RUN#7k#2026-03-02")) for each in (going_on, nobody, older)] == [
        None
    ] * 3


@pytest.mark.parametrize(
    ("pk", "sk"),
    [("PERSON#ada", "NUDGES"), ("COUPLE#couple-1", "COUPLE"), ("COUPLE#couple-1", "SEEN#time"), ("TICK", "WATERMARK")],
)
def test_of_other_rows_nothing_is_counted(pk: str, sk: str) -> None:
    assert told_by(change(sk, None, {"done": {"BOOL": True}}, pk=pk)) is None


def test_what_is_deleted_is_nothing() -> None:
    assert of_day(day(), None) is None


class Noted:
    """Takes what is told."""

    def __init__(self) -> None:
        self.couples: Mapping[CoupleId, Sequence[Told]] = {}
        self.runs: list[RunDone] = []

    def count(self, couples: Mapping[CoupleId, Sequence[Told]], runs: Iterable[RunDone]) -> None:
        self.couples, self.runs = couples, list(runs)


def test_a_record_that_cannot_be_read_is_named_and_those_before_are_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    good, bad = change(SK, None, day()), change(SK, None, day() | {"theme": {"S": "the canary sings at dawn"}})
    bad["dynamodb"]["SequenceNumber"] = "seven"
    noted = Noted()
    assert Tally(noted).of_batch([good, bad, good]) == "seven"  # type: ignore[arg-type]  # all that it asks of the store
    assert [len(told) for told in noted.couples.values()] == [1]
    assert "canary" not in caplog.text
    (complaint,) = (record for record in caplog.records if record.levelname == "ERROR")
    assert "canary" not in json.dumps(complaint.__dict__, default=str)


def test_a_batch_is_one_line_in_the_log_and_names_nobody(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        Tally(Noted()).of_batch([change(SK, None, day())])  # type: ignore[arg-type]  # as above
    (line,) = caplog.records
    assert "couple-1" not in json.dumps(line.__dict__, default=str)
    assert line.__dict__["couples"] == 1


def test_the_sample_tells_a_day_a_streak_and_a_run() -> None:
    records = json.loads((EVENTS / "tally.json").read_text())["Records"]
    found = [told_by(record) for record in records]
    assert [type(each[1] if isinstance(each, tuple) else each) for each in found] == [DayTold, StreakTold, RunDone]
