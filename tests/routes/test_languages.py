"""Two partners with different languages get one prompt, and each reads it in their own language."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from rekindle.domain.ids import Language
from rekindle.store import keys
from rekindle.store.table import Write
from testing.apis import handler_of
from testing.builders import LONDON, prompts, publish
from testing.phones import Phone, a_phone, pair

if TYPE_CHECKING:
    from couples_api.services import Services

EN, ES = Language("en"), Language("es")
HELP = {"en": "If this", "es": "Si esto"}


@pytest.fixture
def couple(own_services: Services) -> tuple[Phone, Phone]:
    """Pair Ana, who reads English, and Benito, who reads Spanish. The pack has both languages."""
    table = own_services.people.table
    release = publish(
        table,
        (
            (
                entry,
                replace(
                    text,
                    texts={EN: f"Question {entry.ref.prompt}", ES: f"Pregunta {entry.ref.prompt}"},
                    whys={EN: "Because.", ES: "Porque sí."},
                    hints={EN: "Softly.", ES: "Con calma."},
                ),
            )
            for entry, text in prompts()
        ),
    )
    words = {EN: "First steps", ES: "Primeros pasos"}
    table.write(
        Write(
            "Update",
            keys.release(release.pack, release.version),
            update="SET titles = :titles, written_for = :written_for",
            values={":titles": words, ":written_for": {EN: "Everybody.", ES: "Todo el mundo."}},
        )
    )
    api = handler_of(lambda: own_services)
    ana, benito = a_phone(api, "ana", LONDON), a_phone(api, "benito", LONDON, language="es")
    pair(ana, benito)
    return ana, benito


def prompt_of(phone: Phone) -> dict[str, Any]:
    prompt: dict[str, Any] = phone.get("/v1/today").body["today"]["prompt"]
    return prompt


def test_for_a_week_each_reads_prompt_why_hint_and_help_in_their_own_language(couple: tuple[Phone, Phone]) -> None:
    ana, benito = couple
    helped = 0
    for _ in range(7):
        english, spanish = prompt_of(ana), prompt_of(benito)
        assert english["id"] == spanish["id"]
        bare = english["id"].partition("/")[2]
        assert [english[part] for part in ("text", "why", "hint")] == [f"Question {bare}", "Because.", "Softly."]
        assert [spanish[part] for part in ("text", "why", "hint")] == [f"Pregunta {bare}", "Porque sí.", "Con calma."]
        for prompt, language in ((english, "en"), (spanish, "es")):
            if prompt["theme"] in {"courage", "fear"}:
                helped += 1
                assert prompt["help"]["text"].startswith(HELP[language])
        for phone in couple:
            phone.now += dt.timedelta(days=1)
    assert helped == 4


def test_the_pages_around_it_speak_each_ones_language_too(couple: tuple[Phone, Phone]) -> None:
    ana, benito = couple
    titles = [phone.get("/v1/packs").body["packs"][0] for phone in couple]
    assert [(pack["title"], pack["written_for"]) for pack in titles] == [
        ("First steps", "Everybody."),
        ("Primeros pasos", "Todo el mundo."),
    ]
    date = ana.get("/v1/today").body["today"]["date"]
    for phone, text in ((ana, "Your laugh."), (benito, "Tu risa.")):
        assert phone.put(f"/v1/days/{date}/answer", {"text": text}).status == 200
    for phone, word in ((ana, "Question"), (benito, "Pregunta")):
        day = phone.get("/v1/days").body["days"][0]
        assert day["prompt"]["text"].startswith(word)
        assert {day["me"]["text"], day["partner"]["text"]} == {"Your laugh.", "Tu risa."}, "their words are their own"


def test_a_new_language_shows_the_same_day(couple: tuple[Phone, Phone]) -> None:
    ana, benito = couple
    before = prompt_of(ana)
    ana.put("/v1/me", {"display_name": "Ana", "zone": LONDON, "language": "es"})
    after = prompt_of(ana)
    assert after == prompt_of(benito)
    assert (after["id"], after["text"] != before["text"]) == (before["id"], True)


def test_a_language_that_the_pack_lacks_is_given_its_own_whole(couple: tuple[Phone, Phone]) -> None:
    _, benito = couple
    benito.put("/v1/me", {"display_name": "B", "zone": LONDON, "language": "he"})
    prompt = prompt_of(benito)
    assert (prompt["text"].partition(" ")[0], prompt["why"], prompt["hint"]) == ("Question", "Because.", "Softly.")
