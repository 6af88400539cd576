"""`/v1/help` shows where to book time with the practice, and help lines for the caller's country."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, Field

from couples_api.services import AnyCaller, TheServices
from rekindle.api.examples import view_config
from rekindle.api.problems import Problem, ProblemError, refusals
from rekindle.domain.countries import countries, countries_of, country_named
from rekindle.domain.help import DEFAULT_LANGUAGE, HelpLine, lines_for, spoken
from rekindle.domain.ids import Language
from rekindle.domain.texts import LanguageCode

if TYPE_CHECKING:
    from collections.abc import Iterable

router = APIGatewayHttpRouter()


class BookingView(BaseModel):
    """The address of the page on which a couple books time with the practice, and the link's text."""

    url: str
    label: str


class HelpLineView(BaseModel):
    """A help line. A line for all countries has no `country`. At least one of `phone`, `text` and `url` is set."""

    country: str | None
    name: str
    phone: str | None
    text: str | None
    url: str | None
    languages: list[str]
    hours: str | None
    note: str | None


class CountryView(BaseModel):
    """A country: its two-letter code, and its name in English."""

    country: str
    name: str


class HelpView(BaseModel):
    """The booking link or null, and help lines.

    `lines` begins with the help lines of `country`. Then come the help lines that are for all countries. If `country`
    is null, `lines` contains all help lines.
    """

    model_config = view_config(
        {
            "country": "GB",
            "choose_country": [],
            "booking": {"url": "https://practice.example/book", "label": "Book time with us"},
            "lines": [
                {
                    "country": "GB",
                    "name": "Samaritans",
                    "phone": "116 123",
                    "text": None,
                    "url": "https://www.samaritans.org",
                    "languages": ["en"],
                    "hours": "24/7",
                    "note": None,
                }
            ],
        },
        {
            "country": None,
            "choose_country": [{"country": "RU", "name": "Russia"}, {"country": "UA", "name": "Ukraine"}],
            "booking": None,
            "lines": [
                {
                    "country": None,
                    "name": "Find a helpline near you",
                    "phone": None,
                    "text": None,
                    "url": "https://findahelpline.com",
                    "languages": [],
                    "hours": "24/7",
                    "note": None,
                }
            ],
        },
    )

    country: str | None
    choose_country: list[CountryView] = Field(
        description="If `country` is null, let the person choose one of these countries and send another request with "
        "it. Empty if `country` is known."
    )
    booking: BookingView | None
    lines: list[HelpLineView]


@router.get("/help", responses=refusals(Problem.UNKNOWN_COUNTRY))
def get_help(
    caller: AnyCaller,
    services: TheServices,
    country: Annotated[
        str | None,
        Query(description="Two letters, such as US. UK means GB. The default is the country of the caller's zone."),
    ] = None,
    language: Annotated[LanguageCode | None, Query(description="Such as en. The default is the caller's.")] = None,
) -> HelpView:
    """Return the booking link and help lines, also to a caller without a profile or without App Check."""
    person = services.people.find(caller.uid)
    possible = countries_of(person.profile.zone) if person else ()
    if country is not None:
        named = country_named(country)
        if named is None:
            raise ProblemError(Problem.UNKNOWN_COUNTRY)
        possible = (named,)
    own = possible[0] if len(possible) == 1 else None
    spoken_here = language or (person.profile.language if person else DEFAULT_LANGUAGE)
    offered = services.help.help()
    booking = offered.booking
    return HelpView(
        country=own,
        choose_country=[] if own else _choices(possible or {line.country for line in offered.lines if line.country}),
        booking=BookingView(url=booking.url, label=spoken(booking.words, spoken_here) or booking.url)
        if booking
        else None,
        lines=[_view(line, spoken_here) for line in lines_for(offered, own, spoken_here)],
    )


def _choices(codes: Iterable[str]) -> list[CountryView]:
    named = countries()
    return [CountryView(country=code, name=named[code]) for code in sorted(codes, key=named.__getitem__)]


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
