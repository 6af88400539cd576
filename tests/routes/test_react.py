from __future__ import annotations

import base64
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from react.handler import NOTHING, Completed, reaction_to
from rekindle.domain.models import CoupleId, PushKind
from rekindle.store.instants import to_millis
from testing.builders import an_instant

EVENTS = Path(__file__).parents[2] / "events"
COUPLE = CoupleId("couple-1")
DATE = dt.date(2026, 3, 2)
FIRST, SECOND = an_instant("2026-03-02T15:00:00.123Z"), an_instant("2026-03-02T16:00:00.456Z")
CANARY = "the canary sings at dawn"


def answer(at: dt.datetime, revision: int = 1, *, share_first: bool = False) -> dict[str, Any]:
    return {
        "M": {
            "at": {"N": str(to_millis(at))},
            "revision": {"N": str(revision)},
            "share_first": {"BOOL": share_first},
            "sealed": {"B": base64.b64encode(CANARY.encode()).decode()},
        }
    }


def day(**answers: dict[str, Any]) -> dict[str, Any]:
    return {"persons": {"L": [{"S": "ada"}, {"S": "ben"}]}, "answers": {"M": answers}}


def streak(run: int, at: dt.datetime = SECOND) -> dict[str, Any]:
    return {
        "persons": {"L": [{"S": "ada"}, {"S": "ben"}]},
        "run": {"N": str(run)},
        "bits": {"B": "fw=="},
        "changed_at": {"N": str(to_millis(at))},
    }


def nudge(at: dt.datetime, name: str = "a", *, shown: bool = True) -> dict[str, Any]:
    return {
        "M": {
            "id": {"S": name},
            "couple": {"S": COUPLE},
            "gesture": {"S": "miss_you"},
            "at": {"N": str(to_millis(at))},
            "shown": {"BOOL": shown},
        }
    }


def nudges(*sent: dict[str, Any], revision: int = 1) -> dict[str, Any]:
    return {
        "to": {"S": "ben"},
        "sent": {"L": list(sent)},
        "revision": {"N": str(revision)},
    }


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


def day_change(old: dict[str, Any] | None, new: dict[str, Any] | None) -> dict[str, Any]:
    return change(f"DAY#{DATE}", old, new)


@pytest.mark.parametrize("share_first", [True, False])
def test_a_first_answer_is_told_to_the_other_person(*, share_first: bool) -> None:
    reaction = reaction_to(day_change(day(), day(ada=answer(FIRST, share_first=share_first))))
    (job,) = reaction.jobs
    assert (job.kind, job.uid, job.couple, job.date) == (PushKind.PARTNER_ANSWERED, "ben", COUPLE, DATE)
    assert job.instant == FIRST
    assert reaction.completed is None


def test_the_second_answer_is_told_to_who_was_first_and_completes_the_day() -> None:
    reaction = reaction_to(day_change(day(ben=answer(FIRST)), day(ada=answer(SECOND), ben=answer(FIRST))))
    (job,) = reaction.jobs
    assert (job.kind, job.uid, job.instant) == (PushKind.BOTH_ANSWERED, "ben", SECOND)
    assert reaction.completed == Completed(COUPLE, DATE, SECOND)


def test_who_was_first_is_not_forgotten_when_both_answered_in_one_millisecond() -> None:
    reaction = reaction_to(day_change(day(ben=answer(FIRST)), day(ada=answer(FIRST), ben=answer(FIRST))))
    assert [job.uid for job in reaction.jobs] == ["ben"]


def test_who_edited_after_the_partner_looked_is_first_still() -> None:
    """An edit moves the answer's instant, but not the order in which the two came."""
    reaction = reaction_to(day_change(day(ben=answer(SECOND, 2)), day(ada=answer(FIRST), ben=answer(SECOND, 2))))
    assert [job.uid for job in reaction.jobs] == ["ben"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (None, day()),
        (day(), day() | {"closes_at": {"N": "1"}}),
        (day(ada=answer(FIRST)), day(ada=answer(SECOND, 2))),
        (day(ada=answer(FIRST), ben=answer(SECOND)), day(ada=answer(FIRST), ben=answer(SECOND)) | {"x": {"N": "1"}}),
        (day(ada=answer(FIRST)), None),
    ],
    ids=["opened", "widened", "edited", "touched after the reveal", "removed"],
)
def test_what_is_no_new_answer_pushes_nothing(old: dict[str, Any] | None, new: dict[str, Any] | None) -> None:
    assert reaction_to(day_change(old, new)) == NOTHING


@pytest.mark.parametrize(("before", "after"), [(6, 7), (29, 30), (99, 100), (364, 365)])
def test_a_milestone_is_told_to_both(before: int, after: int) -> None:
    reaction = reaction_to(change("STREAK", streak(before, FIRST), streak(after)))
    assert [(job.kind, job.uid, job.milestone) for job in reaction.jobs] == [
        (PushKind.STREAK_MILESTONE, uid, after) for uid in ("ada", "ben")
    ]
    assert {(job.instant, job.date) for job in reaction.jobs} == {(SECOND, SECOND.date())}


