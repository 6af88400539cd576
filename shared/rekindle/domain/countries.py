"""Look up countries by ISO 3166 code and by time zone, in the pinned `tzdata` package."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rekindle.domain.ids import Zone

_NO_COUNTRY: Final = ()
# For these zones, tzdata's tables give no country, a wrong country, or too few countries. Some of these zones are links
# to a zone in another country. Others name a kind of time, such as CET.
_MISSING_IN_TZDATA: Final[Mapping[str, tuple[str, ...]]] = {
    "Africa/Asmera": ("ER",),
    "Africa/Timbuktu": ("ML",),
    "America/Coral_Harbour": ("CA",),
    "America/Virgin": ("VI",),
    "Antarctica/South_Pole": ("AQ",),
    "Atlantic/Jan_Mayen": ("SJ",),
    "Iceland": ("IS",),
    "Pacific/Ponape": ("FM",),
    "Pacific/Truk": ("FM",),
    "Pacific/Yap": ("FM",),
    "GB-Eire": ("GB", "IE"),
    "Europe/Simferopol": ("UA", "RU"),  # zone1970.tab has both; zone.tab has one country for each zone
    **dict.fromkeys(("CET", "EET", "EST", "HST", "MET", "MST", "WET"), _NO_COUNTRY),
}
_CUSTOMARY: Final[Mapping[str, str]] = {"EL": "GR", "UK": "GB"}
"""Codes that many people use instead of the ISO 3166 code: the European Union's EL for Greece, and UK for Britain."""


@cache
def countries() -> Mapping[str, str]:
    """Return the English name of each country by its ISO 3166 code."""
    return {code: name for code, name, *_ in _rows("iso3166.tab")}


def country_named(code: str) -> str | None:
    """Return the ISO 3166 code that a person means: GB for GB or UK. Return None for an unknown code."""
    capitals = code.upper() if code.isascii() else ""
    known = _CUSTOMARY.get(capitals, capitals)
    return known if known in countries() else None


def countries_of(zone: Zone) -> tuple[str, ...]:
    """Return the ISO 3166 codes of a zone's countries: none for `UTC`, and two for `GB-Eire`."""
    return _countries_by_zone().get(zone, _NO_COUNTRY)


@cache
def _countries_by_zone() -> Mapping[str, tuple[str, ...]]:
    known: dict[str, tuple[str, ...]] = {zone: (code,) for code, _, zone, *_ in _rows("zone.tab")}
    known |= _MISSING_IN_TZDATA
    # Each line that begins with L gives a zone and an old spelling of its name.
    for line in _lines("tzdata.zi"):
        match line.split():
            case ["L", zone, spelling] if zone in known:
                known.setdefault(spelling, known[zone])
    return known


def _rows(name: str) -> Iterator[list[str]]:
    return (line.split("\t") for line in _lines(name) if not line.startswith("#"))


def _lines(name: str) -> list[str]:
    return files("tzdata").joinpath("zoneinfo", name).read_text(encoding="utf-8").splitlines()
