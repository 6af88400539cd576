"""`python -m bench.simulate` plays two days of two million persons, and says what they cost and who was not told.

Its exit status is 1 if anybody was told more or less often than once for a date that was due.
"""

from __future__ import annotations

import argparse
import datetime as dt
import logging
import math
import resource
import sys
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench import prices
from bench.ground import LETTERS
from bench.simulation import DELIVERY, LARGE, MOVING, SPREADING, TICK, Simulation
from rekindle.domain.models import PushKind
from rekindle.push.kinds import REMINDERS
from rekindle.telemetry import logger
from testing.memory_table import NOTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.simulation import Work, Wrong

PERSONS: Final = 2_000_000
LENGTH: Final = dt.timedelta(days=2)
CHANGES: Final = {
    "autumn": dt.datetime(2026, 10, 31, tzinfo=dt.UTC),
    "spring": dt.datetime(2026, 3, 7, tzinfo=dt.UTC),
}
"""Starts of two days in which the clocks of the United States change."""

READ_TARGET: Final = 0.02
"""Read units for a push of the daily prompt, in delivery."""
MEMORY_TARGET: Final = 4.0
"""Gigabytes at the most."""

PER_SECOND: Final = 1_900
"""Pushes of one worker in a second, unless chosen otherwise: the pace that template.yaml sets it."""
WORKERS: Final = 5
"""Of delivery at once, as template.yaml has it."""
DELIVERY_GB: Final = 1.0
TICK_GB: Final = 0.5
"""Memory, as template.yaml has it."""
ROUND_TRIP: Final = 0.006
"""Seconds of a request to DynamoDB or SQS; assumed."""
POLLING: Final = 5 * 3
"""Requests a minute by which Lambda asks an empty queue for jobs: five pollers, each for twenty seconds."""

PAPER_WIDTH: Final = 120

NAMED: Final = 20
"""Of those who were not told as they should have been, how many are named."""


@dataclass(frozen=True, slots=True)
class Bills:
    """Dollars by service, of the workers: the tick, delivery, and the spreading of slots."""

    dynamodb: float
    sqs: float
    compute: float

    @classmethod
    def of(cls, simulation: Simulation, per_second: float) -> Bills:
        """What the simulation would have cost."""
        units = simulation.bill.total(TICK, DELIVERY, SPREADING)
        jobs, minutes = simulation.jobs.total(), LENGTH.total_seconds() / 60
        # A job is received and deleted by itself at the worst.
        requests = simulation.queue.requests + 2 * jobs + POLLING * minutes
        delivering = simulation.phones.pushes.total() / per_second
        delivering += ROUND_TRIP * simulation.bill.total(DELIVERY, SPREADING).requests
        ticking = ROUND_TRIP * (simulation.bill.total(TICK).requests + simulation.queue.requests)
        return cls(
            dynamodb=units.read * prices.READ_UNIT + units.write * prices.WRITE_UNIT,
            sqs=requests * prices.SQS_REQUEST,
            compute=(delivering * DELIVERY_GB + ticking * TICK_GB) * prices.LAMBDA_GB_SECOND
            + (jobs + simulation.ticks) * prices.LAMBDA_REQUEST,
        )


