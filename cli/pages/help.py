"""Show the help that the app shows to couples, and proposals for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich.console import Group

from cli import words
from cli.pages import facts, table, text

if TYPE_CHECKING:
    import datetime as dt

    from rich.console import RenderableType

    from rekindle.packs.contract import HelpProposalView, HelpView


def help_page(found: HelpView | HelpProposalView, below: str) -> RenderableType:
    """Show how to book with the practice, then the help lines to call, and the text `below`."""
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
    return Group(*parts, text((f"\n{below}", "dim")))


def proposal_page(proposal: HelpProposalView, now: dt.datetime) -> RenderableType:
    """Show a proposal for the help."""
    by = f"Proposed by {proposal.by}, {words.since(proposal.at, now)}, to replace revision {proposal.revision}"
    title = text("\n", ("This proposal waits for a colleague's approval:", "bold yellow"), "\n")
    return Group(title, help_page(proposal, by))


def _shown(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
