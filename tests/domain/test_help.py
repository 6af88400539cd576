"""The help document is right, and so are each person's lines and each zone's country."""

from __future__ import annotations

from typing import Any, Final

import pytest
import yaml
from babel.core import get_global
from pydantic import ValidationError

from local.places import ROOT
from local.stack.seed import HELP, HELP_SCHEMA, help_schema_text
from rekindle.domain.calendar import zone_names
from rekindle.domain.countries import countries, countries_of, country_named
from rekindle.domain.help import BUILT_IN, GENTLE_LINES, Help, lines_for, spoken
from rekindle.domain.ids import Language, Zone

SHIPPED = Help.model_validate(yaml.safe_load(HELP.read_text(encoding="utf-8")))
LINE = {"name": {"en": "Line"}, "phone": "988"}
ENGLISH, FRENCH = Language("en"), Language("fr")


@pytest.mark.parametrize(
    ("zone", "found"),
    [
        ("America/New_York", ("US",)), ("US/Eastern", ("US",)), ("Europe/Stockholm", ("SE",)),
        ("Asia/Calcutta", ("IN",)), ("Europe/Kiev", ("UA",)), ("Europe/Zurich", ("CH",)), ("Eire", ("IE",)),
        ("America/Coral_Harbour", ("CA",)), ("Pacific/Truk", ("FM",)), ("Iceland", ("IS",)), ("GB-Eire", ("GB", "IE")),
        ("EST", ()), ("EST5EDT", ()), ("CET", ()), ("UTC", ()), ("Etc/GMT+5", ()), ("Mars/Olympus", ()),
    ],
)  # fmt: skip
def test_a_zone_is_in_a_country_by_whatever_spelling(zone: str, found: tuple[str, ...]) -> None:
    assert countries_of(Zone(zone)) == found


OF_NO_COUNTRY: Final = frozenset(
    [
        "CET", "CST6CDT", "EET", "EST", "EST5EDT", "GMT", "GMT+0", "GMT-0", "GMT0", "Greenwich", "HST", "MET", "MST",
        "MST7MDT", "PST8PDT", "UCT", "UTC", "Universal", "WET", "Zulu",
    ]
)  # fmt: skip
"""Zone names that name no place. Names that begin with “Etc/” name no place either."""
UNLIKE_CLDR: Final = {
    "America/Coyhaique": ("CL",),  # new in 2025
    "Antarctica/South_Pole": ("AQ",),  # CLDR says New Zealand, whose time is used there
    "Antarctica/Troll": ("AQ",),  # CLDR: the world
    "Europe/Simferopol": ("UA", "RU"),  # CLDR: Ukraine alone
    "GB-Eire": ("GB", "IE"),  # CLDR: the United Kingdom alone
}


def test_each_zone_is_in_the_country_that_cldr_has_for_it_or_is_known_to_be_otherwise() -> None:
    """CLDR has a country for every old name. tzdata only has a link to a zone with the same clocks."""
    territories, aliases = get_global("zone_territories"), get_global("zone_aliases")
    unlike = {}
    for name in zone_names():
        ours = countries_of(Zone(name))
        if name in OF_NO_COUNTRY or name.startswith("Etc/"):
            assert ours == (), name
        elif ours != (territories.get(aliases.get(name, name)),):
            unlike[name] = ours
    assert unlike == UNLIKE_CLDR
    assert {code for name in zone_names() for code in countries_of(Zone(name))} <= countries().keys()


@pytest.mark.parametrize(
    ("typed", "country"),
    [("US", "US"), ("us", "US"), ("UK", "GB"), ("uk", "GB"), ("el", "GR"), ("GB", "GB")]
    + [(typed, None) for typed in ("XX", "EU", "", "G", "GBR", "1", "\uff27\uff22", " GB", "ß")],
)
def test_a_country_has_its_two_letters_or_the_customary_ones(typed: str, country: str | None) -> None:
    assert country_named(typed) == country


def test_the_help_that_ships_has_lines_for_many_countries_and_one_for_all() -> None:
    counted = {line.country for line in SHIPPED.lines}
    assert None in counted
    assert len(counted) > 25
    assert {"US", "GB", "CA", "AU", "NZ", "IE", "DE", "FR", "ES", "MX"} <= counted
    for line in SHIPPED.lines:
        assert ENGLISH in line.name, line
        assert line.country is None or line.phone, line
    assert SHIPPED.booking is None, "the practice's own page is the practice's to name"


def test_the_schema_beside_the_help_is_that_of_the_code() -> None:
    """If this fails, run `python -m local.stack.seed`."""
    assert HELP_SCHEMA.read_text(encoding="utf-8") == help_schema_text()
    assert HELP.is_relative_to(ROOT)


@pytest.mark.parametrize(
    "line",
    [
        {"name": {"en": "No way to reach it"}},
        LINE | {"name": {}},
        LINE | {"name": {"english": "Line"}},
        LINE | {"name": {"en": ""}},
        LINE | {"name": {"en": "two\nlines"}},
        LINE | {"name": {"en": "\N{HANGUL FILLER}"}},
        LINE | {"hours": "\N{ZERO WIDTH SPACE}"},
        LINE | {"note": {"en": "\N{BRAILLE PATTERN BLANK}"}},
        LINE | {"country": "us"},
        LINE | {"country": "XX"},
        LINE | {"phone": "call us"},
        LINE | {"url": "http://plain.example"},
        LINE | {"url": "javascript:alert(1)"},
        LINE | {"url": 'https://x.example/"onclick='},
        LINE | {"colour": "red"},
    ],
    ids=repr,
)
def test_a_line_that_could_mislead_or_run_code_is_refused(line: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Help.model_validate({"lines": [line]})


def test_a_person_sees_their_own_country_first_and_at_least_one_line() -> None:
    for country in (*countries(), None):
        for language in (ENGLISH, FRENCH):
            for offered in (SHIPPED, BUILT_IN, Help(), Help.model_validate({"lines": [LINE | {"country": "US"}]})):
                lines = lines_for(offered, country, language)
                assert lines
                if country:
                    found = [line.country for line in lines]
                    assert set(found) <= {country, None}
                    assert found == sorted(found, key=lambda each: each is None)
    assert [line.phone for line in lines_for(SHIPPED, "BE", FRENCH)][:2] == ["0800 32 123", "1813"]


def test_words_come_in_the_language_or_in_english_or_at_all() -> None:
    assert spoken({ENGLISH: "Hello", FRENCH: "Bonjour"}, FRENCH) == "Bonjour"
    assert spoken({ENGLISH: "Hello"}, FRENCH) == "Hello"
    assert spoken({Language("de"): "Hallo"}, FRENCH) == "Hallo"
    assert spoken({}, FRENCH) is None


def test_the_line_beside_a_prompt_is_gentle() -> None:
    assert GENTLE_LINES.keys() == {"en", "es", "fr"}
    for text in GENTLE_LINES.values():
        assert 40 < len(text) < 120
        assert not any(word in text.lower() for word in ("therap", "crisis", "must", "should", "debe", "dois"))
