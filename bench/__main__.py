"""`python -m bench` measures and prints two tables: what all costs, counted, and how fast the push gateway is, timed.

`--json` prints both for a program, and `--write` brings the counts into docs/table.md: they are the same everywhere.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from typing import TYPE_CHECKING, Final

from rich.console import Console

from bench.gateway import GatewayReport
from bench.report import Report
from bench.world import fcm
from local.errors import StackError
from local.places import ROOT
from rekindle.telemetry import logger
from testing import engines

if TYPE_CHECKING:
    from collections.abc import Sequence

DOCUMENT: Final = ROOT / "docs" / "table.md"
PAPER_WIDTH: Final = 120


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and say what came of it; the exit status."""
    parser = argparse.ArgumentParser(
        prog="bench", description="Count what each call and each worker asks of AWS, and time the push gateway."
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--write", action="store_true", help="bring the counts of docs/table.md up to date")
    chosen = parser.parse_args(arguments)
    # The functions' own log lines are for another reader.
    logger.setLevel(logging.CRITICAL)
    try:
        with Console(stderr=True).status("Measuring"), engines.emulator() as url, fcm() as stand_in:
            report = Report.measured(url, stand_in)
        # After the emulator is gone, which would have its share of the cores.
        with Console(stderr=True).status("Timing the gateway"):
            gateway = GatewayReport.measured()
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    if chosen.write:
        DOCUMENT.write_text(report.written_into(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
    if chosen.json:
        print(json.dumps(report.as_json() | {"gateway": gateway.as_json()}, indent=2))
        return 0
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PAPER_WIDTH
    for each in (report, gateway):
        console.print(each.table())
        for verdict in each.verdicts():
            console.print(verdict)
    return 0


if __name__ == "__main__":
    sys.exit(main())
