"""Show the counts on a terminal, and write them into docs/table.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich import box
from rich.table import Table

from bench.api import measured_calls, measured_exports
from bench.cost_recorder import CostRecorder
from bench.tallies import measured_tallies
from bench.workers import measured_cleanups, measured_deliveries, measured_reactions, measured_ticks
from testing.meter import Meter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bench.cost_recorder import Pattern
    from bench.world import Fcm, Measurement

SIZES: Final = (
    "Measured with the starter pack, one device for each person, registration tokens of 163 characters, installation "
    "ids of 22, uids of 28, answers of 280, and a couple of 30 days. Caches are filled except in a new process. Slots "
    "exist except where the name says that a person is the first."
)
LEGEND: Final = (
    "db: requests to DynamoDB. RCU: read units; one reads 4 KB, or 8 KB that may be a second old. WCU: write units; "
    "one writes 1 KB, and in a transaction it takes two. KMS, SQS: requests to each. trips: round trips one after "
    "another. pushes: messages that reached FCM."
)
_COUNTS: Final = ("db", "RCU", "WCU", "KMS", "SQS", "trips", "pushes")
_BYTES: Final = "bytes"
_BYTES_LEGEND: Final = "bytes: the body of the reply."
_PER_PUSHES: Final = 1_000
READ_PER_PUSH: Final = 0.02
"""The goal: the most read units that one push of the daily prompt may cost, in a slot of a thousand persons."""


@dataclass(frozen=True, slots=True)
class Report:
    """All counts: the measurements of each function, and the access patterns of the stores."""

    sections: Mapping[str, Sequence[Measurement]]
    patterns: Sequence[Pattern]

    @classmethod
    def measured(cls, url: str, fcm: Fcm) -> Report:
        """Measure all calls and workers on the emulator at `url`. Raise ScanError if a request scans a table."""
        recorder = CostRecorder(Meter())
        sections = {
            "couples_api": sorted(
                measured_calls(url, recorder), key=lambda each: each.name.partition(",")[0].split()[1]
            ),
            "privacy": measured_exports(url, recorder),
            "tick": measured_ticks(url, recorder),
            "react": measured_reactions(url, recorder),
            "tally": measured_tallies(url, recorder),
            "delivery": measured_deliveries(url, recorder, fcm),
            "cleanup": measured_cleanups(url, recorder),
        }
        return cls(sections, recorder.patterns())

    def table(self) -> Table:
        """Return all measurements as one table for a terminal."""
        caption = f"{SIZES}\n{LEGEND} {_BYTES_LEGEND}"
        table = Table(box=box.SIMPLE_HEAD, caption=caption, caption_justify="left", pad_edge=False)
        table.add_column("")
        for head in (*_COUNTS, _BYTES):
            table.add_column(head, justify="right", no_wrap=True, min_width=len(head))
        for name, section in self.sections.items():
            table.add_section()
            table.add_row(f"[bold]{name}")
            for each in section:
                table.add_row(f"  {each.name}", *_cells(each))
        return table

    def verdicts(self) -> Iterator[str]:
        """Yield sentences that compare the counts with the goals."""
        yield "No request scanned a table. The measurement ends with an error at the first scan."
        for each in self.sections["delivery"]:
            if each.pushes and each.pushes >= _PER_PUSHES // 2:
                read, write = per_1000_pushes(each)
                yield (
                    f"delivery, {each.name}: {read:,g} read and {write:,g} write units for 1,000 pushes; "
                    f"{each.cost.written} writes for {each.pushes:,} pushes, none of them for a single push."
                )
        for each in self.full_prompt_slots():
            read = read_per_push(each)
            kept = "kept" if read <= READ_PER_PUSH else "missed"
            yield f"delivery, {each.name}: {read:.4f} read units for a push, goal at most {READ_PER_PUSH}: {kept}."

    def full_prompt_slots(self) -> list[Measurement]:
        """Return the measurements of prompt slots with a thousand persons. Each kind of target has one."""
        deliveries = self.sections["delivery"]
        return [each for each in deliveries if each.name.startswith("prompt") and each.pushes == _PER_PUSHES]

    def written_into(self, document: str) -> str:
        """Return the text of docs/table.md with the figures of this report in all its blocks."""
        patterns = [
            (f"`{each.method}`", ", ".join(sorted(each.functions)), *_ranges(each).values()) for each in self.patterns
        ]
        blocks = {
            "sizes": f"{SIZES}\n\n{LEGEND}",
            "patterns": _markdown(("access pattern", "by", "db", "RCU", "WCU"), patterns),
            "verdicts": "\n".join(f"- {verdict}" for verdict in self.verdicts()),
        }
        for name, section in self.sections.items():
            # Leave out the sizes of the replies, because they change whenever somebody edits the starter pack.
            rows = [(each.name, *_cells(each)[: len(_COUNTS)]) for each in section]
            blocks[name] = _markdown(("", *_COUNTS), rows)
        for name, block in blocks.items():
            begin, end = f"<!-- bench: {name} -->\n", "<!-- end -->"
            before, _, rest = document.partition(begin)
            if not rest:
                raise LookupError(f"docs/table.md has no block {name}")
            document = f"{before}{begin}{block}\n{end}{rest.partition(end)[2]}"
        return document


def per_1000_pushes(measurement: Measurement) -> tuple[float, float]:
    """Return the read and write units for 1,000 pushes."""
    if not measurement.pushes:
        raise ValueError(f"{measurement.name} pushes nothing")
    factor = _PER_PUSHES / measurement.pushes
    return measurement.cost.read * factor, measurement.cost.write * factor


def read_per_push(measurement: Measurement) -> float:
    """Return the read units for one push."""
    return per_1000_pushes(measurement)[0] / _PER_PUSHES


def _cells(each: Measurement) -> list[str]:
    cost = each.cost
    reply_bytes = len(each.reply.text.encode()) if each.reply else None
    counts = (cost.dynamodb, cost.read, cost.write, cost.kms, cost.sqs, cost.trips, each.pushes, reply_bytes)
    return ["" if count is None else f"{count:,g}" for count in counts]


def _ranges(pattern: Pattern) -> dict[str, str]:
    """Return each count as "least to most". If both are equal, return one figure."""
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
