"""`/v1/practice/help`: what couples are shown when it becomes a lot: where to book, and whom to call."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, Field
from pydantic_core import PydanticUndefined

from practice_api.services import ThePublisher, TheReader, TheServices
from rekindle.api.problems import Problem, ProblemError
from rekindle.domain.help import Help, HelpLine
from rekindle.store.help import HelpChangedError

router = APIGatewayHttpRouter()


def _whole[Model: BaseModel](model: type[Model]) -> type[Model]:
    """Return the model with every field required, as a PUT takes it."""
    for field in model.model_fields.values():
        field.default, field.default_factory = PydanticUndefined, None
    model.model_rebuild(force=True)
    return model


@_whole
class WholeHelpLine(HelpLine):
    """Somebody to turn to, by phone, by text message or on the web. At least one of the three is not null."""


@_whole
class HelpView(Help):
    """The help as couples are shown it. A PUT replaces the revision that was read."""

    lines: Annotated[tuple[WholeHelpLine, ...], Field(max_length=400)]
    revision: Annotated[
        int, Field(ge=0, strict=True, description="The revision of the help; 0 before the practice set any.")
    ]


@router.get("/help")
def get_help(_staff: TheReader, services: TheServices) -> HelpView:
    """The help that couples are shown; what is built in until the practice has set any."""
    return _view(*services.help.current())


@router.put("/help")
def put_help(body: HelpView, staff: ThePublisher, services: TheServices) -> HelpView:
    """Set the help, whole. Couples see it within half a minute. Refused if another was set since."""
    wanted = Help.model_validate(body.model_dump(exclude={"revision"}))
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
