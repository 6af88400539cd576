"""The demo succeeds. Newcomers see it first."""

from __future__ import annotations

import contextlib
import io

from rich.console import Console

from local.demo.page import PAGE_WIDTH, Claim
from local.demo.play import play


def test_every_expectation_of_the_demo_holds() -> None:
    shown = io.StringIO()
    held = play(Console(file=shown, width=PAGE_WIDTH, highlight=False), contextlib.nullcontext)
    text = shown.getvalue()
    assert held, text
    verdict = text.partition("What was expected")[2]
    assert verdict.count("✓") == len(Claim)
    assert max(map(len, text.splitlines())) <= PAGE_WIDTH
