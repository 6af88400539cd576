"""How answers look at a terminal. Whatever others wrote goes through `text`, which nothing can steer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.table import Table
from rich.text import Text

from cli.words import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

STATES = {
    "live": "green",
    "scheduled": "cyan",
    "proposed": "yellow",
    "draft": "blue",
    "withdrawn": "red",
}


def text(*parts: str | tuple[str, str]) -> Text:
    """A text of parts, some with a style."""
    return Text.assemble(*((plain(part), "") if isinstance(part, str) else (plain(part[0]), part[1]) for part in parts))


def table(*columns: str, numbers: Iterable[str] = ()) -> Table:
    """A table with these columns; those of `numbers` are set to the right."""
    right = {*numbers}
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold", show_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def facts(rows: Iterable[tuple[str, Text | str]]) -> Table:
    """Names and what there is to say of each."""
    made = Table.grid(padding=(0, 2))
    made.add_column(style="dim", no_wrap=True)
    made.add_column(overflow="fold")
    for name, said in rows:
        made.add_row(name, text(said) if isinstance(said, str) else said)
    return made


def state(name: str) -> Text:
    """Where a pack stands."""
    return text((name, STATES.get(name, "")))
