"""A stack keeps its state after `kill -9`."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING

from local.stack.start import Settings, free_ports, started_stack
from testing.builders import LONDON
from tests.e2e.conftest import eventually, pair, phone_on

if TYPE_CHECKING:
    from pathlib import Path


def test_a_couple_continues_after_a_kill(tmp_path: Path) -> None:
    """The stack keeps profiles, couple, sealed answers, keys, streak and inboxes, and sends new pushes."""
    emulator_port, google_port = free_ports(2)
    settings = Settings(tmp_path, emulator_port, google_port, tick=False)
    with contextlib.ExitStack() as clients:
        with started_stack(settings, contextlib.nullcontext) as (stack, (_, emulator)):
            ada, ben = phone_on(stack, "Ada", LONDON), phone_on(stack, "Ben", LONDON)
            clients.callback(ada.api.close)
            clients.callback(ben.api.close)
            pair(ada, ben)
            date = ada.today()
            ada.answer(date, "Written before.")
            ben.await_kinds("partner_answered")
            # After a slow save the emulator waits ten times as long before the next save.
            saved = tmp_path / "emulator" / "dynamodb.json"
            eventually(lambda: saved.exists() and '"sealed"' in saved.read_text(encoding="utf-8"), 60)
            os.killpg(emulator.pid, signal.SIGKILL)

        with started_stack(settings, contextlib.nullcontext):
            # With the same ID tokens, since the issuer's key is kept, too.
            assert ben.call("GET", f"/v1/days/{date}")["partner"] == {
                "state": "answered",
                "text": None,
                "edited": False,
            }
            assert ben.answer(date, "Written after.")["partner"]["text"] == "Written before."
            ada.await_kinds("both_answered")
            assert ben.kinds() == ["partner_answered"]
            assert ada.call("GET", "/v1/streak")["current"] == 1
