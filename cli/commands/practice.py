"""The commands `rekindle stats`, `rekindle help` and `rekindle audit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter, validators

from cli.commands import Overwrite
from cli.errors import ConflictError, RefusedError, UsageError
from cli.pages import done
from cli.pages.help import help_page
from cli.pages.packs import audit_page
from cli.pages.statistics import statistics_page
from cli.session import NO_OPTIONS, Common, TheWorld
from rekindle.domain.help import TEXTS
from rekindle.packs.yaml_reader import DocumentError, read_document

WEEKS = 12
_LINE_DEFAULTS: dict[str, Any] = {
    **dict.fromkeys(("country", "phone", "text", "url", "hours")),
    "languages": [],
    "note": {},
}
"""The defaults of the fields that a help line in a file may leave out."""
help_app = App(name="help", help="Show or set the help that the app shows to couples: booking, and lines to call.")


def stats(
    *,
    weeks: Annotated[
        int, Parameter(validator=validators.Number(gte=1, lte=WEEKS), help="How many weeks, latest first.")
    ] = 4,
    common: Common = NO_OPTIONS,
    world: TheWorld,
) -> None:
    """Show how many couples take part by day, week, theme and pack. Also show streaks and reminders.

    For example:
        rekindle stats
        rekindle stats --weeks 12
        rekindle stats --json
    """
    session = world.session(common)
    found = session.practice.statistics()
    session.show(statistics_page(found, weeks), found.model_copy(update={"weeks": found.weeks[:weeks]}))


def audit(
    *,
    limit: Annotated[int, Parameter(validator=validators.Number(gte=1, lte=10_000), help="How many actions.")] = 50,
    common: Common = NO_OPTIONS,
    world: TheWorld,
) -> None:
    """Show the actions of staff, latest first.

    For example:
        rekindle audit --limit 10
    """
    session = world.session(common)
    entries = session.practice.audit(limit)
    session.show(audit_page(entries), {"entries": entries})


@help_app.command
def show(*, common: Common = NO_OPTIONS, world: TheWorld) -> None:
    """Show the help that the app shows to couples.

    For example:
        rekindle help show
        rekindle help show --json > help.json
    """
    session = world.session(common)
    found = session.practice.help()
    session.show(help_page(found), found)


@help_app.command(name="set")
def set_(
    file: Annotated[Path, Parameter(help="The file.")],
    /,
    *,
    overwrite: Overwrite = False,
    common: Common = NO_OPTIONS,
    world: TheWorld,
) -> None:
    """Set the help that the app shows to couples. The YAML or JSON file has booking, lines and revision.

    For example:
        rekindle help show --json > help.json
        rekindle help set help.json
    """
    session = world.session(common)
    content = _read(file)
    if overwrite:
        content["revision"] = session.practice.help().revision
    if "revision" not in content:
        raise UsageError(
            f"{file} has no field `revision`.",
            "Start from: rekindle help show --json > help.json",
            "Or add --overwrite to replace the current help.",
        )
    try:
        found = session.practice.put_help(_whole(content))
    except RefusedError as error:
        if not error.problem.endswith("changed"):
            raise
        raise ConflictError(
            error.problem,
            "Somebody has changed the help since you read it. Nothing was overwritten.",
            "See the current help: rekindle help show",
            f"Replace it with yours: rekindle help set {file} --overwrite",
            **error.members,
        ) from error
    session.show(done(f"The app now shows couples the help from {file}."), found)


def _whole(content: dict[str, Any]) -> dict[str, Any]:
    """Add the defaults of the fields that the file leaves out. The service needs every field.

    Leave out the waiting proposal, which `rekindle help show --json` writes too.
    """
    content = {name: value for name, value in content.items() if name != "proposal"}
    lines = content.get("lines") or []
    if isinstance(lines, list):
        lines = [{**_LINE_DEFAULTS, **line} if isinstance(line, dict) else line for line in lines]
    return {"booking": None, **content, "lines": lines}


def _read(file: Path) -> dict[str, Any]:
    try:
        content, _, flaws = read_document(file.read_bytes(), TEXTS)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error}") from error
    except DocumentError as error:
        content, flaws = None, list(error.flaws)
    if flaws:
        raise UsageError(f"Fix {file} first.", about=[f"line {each.line}: {each.reason}" for each in flaws])
    if not isinstance(content, dict):
        raise UsageError(f"{file} needs booking, lines and revision.")
    return content
