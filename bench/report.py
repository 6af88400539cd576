"""What was measured, as one table for a person, as JSON, and as the figures of docs/table.md."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from rich.table import Table
from rich.text import Text

from bench.api import measured_calls
from bench.ledger import Ledger
from bench.meter import Meter
from bench.workers import measured_deliveries, measured_reactions, measured_ticks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bench.ledger import Pattern
    from bench.world import Fcm, Line

SIZES: Final = (
    "The starter pack; one device a person, with a registration token of 163 characters; uids of 28 characters; answers "
    "of 280 characters; a couple of 30 days. Units are DynamoDB's, on demand: a read unit is 4 KB read consistently, a "
    "write unit 1 KB; in a transaction a write counts twice."
)
_HEADS: Final = ("DynamoDB", "read units", "write units", "KMS", "SQS", "round trips", "bytes", "pushes")
_PER_PUSHES: Final = 1_000


@dataclass(frozen=True, slots=True)
class Report:
    """All that the bench measures, by who does it."""

    calls: Sequence[Line]
    ticks: Sequence[Line]
    reactions: Sequence[Line]
    deliveries: Sequence[Line]
    patterns: Sequence[Pattern]

    @classmethod
    def measured(cls, url: str, fcm: Fcm) -> Report:
        """Measure everything on the emulator at `url`; raises ScanError if anything scans a table."""
        ledger = Ledger(Meter())
        return cls(
            calls=measured_calls(url, ledger),
            ticks=measured_ticks(url, ledger),
            reactions=measured_reactions(url, ledger),
            deliveries=measured_deliveries(url, ledger, fcm),
            patterns=ledger.patterns(),
        )

    def sections(self) -> Iterator[tuple[str, Sequence[Line]]]:
        """Each part, with its name."""
        yield "couples_api", self.calls
        yield "tick", self.ticks
        yield "react", self.reactions
        yield "delivery", self.deliveries

    def table(self) -> Table:
        """One table for a terminal."""
        table = Table(title="What it takes", caption=SIZES, caption_justify="left", pad_edge=False)
        table.add_column("", no_wrap=True)
        for head in _HEADS:
            table.add_column(Text(head, justify="right"), justify="right")
        for name, lines in self.sections():
            table.add_section()
            table.add_row(Text(name, style="bold"))
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

    def as_json(self) -> dict[str, Any]:
        """The same for a program."""
        return {
            **{name: [asdict(line) for line in lines] for name, lines in self.sections()},
            "patterns": [
                {"method": each.method, "functions": sorted(each.functions), **_bounds(each)} for each in self.patterns
            ],
        }

    def written_into(self, document: str) -> str:
        """The text of docs/table.md with its figures brought up to date, wherever it has a place for them."""
        blocks = {
            "sizes": SIZES,
            "patterns": _markdown(
                ("access pattern", "by", "requests", "read units", "write units"),
                (
                    (f"`{each.method}`", ", ".join(sorted(each.functions)), *_bounds(each).values())
                    for each in self.patterns
                ),
            ),
            **{
                name: _markdown(("", *_HEADS), ((line.name, *_cells(line)) for line in lines))
                for name, lines in self.sections()
            },
            "verdicts": "\n".join(f"- {verdict}" for verdict in self.verdicts()),
        }
        for name, block in blocks.items():
            document = re.sub(
                rf"(<!-- bench: {name} -->\n).*?(\n<!-- end -->)",
                lambda place, block=block: f"{place[1]}{block}{place[2]}",
                document,
                flags=re.DOTALL,
            )
        return document


def per_1000_pushes(line: Line) -> tuple[float, float]:
    """The read and the write units that 1,000 such pushes take."""
    if not line.pushes:
        raise ValueError(f"{line.name} pushes nothing")
    factor = _PER_PUSHES / line.pushes
    return line.cost.read * factor, line.cost.write * factor


def _cells(line: Line) -> list[str]:
    cost = line.cost
    counts = (cost.dynamodb, cost.read, cost.write, cost.kms, cost.sqs, cost.trips, line.sent, line.pushes)
    return ["" if count is None else f"{count:,g}" for count in counts]


def _bounds(pattern: Pattern) -> dict[str, str]:
    """The least and the most that a call of the pattern took, or the one figure that all did."""
    figures = {
        "requests": [cost.dynamodb for cost in pattern.costs],
        "read": [cost.read for cost in pattern.costs],
        "write": [cost.write for cost in pattern.costs],
    }
    return {
        name: f"{min(found):g}" if min(found) == max(found) else f"{min(found):g} to {max(found):g}"
        for name, found in figures.items()
    }


def _markdown(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---" if number < 1 else "--:" for number in range(len(heads))], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
