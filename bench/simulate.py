"""Simulate two days of two million persons and print the results: `python -m bench.simulate`.

The exit status is 1 if a reminder reached somebody too often or not often enough.
"""

from __future__ import annotations

import argparse
import datetime as dt
import logging
import math
import resource
import sys
from itertools import islice
from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench import prices
from bench.expected import SECOND_DEVICE
from bench.initial_rows import LETTERS
from bench.population import uid_of
from bench.report import READ_PER_PUSH
from bench.simulation import DELIVERY, LARGE, MOVING, RESHARDING, TICK, Simulation, Work
from rekindle.domain.pushes import PushKind
from rekindle.push.kinds import REMINDERS
from rekindle.telemetry import logger
from testing.memory_table import NOTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.expected import WrongCount
    from testing.memory_table import Units

PERSONS: Final = 2_000_000
LENGTH: Final = dt.timedelta(days=2)
CHANGES: Final = {
    "autumn": dt.datetime(2026, 10, 31, tzinfo=dt.UTC),
    "spring": dt.datetime(2026, 3, 7, tzinfo=dt.UTC),
}
"""For each season, the first of the two simulated days. On the second day, the clocks of the United States change."""

MEMORY_GOAL: Final = 4.0
"""The goal: the most gigabytes of memory that the simulation may use."""

PER_SECOND: Final = 1_900
"""The pushes that one worker sends in a second. It is the limit in template.yaml."""
WORKERS: Final = 5
"""At most this many workers of `delivery` run at the same time, as in template.yaml."""
DELIVERY_GB: Final = 1.0
TICK_GB: Final = 0.5
"""The memory of `delivery` and of `tick` in gigabytes, as in template.yaml."""
ROUND_TRIP: Final = 0.006
"""A request to DynamoDB or SQS takes this many seconds. This is an assumption."""
POLLING: Final = 5 * 3
"""Lambda sends this many requests a minute to an empty queue. Its five pollers wait for 20 seconds at each request."""

PAPER_WIDTH: Final = 120
NAMED: Final = 20
"""The most wrong counts to print."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate and print the results. Return the exit status."""
    parser = argparse.ArgumentParser(prog="bench.simulate", description="Play two days of a large population.")
    parser.add_argument("--persons", type=int, default=PERSONS, help="the number of persons (%(default)s)")
    parser.add_argument(
        "--change", choices=CHANGES, default="autumn", help="which change of the clocks to play (%(default)s)"
    )
    parser.add_argument("--seed", type=int, default=1, help="another seed draws another population (%(default)s)")
    chosen = parser.parse_args(arguments)
    if chosen.persons < 2:  # noqa: PLR2004  a couple
        parser.error("a couple is two persons")
    logger.setLevel(logging.CRITICAL)  # the functions' log lines would hide the results
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PAPER_WIDTH
    with Console(stderr=True).status(f"Drawing {chosen.persons:,} persons"):
        start = CHANGES[chosen.change]
        simulation = Simulation.of(chosen.persons, start, LENGTH, seed=chosen.seed, per_second=PER_SECOND)
    columns = TextColumn("Reminders read"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), refresh_per_second=2) as progress:
        task = progress.add_task("", total=simulation.expected.due().total())
        simulation.run(lambda rows: progress.update(task, completed=rows))
        progress.update(task, total=simulation.rows_read)
    return report(simulation, PER_SECOND, console)


def report(simulation: Simulation, per_second: float, console: Console) -> int:
    """Compare the pushes with the rules, and print all results. Return the exit status."""
    with Console(stderr=True).status("Comparing pushes with due reminders"):
        wrong = list(simulation.expected.wrong(simulation.phones.counts))
    shown = Table(box=box.SIMPLE_HEAD, show_header=False, pad_edge=False)
    shown.add_column("")
    shown.add_column("", justify="right")
    dollars = _dollars(simulation, per_second)
    for part in (_events(simulation), _units(simulation), dollars, _load(simulation, per_second)):
        for name, figure in part.items():
            shown.add_row(name, figure)
        shown.add_section()
    console.print(shown)
    for verdict in _verdicts(simulation, wrong):
        console.print(verdict)
    return 1 if wrong else 0


