"""A pause on the deployed path: a beat at a paused slot pushes nothing, and the first one after it does."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from rekindle.domain.calendar import slot_instant
from testing.builders import TOKYO
from tests.e2e.conftest import await_quiet, next_date
from tests.e2e.test_schedule import CHATHAM

if TYPE_CHECKING:
    from local.stack import Stack
    from tests.e2e.conftest import NewCouple, Phone

DAY = dt.timedelta(days=1)


def _tick_morning(stack: Stack, date: dt.date) -> None:
    due = slot_instant(date, dt.time(8, 30), CHATHAM)
    assert due
    stack.tick(due)
    await_quiet(stack)


def _pause(phone: Phone, until: dt.date | None) -> None:
    if until:
        phone.call("PATCH", "/v1/couple", {"pause": {"until": str(until)}})
    else:
        phone.call("DELETE", "/v1/couple/pause", status=204)
    shown = phone.call("GET", "/v1/couple")["pause"]
    assert (shown and shown["until"]) == (until and str(until))


def test_while_two_pause_nobody_is_reminded_and_on_the_first_date_after_both_are(
    stack: Stack, a_couple: NewCouple
) -> None:
    """Either begins it and the other ends it; a nudge still comes."""
    ada, ben = a_couple(CHATHAM, CHATHAM)
    date = next_date()
    _pause(ada, date)
    assert ben.call("GET", "/v1/today")["pause"] == ada.call("GET", "/v1/couple")["pause"]
    _tick_morning(stack, date - DAY)
    assert (ada.kinds(), ben.kinds()) == ([], [])
    ben.call("POST", "/v1/nudges", {"gesture": "miss_you"}, status=201)
    ada.await_kinds("nudge")
    _tick_morning(stack, date)
    for phone, kinds in ((ada, ["nudge", "prompt"]), (ben, ["prompt"])):
        phone.await_kinds(*kinds)


def test_a_pause_that_is_ended_by_hand_is_over_for_both(stack: Stack, a_couple: NewCouple) -> None:
    ada, ben = a_couple(CHATHAM, TOKYO)
    date = next_date()
    _pause(ada, date + DAY)
    _pause(ben, None)
    assert ada.call("GET", "/v1/couple")["pause"] is None
    _tick_morning(stack, date)
    ada.await_kinds("prompt")
