"""The printed page of the demo: a block for each date, Maya's phone on the left and Haru's on the right."""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

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


class Page:
    """Collects the lines of each date, and prints the whole date once it is over."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lines: dict[dt.date, list[tuple[dt.datetime, Partner, Text, Text]]] = defaultdict(list)

    def head(self, *lines: str) -> None:
        """Print lines in bold."""
        self._console.print(Text("\n".join(("", *lines)), style="bold"))

    def rule(self, title: str) -> None:
        """Print a title above a block."""
        self._console.print()
        self._console.print(Rule(Text(f" {title} ", "bold"), align="left", style="dim"))

    def add(self, moment: Moment, who: Partner, sign: str, text: str, beside: str = "") -> None:
        """Add a line to a partner's phone. `beside` is small print below the text."""
        style = _STYLES.get(sign, "italic")
        words = Text.assemble((text, style), (beside and f"\n{beside}", "dim"))
        self._lines[moment.date].append((moment.at, who, Text(sign, style), words))

    def show(self, date: dt.date, title: str, prompt: Mapping[str, Any], marks: Mapping[str, str], days: int) -> None:
        """Print a date: its prompt, both phones with a row for each instant, and the streak."""
        self.rule(title)
        self._console.print(Text.assemble((f"{prompt['theme']}  ", "bold magenta"), (f"{prompt['text']}\n", "magenta")))
        table = Table.grid(padding=(0, 2, 0, 0), expand=True)
        for _ in COUPLE:
            table.add_column(width=9, justify="right")
            table.add_column(ratio=1)
        table.add_row(*(cell for who in COUPLE for cell in ("", Text(f"{who.name}, {who.city}", "bold dim"))))
        for at, together in groupby(sorted(self._lines[date], key=lambda line: line[0]), key=lambda line: line[0]):
            row, cells = list(together), list[Text | Table]()
            for who in COUPLE:
                lines, clock = Table.grid(padding=(0, 1, 0, 0)), who.clock(at)
                for line in row:
                    if line[1] == who:
                        lines.add_row(*line[2:])
                time = f"{clock:%H:%M}" if clock.date() == date else f"{clock:%a %H:%M}"
                cells += [Text(time if lines.row_count else "", "dim"), lines]
            table.add_row(*cells)
        self._console.print(table)
        signs = " ".join(_MARKS[mark] for _, mark in sorted(marks.items()))
        beside = {"rest": "a rest day", "paused": "a day of pause"}
        rested = " and ".join(name for mark, name in beside.items() if mark in marks.values())
        streak = f"{signs}  {days} {'day' if days == 1 else 'days'}{rested and f', with {rested}'}"
        self._console.print(Text.assemble(("\nStreak  ", "dim"), (streak, "green")))

    def verdict(self, findings: Mapping[str, tuple[int, list[str]]]) -> None:
        """Print each claim with the number of its checks, and with those that failed."""
        self.rule("What was expected")
        for claim, (times, failures) in findings.items():
            sign = ("✗", "bold red") if failures else ("✓", "bold green")
            self._console.print(Text.assemble(sign, (f"{times:4}  ", "dim"), claim))
            for failure in failures:
                self._console.print(Text(f"       {failure}", "red"))