def _events(simulation: Simulation) -> Mapping[str, str]:
    pushes = simulation.phones.pushes
    return {
        "persons": f"{len(simulation.population):,}",
        "zones": f"{len(set(simulation.population.zone)):,}",
        "slots": f"{simulation.slots:,}",
        "ticks": f"{simulation.ticks:,}",
        f"ticks that went wrong: {', '.join(simulation.faults)} (day, UTC)": "  ".join(
            f"{at:%d %H:%M}" for at in simulation.faults.values()
        ),
        "jobs, repeated ones included": f"{simulation.jobs.total():,}",
        "persons who moved": f"{len(simulation.expected.moves):,}",
        "reminders that a move made due": f"{simulation.caught_up:,}",
        "slots deleted, because they held nobody": f"{simulation.deleted:,}",
        "rows read": f"{simulation.rows_read:,}",
        **{f"pushes: {kind}": f"{pushes[kind]:,}" for kind in REMINDERS},
        "pushes": f"{pushes.total():,}",
    }


def _units(simulation: Simulation) -> Mapping[str, str]:
    bill, total = simulation.bill, simulation.phones.pushes.total() or 1
    requests = "requests, read units, write units"

    def whole(units: Units) -> str:
        return f"{units.requests:,}  {units.read:,.0f}  {units.write:,.0f}"

    purposes = {TICK: "tick", DELIVERY: "delivery", RESHARDING: "resharding", MOVING: "persons who moved (API)"}
    shown = {f"{name}: {requests}": whole(bill.total(purpose)) for purpose, name in purposes.items()}
    workers = bill.total(TICK, DELIVERY, RESHARDING)
    shown[f"all workers: {requests}"] = whole(workers)
    shown[f"all workers, for one push: {requests}"] = _for_a_push(
        Work(total, workers.requests, workers.read, workers.write)
    )
    for kind in REMINDERS:
        small, large = _works(simulation, kind)
        shown[f"delivery, for one {kind} push: {requests}"] = _for_a_push(small, large)
        shown[f"delivery, for one {kind} push in shards of {LARGE:,} rows and more"] = _for_a_push(large)
    parts = {"rows": ["DUE"], "notes of changes": [NOTES], "days": ["COUPLE"], "silent devices": ["TARGET", "PERSON"]}
    reads = (f"{bill.total(DELIVERY, entities=entities).read:,.0f}" for entities in parts.values())
    shown[f"delivery, read units of {', '.join(parts)}"] = "  ".join(reads)
    return shown


def _works(simulation: Simulation, kind: PushKind) -> tuple[Work, Work]:
    """Return the cost of a kind's pushes in small shards and in large shards."""
    return simulation.work[LETTERS[kind], False], simulation.work[LETTERS[kind], True]


def _for_a_push(*work: Work) -> str:
    pushes = sum(each.pushes for each in work) or 1
    totals = (sum(getattr(each, name) for each in work) for name in ("requests", "read", "write"))
    return "  ".join(f"{total / pushes:.4f}" for total in totals)


def _dollars(simulation: Simulation, per_second: float) -> Mapping[str, str]:
    bill, pushes = simulation.bill, simulation.phones.pushes.total()
    units, jobs = bill.total(TICK, DELIVERY, RESHARDING), simulation.jobs.total()
    dynamodb = units.read * prices.READ_UNIT + units.write * prices.WRITE_UNIT
    # In the worst case, Lambda needs one request to receive each job, and one more request to delete the job.
    sqs = simulation.queue.requests + 2 * jobs + POLLING * LENGTH.total_seconds() / 60
    sending = pushes / per_second + ROUND_TRIP * bill.total(DELIVERY, RESHARDING).requests
    ticking = ROUND_TRIP * (bill.total(TICK).requests + simulation.queue.requests)
    compute = (sending * DELIVERY_GB + ticking * TICK_GB) * prices.LAMBDA_GB_SECOND
    compute += (jobs + simulation.ticks) * prices.LAMBDA_REQUEST
    assumed = f"assumed: {per_second:,.0f} pushes a second, {ROUND_TRIP * 1000:.0f} ms a request"
    parts = {
        ": DynamoDB on demand": dynamodb,
        ": SQS": sqs * prices.SQS_REQUEST,
        f": Lambda ({assumed})": compute,
    }
    parts[""] = total = sum(parts.values())
    shown = {
        f"dollars for a million pushes{name}": f"{part * prices.MILLION / pushes:.4f}" for name, part in parts.items()
    }
    return shown | {"dollars a day": f"{total / LENGTH.days:.2f}"}


