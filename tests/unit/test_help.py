"""Help: what the document may hold, which lines somebody sees, and in which country a zone is."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from local.places import ROOT
from local.seed import HELP, HELP_SCHEMA, help_schema_text
from rekindle.calendar import zone_names
from rekindle.countries import countries, country_of
from rekindle.help import BUILT_IN, GENTLE_LINES, Help, lines_for, spoken
from rekindle.models import Language, Zone

SHIPPED = Help.model_validate(yaml.safe_load(HELP.read_text(encoding="utf-8")))
LINE = {"name": {"en": "Line"}, "phone": "988"}
ENGLISH, FRENCH = Language("en"), Language("fr")


@pytest.mark.parametrize(
    ("zone", "country"),
    [
        ("America/New_York", "US"),
        ("US/Eastern", "US"),
        ("Europe/Stockholm", "SE"),
        ("Asia/Calcutta", "IN"),
        ("Europe/Kiev", "UA"),
        ("Europe/Zurich", "CH"),
        ("Eire", "IE"),
        ("UTC", None),
        ("Etc/GMT+5", None),
        ("Mars/Olympus", None),
    ],
)
def test_a_zone_is_in_a_country_by_whatever_spelling(zone: str, country: str | None) -> None:
    assert country_of(Zone(zone)) == country


def test_every_zone_of_a_place_has_its_country() -> None:
    """What has none is named after no place: offsets, and rules of the old."""
    without = {name for name in zone_names() if country_of(Zone(name)) is None}
    assert all(name.startswith(("Etc/", "GMT", "UTC", "UCT")) or name.isalnum() for name in without), without
    assert {country_of(Zone(name)) for name in zone_names() - without} <= countries().keys()


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
    """If this fails: `python -m local.seed`."""
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
def test_what_could_mislead_or_run_is_no_line(line: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Help.model_validate({"lines": [line]})


def test_somebody_sees_their_own_country_first_and_never_nothing() -> None:
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
