"""Time comes with the event: no code of a function reads a clock."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for root in ("shared", "functions") for path in (ROOT / root).rglob("*.py"))

CLOCKS = {
    *(f"{kind}.{name}" for kind in ("datetime", "date") for name in ("now", "utcnow", "today")),
    *(f"time.{name}" for name in ("time", "time_ns", "localtime", "gmtime", "ctime", "strftime", "clock_gettime")),
}
"""Attributes that read the wall clock. `time.monotonic` is free: it serves the age of what is cached, nothing else."""


def clock_reads(source: str) -> list[str]:
    """Return the expressions of a module that read a wall clock, however it was imported."""
    tree = ast.parse(source)
    names = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    dotted = (ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute | ast.Name))
    resolved = (".".join([names.get(head, head), *rest]) for head, *rest in (name.split(".") for name in dotted))
    imported = [
        f"time.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "time"
        for alias in node.names
    ]
    return [name for name in (*resolved, *imported) if ".".join(name.split(".")[-2:]) in CLOCKS]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_code_of_a_function_reads_a_clock(path: Path) -> None:
    assert clock_reads(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import datetime as dt\ndt.datetime.now(dt.UTC)",
        "import datetime\ndatetime.date.today()",
        "from datetime import datetime as when\nwhen.utcnow()",
        "import time\ntime.time()",
        "import time as clock\nread = clock.time_ns",
        "from time import time\ntime()",
    ],
)
def test_a_clock_is_found_however_it_is_named(source: str) -> None:
    """Without this the test above could pass because it finds no clock at all."""
    assert clock_reads(source)
