"""Print each date of the demo with both phones side by side. At the end, print the results of the checks."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from local.demo.plan import COUPLE, MAYA, Moment, Partner

if TYPE_CHECKING:
    import datetime as dt

    from rich.console import Console

PAGE_WIDTH: Final = 112
KEY: Final = "◉ a push   ○ a silent push   ✎ an answer   ◆ the partner's answer   » a reflection   ⌂ the practice"
_STYLES: Final = {"◉": "bold cyan", "○": "cyan", "✎": "yellow", "◆": "green", "»": "magenta", "⌂": "blue"}
_MARKS: Final = {"complete": ("●", ""), "rest": ("-", "a rest day"), "paused": ("~", "a day of pause")}


class Claim(StrEnum):
    """Each claim that the demo checks, as the page prints it."""

    ANSWERED = "Each request got the reply that the API promises"
    PROMPTS = "Each prompt came once, at 08:30 in New York and at 07:30 in Tokyo, even if a tick came twice"
    SAME = "Both had the same prompt on each date, and no theme came twice in seven days outside of the course"
    SEAL = "No reply showed the partner's answer before it opened, and no reply showed the partner's draft"
    SHARED = "The partner could at once read the answer that was shared first"
    REVEAL = "Both answers opened together, for both, in their last version"
    EDIT = "An answer could be edited until both had answered, but not later"
    CLOSED = "A date that has closed takes no answer"
    REFLECTION = "Each could leave a reflection once both answers were open, and both could read it"
    SWAP = "A prompt was swapped for both, once, before anyone answered; the old one took no answer"
    HELP = "Only prompts on courage or fear came with help, with the reader's own country first"
    ALONE = "Only Maya could read what she wrote alone; her partner could read only the answer that she shared"
    COURSE = "The course that they joined by its code came in order on its dates, until it was withdrawn"
    OFF = "No prompt came from a pack that was turned off"
    STREAK = "The streak grew with each date on which both answered, and a rest day and a pause did not end it"
    MILESTONE = "Seven days brought each of them one message"
    PAUSE = "Both saw the pause that one of them began, no push came during it, and the other ended it"
    RECAP = "The recap showed the dates on which both answered, their themes, and the news"
    TOUCH = "Both got the same small gesture on the days they chose, and no lock screen showed it"
    NUDGE = "A nudge in the night made no sound, and the app showed its gesture"
    PUSHES = "Each phone got exactly the pushes that it should get, each once, and without a sound in quiet hours"
    NEUTRAL = "No push contained more than the catalogue's words and a link that reveals nothing"
    CLEAN = "No job was left on a queue, and no function failed"


class Page:
    """Collects the lines of each date (`add`), and prints a date with its lines (`show`)."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tables: dict[dt.date, Table] = {}

    def add(self, moment: Moment, who: Partner, sign: str, text: str, beside: str = "") -> None:
        """Add a line to a partner's phone. `beside` is a dim line below the text."""
        clock, style = who.clock(moment.at), _STYLES.get(sign, "italic")
        time = Text(f"{clock:%H:%M}" if clock.date() == moment.date else f"{clock:%a %H:%M}", "dim")
        cells = time, Text(sign, style), Text.assemble((text, style), (beside and f"\n{beside}", "dim"))
        table = self._tables.setdefault(moment.date, _two_phones())
        table.add_row(*(cells if who is MAYA else ("", "", "", *cells)))

    def show(self, date: dt.date, title: str, prompt: dict[str, Any], marks: dict[dt.date, str], days: int) -> None:
        """Print a date: its prompt, both phones side by side, and the streak."""
        self._block(title, Text.assemble((f"{prompt['theme']}  ", "bold magenta"), (f"{prompt['text']}\n", "magenta")))
        self._console.print(self._tables[date])
        signs = " ".join(_MARKS[mark][0] for mark in marks.values())
        rested = " and ".join(name for mark, (_, name) in _MARKS.items() if name and mark in marks.values())
        streak = f"{signs}  {days} {'day' if days == 1 else 'days'}{rested and f', with {rested}'}"
        self._console.print(Text.assemble(("\nStreak  ", "dim"), (streak, "green")))

    def verdict(self, findings: dict[str, tuple[int, list[str]]]) -> None:
        """Print each claim with the number of its checks and with the checks that failed."""
        lines = Text()
        for claim, (times, failures) in findings.items():
            lines.append(*("✗", "bold red") if failures else ("✓", "bold green")).append(f"{times:4}  ", "dim")
            lines.append(claim).append("".join(f"\n       {failure}" for failure in failures) + "\n", "red")
        self._block("What was expected", lines)

    def _block(self, title: str, *content: Text) -> None:
        self._console.print("", Rule(Text(f" {title} ", "bold"), align="left", style="dim"), *content, sep="\n")


def _two_phones() -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, expand=True)
    for who in COUPLE:
        table.add_column(width=9, justify="right")
        table.add_column(width=1)
        table.add_column(f"{who.name}, {who.city}", ratio=1, header_style="bold dim")
    return table
