"""The reaction to each change, and that no private word is part of it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from rekindle.domain.changes import Change, DayChange, FinishedRun, NudgesChange, StreakChange, StreakRecord
from rekindle.domain.days import Answer, Day
from rekindle.domain.ids import CoupleId, Uid
from rekindle.domain.nudges import Gesture, Nudge
from rekindle.domain.pushes import PushKind
from rekindle.push.reactions import NOTHING, Completed, reaction_to
from rekindle.store.stream import change_in
from testing.builders import a_day, an_instant
from testing.samples import sample_event

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    "a new streak": StreakChange(None, streak(1)),
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
