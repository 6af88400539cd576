"""One run of the sweep, zone by zone, on every processor there is."""

from __future__ import annotations

import multiprocessing
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.calendar.sweep import findings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from rekindle.domain.ids import Zone
    from tests.calendar.sweep import Findings


@dataclass(frozen=True, slots=True)
class Run:
    """What is to be checked."""

    zones: Sequence[Zone]
    first_year: int
    last_year: int
    seed: int

    def findings(self, console: Console) -> list[Findings]:
        """Check every zone on all processors, with a progress bar; return the findings."""
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        # Processes of their own, rather than forks of one in which the bar's thread runs; Ctrl-C is for that one alone.
        spawned = multiprocessing.get_context("spawn")
        with (
            Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress,
            spawned.Pool(initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_IGN)) as pool,
        ):
            checked = pool.imap_unordered(self.findings_in, self.zones)
            found = list(progress.track(checked, total=len(self.zones), description="Zones"))
        return sorted(found, key=lambda each: each.zone)

    def findings_in(self, zone: Zone) -> Findings:
        """Return the findings of the check of one zone."""
        try:
            return findings(zone, range(self.first_year, self.last_year + 1), self.seed)
        except Exception as error:
            error.add_note(f"To have it again: {self.command(zone)}")
            raise

    def command(self, zone: Zone) -> str:
        """Return the command that repeats the check of one zone."""
        years = f"--years {self.first_year} {self.last_year}"
        return f".venv/bin/python -m tests.calendar {years} --seed {self.seed} {zone}"
