"""`/v1/help` has lines for everybody, the caller's country first, as the practice has set them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rekindle.domain.help import BUILT_IN, Help
from rekindle.errors import WriteConflictError
from rekindle.store.help import REMEMBERED, HelpStore, help_write
from testing.apis import handler_of
from testing.builders import LONDON, TOKYO, a_uid
from testing.phones import Phone, a_phone

if TYPE_CHECKING:
    from collections.abc import Callable

    from couples_api.services import Services
    from rekindle.store.table import Table
    from testing.phones import Handler

OFFERED = Help.model_validate(
    {
        "booking": {"url": "https://practice.example/book", "words": {"en": "Book time with us", "es": "Reserva"}},
        "lines": [
            {"country": "CA", "name": {"en": "Line"}, "phone": "988", "languages": ["en"]},
            {"name": {"en": "Anywhere", "fr": "Partout"}, "url": "https://anywhere.example"},
            {"country": "CA", "name": {"fr": "Ligne"}, "phone": "989", "languages": ["fr"], "hours": "24/7"},
            {"country": "GB", "name": {"en": "Samaritans"}, "phone": "116 123", "note": {"en": "Free."}},
        ],
    }
)


@pytest.fixture
def api(new_services: Callable[[], Services]) -> Handler:
    services = new_services()
    services.people.table.write(help_write(OFFERED, 0))
    return handler_of(lambda: services)


def names(phone: Phone, query: str = "") -> list[str]:
    return [line["name"] for line in phone.get(f"/v1/help{query}").body["lines"]]


def test_a_persons_own_country_comes_first_and_then_what_is_for_everybody(api: Handler) -> None:
    ada = a_phone(api, "ada", LONDON)
    assert ada.get("/v1/help").body == {
        "country": "GB",
        "choose_country": [],
        "booking": {"url": "https://practice.example/book", "label": "Book time with us"},
        "lines": [
            _line(country="GB", name="Samaritans", phone="116 123", note="Free."),
            _line(name="Anywhere", url="https://anywhere.example"),
        ],
    }


def _line(**given: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("country", "name", "phone", "text", "url", "hours", "note"))
    return {**empty, "languages": [], **given}


def test_lines_that_speak_their_language_come_first_and_say_so_in_it(api: Handler) -> None:
    """An old name of the zone works too."""
    ada, ben = a_phone(api, "ada", "Canada/Eastern"), a_phone(api, "ben", "America/Toronto", language="fr")
    assert names(ada) == ["Line", "Ligne", "Anywhere"]
    assert names(ben) == ["Ligne", "Line", "Partout"]
    assert ben.get("/v1/help").body["booking"]["label"] == "Book time with us"


def test_a_traveller_can_ask_for_another_country(api: Handler) -> None:
    ada = a_phone(api, "ada", LONDON)
    assert names(ada, "?country=ca") == ["Line", "Ligne", "Anywhere"]
    assert names(ada, "?country=CA&language=fr") == ["Ligne", "Line", "Partout"]
    assert names(ada, "?country=JP") == names(a_phone(api, "ben", TOKYO)) == ["Anywhere"]


def test_help_is_there_before_there_is_a_profile(api: Handler) -> None:
    nobody = Phone(api, a_uid("nobody"))
    assert names(nobody) == ["Anywhere", "Line", "Ligne", "Samaritans"]
    assert names(nobody, "?country=GB&language=fr") == ["Samaritans", "Partout"]


@pytest.mark.parametrize("query", ["?country=", "?country=GBR", "?country=1", "?country=XX", "?country=EU"])
def test_an_unknown_country_is_refused_with_a_sentence(api: Handler, query: str) -> None:
    for phone in (Phone(api, a_uid("nobody")), a_phone(api, "ada", LONDON)):
        refused = phone.get(f"/v1/help{query}")
        assert (refused.status, refused.problem) == (422, "unknown-country")
        assert refused.body["title"] == "There is no such country. Give its two letters, such as US or GB."


@pytest.mark.parametrize("query", ["?language=EN", "?language=english"])
def test_a_language_has_two_letters(api: Handler, query: str) -> None:
    assert Phone(api, a_uid("nobody")).get(f"/v1/help{query}").problem == "invalid-fields"


def test_a_country_may_be_asked_for_as_people_write_it(api: Handler) -> None:
    ada = a_phone(api, "ada", TOKYO)
    for query in ("?country=UK", "?country=uk", "?country=gb"):
        assert ada.get(f"/v1/help{query}").body["country"] == "GB"
        assert names(ada, query) == ["Samaritans", "Anywhere"]


def test_an_old_name_of_a_zone_keeps_its_own_country(api: Handler) -> None:
    """Its clocks agree with Panama's, but Panama's lines are for people in Panama."""
    assert names(a_phone(api, "ada", "America/Coral_Harbour")) == ["Line", "Ligne", "Anywhere"]
    assert a_phone(api, "ben", "Pacific/Truk").get("/v1/help").body["country"] == "FM"


def test_whose_zone_tells_no_country_chooses_one(api: Handler) -> None:
    offered = [{"country": "GB", "name": "Britain (UK)"}, {"country": "CA", "name": "Canada"}]
    for phone in (a_phone(api, "ada", "UTC"), a_phone(api, "ben", "EST5EDT"), Phone(api, a_uid("nobody"))):
        found = phone.get("/v1/help").body
        assert (found["country"], found["choose_country"]) == (None, offered)
        assert names(phone) == ["Anywhere", "Line", "Ligne", "Samaritans"]
        assert phone.get("/v1/help?country=CA").body["choose_country"] == []


def test_whose_zone_may_be_of_two_countries_chooses_among_these(api: Handler) -> None:
    found = a_phone(api, "ada", "GB-Eire").get("/v1/help").body
    assert found["country"] is None
    assert [each["country"] for each in found["choose_country"]] == ["GB", "IE"]


def test_before_the_practice_has_said_anything_there_is_the_built_in_line(services: Services) -> None:
    phone = a_phone(handler_of(lambda: services), "ada", LONDON, language="es")
    found = phone.get("/v1/help").body
    assert (found["country"], found["booking"]) == ("GB", None)
    assert [line["url"] for line in found["lines"]] == ["https://findahelpline.com"]
    assert found["lines"][0]["name"] == "Encuentra una línea de ayuda cerca de ti"


def test_the_help_is_remembered_for_half_a_minute_and_replaced_by_its_revision(table: Table) -> None:
    now = 1000.0
    store = HelpStore(table, monotonic=lambda: now)
    assert store.help() == BUILT_IN
    assert store.current() == (BUILT_IN, 0)
    table.write(help_write(OFFERED, 0))
    now += REMEMBERED - 1
    assert store.help() == BUILT_IN
    now += 1
    assert store.help() == OFFERED
    assert store.current() == (OFFERED, 1)
    with pytest.raises(WriteConflictError):
        table.write(help_write(BUILT_IN, 0))
    table.write(help_write(Help(), 1))
    assert store.current() == (Help(), 2)
