"""Follow a nudge on the deployed path, from one phone to the other's lock screen and app."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rekindle.domain.pushes import PushKind
from rekindle.push.kinds import KINDS
from testing.builders import LONDON, TOKYO
from tests.e2e.conftest import await_quiet, eventually

if TYPE_CHECKING:
    from local.stack import Stack
    from tests.e2e.conftest import NewCouple


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


def test_a_phone_that_registers_its_installation_id_is_pushed_to(stack: Stack, a_couple: NewCouple) -> None:
    ada, ben = a_couple(LONDON, TOKYO)
    fid = "cAbCdEfGhIjKlMnOpQrStU"
    ben.call("PUT", "/v1/me/devices/phone", {"fid": fid, "platform": "android"})
    ada.call("POST", "/v1/nudges", {"gesture": "miss_you"}, status=201)
    (push,) = eventually(lambda: stack.inbox(fid))
    await_quiet(stack)
    assert ben.kinds() == [], "the token is not theirs any more"
    assert push["collapse_key"].startswith(f"{KINDS[PushKind.NUDGE].code}-")
