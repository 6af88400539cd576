"""What a fault of YAML means to the person who typed it: where to look, and what to type instead."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """What a parser stumbled over. Lines and columns count from 0; `since` is the line where the broken part begins."""

    problem: str
    context: str
    line: int
    column: int
    since: int


def meaning(text: str, fault: Fault) -> tuple[int, str]:
    """The line to look at, from 1, and what to mend there."""
    lines = text.split("\n")
    return min(fault.line, len(lines) - 1) + 1, "this line cannot be read; check its quotes, brackets and indentation"
