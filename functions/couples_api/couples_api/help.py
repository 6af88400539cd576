"""`/v1/help`: where to book time with the practice, and whom to call, in the caller's own country first."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel

from couples_api.parts import TheCaller, TheParts
from rekindle.countries import country_of
from rekindle.help import DEFAULT_LANGUAGE, HelpLine, lines_for, spoken
from rekindle.models import Language

router = APIGatewayHttpRouter()


class BookingView(BaseModel):
    """Where to book time with the practice, and what the link says."""

    url: str
    label: str


class HelpLineView(BaseModel):
    """Somebody to turn to; `country` is null where it is for everybody, and at least one way to reach them is there."""

    country: str | None
    name: str
    phone: str | None
    text: str | None
    url: str | None
    languages: list[str]
    hours: str | None
    note: str | None


class HelpView(BaseModel):
    """Help for somebody in `country`, null where nobody knows it: then all there is."""

    country: str | None
    booking: BookingView | None
    lines: list[HelpLineView]


@router.get("/help")
def get_help(
    caller: TheCaller,
    parts: TheParts,
    country: Annotated[
        str | None,
        Query(pattern="^[A-Za-z]{2}$", description="Two letters, such as US; else the country of the caller's zone."),
    ] = None,
    language: Annotated[
        str | None, Query(pattern="^[a-z]{2}$", description="Such as en; else the caller's own.")
    ] = None,
) -> HelpView:
    """Help, one tap away: also for somebody who has no profile yet."""
    person = parts.people.person(caller.uid)
    own = country.upper() if country else country_of(person.profile.zone) if person else None
    spoken_here = Language(language) if language else person.profile.language if person else DEFAULT_LANGUAGE
    offered = parts.help.help()
    booking = offered.booking
    return HelpView(
        country=own,
        booking=BookingView(url=booking.url, label=spoken(booking.words, spoken_here) or booking.url)
        if booking
        else None,
        lines=[_view(line, spoken_here) for line in lines_for(offered, own, spoken_here)],
    )


def _view(line: HelpLine, language: Language) -> HelpLineView:
    return HelpLineView(
        country=line.country,
        name=spoken(line.name, language) or "",
        phone=line.phone,
        text=line.text,
        url=line.url,
        languages=list(line.languages),
        hours=line.hours,
        note=spoken(line.note, language),
    )
