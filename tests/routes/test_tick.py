from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import ValidationError

from rekindle.domain.reminders import Slot
from rekindle.store.shards import Shards
from testing.builders import NEW_YORK, TOKYO, an_instant
from testing.samples import sample_event
from tick import handler as tick
from tick.handler import due_in, due_jobs, window

MINUTES = dt.timedelta(minutes=1)
AT = an_instant("2026-03-02T13:30:00Z")
"""08:30 in New York, 22:30 in Tokyo."""


def test_a_tick_covers_the_time_since_the_last_one() -> None:
    assert window(AT - 5 * MINUTES, AT) == (AT - 5 * MINUTES, AT)


def test_the_first_tick_ever_looks_back_five_minutes() -> None:
    assert window(None, AT) == (AT - 5 * MINUTES, AT)


def test_a_tick_after_an_outage_catches_up_two_hours_at_most() -> None:
    assert window(AT - 45 * MINUTES, AT) == (AT - 45 * MINUTES, AT)
    assert window(AT - 1000 * MINUTES, AT) == (AT - 120 * MINUTES, AT)


def test_a_repeated_or_overtaken_tick_has_nothing_to_do() -> None:
    assert window(AT, AT) == (AT, AT)
    assert window(AT + 5 * MINUTES, AT) == (AT, AT)


def test_the_slot_that_a_zone_has_just_reached_is_due() -> None:
    due = due_in({TOKYO, NEW_YORK}, AT - 5 * MINUTES, AT)
    assert [(each.slot, each.date, each.instant) for each in due] == [
        (Slot(NEW_YORK, dt.time(8, 30)), dt.date(2026, 3, 2), AT),
        (Slot(TOKYO, dt.time(22, 30)), dt.date(2026, 3, 2), AT),
    ]


def test_a_job_is_made_for_each_shard_of_a_slot_that_exists() -> None:
    due = due_in({TOKYO, NEW_YORK}, AT - 5 * MINUTES, AT)
    jobs = due_jobs(due, {Slot(NEW_YORK, dt.time(8, 30)): Shards(("a", "b"), new_names=("c",))}, AT)
    assert [(str(job.slot), job.shard) for job in jobs] == [("America/New_York#08:30", shard) for shard in "abc"]


def test_a_job_says_how_late_it_is() -> None:
    due = due_in({NEW_YORK}, AT - 30 * MINUTES, AT)
    jobs = due_jobs(due, {Slot(NEW_YORK, dt.time(8, 10)): Shards(("a",))}, AT)
    assert [job.late for job in jobs] == [20 * MINUTES]


def test_consecutive_ticks_find_every_slot_of_a_day_once() -> None:
    """They come irregularly, in the night in which New York loses an hour."""
    start = an_instant("2026-03-08T05:00:00Z")
    ends = [start + minutes * MINUTES for minutes in (0, 5, 10, 47, 48, 130, 135, 240, 241, 300, 400, 500)]
    found = [each for before, at in itertools.pairwise(ends) for each in due_in({NEW_YORK}, *window(before, at))]
    assert found == due_in({NEW_YORK}, ends[0], ends[-1])
    assert len({each.slot for each in found}) == len(found)


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"scheduled_time": None},
        {"scheduled_time": "<aws.scheduler.scheduled-time>"},
        {"scheduled_time": "2026-03-02T13:30:00"},
        {"scheduled_time": "2026-03-02T13:30:00Z", "time": "2026-03-02T13:30:00Z"},
    ],
    ids=["empty", "none", "placeholder", "naive", "extra"],
)
def test_an_event_without_one_clear_time_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        tick.handler(event, LambdaContext())


def test_the_sample_event_names_its_time() -> None:
    assert tick.TickEvent.model_validate(sample_event("tick")).scheduled_time == AT
