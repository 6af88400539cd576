"""How the demo reads: a block for each date, Maya's phone on the left and Haru's on the right."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from local.demo.plan import COUPLE, MAYA, Partner

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from rich.console import Console

PAGE_WIDTH: Final = 112
_MARKS: Final = {"complete": "●", "rest": "○", "paused": "~", "open": "·"}
_BESIDE: Final = {"rest": "a rest day", "paused": "a day of pause"}


@dataclass(frozen=True, slots=True)
class Line:
    """Something that one phone shows or its owner does, at an instant, with a sign for what it is."""

    who: Partner
    at: dt.datetime
    sign: Text
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
        """Note the prompt of a date, as a phone shows it; the last is what the date is headed by."""
        self._prompts[date] = prompt

    def streak(self, date: dt.date, current: int, calendar: Mapping[str, str]) -> None:
        """Note how the streak stands when the date is over."""
        marks = " ".join(_MARKS[mark] for _, mark in sorted(calendar.items()))
        beside = " and ".join(word for mark, word in _BESIDE.items() if mark in calendar.values())
        days = f"{current} {'day' if current == 1 else 'days'}"
        self._streaks[date] = Text.assemble(
            ("Streak  ", "dim"), (marks, "green"), (f"  {days}", "bold"), (f", with {beside}" if beside else "", "dim")
        )

    def push(self, date: dt.date, who: Partner, at: dt.datetime, push: Mapping[str, Any]) -> None:
        """A notification, as the lock screen shows it."""
        sign = Text("○", "cyan") if push["passive"] else Text("◉", "bold cyan")
        silently = "  silently" if push["passive"] else ""
        text = Text.assemble((f"{push['title']}", "bold cyan"), (f"{silently}\n{push['body']}", "dim"))
        self._lines[date].append(Line(who, at, sign, text))

    def writes(self, date: dt.date, who: Partner, at: dt.datetime, text: str, how: str = "") -> None:
        """Somebody writes an answer."""
        words = Text.assemble((text, "yellow"), (f"\n{how}" if how else "", "dim"))
        self._lines[date].append(Line(who, at, Text("✎", "yellow"), words))

    def reads(self, date: dt.date, who: Partner, at: dt.datetime, partner: Partner, text: str) -> None:
        """The partner's answer is open."""
        words = Text.assemble((f"{partner.name}: ", "bold green"), (text, "green"))
        self._lines[date].append(Line(who, at, Text("◆", "green"), words))

    def reflects(self, date: dt.date, who: Partner, at: dt.datetime, text: str) -> None:
        """Somebody says what they have heard, or somebody reads it."""
        self._lines[date].append(Line(who, at, Text("»", "magenta"), Text(text, "magenta")))

    def practice(self, date: dt.date, at: dt.datetime, text: str) -> None:
        """What the practice does, a few streets from Maya."""
        self._lines[date].append(Line(MAYA, at, Text("⌂", "bold blue"), Text(text, "blue")))

    def notes(self, date: dt.date, who: Partner, at: dt.datetime, text: str) -> None:
        """What the app says, or does not say."""
        self._lines[date].append(Line(who, at, Text("·", "dim"), Text(text, "italic")))

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
        """A row for each instant, in which each phone has its own lines."""
        table = Table.grid(padding=(0, 2, 0, 0), expand=True)
        for _ in COUPLE:
            table.add_column(width=9, justify="right")
            table.add_column(ratio=1)
        table.add_row(*(cell for who in COUPLE for cell in ("", Text(f"{who.name}, {who.city}", "bold dim"))))
        lines = sorted(self._lines[date], key=lambda line: line.at)
        for at, together in groupby(lines, key=lambda line: line.at):
            row = list(together)
            cells: list[Text | Table | str] = []
            for who in COUPLE:
                own = [line for line in row if line.who == who]
                cells += [_time(who, at, date), _stacked(own)] if own else ["", ""]
            table.add_row(*cells)
        return table

    def verdict(self, title: str, findings: Mapping[str, tuple[int, list[str]]]) -> None:
        """Print each claim with the number of its checks, and with what spoke against it."""
        self._console.print()
        self._console.print(Rule(Text(f" {title} ", "bold"), align="left", style="dim"))
        for claim, (times, failures) in findings.items():
            sign = Text("✗", "bold red") if failures else Text("✓", "bold green")
            self._console.print(Text.assemble(sign, (f"{times:4}  ", "dim"), claim))
            for failure in failures:
                self._console.print(Text(textwrap.indent(failure, "       "), "red"))


def _stacked(lines: list[Line]) -> Table:
    stack = Table.grid(padding=(0, 1, 0, 0))
    for line in lines:
        stack.add_row(line.sign, line.text)
    return stack


def _time(who: Partner, at: dt.datetime, date: dt.date) -> Text:
    clock = who.clock(at)
    return Text(f"{clock:%H:%M}" if clock.date() == date else f"{clock:%a %H:%M}", "dim")
