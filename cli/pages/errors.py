"""What went wrong, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.panel import Panel
from rich.text import Text

from cli.pages import text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from cli.errors import CliError


def error_page(error: CliError) -> RenderableType:
    """A panel: what happened, what is known of it, and what to do."""
    lines = [text((error.happened, "bold"))]
    lines += [text(line) for line in error.about]
    if error.to_do:
        lines += [Text(), *(text(("→ ", "cyan"), line) for line in error.to_do)]
    return Panel(Text("\n").join(lines), border_style="red", expand=False, title="Not done", title_align="left")
