"""The printed page of the demo: for each date, both phones side by side."""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby, zip_longest
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from local.demo.plan import COUPLE, Moment, Partner

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from rich.console import Console

PAGE_WIDTH: Final = 112
KEY: Final = "◉ a push   ○ a silent push   ✎ an answer   ◆ the partner's answer   » a reflection   ⌂ the practice"
_STYLES: Final = {"◉": "bold cyan", "○": "cyan", "✎": "yellow", "◆": "green", "»": "magenta", "⌂": "blue"}
_MARKS: Final = {"complete": "●", "rest": "○", "paused": "~"}
_EMPTY: Final = Text(), Text(), Text()


class _Line(NamedTuple):
    at: dt.datetime
    who: Partner
    cells: tuple[Text, Text, Text]


class Page:
    """Collects the lines of each date, and prints the whole date once it is over."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lines: dict[dt.date, list[_Line]] = defaultdict(list)

    def head(self, *lines: str) -> None:
        """Print lines in bold."""
        self._console.print(Text("\n".join(("", *lines)), style="bold"))

    def add(self, moment: Moment, who: Partner, sign: str, text: str, beside: str = "") -> None:
        """Add a line to a partner's phone. `beside` is small print below the text."""
        clock, style = who.clock(moment.at), _STYLES.get(sign, "italic")
        time = Text(f"{clock:%H:%M}" if clock.date() == moment.date else f"{clock:%a %H:%M}", "dim")
        words = Text.assemble((text, style), (beside and f"\n{beside}", "dim"))
        self._lines[moment.date].append(_Line(moment.at, who, (time, Text(sign, style), words)))

    def show(self, date: dt.date, title: str, prompt: Mapping[str, Any], marks: Mapping[str, str], days: int) -> None:
        """Print a date: its prompt, both phones side by side, and the streak."""
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, expand=True)
        for who in COUPLE:
            table.add_column(width=9, justify="right")
            table.add_column(width=1)
            table.add_column(f"{who.name}, {who.city}", ratio=1, header_style="bold dim")
        for _, together in groupby(sorted(self._lines[date], key=lambda line: line.at), key=lambda line: line.at):
            row = list(together)
            sides = ([line.cells for line in row if line.who == who] for who in COUPLE)
            for left, right in zip_longest(*sides, fillvalue=_EMPTY):
                table.add_row(*left, *right)
        self._block(title, Text.assemble((f"{prompt['theme']}  ", "bold magenta"), (f"{prompt['text']}\n", "magenta")))
        self._console.print(table)
        signs = " ".join(_MARKS[mark] for _, mark in sorted(marks.items()))
        beside = {"rest": "a rest day", "paused": "a day of pause"}
        rested = " and ".join(name for mark, name in beside.items() if mark in marks.values())
        streak = f"{signs}  {days} {'day' if days == 1 else 'days'}{rested and f', with {rested}'}"
        self._console.print(Text.assemble(("\nStreak  ", "dim"), (streak, "green")))

    def verdict(self, findings: Mapping[str, tuple[int, list[str]]]) -> None:
        """Print each claim with the number of its checks, and with those that failed."""
        lines = Text()
        for claim, (times, failures) in findings.items():
            lines.append(*("✗", "bold red") if failures else ("✓", "bold green")).append(f"{times:4}  ", "dim")
            lines.append(claim).append("".join(f"\n       {failure}" for failure in failures) + "\n", "red")
        self._block("What was expected", lines)

    def _block(self, title: str, *content: Text) -> None:
        self._console.print("", Rule(Text(f" {title} ", "bold"), align="left", style="dim"), *content, sep="\n")
