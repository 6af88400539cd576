"""The demo holds, because newcomers see it first."""

from __future__ import annotations

import io

from rich.console import Console

from local.demo.__main__ import run
from local.demo.page import PAGE_WIDTH
from local.demo.stage import Claim


def test_every_expectation_of_the_demo_holds() -> None:
    shown = io.StringIO()
    held = run(Console(file=shown, width=PAGE_WIDTH, highlight=False))
    text = shown.getvalue()
    assert held, text
    verdict = text.partition("What was expected")[2]
    assert verdict.count("✓") == len(Claim)
    assert max(map(len, text.splitlines())) <= PAGE_WIDTH
