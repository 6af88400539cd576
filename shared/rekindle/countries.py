"""Countries: which one a zone is in, by the tables of the pinned `tzdata` package, as ISO 3166's two letters."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rekindle.models import Zone


@cache
def countries() -> Mapping[str, str]:
    """Every country's two letters, with its English name."""
    return {code: name for code, name, *_ in _rows("iso3166.tab")}


def country_of(zone: Zone) -> str | None:
    """The country of a zone, by whatever spelling of it; None for a zone of no country, such as `UTC`."""
    return _country_by_zone().get(zone)


@cache
def _country_by_zone() -> Mapping[str, str]:
    found = {zone: code for code, _, zone, *_ in _rows("zone.tab")}
    # Old spellings: a link may lead to a zone of another country, as Stockholm's does to Berlin, but those are above.
    for line in _lines("tzdata.zi"):
        match line.split():
            case ["L", zone, spelling] if zone in found:
                found.setdefault(spelling, found[zone])
    return found


def _rows(name: str) -> Iterator[list[str]]:
    return (line.split("\t") for line in _lines(name) if not line.startswith("#"))


def _lines(name: str) -> list[str]:
    return files("tzdata").joinpath("zoneinfo", name).read_text(encoding="utf-8").splitlines()