def backlog(demand: dict[dt.datetime, int], a_minute: float) -> dt.timedelta:
    """For how long pushes wait at the longest, if so many can be sent in a minute, each in its turn."""
    free = longest = 0.0
    for at, pushes in sorted(demand.items()):
        minute = at.timestamp() / 60
        free = max(free, minute) + pushes / a_minute
        longest = max(longest, free - minute)
    return dt.timedelta(seconds=round(longest * 60))


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate, and say what came of it; the exit status."""
    parser = argparse.ArgumentParser(prog="bench.simulate", description="Play two days of a large population.")
    parser.add_argument("--persons", type=int, default=PERSONS, help="how many (%(default)s)")
    parser.add_argument("--change", choices=CHANGES, default="autumn", help="of the clocks (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="draws another population (%(default)s)")
    parser.add_argument(
        "--per-second", type=float, default=PER_SECOND, metavar="N", help="pushes of one worker (%(default)s)"
    )
    chosen = parser.parse_args(arguments)
    if chosen.persons < 2:  # noqa: PLR2004  a couple
        parser.error("a couple is two persons")
    # The functions' own log lines are for another reader.
    logger.setLevel(logging.CRITICAL)
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PAPER_WIDTH
    with Console(stderr=True).status(f"Drawing {chosen.persons:,} persons"):
        start = CHANGES[chosen.change]
        simulation = Simulation.of(chosen.persons, start, LENGTH, seed=chosen.seed, per_second=chosen.per_second)
    played(simulation)
    return reported(simulation, chosen.per_second, console)


def played(simulation: Simulation) -> None:
    """Let the simulation run, and show how far it has come."""
    columns = TextColumn("Reminders due"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), refresh_per_second=2) as progress:
        task = progress.add_task("", total=simulation.due)
        simulation.run(lambda rows: progress.update(task, completed=rows))
        progress.update(task, total=simulation.rows)


def reported(simulation: Simulation, per_second: float, console: Console) -> int:
    """Print what came of it; the exit status."""
    with Console(stderr=True).status("Counting who was due"):
        wrong = list(simulation.wrong())
    console.print(table(simulation, per_second))
    for verdict in verdicts(simulation, wrong):
        console.print(verdict)
    return 1 if wrong else 0


def table(simulation: Simulation, per_second: float) -> Table:
    """What happened and what it took."""
    shown = Table(box=box.SIMPLE_HEAD, show_header=False, pad_edge=False)
    shown.add_column("")
    shown.add_column("", justify="right")
    for part in (
        _happened(simulation),
        _took(simulation),
        _cost(simulation, per_second),
        _load(simulation, per_second),
    ):
        for name, figure in part:
            shown.add_row(name, figure)
        shown.add_section()
    return shown


def _happened(simulation: Simulation) -> Iterator[tuple[str, str]]:
    yield "persons", f"{len(simulation.population):,}"
    yield "zones", f"{len(set(simulation.population.zone)):,}"
    yield "slots", f"{simulation.slots:,}"
    yield "ticks", f"{simulation.ticks:,}"
    if faults := simulation.faults:
        times = (f"{at:%d %H:%M}" for at in (faults.missed, faults.doubled, faults.late))
        yield "one of them missed, one doubled, one late", "  ".join(times)
    yield "jobs, of which some came twice", f"{simulation.jobs.total():,}"
    yield "persons who moved", f"{len(simulation.moves):,}"
    yield "reminders caught up with as they moved", f"{simulation.caught_up:,}"
    yield "rows read", f"{simulation.rows:,}"
    for kind in REMINDERS:
        yield f"pushes: {kind}", f"{simulation.phones.pushes[kind]:,}"
    yield "pushes", f"{simulation.phones.pushes.total():,}"


def _took(simulation: Simulation) -> Iterator[tuple[str, str]]:
    pushes = simulation.phones.pushes
    named = {
        TICK: "tick",
        DELIVERY: "delivery",
        SPREADING: "spreading a slot that has grown",
        MOVING: "who moved (API)",
    }
    for purpose, name in named.items():
        units = simulation.bill.total(purpose)
        yield f"{name}: requests, read, write units", f"{units.requests:,}  {units.read:,.0f}  {units.write:,.0f}"
    units = simulation.bill.total(TICK, DELIVERY, SPREADING)
    yield "workers: requests, read, write units", f"{units.requests:,}  {units.read:,.0f}  {units.write:,.0f}"
    total = pushes.total()
    yield "for a push, all told", f"{units.requests / total:.4f}  {units.read / total:.4f}  {units.write / total:.4f}"
    for kind in REMINDERS:
        yield f"for a push of kind {kind}, delivery alone", _for_a_push(*works(simulation, kind))
        yield f"the same in shards of {LARGE:,} rows and more", _for_a_push(simulation.work[LETTERS[kind], True])
    parts = {"rows": ["DUE"], "notes of changes": [NOTES], "days": ["COUPLE"], "silent devices": ["TARGET", "PERSON"]}
    reads = (f"{simulation.bill.total(DELIVERY, entities=entities).read:,.0f}" for entities in parts.values())
    yield f"delivery's read units: {', '.join(parts)}", "  ".join(reads)


def works(simulation: Simulation, kind: PushKind) -> tuple[Work, Work]:
    """What deliveries of a kind took, in small shards and in large ones."""
    return simulation.work[LETTERS[kind], False], simulation.work[LETTERS[kind], True]


def _for_a_push(*work: Work) -> str:
    pushes = sum(each.pushes for each in work) or 1
    figures = (
        sum(figures) / pushes
        for figures in zip(*((each.requests, each.read, each.write) for each in work), strict=True)
    )
    return "  ".join(f"{figure:.4f}" for figure in figures)


def _cost(simulation: Simulation, per_second: float) -> Iterator[tuple[str, str]]:
    bills, millions = Bills.of(simulation, per_second), simulation.phones.pushes.total() / prices.MILLION
    yield "dollars for a million pushes: DynamoDB on demand", f"{bills.dynamodb / millions:.4f}"
    yield "dollars for a million pushes: SQS", f"{bills.sqs / millions:.4f}"
    assumed = f"assumed: {per_second:,.0f} pushes a second, {ROUND_TRIP * 1000:.0f} ms a request"
    yield f"dollars for a million pushes: Lambda ({assumed})", f"{bills.compute / millions:.4f}"
    total = bills.dynamodb + bills.sqs + bills.compute
    yield "dollars for a million pushes", f"{total / millions:.4f}"
    yield "dollars a day", f"{total / LENGTH.days:.2f}"


def _load(simulation: Simulation, per_second: float) -> Iterator[tuple[str, str]]:
    at, most = max(simulation.demand.items(), key=lambda each: each[1])
    yield f"most pushes of one minute, at {at:%Y-%m-%d %H:%M} UTC", f"{most:,}"
    needed = math.ceil(most / 60 / per_second)
    yield f"workers to send them within it, at {per_second:,.0f} pushes a second each", f"{needed:,}"
    own = per_second * 60 * WORKERS
    yield f"longest wait with the template's {WORKERS} workers", _span(backlog(simulation.demand, own))
    quota = f"FCM's quota: {prices.FCM_A_MINUTE:,} a minute, {prices.FCM_A_MINUTE // 60:,} a second"
    binds = most > prices.FCM_A_MINUTE
    yield quota, "binds" if binds else "does not bind"
    yield "longest wait at the quota", _span(backlog(simulation.demand, prices.FCM_A_MINUTE))


def _span(span: dt.timedelta) -> str:
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    return f"{minutes} min {seconds} s"


def verdicts(simulation: Simulation, wrong: Sequence[Wrong]) -> Iterator[str]:
    """What it comes to, in sentences."""
    if wrong:
        persons = len({each.number for each in wrong})
        yield f"[red]{persons:,} persons were not told once for each date that was due[/red]; the first of them:"
        for each in islice(wrong, NAMED):
            yield f"  {each}"
    else:
        yield (
            f"Everybody was told exactly once for each local date that was due, on each device, as the clocks say "
            f"({', '.join(REMINDERS)}). {simulation.on_the_edge:,} reminders moved when they were so nearly too late "
            "that they might also have been dropped."
        )
    pushes = simulation.phones.pushes[PushKind.PROMPT] or 1
    work = works(simulation, PushKind.PROMPT)
    read, write = (sum(figures) / pushes for figures in zip(*((each.read, each.write) for each in work), strict=True))
    written = simulation.written_for_pushes
    large = simulation.work[LETTERS[PushKind.PROMPT], True]
    if large.pushes:
        full = large.read / large.pushes
        yield (
            f"{full:.4f} read units for a push of the daily prompt in shards of {LARGE:,} rows and more, "
            f"at most {READ_TARGET}: {_met(full <= READ_TARGET)}."
        )
    yield (
        f"{read:.4f} over all shards, at most {READ_TARGET}: {_met(read <= READ_TARGET)}; each costs a unit, "
        "however few are in it."
    )
    yield (
        f"{written:,} writes for pushes, none: {_met(not written)}; the runs of {simulation.jobs['slot']:,} jobs wrote "
        f"{write:.4f} units for a push of the daily prompt."
    )
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024
    yield f"{memory:.2f} GB of memory at the peak, at most {MEMORY_TARGET:g}: {_met(memory <= MEMORY_TARGET)}."


def _met(holds: bool) -> str:  # noqa: FBT001  it is what is said
    return "[green]met[/green]" if holds else "[red]missed[/red]"


if __name__ == "__main__":
    sys.exit(main())
