"""`/v1/practice/help` shows and sets the help that couples see: where to book, and whom to call."""

from __future__ import annotations

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from practice_api.services import ThePublisher, TheReader, TheServices, staff_refusals
from rekindle.api.problems import Problem, ProblemError
from rekindle.api.resolver import ERRORS_SHOWN
from rekindle.domain.help import Help, texts_of
from rekindle.domain.markup import why_markup
from rekindle.packs.contract import HelpView
from rekindle.store.help import HelpChangedError

router = APIGatewayHttpRouter()


@router.get("/help", responses=staff_refusals())
def get_help(_staff: TheReader, services: TheServices) -> HelpView:
    """Show the help that couples see. If the practice has not set its own help, show the built-in help."""
    return _view(*services.help.current())


@router.put("/help", responses=staff_refusals(Problem.HELP_CHANGED))
def put_help(body: HelpView, staff: ThePublisher, services: TheServices) -> HelpView:
    """Replace the help. Couples see the new help within half a minute.

    If the practice has already set the same help, change nothing. Otherwise, the call is refused if `revision` is not
    the revision of the current help.
    """
    wanted = Help.model_validate(body.model_dump(exclude={"revision"}))
    # `Help` itself accepts markup, because help that is stored already must stay readable.
    marked = ((path, why_markup(text)) for path, text in texts_of(wanted))
    if errors := [{"field": f"body.{path}", "reason": reason} for path, reason in marked if reason]:
        raise ProblemError(Problem.INVALID_FIELDS, errors=errors[:ERRORS_SHOWN])
    current, revision = services.help.current()
    if revision and current == wanted:
        return _view(current, revision)
    try:
        revision = services.help.change(wanted, body.revision, staff.actor)
    except HelpChangedError as error:
        raise ProblemError(Problem.HELP_CHANGED) from error
    return _view(wanted, revision)


def _view(offered: Help, revision: int) -> HelpView:
    return HelpView.model_validate(offered.model_dump() | {"revision": revision})