@pytest.mark.parametrize(("before", "after"), [(0, 1), (7, 8), (8, 0), (7, 7), (100, 3)])
def test_a_streak_that_reaches_no_milestone_says_nothing(before: int, after: int) -> None:
    assert reaction_to(change("STREAK", streak(before), streak(after))) == NOTHING


def test_the_first_day_of_a_streak_says_nothing() -> None:
    assert reaction_to(change("STREAK", None, streak(1))) == NOTHING


@pytest.mark.parametrize(
    ("old", "new", "instant"),
    [
        (None, nudges(nudge(FIRST)), FIRST),
        (nudges(nudge(FIRST)), nudges(nudge(FIRST), nudge(SECOND, "b")), SECOND),
        (nudges(nudge(FIRST)), nudges(nudge(FIRST), nudge(SECOND)), SECOND),
        (nudges(nudge(SECOND)), nudges(nudge(FIRST, "b"), nudge(SECOND)), FIRST),
        (nudges(nudge(FIRST, "a"), nudge(FIRST, "b")), nudges(nudge(FIRST, "b"), nudge(SECOND, "c")), SECOND),
    ],
    ids=["the first", "another", "under the same key a day later", "out of order", "an old one forgotten"],
)
def test_a_nudge_is_told_to_the_partner(old: dict[str, Any] | None, new: dict[str, Any], instant: dt.datetime) -> None:
    record = change("NUDGES", old, new, "PERSON#ada")
    (job,) = reaction_to(record).jobs
    assert (job.kind, job.uid, job.couple) == (PushKind.NUDGE, "ben", COUPLE)
    assert (job.instant, job.date) == (instant, instant.date())
    assert reaction_to(record).jobs == [job]
    assert reaction_to(record).completed is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (None, nudges(nudge(FIRST, shown=False))),
        (nudges(nudge(FIRST)), nudges(nudge(FIRST), nudge(SECOND, "b", shown=False))),
        (nudges(nudge(FIRST)), nudges(nudge(FIRST), revision=2)),
        (nudges(nudge(FIRST)), None),
    ],
    ids=["muted", "muted since", "touched", "removed"],
)
def test_what_the_recipient_is_not_to_see_pushes_nothing(
    old: dict[str, Any] | None, new: dict[str, Any] | None
) -> None:
    assert reaction_to(change("NUDGES", old, new, "PERSON#ada")) == NOTHING


def test_nothing_of_a_nudge_is_passed_on_but_that_there_is_one() -> None:
    reaction = reaction_to(change("NUDGES", None, nudges(nudge(FIRST, "an-id")), "PERSON#ada"))
    said = "".join(job.model_dump_json() for job in reaction.jobs)
    assert "miss_you" not in said
    assert "an-id" not in said
    assert "ada" not in said


@pytest.mark.parametrize(
    ("pk", "sk"),
    [
        ("PERSON#ada", "PERSON"),
        (f"COUPLE#{COUPLE}", "COUPLE"),
        (f"COUPLE#{COUPLE}", "SEEN#spark"),
        ("SLOT#Asia/Tokyo#08:30", "SHARDS"),
        ("DUE#7k", "pE4XbdHOQi0tE"),
        ("DUE#7k", "~1772464200000#pE4XbdHOQi0tE"),
        ("PERSON#ada", "TRIES"),
        ("TICK", "WATERMARK"),
    ],
)
def test_what_is_no_day_no_nudge_no_streak_and_no_reminder_that_moved_is_nothing_to_react_to(pk: str, sk: str) -> None:
    assert reaction_to(change(sk, {}, {"any": {"S": "thing"}}, pk)) == NOTHING


def test_nothing_of_an_answer_is_passed_on() -> None:
    reaction = reaction_to(day_change(day(ben=answer(FIRST)), day(ada=answer(SECOND), ben=answer(FIRST))))
    said = "".join(job.model_dump_json() for job in reaction.jobs) + repr(reaction)
    assert CANARY not in said
    assert base64.b64encode(CANARY.encode()).decode() not in said


def test_the_sample_event_shows_each_reaction() -> None:
    event = json.loads((EVENTS / "react.json").read_text(encoding="utf-8"))
    reactions = [reaction_to(record) for record in event["Records"]]
    assert [[job.kind for job in reaction.jobs] for reaction in reactions] == [
        [PushKind.PARTNER_ANSWERED],
        [PushKind.BOTH_ANSWERED],
        [PushKind.STREAK_MILESTONE] * 2,
        [PushKind.NUDGE],
        [PushKind.PROMPT],
    ]
