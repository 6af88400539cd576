"""`rekindle stats`, `rekindle help` and `rekindle audit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter, validators

from cli.desk import NO_OPTIONS, Common, TheWorld
from cli.errors import ConflictError, RefusedError, UsageError
from cli.pages import text
from cli.pages.help import help_page
from cli.pages.packs import audit_page
from cli.pages.statistics import statistics_page
from rekindle.domain.help import TEXTS
from rekindle.packs.yaml_reader import DocumentError, read_document

WEEKS = 12
_NOTHING: dict[str, Any] = {
    **dict.fromkeys(("country", "phone", "text", "url", "hours")),
    "languages": [],
    "note": {},
}
"""The values of the fields that a line of help in a file leaves out."""
help_app = App(name="help", help="What couples are told of help: booking, and lines to call.")


def stats(
    *,
    weeks: Annotated[int, Parameter(validator=validators.Number(gte=1, lte=WEEKS))] = 4,
    common: Common = NO_OPTIONS,
    world: TheWorld,
) -> None:
    """Show numbers over couples: who took part, by themes and packs, streaks, and who was reached.

    For example:
        rekindle stats
        rekindle stats --weeks 12
        rekindle stats --json

    Parameters
    ----------
    weeks
        How many weeks, latest first.
    """
    desk = world.desk(common)
    found = desk.practice.statistics()
    document = found.model_dump(mode="json")
    desk.show(statistics_page(found, weeks), document | {"weeks": document["weeks"][:weeks]})


def audit(
    *,
    limit: Annotated[int, Parameter(validator=validators.Number(gte=1, lte=10_000))] = 50,
    common: Common = NO_OPTIONS,
    world: TheWorld,
) -> None:
    """Show who of the staff did what, latest first.

    For example:
        rekindle audit --limit 10

    Parameters
    ----------
    limit
        How many deeds.
    """
    desk = world.desk(common)
    entries = desk.practice.audit(limit)
    desk.show(audit_page(entries), {"entries": [entry.model_dump(mode="json") for entry in entries]})


@help_app.command
def show(*, common: Common = NO_OPTIONS, world: TheWorld) -> None:
    """Show what couples are told of help.

    For example:
        rekindle help show
        rekindle help show --json > help.json
    """
    desk = world.desk(common)
    found = desk.practice.help()
    desk.show(help_page(found), found.model_dump(mode="json"))


@help_app.command(name="set")
def set_(
    file: Path,
    /,
    *,
    over: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    common: Common = NO_OPTIONS,
    world: TheWorld,
) -> None:
    """Tell couples what a file says of help: a YAML or JSON file with booking, lines and the revision it came from.

    For example:
        rekindle help show --json > help.json
        rekindle help set help.json

    Parameters
    ----------
    file
        The file.
    over
        Replace what others have saved since, knowing it.
    """
    desk = world.desk(common)
    content = _read(file)
    if over:
        content["revision"] = desk.practice.help().revision
    if "revision" not in content:
        raise UsageError(
            f"{file} does not say which revision it came from.",
            "Begin with: rekindle help show --json > help.json",
            "Or add --over to replace whatever is there.",
        )
    try:
        found = desk.practice.put_help(_whole(content))
    except RefusedError as error:
        if not error.problem.endswith("changed"):
            raise
        raise ConflictError(
            error.problem,
            "Somebody has changed this since your file came from there. Nothing was overwritten.",
            "See what is there: rekindle help show",
            f"Replace it with yours, knowing it: rekindle help set {file} --over",
            **error.members,
        ) from error
    desk.show(text(("✓ ", "green"), f"Couples are told what {file} says."), found.model_dump(mode="json"))


def _whole(content: dict[str, Any]) -> dict[str, Any]:
    """Return the help with every field that the file leaves out: the service takes a whole one."""
    lines = content.get("lines") or []
    if isinstance(lines, list):
        lines = [{**_NOTHING, **line} if isinstance(line, dict) else line for line in lines]
    return {"booking": None, **content, "lines": lines}


def _read(file: Path) -> dict[str, Any]:
    try:
        content, _, flaws = read_document(file.read_bytes(), TEXTS)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error}") from error
    except DocumentError as error:
        content, flaws = None, list(error.flaws)
    if flaws:
        raise UsageError(
            f"There is something to mend in {file} first.", about=[f"line {each.line}: {each.reason}" for each in flaws]
        )
    if not isinstance(content, dict):
        raise UsageError(f"{file} has to have booking, lines and revision.")
    return content