def _load(simulation: Simulation, per_second: float) -> Mapping[str, str]:
    demand = simulation.demand
    at, most = max(demand.items(), key=lambda each: each[1])
    workers = math.ceil(most / 60 / per_second)
    quota = prices.FCM_A_MINUTE
    return {
        f"most pushes of one minute, at {at:%Y-%m-%d %H:%M} UTC": f"{most:,}",
        f"workers to send them within it, at {per_second:,.0f} pushes a second each": f"{workers:,}",
        f"longest wait with the template's {WORKERS} workers": _span(backlog(demand, per_second * 60 * WORKERS)),
        f"FCM's quota: {quota:,} a minute, {quota // 60:,} a second": "exceeded" if most > quota else "not exceeded",
        "longest wait at the quota": _span(backlog(demand, quota)),
    }


def backlog(demand: Mapping[dt.datetime, int], a_minute: float) -> dt.timedelta:
    """Return the longest time that a push waits.

    At most `a_minute` pushes are sent in a minute. `demand` maps each instant to the number of pushes that come due at
    this instant.
    """
    free = longest = 0.0
    for at, pushes in sorted(demand.items()):
        minute = at.timestamp() / 60
        free = max(free, minute) + pushes / a_minute
        longest = max(longest, free - minute)
    return dt.timedelta(seconds=round(longest * 60))


def _span(span: dt.timedelta) -> str:
    minutes, seconds = divmod(int(span.total_seconds()), 60)
    return f"{minutes} min {seconds} s"


def _verdicts(simulation: Simulation, wrong: Sequence[WrongCount]) -> Iterator[str]:
    """Yield sentences that compare the results with the goals."""
    if wrong:
        persons = len({each.number for each in wrong})
        yield f"[red]{persons:,} persons did not receive each due reminder exactly once[/red]. The first of them:"
        for each in islice(wrong, NAMED):
            kind, date = each.reminder
            yield (
                f"  person {uid_of(each.number)}, {kind} of {date}: received {_times(each.sent)}, "
                f"expected {_times(each.expected)}"
            )
    else:
        yield (
            f"Everybody received each due reminder exactly once for each local date, on each device "
            f"({', '.join(REMINDERS)}). {simulation.expected.on_the_edge():,} reminders moved so close to their latest "
            "time that they could also have been dropped."
        )
    small, large = _works(simulation, PushKind.PROMPT)
    if large.pushes:
        read = large.read / large.pushes
        yield (
            f"{read:.4f} read units for a push of the daily prompt in shards of {LARGE:,} rows and more, "
            f"goal at most {READ_PER_PUSH}: {_met(read <= READ_PER_PUSH)}."
        )
    pushes = simulation.phones.pushes[PushKind.PROMPT] or 1
    read, write = (small.read + large.read) / pushes, (small.write + large.write) / pushes
    yield (
        f"{read:.4f} read units over all shards, goal at most {READ_PER_PUSH}: {_met(read <= READ_PER_PUSH)}. "
        "Reading a shard costs at least one unit, even for one row."
    )
    written, jobs = simulation.written_for_pushes, simulation.jobs["slot"]
    yield (
        f"{written:,} writes for single pushes, goal none: {_met(not written)}. The runs of {jobs:,} jobs "
        f"wrote {write:.4f} units for a push of the daily prompt."
    )
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024
    yield f"{memory:.2f} GB of memory at the peak, goal at most {MEMORY_GOAL:g}: {_met(memory <= MEMORY_GOAL)}."


def _times(count: int) -> str:
    second, first = divmod(count, SECOND_DEVICE)
    return f"{first} time{'' if first == 1 else 's'}" + (f" and {second} on a second device" if second else "")


def _met(holds: bool) -> str:  # noqa: FBT001  it only chooses the word
    return "[green]met[/green]" if holds else "[red]missed[/red]"


if __name__ == "__main__":
    sys.exit(main())
