"""`tally` counts each change of a batch correctly."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rekindle.domain import tallies
from rekindle.domain.changes import DayChange, FinishedRun, NudgesChange, StreakChange, StreakRecord
from rekindle.domain.days import Answer, Day, Swapped
from rekindle.domain.ids import CoupleId, PackId, PromptId, Uid
from rekindle.domain.prompts import PromptRef, Theme
from rekindle.domain.tallies import DayProgress, History, Met, StreakProgress, progress_of
from tally.handler import Tally
from testing.builders import a_day, an_instant
from testing.samples import sample_event

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rekindle.domain.tallies import Progress

COUPLE = CoupleId("couple-1")
DATE = dt.date(2026, 3, 2)
ANSWER = Answer(an_instant(), revision=1, sealed=None)
WALK, DANCE = Met(PackId("starter"), PromptId("walk"), again=False), Met(PackId("money"), PromptId("dance"), again=True)


def day(met: Met = WALK, answers: int = 0) -> Day:
    return a_day(
        couple=COUPLE,
        date=DATE,
        prompt=PromptRef(met.pack, 1, met.prompt),
        again=met.again,
        theme=Theme.TIME,
        answers={Uid(f"uid-{number}"): ANSWER for number in range(answers)},
    )


def streak(current: int, *dates: dt.date) -> StreakRecord:
    return StreakRecord(COUPLE, frozenset(), frozenset(dates), current, an_instant())


def progress_of_day(before: Day | None, after: Day) -> Progress | None:
    found = progress_of(DayChange(frozenset(), before, after))
    return found[1] if found else None


def test_a_day_is_counted_as_it_opens_and_with_each_answer() -> None:
    assert progress_of(DayChange(frozenset(), None, day())) == (COUPLE, DayProgress(DATE, Theme.TIME, (WALK,), 0))
    assert progress_of_day(day(), day(answers=1)) == DayProgress(DATE, Theme.TIME, (WALK,), 1)
    assert progress_of_day(day(answers=1), day(answers=2)) == DayProgress(DATE, Theme.TIME, (WALK,), 2)


def test_an_erased_answer_changes_no_count() -> None:
    """The counters name nobody, so an answer counts as before, even if the couple's tally is deleted."""
    for before, after in ((2, 1), (2, 0), (1, 0)):
        assert progress_of_day(day(answers=before), day(answers=after)) is None


def test_an_edit_and_other_hours_are_not_counted() -> None:
    first = day(answers=1)
    later = first.window.closes_at + dt.timedelta(hours=1)
    wider = replace(first.window, closes_at=later)
    edited = replace(ANSWER, revision=2, share_first=True)
    assert progress_of_day(first, replace(first, answers={Uid("uid-0"): edited}, window=wider)) is None


def test_a_swapped_prompt_is_counted_before_the_new_one() -> None:
    swapped = (Swapped(PromptRef(WALK.pack, 1, WALK.prompt), again=False),)
    assert progress_of_day(day(), replace(day(DANCE), swapped=swapped)) == DayProgress(
        DATE, Theme.TIME, (WALK, DANCE), 0
    )


def test_a_day_marked_as_early_counts_for_no_pack_and_no_prompt() -> None:
    """The couple has just joined the prompt's pack by its code. Its theme and its activity count as always."""
    early = progress_of_day(None, replace(day(answers=2), early=True))
    assert early == DayProgress(DATE, Theme.TIME, (replace(WALK, early=True),), 2)
    assert isinstance(early, DayProgress)
    _, counts = tallies.after(History(), early)
    assert {counted.name for counted in counts} == {
        *("active", "active_28"),
        *("themes/time/offered", "themes/time/completed"),
    }


def test_an_old_day_without_a_theme_is_counted_without_one() -> None:
    assert progress_of_day(None, replace(day(answers=1), theme=None)) == DayProgress(DATE, None, (WALK,), 1)


def test_a_streak_is_counted_with_its_new_date_and_the_number_of_its_dates() -> None:
    first, second, third = (DATE + dt.timedelta(days=days) for days in (0, 2, 4))
    assert progress_of(StreakChange(streak(2, first, third), streak(3, first, second, third))) == (
        COUPLE,
        StreakProgress(second, 3, 3),
    )
    assert progress_of(StreakChange(None, streak(1, third))) == (COUPLE, StreakProgress(third, 1, 1))
    assert progress_of(StreakChange(streak(1, third), streak(0, third))) is None


@pytest.mark.parametrize("change", [None, NudgesChange(Uid("ben"), (), ())])
def test_nothing_else_is_counted_for_a_couple(change: NudgesChange | None) -> None:
    assert progress_of(change) is None


class Noted:
    """A stand-in for the store that keeps the changes it should count."""

    def __init__(self) -> None:
        self.couples: Mapping[CoupleId, Sequence[Progress]] = {}
        self.runs: list[FinishedRun] = []

    def count(self, couples: Mapping[CoupleId, Sequence[Progress]], runs: Iterable[FinishedRun]) -> None:
        self.couples, self.runs = couples, list(runs)


def test_an_unreadable_record_is_named_and_those_before_it_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    good, bad = (sample_event("tally")["Records"][0] for _ in range(2))
    bad["dynamodb"]["NewImage"]["theme"] = {"S": "the canary sings at dawn"}
    bad["dynamodb"]["SequenceNumber"] = "seven"
    noted = Noted()
    answer = Tally(noted).handle([good, bad, good])  # type: ignore[arg-type]  # all that it asks of the store
    assert answer == {"batchItemFailures": [{"itemIdentifier": "seven"}]}
    assert [len(progress) for progress in noted.couples.values()] == [1]
    (complaint,) = (record for record in caplog.records if record.levelname == "ERROR")
    assert "canary" not in caplog.text + json.dumps(complaint.__dict__, default=str)


def test_the_sample_batch_is_one_log_line_without_names(caplog: pytest.LogCaptureFixture) -> None:
    noted = Noted()
    with caplog.at_level("INFO"):
        Tally(noted).handle(sample_event("tally")["Records"])  # type: ignore[arg-type]
    assert [type(progress) for progress in noted.couples[COUPLE]] == [DayProgress, StreakProgress]
    assert [run.name for run in noted.runs] == ["7k#2026-03-02"]
    (line,) = caplog.records
    assert "couple-1" not in json.dumps(line.__dict__, default=str)
    assert (line.__dict__["couples"], line.__dict__["runs"]) == (1, 1)
