"""Every event can be replayed: functions use the event's instant, never the machine's clock."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import time_machine

from testing.builders import an_instant
from testing.phones import a_couple

if TYPE_CHECKING:
    from testing.phones import Handler


@pytest.mark.parametrize("clock", ["2001-09-09T01:46:40Z", "2099-12-31T23:59:59Z"])
def test_a_day_goes_the_same_whatever_the_machines_clock_says(api: Handler, clock: str) -> None:
    with time_machine.travel(an_instant(clock)):
        ada, ben = a_couple(api)
        ada.put("/v1/days/2026-03-02/answer", {"text": "The way you hum."})
        ben.put("/v1/days/2026-03-02/answer", {"text": "Your letters."})
        replies = [ada.get(path) for path in ("/v1/today", "/v1/days", "/v1/streak", "/v1/couple")]
    assert [reply.status for reply in replies] == [200] * 4
    seen = json.dumps([reply.body for reply in replies])
    assert "2026-03-02" in seen
    assert clock[:4] not in seen
