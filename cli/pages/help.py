"""What couples are told of help."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich.console import Group

from cli.pages import facts, table, text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from cli import wire


def help_page(told: wire.Help) -> RenderableType:
    """The booking, then each line; fields as they come."""
    booking = [(name, _shown(value)) for name, value in (told.booking or {}).items()]
    parts: list[RenderableType] = [text(("Booking", "bold")), facts(booking) if booking else text("none")]
    parts.append(text("\n", ("Lines to call", "bold")))
    if told.lines:
        names = [*dict.fromkeys(name for line in told.lines for name in line)]
        page = table(*names)
        for line in told.lines:
            page.add_row(*(text(_shown(line.get(name))) for name in names))
        parts.append(page)
    else:
        parts.append(text("none"))
    return Group(*parts, text((f"\nRevision {told.revision}", "dim")))


def _shown(value: object) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case _:
            return json.dumps(value, ensure_ascii=False)
