"""Show the help that the app shows to couples."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich.console import Group

from cli.pages import facts, table, text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from rekindle.packs.contract import HelpView


def help_page(found: HelpView) -> RenderableType:
    """Show how to book with the practice, then the help lines to call."""
    document = found.model_dump(mode="json")
    booking = [(name, _shown(value)) for name, value in (document["booking"] or {}).items()]
    parts: list[RenderableType] = [text(("Booking", "bold")), facts(booking) if booking else text("none")]
    parts.append(text("\n", ("Lines to call", "bold")))
    if document["lines"]:
        page = table(*document["lines"][0])
        for line in document["lines"]:
            page.add_row(*(text(_shown(value)) for value in line.values()))
        parts.append(page)
    else:
        parts.append(text("none"))
    return Group(*parts, text((f"\nRevision {found.revision}", "dim")))


def _shown(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
