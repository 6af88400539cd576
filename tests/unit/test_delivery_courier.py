"""What is decided about a push; what is done about it is in tests/integration/test_push_delivery.py."""

from __future__ import annotations

import datetime as dt

import pytest

from delivery.courier import FIRST_BACKOFF, LAST_ATTEMPT, TARGETS, Recipient, is_awaited, retries, wait_before
from delivery.gateway import DELIVERED, Fate, Outcome
from delivery.handler import waited
from rekindle.calendar import day_window
from rekindle.models import (
    Answer,
    CoupleId,
    Day,
    Language,
    PackId,
    PromptId,
    PromptKind,
    PromptRef,
    PushKind,
    Uid,
)
from rekindle.push.jobs import LONGEST_DELAY, mark_of
from rekindle.push.payloads import Occasion
from tests.builders import NEW_YORK, TOKYO, an_instant

DATE = dt.date(2026, 3, 2)
AT = an_instant("2026-03-03T01:30:00Z")
ADA, BEN = Uid("ada"), Uid("ben")
OCCASION = Occasion(PushKind.PROMPT, DATE, AT)
MINUTE = dt.timedelta(minutes=1)
NONE = dt.timedelta(0)


def a_day(*answered: Uid) -> Day:
    return Day(
        couple=CoupleId("couple-1"),
        date=DATE,
        prompt=PromptRef(PackId("starter"), 1, PromptId("spark-01")),
        kind=PromptKind.QUESTION,
        window=day_window(DATE, [NEW_YORK, TOKYO]),
        answers={uid: Answer(AT, 1, b"sealed") for uid in answered},
    )


def sent(*outcomes: Outcome) -> list[tuple[Recipient, Outcome]]:
    return [
        (Recipient(Uid(f"person-{number}"), CoupleId("couple-1"), Language("en"), False, f"token-{number}"), outcome)  # noqa: FBT003
        for number, outcome in enumerate(outcomes)
    ]


def test_an_evening_reminder_is_for_who_has_not_answered() -> None:
    assert is_awaited(a_day(BEN), ADA, AT)
    assert not is_awaited(a_day(BEN), BEN, AT)


def test_a_day_that_nobody_opened_yet_is_open() -> None:
    assert is_awaited(None, ADA, AT)


def test_a_day_that_has_closed_is_not_reminded_of() -> None:
    closes = a_day().window.closes_at
    assert is_awaited(a_day(), ADA, closes - MINUTE)
    assert not is_awaited(a_day(), ADA, closes)


def test_each_attempt_waits_twice_as_long_as_the_last() -> None:
    assert [wait_before(attempt, []) / FIRST_BACKOFF for attempt in range(2, LAST_ATTEMPT + 1)] == [1, 2, 4, 8, 16]


def test_an_attempt_waits_as_long_as_anybody_was_asked_to() -> None:
    outcomes = [Outcome(Fate.LATER, "x", 3 * MINUTE), DELIVERED, Outcome(Fate.LATER, "x", MINUTE)]
    assert wait_before(2, outcomes) == 3 * MINUTE
    assert wait_before(6, outcomes) == 8 * MINUTE


def test_only_what_did_not_arrive_is_tried_again() -> None:
    outcomes = sent(DELIVERED, Outcome(Fate.LATER, "UnavailableError"), Outcome(Fate.DEAD, "UnregisteredError"))
    (job,) = retries(OCCASION, outcomes, 5 * MINUTE, 1, MINUTE)
    assert [(target.uid, target.mark) for target in job.targets] == [("person-1", mark_of("token-1"))]
    assert (job.attempt, job.reason, job.given_up, job.late, job.hold) == (
        2,
        "UnavailableError",
        False,
        5 * MINUTE,
        NONE,
    )
    assert job.occasion == OCCASION


def test_what_is_refused_is_given_up_at_once_and_the_rest_goes_on() -> None:
    outcomes = sent(Outcome(Fate.REFUSED, "InvalidArgumentError"), Outcome(Fate.LATER, "InternalError"))
    again, given_up = retries(OCCASION, outcomes, NONE, 1, MINUTE)
    assert (again.given_up, again.reason) == (False, "InternalError")
    assert (given_up.given_up, given_up.reason) == (True, "InvalidArgumentError")


def test_after_the_last_attempt_it_is_given_up() -> None:
    outcomes = sent(Outcome(Fate.LATER, "UnavailableError"))
    assert not retries(OCCASION, outcomes, NONE, LAST_ATTEMPT - 1, MINUTE)[0].given_up
    assert retries(OCCASION, outcomes, NONE, LAST_ATTEMPT, MINUTE)[0].given_up


def test_a_wait_beyond_what_the_queue_can_do_is_held_on_to() -> None:
    outcomes = sent(Outcome(Fate.LATER, "QuotaExceededError", 40 * MINUTE))
    (job,) = retries(OCCASION, outcomes, NONE, 1, 40 * MINUTE)
    assert job.hold == 40 * MINUTE - LONGEST_DELAY


def test_a_retry_of_very_many_devices_is_split_to_fit_the_queue() -> None:
    outcomes = sent(*[Outcome(Fate.LATER, "UnavailableError")] * (TARGETS + 1))
    jobs = retries(OCCASION, outcomes, NONE, 1, MINUTE)
    assert [len(job.targets) for job in jobs] == [TARGETS, 1]
    assert len(jobs[0].model_dump_json()) < 262_144


def test_nothing_is_tried_again_when_all_arrived() -> None:
    assert retries(OCCASION, sent(DELIVERED, DELIVERED), NONE, 1, MINUTE) == []


@pytest.mark.parametrize(
    ("received", "wait"), [("1772458200100", NONE), ("1772458260100", MINUTE), ("1772458200000", NONE)]
)
def test_the_wait_in_the_queue_is_between_the_queues_own_times(received: str, wait: dt.timedelta) -> None:
    """Two machines of the queue may differ by a little, and then it did not wait."""
    stamps = {"SentTimestamp": "1772458200100", "ApproximateFirstReceiveTimestamp": received}
    assert waited({"attributes": stamps}) == wait
