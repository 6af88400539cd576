"""Help tells couples where to book time with the practice, and which help lines exist.

The practice can set its own help document. Until then, couples get a built-in document, so everybody finds help.
"""

from __future__ import annotations

from string import ascii_lowercase
from typing import TYPE_CHECKING, Annotated, Any, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from rekindle.domain.countries import countries
from rekindle.domain.ids import Language
from rekindle.domain.prompts import Theme
from rekindle.domain.texts import VISIBLE, LanguageCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HELPED_THEMES: Final = frozenset({Theme.COURAGE, Theme.FEAR})
"""Prompts of these themes show a link to help."""

DEFAULT_LANGUAGE: Final = Language("en")

TEXTS: Final = frozenset(
    {"hours", "phone", "text", "url", *(first + second for first in ascii_lowercase for second in ascii_lowercase)}
)
"""Names of all fields of a help document that have texts for people. A name of two letters is a language."""

GENTLE_LINES: Final[Mapping[Language, str]] = {
    DEFAULT_LANGUAGE: "If this feels like a lot, you do not have to carry it alone. Somebody is there to talk to.",
    Language("es"): "Si esto se hace grande, no hace falta llevarlo a solas. Hay alguien con quien hablar.",
    Language("fr"): "Si cela pèse, rien n'oblige à le porter sans aide. Il y a quelqu'un à qui parler.",
}
"""With the link to help, the app shows the sentence in the person's language, or else in English."""


def _known_country(code: str) -> str:
    if code not in countries():
        raise ValueError("is not the two-letter code of a country, such as US or GB")
    return code


type ShortText = Annotated[
    str, StringConstraints(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$"), VISIBLE
]
type Words = Annotated[dict[LanguageCode, ShortText], Field(min_length=1, max_length=40)]
type WebAddress = Annotated[str, StringConstraints(max_length=300, pattern=r"""^https://[^\s\x00-\x1f\x7f<>"'`\\]+$""")]
"""A web page's address. Only https is valid, because some other schemes can run code."""
type PhoneNumber = Annotated[str, StringConstraints(min_length=2, max_length=30, pattern=r"^[+*#0-9][0-9 ()*#./-]*$")]
type Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), AfterValidator(_known_country)]

HELP_BYTES: Final = 200_000
"""A help document has at most this many bytes as JSON. A row of the table has at most 400 KB."""

_CONFIG: Final = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Booking(BaseModel):
    """The link to the page on which a couple books time with the practice."""

    model_config = _CONFIG

    url: WebAddress = Field(description="The page on which couples book. It begins with https://")
    words: Words = Field(description="The link's text, by language.")


class HelpLine(BaseModel):
    """A help line, by phone, by text message or on the web. A line without a `country` is for everybody."""

    model_config = _CONFIG

    country: Country | None = Field(
        default=None, description="Two letters, such as US. Leave it out for all countries."
    )
    name: Words = Field(description="The line's name, by language.")
    phone: PhoneNumber | None = Field(default=None, description="The phone number as dialed in that country.")
    text: PhoneNumber | None = Field(default=None, description="The number for text messages.")
    url: WebAddress | None = Field(default=None, description="The line's web page. It begins with https://")
    languages: Annotated[tuple[LanguageCode, ...], Field(max_length=40)] = Field(
        default=(), description="The languages that the line speaks."
    )
    hours: ShortText | None = Field(default=None, description="Opening hours, such as 24/7.")
    note: dict[LanguageCode, ShortText] = Field(
        default={}, max_length=40, description="One more thing to know, by language."
    )

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if not (self.phone or self.text or self.url):
            raise ValueError("needs at least one of phone, text and url")
        return self


class Help(BaseModel):
    """All help that the practice offers. Within each country, the most important line comes first."""

    model_config = _CONFIG

    booking: Booking | None = None
    lines: Annotated[tuple[HelpLine, ...], Field(max_length=400)] = ()


def texts_of(offered: Help) -> Iterator[tuple[str, str]]:
    """Yield each text that couples read, with its path, such as `lines.0.name.en`. Leave out addresses and numbers."""
    if offered.booking:
        yield from ((f"booking.words.{language}", text) for language, text in offered.booking.words.items())
    for number, line in enumerate(offered.lines):
        for field, words in (("name", line.name), ("note", line.note)):
            yield from ((f"lines.{number}.{field}.{language}", text) for language, text in words.items())
        if line.hours:
            yield f"lines.{number}.hours", line.hours


def too_large(offered: Help) -> str | None:
    """Return a sentence if the help document is too large to be stored. Otherwise return None."""
    size = len(offered.model_dump_json(exclude_none=True).encode())
    if size <= HELP_BYTES:
        return None
    return f"is {size:,} bytes long in all its languages; it can have at most {HELP_BYTES:,}"


BUILT_IN: Final = Help(
    lines=(
        HelpLine(
            name={
                DEFAULT_LANGUAGE: "Find a helpline near you",
                Language("es"): "Encuentra una línea de ayuda cerca de ti",
                Language("fr"): "Trouver une ligne d'écoute près de chez soi",
            },
            url="https://findahelpline.com",
            hours="24/7",
        ),
    )
)
"""Couples get this help until the practice sets its own help document."""


def lines_for(offered: Help, country: str | None, language: Language) -> list[HelpLine]:
    """Return the help lines for a person's country and language. The list is never empty.

    The lines of the country come first, beginning with those that speak the person's language. Then come the lines for
    everybody, or the built-in line if the practice offers no line for everybody. If the country is unknown (None),
    return the lines for everybody and then the lines of all countries.
    """
    for_everybody = [line for line in offered.lines if line.country is None] or list(BUILT_IN.lines)
    if country is None:
        return [*for_everybody, *(line for line in offered.lines if line.country is not None)]
    own = [line for line in offered.lines if line.country == country]
    return [*sorted(own, key=lambda line: language not in line.languages), *for_everybody]


def spoken(words: Mapping[Language, str], language: Language) -> str | None:
    """Return the words in a language, or else in English, or else in any language, or else None."""
    return words.get(language) or words.get(DEFAULT_LANGUAGE) or next(iter(words.values()), None)


def help_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a help document."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Help.model_json_schema()}
