"""Print what each call and each worker costs, and how fast the push gateway is: `python -m bench`.

`--write` also writes the counts into docs/table.md. The counts are the same on every machine.
"""

from __future__ import annotations

import argparse
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
    """Measure and print the results. Return the exit status."""
    parser = argparse.ArgumentParser(
        prog="bench", description="Count the requests to AWS of each call and worker, and time the push gateway."
    )
    parser.add_argument("--write", action="store_true", help="write the counts into docs/table.md")
    chosen = parser.parse_args(arguments)
    logger.setLevel(logging.CRITICAL)  # the functions' log lines would hide the tables
    try:
        with Console(stderr=True).status("Counting requests"), engines.emulator() as url, fcm() as stand_in:
            report = Report.measured(url, stand_in)
        # The emulator must end before the gateway is timed, because both would need the same cores.
        with Console(stderr=True).status("Timing the push gateway"):
            gateway = GatewayReport.measured()
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    if chosen.write:
        DOCUMENT.write_text(report.written_into(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
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
