"""One command for several packs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import RenderableType

from cli.errors import CliError, SignedOutError, UnreachableError, UsageError
from cli.pages import error_page
from cli.session import Session

type Do = Callable[[str], tuple[RenderableType, dict[str, Any]]]
"""The work for one target; returns the page and the document of its answer."""


def each_of(session: Session, targets: list[str], do: Do) -> int:
    """Do the work for one target after the other; a refusal of one does not stop the others. Return the exit status."""
    results, worst = [], 0
    for target in targets:
        try:
            page, document = do(target)
        except CliError as error:
            if len(targets) == 1 or isinstance(error, UsageError):
                raise
            results.append({"target": target, "error": error.document()})
            worst = max(worst, error.status)
            session.tell(error_page(error))
            if isinstance(error, SignedOutError | UnreachableError):
                break
        else:
            results.append(document)
            session.print(page)
    session.show(None, {"results": results})
    return worst
