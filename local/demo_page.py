"""How the demo reads: a block for each date, Maya's phone on the left and Haru's on the right."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from local.demo_plan import COUPLE, Partner

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from rich.console import Console

PAGE_WIDTH: Final = 112
_MARKS: Final = {"complete": "●", "rest": "○", "open": "·"}


@dataclass(frozen=True, slots=True)
class Line:
    """Something that one phone shows or its owner does, at an instant."""

    who: Partner
    at: dt.datetime
    text: Text


class Page:
    """Collects each date's lines, and prints a date as a whole once it is over."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lines: dict[dt.date, list[Line]] = defaultdict(list)
        self._prompts: dict[dt.date, Mapping[str, Any]] = {}
        self._streaks: dict[dt.date, Text] = {}

    def head(self, *lines: str) -> None:
        """Print what stands above the first date."""
        self._console.print()
        for line in lines:
            self._console.print(Text(line, style="bold"))

    def prompt(self, date: dt.date, prompt: Mapping[str, Any]) -> None:
        """Note the prompt of a date, as a phone shows it."""
        self._prompts.setdefault(date, prompt)

    def streak(self, date: dt.date, current: int, calendar: Mapping[str, str]) -> None:
        """Note how the streak stands when the date is over."""
        marks = " ".join(_MARKS[mark] for _, mark in sorted(calendar.items()))
        rests = list(calendar.values()).count("rest")
        days = f"{current} {'day' if current == 1 else 'days'}"
        self._streaks[date] = Text.assemble(
            ("Streak  ", "dim"), (marks, "green"), (f"  {days}", "bold"), (", and a rest day" if rests else "", "dim")
        )

    def push(self, date: dt.date, who: Partner, at: dt.datetime, push: Mapping[str, Any]) -> None:
        """A notification, as the lock screen shows it."""
        sign = Text("○ ", "cyan") if push["passive"] else Text("◉ ", "bold cyan")
        silent = "  (silently)" if push["passive"] else ""
        self._add(date, who, at, sign, (str(push["title"]), "bold cyan"), (f"{silent}\n  {push['body']}", "dim"))

    def writes(self, date: dt.date, who: Partner, at: dt.datetime, text: str, how: str = "") -> None:
        """Somebody writes an answer."""
        self._add(date, who, at, ("✎ ", "yellow"), (text, "yellow"), (f"\n  {how}" if how else "", "dim"))

    def reads(self, date: dt.date, who: Partner, at: dt.datetime, partner: Partner, text: str) -> None:
        """The partner's answer is open."""
        self._add(date, who, at, ("◆ ", "green"), (f"{partner.name}: ", "bold green"), (text, "green"))

    def notes(self, date: dt.date, who: Partner, at: dt.datetime, text: str) -> None:
        """What the app says, or does not say."""
        self._add(date, who, at, ("· ", "dim"), (text, "italic"))

    def _add(self, date: dt.date, who: Partner, at: dt.datetime, *parts: Text | tuple[str, str]) -> None:
        self._lines[date].append(Line(who, at, Text.assemble(*parts)))

    def show(self, date: dt.date, number: int, title: str) -> None:
        """Print the date."""
        prompt = self._prompts.get(date)
        self._console.print()
        self._console.print(Rule(Text(f" {number} · {date:%a %-d %b} · {title} ", "bold"), align="left", style="dim"))
        if prompt:
            words = Text.assemble((f"{prompt['theme']}  ", "bold magenta"), (str(prompt["text"]), "magenta"))
            self._console.print(Padding(words, (0, 0, 1, 0)))
        self._console.print(self._columns(date))
        if streak := self._streaks.get(date):
            self._console.print(Padding(streak, (1, 0, 0, 0)))

    def _columns(self, date: dt.date) -> Table:
        table = Table.grid(padding=(0, 1), expand=True)
        for partner in COUPLE:
            table.add_column(Text(f"{partner.name}, {partner.city}", "dim"), width=9, justify="right")
            table.add_column(ratio=1)
        table.add_row(*(cell for partner in COUPLE for cell in ("", Text(f"{partner.name}, {partner.city}", "dim bold"))))
        lines = sorted(self._lines[date], key=lambda line: line.at)
        for before, line in pairwise([None, *lines]):
            assert line is not None  # noqa: S101 - only the first of all can be
            repeated = before is not None and (before.who, before.at) == (line.who, line.at)
            cells: dict[Partner, tuple[Text | str, Text | str]] = dict.fromkeys(COUPLE, ("", ""))
            cells[line.who] = ("" if repeated else _time(line, date), line.text)
            table.add_row(*(cell for partner in COUPLE for cell in cells[partner]))
        return table

    def verdict(self, title: str, findings: Mapping[str, tuple[int, list[str]]]) -> None:
        """Print each claim with what speaks against it; the numbers say how often each was looked at."""
        self._console.print()
        self._console.print(Rule(Text(f" {title} ", "bold"), align="left", style="dim"))
        for claim, (times, failures) in findings.items():
            sign = Text("✗ ", "bold red") if failures else Text("✓ ", "bold green")
            self._console.print(Text.assemble(sign, claim, (f"  {times} checks", "dim")))
            for failure in failures:
                self._console.print(Text(textwrap.indent(failure, "    "), "red"))


def _time(line: Line, date: dt.date) -> Text:
    clock = line.who.clock(line.at)
    return Text(f"{clock:%H:%M}" if clock.date() == date else f"{clock:%a %H:%M}", "dim")
