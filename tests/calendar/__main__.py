"""Check every zone, or the given ones: `python -m tests.calendar`. `--seed` repeats an earlier run."""

from __future__ import annotations

import argparse
import multiprocessing
import random
import signal
import sys
import time
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.progress import track

from rekindle.domain.calendar import zone_named, zone_names
from rekindle.errors import UnknownZoneError
from tests.calendar.oracle import HORIZON, ZONES
from tests.calendar.sweep import Findings, named_findings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rekindle.domain.ids import Zone

YEARS: Final = (2024, 2030)
COMPLAINTS_TOLD: Final = 50

_CONSOLE: Final = Console(highlight=False, soft_wrap=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Check, print how much was checked and what is wrong, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.calendar", description="Check every slot of every zone.")
    parser.add_argument("zones", nargs="*", metavar="ZONE", help="a zone to check; all of them if there is none")
    parser.add_argument(
        "--years", nargs=2, type=int, default=YEARS, metavar=("FIRST", "LAST"), help="2024 to 2030 if not said"
    )
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().randrange(10**9), help="what a run told, to play it again"
    )
    chosen = parser.parse_args(arguments)
    try:
        zones = [zone_named(name) for name in chosen.zones or sorted(zone_names())]
    except UnknownZoneError as error:
        parser.error(str(error))
    first_year, last_year = chosen.years
    if not 1 < first_year <= last_year < HORIZON:
        parser.error(f"the years must be in order, and before {HORIZON}")
    again = f".venv/bin/python -m tests.calendar --years {first_year} {last_year} --seed {chosen.seed}"
    _CONSOLE.print(f"tzdata {version('tzdata')}. To play this run again: {again}")
    begun = time.monotonic()
    found = _checked(zones, range(first_year, last_year + 1), chosen.seed)
    _tell_what_was_checked(found, time.monotonic() - begun)
    return _verdict(found, again)


def _checked(zones: Sequence[Zone], years: range, seed: int) -> list[Findings]:
    """Check the zones on all processors, with a progress bar."""
    # Spawn the processes: a fork would copy the thread of the progress bar. Only the main process handles Ctrl-C.
    spawned = multiprocessing.get_context("spawn")
    with spawned.Pool(initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)) as pool:
        checked = pool.imap(partial(named_findings, years=years, seed=seed), zones)
        return list(
            track(checked, "Zones", len(zones), console=_CONSOLE, transient=True, disable=not _CONSOLE.is_terminal)
        )


def _tell_what_was_checked(found: Sequence[Findings], seconds: float) -> None:
    clocks = len({ZONES.joinpath(each.zone).read_bytes() for each in found})
    changes, dates, never_shown, slots = (
        sum(getattr(each, name) for each in found) for name in ("changes", "dates", "never_shown", "slots")
    )
    _CONSOLE.print(
        f"In these years, and whenever else a date was skipped or came twice: {len(found)} zones with {clocks} "
        f"different clocks, {changes:,} transitions, {dates:,} days ({never_shown} of them on no calendar), "
        f"{slots:,} (zone, date, slot) triples; {seconds:.0f} s"
    )


def _verdict(found: Sequence[Findings], again: str) -> int:
    complaints = [(each.zone, complaint) for each in found for complaint in each.complaints]
    if not complaints:
        _CONSOLE.print(
            "Each was due exactly once and at its instant, by ticks at every time, and by ticks missed, doubled and "
            "late; after an outage, those that were not too late."
        )
        return 0
    for _, complaint in complaints[:COMPLAINTS_TOLD]:
        _CONSOLE.print(complaint)
    _CONSOLE.print(f"{len(complaints):,} complaints. To play the first of them again: {again} {complaints[0][0]}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
