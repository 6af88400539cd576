"""Nudges and touch reminders on the deployed path: from one phone to the other's lock screen and app."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

from rekindle.domain.calendar import slot_instant
from rekindle.domain.models import PushKind, Zone
from rekindle.push.kinds import KINDS
from testing.builders import LONDON, TOKYO
from tests.e2e.conftest import await_quiet, eventually

if TYPE_CHECKING:
    from local.stack import Stack
    from tests.e2e.conftest import NewCouple, Phone

MARQUESAS = Zone("Pacific/Marquesas")
"""Half an hour off nearly all others, where nobody else of these tests is."""
ALL_WEEK = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


def _wish(phone: Phone, zone: str, *, wanted: bool = True) -> None:
    phone.call("PUT", "/v1/me", {"display_name": "Someone", "zone": zone, "touch_comfort": 2})
    touch = {"weekdays": ALL_WEEK, "time": "19:05"} if wanted else None
    phone.call("PUT", "/v1/me/reminders", {"touch": touch, "evening_time": None})


def test_a_nudge_reaches_the_other_phone_and_shows_its_gesture_in_the_app(stack: Stack, a_couple: NewCouple) -> None:
    ada, ben = a_couple()
    ben.call("PUT", "/v1/me/reminders", {"quiet_hours": None})  # whatever the hour at which this runs
    ada.call("POST", "/v1/nudges", {"gesture": "proud_of_you"}, status=201)
    ben.await_kinds("nudge")
    assert "proud" not in json.dumps(ben.inbox()).lower()
    (nudge,) = ben.call("GET", "/v1/nudges")["received"]
    assert nudge["gesture"] == "proud_of_you"
    ada.call("POST", "/v1/nudges", {"gesture": "hug"}, status=201)
    ada.call("POST", "/v1/nudges", {"gesture": "hug"}, status=201)
    ada.call("POST", "/v1/nudges", {"gesture": "hug"}, status=429)
    ben.await_kinds("nudge", "nudge", "nudge")
    assert all(push["buzzes"] for push in ben.inbox()), "each in its own right"
    await_quiet(stack)
    assert ada.kinds() == []


def test_who_mutes_nudges_gets_none_and_the_sender_cannot_tell(stack: Stack, a_couple: NewCouple) -> None:
    ada, ben = a_couple()
    ben.call("PUT", "/v1/me/reminders", {"nudges_muted": True})
    first = ada.api.post("/v1/nudges", json={"gesture": "hug"})
    ben.call("PUT", "/v1/me/reminders", {"nudges_muted": False})
    second = ada.api.post("/v1/nudges", json={"gesture": "hug"})
    assert (first.status_code, first.json().keys()) == (second.status_code, second.json().keys())
    ben.await_kinds("nudge")
    await_quiet(stack)
    assert ben.kinds() == ["nudge"]
    assert len(ben.call("GET", "/v1/nudges")["received"]) == 1


def test_a_touch_reminder_comes_to_both_while_both_want_it(stack: Stack, a_couple: NewCouple, a_date: dt.date) -> None:
    ada, ben = a_couple(MARQUESAS, MARQUESAS)
    due = slot_instant(a_date, dt.time(19, 5), MARQUESAS)
    assert due is not None
    _wish(ada, MARQUESAS)
    assert ada.call("GET", "/v1/touch/today")["gesture"] is None
    _wish(ben, MARQUESAS)
    gestures = [phone.call("GET", "/v1/touch/today")["gesture"] for phone in (ada, ben)]
    assert gestures[0] == gestures[1]
    assert gestures[0]["warmth"] == 1, "it begins small"
    stack.tick(due)
    for phone in (ada, ben):
        phone.await_kinds("touch")
        assert gestures[0]["text"] not in json.dumps(phone.inbox(), ensure_ascii=False)
    _wish(ben, MARQUESAS, wanted=False)
    stack.tick(due + dt.timedelta(days=1))
    await_quiet(stack)
    assert (ada.kinds(), ben.kinds()) == (["touch"], ["touch"])
    assert ada.call("GET", "/v1/touch/today")["gesture"] is None


def test_a_phone_that_registers_its_installation_id_is_pushed_to(stack: Stack, a_couple: NewCouple) -> None:
    ada, ben = a_couple(LONDON, TOKYO)
    fid = "cAbCdEfGhIjKlMnOpQrStU"
    ben.call("PUT", "/v1/me/devices/phone", {"fid": fid, "platform": "android"})
    ada.call("POST", "/v1/nudges", {"gesture": "miss_you"}, status=201)
    (push,) = eventually(lambda: stack.inbox(fid))
    await_quiet(stack)
    assert ben.kinds() == [], "the token is not theirs any more"
    assert push["collapse_key"].startswith(f"{KINDS[PushKind.NUDGE].code}-")
