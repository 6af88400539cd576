"""Format results for a terminal.

A text that people wrote may contain characters that control the terminal. `text` replaces these characters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cli.words import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from cli.errors import CliError


def text(*parts: str | tuple[str, str]) -> Text:
    """Join parts into one text. A part may be a pair of a text and its style."""
    return Text.assemble(*((plain(part), "") if isinstance(part, str) else (plain(part[0]), part[1]) for part in parts))


def done(sentence: str) -> Text:
    """Return the sentence with a check mark before it."""
    return text(("✓ ", "green"), sentence)


def table(*columns: str, numbers: Iterable[str] = ()) -> Table:
    """Return an empty table with these columns. The columns in `numbers` are right-aligned."""
    right = {*numbers}
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def facts(rows: Iterable[tuple[str, Text | str]]) -> Table:
    """Return a table of names and their values."""
    made = Table.grid(padding=(0, 2))
    made.add_column(style="dim", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in rows:
        made.add_row(name, text(value) if isinstance(value, str) else value)
    return made


def error_page(error: CliError) -> RenderableType:
    """Return a panel with the error: what happened, the details, and what to do."""
    lines = [text((error.happened, "bold")), *map(text, error.about)]
    if error.to_do:
        lines += [Text(), *(text(("→ ", "cyan"), line) for line in error.to_do)]
    return Panel(Text("\n").join(lines), border_style="red", expand=False, title="Not done", title_align="left")
