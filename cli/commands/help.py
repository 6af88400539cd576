"""The commands `rekindle help show`, `propose`, `approve` and `reject`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter
from rich.console import Group

from cli.commands import Overwrite, Reason, Yes
from cli.errors import ConflictError, RefusedError, UsageError
from cli.pages import done
from cli.pages.help import help_page, proposal_page
from cli.session import NO_OPTIONS, Common, Session, TheWorld
from rekindle.domain.help import TEXTS
from rekindle.packs.contract import HelpProposalView
from rekindle.packs.yaml_reader import DocumentError, read_document

_LINE_DEFAULTS: dict[str, Any] = {
    **dict.fromkeys(("country", "phone", "text", "url", "hours")),
    "languages": [],
    "note": {},
}
"""The defaults of the fields that a help line in a file may leave out."""
help_app = App(name="help", help="Show or change the help that the app shows to couples: booking, and lines to call.")


@help_app.command
def show(*, common: Common = NO_OPTIONS, world: TheWorld) -> None:
    """Show the help that the app shows to couples, and a proposal that waits for approval.

    For example:
        rekindle help show
        rekindle help show --json > help.json
    """
    session = world.session(common)
    found = session.practice.help()
    page = help_page(found, f"Revision {found.revision}")
    if found.proposal:
        page = Group(page, proposal_page(found.proposal, session.now))
    session.show(page, found)


@help_app.command
def propose(
    file: Annotated[Path, Parameter(help="The file.")],
    /,
    *,
    overwrite: Overwrite = False,
    common: Common = NO_OPTIONS,
    world: TheWorld,
) -> None:
    """Propose the help that the app shows to couples. Couples get it once a colleague has approved it.

    The YAML or JSON file has booking, lines and revision. Your new proposal replaces
    your last one. Approve or reject a colleague's proposal before you make another.

    For example:
        rekindle help show --json > help.json
        rekindle help propose help.json
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
        found = session.practice.propose_help(_whole(content))
    except RefusedError as error:
        if not error.problem.endswith("changed"):
            raise
        raise ConflictError(
            error.problem,
            "Somebody has changed the help since you read it. Nothing was overwritten.",
            "See the current help: rekindle help show",
            f"Replace it with yours: rekindle help propose {file} --overwrite",
            **error.members,
        ) from error
    session.show(done(f"The help from {file} is proposed. For a colleague to approve it: rekindle help approve"), found)


@help_app.command
def approve(*, yes: Yes = False, common: Common = NO_OPTIONS, world: TheWorld) -> None:
    """Approve a colleague's proposal. Couples get the help at once. The command first shows it.

    For example:
        rekindle help approve
    """
    session = world.session(common)
    proposal, revision = _waiting(session)
    session.confirm(proposal_page(proposal, session.now), "Approve it?", yes=yes)
    session.show(done("The app now shows couples this help."), session.practice.approve_help(proposal.id, revision))


@help_app.command
def reject(*, note: Reason = None, common: Common = NO_OPTIONS, world: TheWorld) -> None:
    """Reject a colleague's proposal, or take your own back. Couples keep the help that they have.

    For example:
        rekindle help reject --note "The second number is wrong."
    """
    session = world.session(common)
    proposal, revision = _waiting(session)
    found = session.practice.reject_help(proposal.id, revision, note)
    session.show(done("Couples keep the help that they have."), found)


def _waiting(session: Session) -> tuple[HelpProposalView, int]:
    """Return the proposal that waits for approval, and the revision of the help. Raise RefusedError if none waits."""
    found = session.practice.help()
    if found.proposal is None:
        raise RefusedError("nothing-to-take-back", "There is no proposal for the help.")
    return found.proposal, found.revision


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
