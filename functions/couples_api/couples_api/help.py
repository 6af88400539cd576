"""`/v1/help`: the booking link and help lines, those of the caller's country first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, Field

from couples_api.services import TheCaller, TheServices
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
    """Where to book time with the practice, and the link's text."""

    url: str
    label: str


class HelpLineView(BaseModel):
    """A help line. `country` is null if it is for everybody. At least one way to reach it is given."""

    country: str | None
    name: str
    phone: str | None
    text: str | None
    url: str | None
    languages: list[str]
    hours: str | None
    note: str | None


class CountryView(BaseModel):
    """A country to choose: its two letters, and its name in English."""

    country: str
    name: str


class HelpView(BaseModel):
    """Help lines for `country`. If it is null, all lines, with countries to choose from."""

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
            "lines": [],
        },
    )

    country: str | None
    choose_country: list[CountryView] = Field(
        description="Countries to choose from for another request with `country`, if the caller's zone belongs to no "
        "country or to several. Empty if the country is known."
    )
    booking: BookingView | None
    lines: list[HelpLineView]


@router.get("/help", responses=refusals(Problem.UNKNOWN_COUNTRY))
def get_help(
    caller: TheCaller,
    services: TheServices,
    country: Annotated[
        str | None,
        Query(description="Two letters, such as US, or UK for GB. By default the country of the caller's zone."),
    ] = None,
    language: Annotated[LanguageCode | None, Query(description="Such as en. By default the caller's own.")] = None,
) -> HelpView:
    """Return help, also for somebody without a profile."""
    person = services.people.person(caller.uid)
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
