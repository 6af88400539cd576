"""`/v1/practice/help`: what couples are shown when it becomes a lot: where to book, and whom to call."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import Field

from practice_api.parts import TheParts, ThePublisher, TheReader
from rekindle.help import Booking, Country, Help, HelpLine, LanguageCode, PhoneNumber, ShortText, WebAddress
from rekindle.problems import Problem, ProblemError
from rekindle.store.help import HelpChangedError

router = APIGatewayHttpRouter()

Revision = Annotated[int, Field(ge=0, strict=True, description="Which help this is; 0 before the practice set any.")]


class WholeHelpLine(HelpLine):
    """Somebody to turn to, by phone, by text message or on the web. At least one of the three is not null."""

    country: Country | None = Field(description="Two letters, such as US; null for all countries.")
    phone: PhoneNumber | None = Field(description="The number as it is dialled in that country.")
    text: PhoneNumber | None = Field(description="The number to send a text message to.")
    url: WebAddress | None = Field(description="Its page, beginning with https://")
    languages: Annotated[tuple[LanguageCode, ...], Field(max_length=40)] = Field(
        description="The languages that are spoken there."
    )
    hours: ShortText | None = Field(description="When somebody answers, such as 24/7.")
    note: Annotated[dict[LanguageCode, ShortText], Field(max_length=40)] = Field(
        description="One more thing to know, by language; empty if there is none."
    )


class HelpView(Help):
    """The help as couples are shown it."""

    booking: Booking | None
    lines: Annotated[tuple[WholeHelpLine, ...], Field(max_length=400)]
    revision: Revision


class HelpBody(HelpView):
    """All of the help, in place of the revision that was read."""


@router.get("/help")
def get_help(_staff: TheReader, parts: TheParts) -> HelpView:
    """The help that couples are shown; what is built in until the practice has set any."""
    return _view(*parts.help.standing())


@router.put("/help")
def put_help(body: HelpBody, staff: ThePublisher, parts: TheParts) -> HelpView:
    """Set the help, whole. Couples see it within half a minute. Refused if another was set since."""
    wanted = Help.model_validate(body.model_dump(exclude={"revision"}))
    standing, revision = parts.help.standing()
    if revision and standing == wanted:
        return _view(standing, revision)
    try:
        revision = parts.help.change(wanted, body.revision, staff.deed)
    except HelpChangedError as error:
        raise ProblemError(Problem.HELP_CHANGED) from error
    return _view(wanted, revision)


def _view(offered: Help, revision: int) -> HelpView:
    return HelpView.model_validate(offered.model_dump() | {"revision": revision})
