"""A damaged event of the schedule changes nothing, and claims of any form are never our fault."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any, Final, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from rekindle.store.slots import Slots
from rekindle.store.watermark import Watermark
from testing import contract
from testing.memory_table import MemoryTable
from testing.phones import http_event
from testing.push_world import Queue, people_at
from tests.fuzz.damage import CANARY, JSON
from tests.fuzz.logs import logged
from tests.fuzz.settings import fuzzing
from tests.fuzz.worlds import KNOWN, KNOWN_TO_STAFF, NOW, phones_world, practice_world
from tick.handler import Tick, TickEvent

NAMES: Final = [
    "sub",
    "auth_time",
    "iat",
    "exp",
    "iss",
    "aud",
    "scope",
    "email",
    "email_verified",
    "firebase",
    "user_id",
]
CLAIMS: Final = st.dictionaries(
    st.sampled_from(NAMES) | st.text(max_size=8),
    JSON | st.sampled_from(["nan", "inf", "-1", "1e400", "9" * 400, "practice:publish", "true", CANARY]),
    max_size=6,
)
WORLDS: Final = {"openapi.json": cache(phones_world), "openapi-practice.json": cache(practice_world)}


@pytest.mark.parametrize("document", WORLDS)
def test_claims_of_any_form_are_never_our_fault(document: str) -> None:
    world = WORLDS[document]()
    routes = [each for each in contract.operations() if each.document == document]

    @fuzzing(short=150)
    @given(
        operation=st.sampled_from(routes),
        caller=st.sampled_from([*world.callers]),
        claims=CLAIMS,
        authorizer=st.sampled_from(["claims", "jwt", "authorizer", "whole"]),
        other=JSON,
    )
    def check(operation: contract.Operation, caller: str, claims: Any, authorizer: str, other: Any) -> None:
        world.reset()
        path = operation.template.format(**KNOWN | (KNOWN_TO_STAFF if "practice" in document else {}))
        event = http_event(operation.method, path, "", NOW, None)
        context = event["requestContext"]
        match authorizer:
            case "claims":
                context["authorizer"]["jwt"]["claims"] = claims
            case "jwt":
                context["authorizer"]["jwt"] = other
            case "authorizer":
                context["authorizer"] = other
            case _:
                context["authorizer"]["jwt"]["claims"] = world.callers[caller] | claims
        with logged() as lines:
            answer = world.handler(event, None)
        assert answer["statusCode"] < 500, answer["body"]
        assert CANARY not in lines.getvalue()

    check()


@fuzzing(short=100)
@given(event=JSON | st.dictionaries(st.sampled_from(["scheduled_time", "time", "id"]), JSON, max_size=2))
def test_an_event_of_the_schedule_is_a_time_or_is_refused_as_a_whole(event: Any) -> None:
    try:
        at = TickEvent.model_validate(event).scheduled_time
    except ValidationError:
        return
    assert at.tzinfo


@fuzzing(short=60)
@given(at=st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31, 23, 59), timezones=st.just(dt.UTC)))  # noqa: DTZ001
def test_a_tick_at_any_time_moves_the_watermark_only_forwards(at: dt.datetime) -> None:
    table, queue = cast("Any", MemoryTable()), Queue.in_memory()
    people_at(table, 1)
    watermark = Watermark(table)
    tick = Tick(Slots(table), watermark, queue.outbox)
    assert tick.run(NOW) >= 0
    before = watermark.read()
    assert tick.run(at) == len(queue.taken()) or at <= NOW
    after = watermark.read()
    assert before
    assert after
    assert after >= before
