"""`/v1/practice/help`: what couples are shown when it becomes a lot: where to book, and whom to call."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import Field

from practice_api.parts import TheParts, ThePublisher, TheReader
from rekindle.help import Help
from rekindle.problems import Problem, ProblemError
from rekindle.store.help import HelpChangedError

router = APIGatewayHttpRouter()

Revision = Annotated[int, Field(ge=0, strict=True, description="Which help this is; 0 before the practice set any.")]


class HelpBody(Help):
    """All of the help, in place of the revision that was read."""

    revision: Revision


class HelpView(Help):
    """The help as couples are shown it."""

    revision: Revision


@router.get("/help")
def get_help(_staff: TheReader, parts: TheParts) -> HelpView:
    """The help that couples are shown; what is built in until the practice has set any."""
    return _view(*parts.help.standing())


@router.put("/help")
def put_help(body: HelpBody, staff: ThePublisher, parts: TheParts) -> HelpView:
    """Set the help, whole. Couples see it within half a minute. Refused if another was set since."""
    wanted = Help(booking=body.booking, lines=body.lines)
    standing, revision = parts.help.standing()
    if revision and standing == wanted:
        return _view(standing, revision)
    try:
        revision = parts.help.change(wanted, body.revision, staff.deed)
    except HelpChangedError as error:
        raise ProblemError(Problem.HELP_CHANGED) from error
    return _view(wanted, revision)


def _view(offered: Help, revision: int) -> HelpView:
    return HelpView(booking=offered.booking, lines=offered.lines, revision=revision)
