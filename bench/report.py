"""What was measured, as one table for a person, as JSON, and as the figures of docs/table.md."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from rich import box
from rich.table import Table

from bench.api import measured_calls
from bench.designs import comparison, measured_designs
from bench.exports import measured_exports
from bench.ledger import Ledger
from bench.tallies import measured_tallies
from bench.workers import measured_deliveries, measured_reactions, measured_ticks
from testing.meter import Meter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bench.designs import Design
    from bench.ledger import Pattern
    from bench.world import Fcm, Line

SIZES: Final = (
    "Measured with the starter pack, one device a person, registration tokens of 163 characters, installation ids of "
    "22, uids of 28, answers of 280, and a couple of 30 days. A process has its caches filled unless it is new; slots "
    "exist unless it says so."
)
LEGEND: Final = (
    "db: requests to DynamoDB. RCU: read units, 4 KB each, half of one where a second's delay is allowed. WCU: write "
    "units, 1 KB each, twice as many in a transaction. trips: round trips that wait for each other."
)
_COUNTS: Final = ("db", "RCU", "WCU", "KMS", "SQS", "trips", "pushes")
_HEADS: Final = (*_COUNTS, "bytes")
_PER_PUSHES: Final = 1_000
READ_PER_PUSH: Final = 0.02
"""The read units that a prompt's push may take at most, where a slot has a thousand persons."""


@dataclass(frozen=True, slots=True)
class Report:
    """All that the bench measures, by who does it."""

    calls: Sequence[Line]
    exports: Sequence[Line]
    ticks: Sequence[Line]
    reactions: Sequence[Line]
    tallies: Sequence[Line]
    deliveries: Sequence[Line]
    patterns: Sequence[Pattern]
    designs: Sequence[Design]

    @classmethod
    def measured(cls, url: str, fcm: Fcm) -> Report:
        """Measure everything on the emulator at `url`; raises ScanError if anything scans a table."""
        ledger = Ledger(Meter())
        return cls(
            calls=sorted(measured_calls(url, ledger), key=lambda line: line.name.partition(",")[0].split()[1]),
            exports=measured_exports(url, ledger),
            ticks=measured_ticks(url, ledger),
            reactions=measured_reactions(url, ledger),
            tallies=measured_tallies(url, ledger),
            deliveries=measured_deliveries(url, ledger, fcm),
            patterns=ledger.patterns(),
            designs=measured_designs(url),
        )

    def sections(self) -> Iterator[tuple[str, Sequence[Line]]]:
        """Each part, with its name."""
        yield "couples_api", self.calls
        yield "privacy", self.exports
        yield "tick", self.ticks
        yield "react", self.reactions
        yield "tally", self.tallies
        yield "delivery", self.deliveries

    def table(self) -> Table:
        """One table for a terminal."""
        table = Table(box=box.SIMPLE_HEAD, caption=f"{SIZES}\n{LEGEND}", caption_justify="left", pad_edge=False)
        table.add_column("")
        for head in _HEADS:
            table.add_column(head, justify="right", no_wrap=True, min_width=len(head))
        for name, lines in self.sections():
            table.add_section()
            table.add_row(f"[bold]{name}")
            for line in lines:
                table.add_row(f"  {line.name}", *_cells(line))
        return table

    def verdicts(self) -> Iterator[str]:
        """What the counts come to, in sentences."""
        yield "No request scanned a table: the meter refuses to let one pass."
        for line in self.deliveries:
            if line.pushes and line.pushes >= _PER_PUSHES // 2:
                read, write = per_1000_pushes(line)
                yield (
                    f"delivery, {line.name}: {read:,g} read and {write:,g} write units for 1,000 pushes; "
                    f"{line.cost.written} writes for {line.pushes:,} pushes, none of them for a push."
                )
        for line in self.full_prompt_slots():
            read = read_per_push(line)
            kept = "kept" if read <= READ_PER_PUSH else "missed"
            yield f"delivery, {line.name}: {read:.4f} read units a push, at most {READ_PER_PUSH} are wanted: {kept}."
        yield from comparison(self.designs)

    def full_prompt_slots(self) -> list[Line]:
        """The prompts of a thousand persons, however FCM knows their phones."""
        return [line for line in self.deliveries if line.name.startswith("prompt") and line.pushes == _PER_PUSHES]

    def as_json(self) -> dict[str, Any]:
        """The same for a program."""
        return {
            **{name: [asdict(line) for line in lines] for name, lines in self.sections()},
            "patterns": [
                {"method": each.method, "functions": sorted(each.functions), **_bounds(each)} for each in self.patterns
            ],
            "designs": [asdict(design) for design in self.designs],
        }

    def written_into(self, document: str) -> str:
        """The text of docs/table.md with its figures brought up to date, wherever it has a place for them."""
        blocks = {
            "sizes": f"{SIZES}\n\n{LEGEND}",
            "patterns": _markdown(
                ("access pattern", "by", "db", "RCU", "WCU"),
                (
                    (f"`{each.method}`", ", ".join(sorted(each.functions)), *_bounds(each).values())
                    for each in self.patterns
                ),
            ),
            **{
                # Without the bytes of the bodies, which change with every word of the pack.
                name: _markdown(("", *_COUNTS), ((line.name, *_cells(line)[: len(_COUNTS)]) for line in lines))
                for name, lines in self.sections()
            },
            "verdicts": "\n".join(f"- {verdict}" for verdict in self.verdicts()),
        }
        for name, block in blocks.items():
            begin, end = f"<!-- bench: {name} -->\n", "<!-- end -->"
            before, found, rest = document.partition(begin)
            if found:
                document = f"{before}{begin}{block}\n{end}{rest.partition(end)[2]}"
        return document


def per_1000_pushes(line: Line) -> tuple[float, float]:
    """The read and the write units that 1,000 such pushes take."""
    if not line.pushes:
        raise ValueError(f"{line.name} pushes nothing")
    factor = _PER_PUSHES / line.pushes
    return line.cost.read * factor, line.cost.write * factor


def read_per_push(line: Line) -> float:
    """The read units that one such push takes."""
    return per_1000_pushes(line)[0] / _PER_PUSHES


def _cells(line: Line) -> list[str]:
    cost = line.cost
    counts = (cost.dynamodb, cost.read, cost.write, cost.kms, cost.sqs, cost.trips, line.pushes, line.sent)
    return ["" if count is None else f"{count:,g}" for count in counts]


def _bounds(pattern: Pattern) -> dict[str, str]:
    """The least and the most that a call of the pattern took, or the one figure that all did."""
    figures: dict[str, list[float]] = {
        "db": [cost.dynamodb for cost in pattern.costs],
        "RCU": [cost.read for cost in pattern.costs],
        "WCU": [cost.write for cost in pattern.costs],
    }
    return {
        name: " to ".join(f"{figure:,g}" for figure in dict.fromkeys((min(found), max(found))))
        for name, found in figures.items()
    }


def _markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---" if number < 1 else "--:" for number in range(len(heads))], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
