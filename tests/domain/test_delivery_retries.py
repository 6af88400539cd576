"""Each failed push gets the right decision. tests/routes/test_push_delivery.py tests the effects."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from delivery.gateway import DELIVERED, NO_WAIT, Fate, Outcome
from delivery.handler import _waited
from delivery.recipients import Attempt, Recipient
from delivery.results import (
    FIRST_BACKOFF,
    LAST_ATTEMPT,
    MISSED,
    Result,
    proves_our_project,
    retry_jobs,
    split,
    wait_before,
    without_foreign,
)
from rekindle.domain.calendar import day_window
from rekindle.domain.days import Answer, is_awaited
from rekindle.domain.ids import CoupleId, Language, Uid
from rekindle.domain.pushes import PushKind
from rekindle.push.jobs import LONGEST_DELAY, Missed
from rekindle.push.payloads import Occasion
from rekindle.store import keys
from testing.builders import NEW_YORK, TOKYO, a_day, a_target, an_instant

if TYPE_CHECKING:
    from rekindle.domain.days import Day

DATE = dt.date(2026, 3, 2)
AT = an_instant("2026-03-03T01:30:00Z")
ADA, BEN = Uid("ada"), Uid("ben")
OCCASION = Occasion(PushKind.PROMPT, DATE, AT, ends_at=AT + dt.timedelta(hours=4))
MINUTE = dt.timedelta(minutes=1)
COUPLE = CoupleId("couple-1")


FOREIGN = Outcome(Fate.FOREIGN, "SENDER_ID_MISMATCH")
ATTEMPT = Attempt(OCCASION, 5 * MINUTE, lambda: 10 * MINUTE, COUPLE)


def answered_by(*answered: Uid) -> Day:
    answers = {uid: Answer(AT, 1, b"sealed") for uid in answered}
    return a_day(window=day_window(DATE, [NEW_YORK, TOKYO]), answers=answers)


def a_recipient(person: str, token: str | None = None) -> Recipient:
    return Recipient(person, Language("en"), quiet=False, target=a_target(token))


def sent(*outcomes: Outcome) -> list[Result]:
    return [
        Result(a_recipient(f"person-{number}", f"token-{number}"), outcome) for number, outcome in enumerate(outcomes)
    ]


def test_an_evening_reminder_is_for_who_has_not_answered_a_day_that_is_open() -> None:
    day = answered_by(BEN)
    assert is_awaited(None, ADA, AT), "a day that nobody opened yet is open"
    assert is_awaited(day, ADA, day.window.closes_at - MINUTE)
    assert not is_awaited(day, ADA, day.window.closes_at)
    assert not is_awaited(day, BEN, AT)


def test_each_attempt_waits_twice_as_long_as_the_last() -> None:
    assert [wait_before(attempt, []) / FIRST_BACKOFF for attempt in range(2, LAST_ATTEMPT + 1)] == [1, 2, 4, 8, 16]


def test_an_attempt_waits_as_long_as_anybody_was_asked_to() -> None:
    outcomes = [Outcome(Fate.LATER, "x", 3 * MINUTE), DELIVERED, Outcome(Fate.LATER, "x", MINUTE)]
    assert wait_before(2, outcomes) == 3 * MINUTE
    assert wait_before(6, outcomes) == 8 * MINUTE


def test_only_what_did_not_arrive_is_tried_again() -> None:
    failed = [
        Outcome(Fate.LATER, "UNAVAILABLE"),
        Outcome(Fate.UNAUTHORISED, "UNAUTHENTICATED"),
        Outcome(Fate.APNS, "FCM cannot sign in to Apple"),
        FOREIGN,
    ]
    outcomes = sent(DELIVERED, Outcome(Fate.DEAD, "UNREGISTERED"), *failed)
    assert split(outcomes, 1) == (outcomes[2:], [])
    assert split(outcomes[:1], 1) == ([], [])
    assert retry_jobs(ATTEMPT, [], 2) == []


@pytest.mark.parametrize(
    ("reached", "foreign", "proven"),
    [
        ([], ["ada"], False),
        ([], ["ada", "ben", "cem"], False),
        (["ada"], ["ada"] * 9, True),
        (["ben"], ["ada"] * 10, True),
        (["ben"] * 10, ["ada", "cem"], False),
        (["ben", "dot"], ["ada", "cem"], True),
    ],
)
def test_a_page_proves_our_project_where_as_many_persons_were_reached(
    *, reached: list[str], foreign: list[str], proven: bool
) -> None:
    """Persons are counted, not devices: one person can register many devices of another project."""
    outcomes = [Result(a_recipient(person), DELIVERED) for person in reached]
    outcomes += [Result(a_recipient(person), FOREIGN) for person in foreign]
    assert proves_our_project(outcomes) is proven


def test_foreign_devices_are_dead_unless_their_fault_is_one_to_keep_them_for() -> None:
    outcomes = sent(DELIVERED, FOREIGN, Outcome(Fate.LATER, "INTERNAL"))
    assert [outcome.fate for _, outcome in without_foreign(outcomes)] == [Fate.DELIVERED, Fate.DEAD, Fate.LATER]
    assert without_foreign(outcomes, {FOREIGN.fault}) == outcomes


def test_a_fault_is_named_without_what_the_service_said() -> None:
    assert Outcome(Fate.APNS, "FCM cannot sign in to Apple", detail="Whatever").fault == (
        "apns#FCM cannot sign in to Apple"
    )


def test_what_is_refused_is_given_up_at_once_and_the_rest_goes_on() -> None:
    refused, later = outcomes = sent(Outcome(Fate.REFUSED, "INVALID_ARGUMENT"), Outcome(Fate.LATER, "INTERNAL"))
    assert split(outcomes, 1) == ([later], [refused])


def test_after_the_last_attempt_it_is_given_up() -> None:
    outcomes = sent(Outcome(Fate.LATER, "UNAVAILABLE"))
    assert split(outcomes, LAST_ATTEMPT - 1) == (outcomes, [])
    assert split(outcomes, LAST_ATTEMPT) == ([], outcomes)


def test_a_retry_is_about_the_same_and_says_why_it_is_needed() -> None:
    (job,) = retry_jobs(ATTEMPT, sent(Outcome(Fate.LATER, "UNAVAILABLE")), 2)
    assert job.missed == (Missed(person="person-0", target=keys.digest_of(a_target("token-0"))),)
    assert job.couple == COUPLE
    assert (job.attempt, job.reason, job.late, job.hold) == (2, "UNAVAILABLE", 5 * MINUTE, NO_WAIT)
    assert job.occasion == OCCASION


def test_a_wait_beyond_what_the_queue_can_do_is_held_on_to() -> None:
    outcomes = sent(Outcome(Fate.LATER, "QUOTA_EXCEEDED", 40 * MINUTE))
    (job,) = retry_jobs(ATTEMPT, outcomes, 2, 40 * MINUTE)
    assert job.hold == 40 * MINUTE - LONGEST_DELAY


def test_a_retry_of_very_many_devices_is_split_to_fit_the_queue() -> None:
    outcomes = sent(*[Outcome(Fate.LATER, "UNAVAILABLE")] * (MISSED + 1))
    jobs = retry_jobs(ATTEMPT, outcomes, 2)
    assert [len(job.missed) for job in jobs] == [MISSED, 1]
    assert len(jobs[0].model_dump_json()) < 262_144


@pytest.mark.parametrize(
    ("received", "times", "wait"),
    [
        ("1772458200100", 1, NO_WAIT),
        ("1772458260100", 1, MINUTE),
        ("1772458200000", 1, NO_WAIT),
        ("1772458260100", 3, 41 * MINUTE),
    ],
    ids=["at once", "a minute later", "by a clock that is behind", "after two failures"],
)
def test_the_wait_in_the_queue_is_between_the_queues_own_times(received: str, times: int, wait: dt.timedelta) -> None:
    """The queue hides the job after each failure, and that time counts. Clocks of its machines may differ a little."""
    stamps = {
        "SentTimestamp": "1772458200100",
        "ApproximateFirstReceiveTimestamp": received,
        "ApproximateReceiveCount": str(times),
    }
    assert _waited({"attributes": stamps}, 20 * MINUTE) == wait
