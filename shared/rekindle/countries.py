"""Countries: in which one a zone is, by the tables of the pinned `tzdata` package, as ISO 3166's two letters."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rekindle.models import Zone

_NO_COUNTRY: Final = ()
# The tables know none of these by its own country: tzdata has linked the old name to a zone abroad whose clocks agree,
# or a name is of a kind of time and no place. A test holds all zones against another source.
_OTHERWISE: Final[Mapping[str, tuple[str, ...]]] = {
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
    "Europe/Simferopol": ("UA", "RU"),  # zone1970.tab's two; zone.tab says that it cannot say so
    **dict.fromkeys(("CET", "EET", "EST", "HST", "MET", "MST", "WET"), _NO_COUNTRY),
}
_CUSTOMARY: Final[Mapping[str, str]] = {"EL": "GR", "UK": "GB"}
"""What the European Union, and most people, write for two countries."""


@cache
def countries() -> Mapping[str, str]:
    """Every country's two letters, with its English name."""
    return {code: name for code, name, *_ in _rows("iso3166.tab")}


def country_named(code: str) -> str | None:
    """Return ISO 3166's two letters of a country for these or customary ones, such as UK; None for no country's."""
    capitals = code.upper() if code.isascii() else ""
    known = _CUSTOMARY.get(capitals, capitals)
    return known if known in countries() else None


def countries_of(zone: Zone) -> tuple[str, ...]:
    """Return the countries that a zone's name may stand for: mostly one, none for `UTC`, two for `GB-Eire`."""
    return _countries_by_zone().get(zone, _NO_COUNTRY)


@cache
def _countries_by_zone() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {zone: (code,) for code, _, zone, *_ in _rows("zone.tab")}
    found |= _OTHERWISE
    # Old spellings of the same place.
    for line in _lines("tzdata.zi"):
        match line.split():
            case ["L", zone, spelling] if zone in found:
                found.setdefault(spelling, found[zone])
    return found


def _rows(name: str) -> Iterator[list[str]]:
    return (line.split("\t") for line in _lines(name) if not line.startswith("#"))


def _lines(name: str) -> list[str]:
    return files("tzdata").joinpath("zoneinfo", name).read_text(encoding="utf-8").splitlines()
