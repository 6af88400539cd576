"""Each author seals with a key of their own, also in a couple that paired when couples had one key."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from rekindle.crypto.sealing import AUTHORS_KEY, SINGLE_KEY, scheme_of
from rekindle.store.keys import Key
from rekindle.store.table import Write
from testing.apis import handler_of, phones_api
from testing.builders import LONDON
from testing.phones import Phone, a_couple, set_clocks
from testing.push_world import first_of, watched
from testing.stored import couple_id_of, couple_of, day_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from couples_api.services import Services
    from rekindle.domain.days import Day


@pytest.fixture
def services(own_services: Services) -> Services:
    """Make services in which all texts are sealed as before authors had keys."""
    return replace(own_services, vault=replace(own_services.vault, scheme=SINGLE_KEY))


@pytest.fixture
def now(services: Services) -> Services:
    """Return the same tables with the present scheme."""
    return replace(services, vault=replace(services.vault, scheme=AUTHORS_KEY))


@pytest.fixture
def phones(services: Services, now: Services) -> tuple[Phone, Phone]:
    """Pair two in London before authors had keys, let them meet once, and then change the scheme."""
    ada, ben = a_couple(handler_of(lambda: services), LONDON, LONDON, at="2026-03-01T12:00:00Z")
    answer(ada, "Before, by Ada."), answer(ben, "Before, by Ben.")
    set_clocks("2026-03-02T12:00:00Z", ada, ben)
    for phone in (ada, ben):
        phone.handler = phones_api(lambda: now)
        phone.claims["auth_time"] = str(int(phone.now.timestamp()))
    return ada, ben


def answer(phone: Phone, text: str) -> Any:
    date = phone.now.date()
    prompt = phone.get(f"/v1/days/{date}").body["prompt"]["id"]
    return phone.put(f"/v1/days/{date}/answer", {"text": text, "prompt": prompt})


def day_now(services: Services, phone: Phone) -> Day:
    return day_of(services, couple_id_of(services, phone), phone.now.date())


def texts(phone: Phone) -> list[tuple[str, str]]:
    return [(day["me"]["text"], day["partner"]["text"]) for day in phone.get("/v1/days").body["days"]]


def test_both_read_what_was_sealed_before_and_after(now: Services, phones: tuple[Phone, Phone]) -> None:
    ada, ben = phones
    answer(ada, "After, by Ada.")
    assert answer(ben, "After, by Ben.").body["partner"]["text"] == "After, by Ada."
    both = [("After, by Ada.", "After, by Ben."), ("Before, by Ada.", "Before, by Ben.")]
    assert texts(ada) == both
    assert texts(ben) == [(partner, own) for own, partner in both]
    exported = ada.post("/v1/me/export").body["entries"]
    assert [(entry["answer"]["text"], entry["partner"]["text"]) for entry in exported] == both[::-1]
    sealed = [each.sealed for each in day_now(now, ada).answers.values()]
    assert {scheme_of(each) for each in sealed if each} == {AUTHORS_KEY}


def test_both_authors_get_their_keys_at_the_first_new_text(now: Services, phones: tuple[Phone, Phone]) -> None:
    ada, ben = phones
    couple = couple_id_of(now, ada)
    before = now.vault.couple_keys(couple)
    assert (before.authors, before.single is None) == ({}, False)
    answer(ada, "After.")
    after = now.vault.couple_keys(couple)
    assert after.authors.keys() == {ada.uid, ben.uid}
    assert len({*after.authors.values(), after.single}) == 3
    answer(ben, "After.")
    assert now.vault.couple_keys(couple) == after


def test_a_request_at_the_same_moment_uses_the_same_key(now: Services, phones: tuple[Phone, Phone]) -> None:
    ada, ben = phones
    couple = couple_of(now, ada)
    faster = first_of(
        "TransactWriteItems",
        lambda: now.couples.while_together(couple.id, [now.vault.adding_author_keys(couple.id, couple.profiles)]),
    )
    ada.get("/v1/today")
    with watched(now.people.table, faster):
        assert answer(ada, "After.").status == 200
    answer(ben, "Mine.")
    assert texts(ben)[0] == ("Mine.", "After.")


def test_a_couple_that_has_ended_meanwhile_gets_no_key(now: Services, phones: tuple[Phone, Phone]) -> None:
    ada, ben = phones
    couple = couple_of(now, ada)
    prompt = ada.get("/v1/today").body["today"]["prompt"]["id"]
    faster: Callable[[str], None] = first_of("TransactWriteItems", lambda: ben.delete("/v1/couple"))
    with watched(now.people.table, faster):
        refused = ada.put(f"/v1/days/{ada.now.date()}/answer", {"text": "Too late.", "prompt": prompt})
    assert refused.problem == "not-paired"
    assert now.vault.couple_keys(couple.id).authors == {}


def test_an_author_whose_key_is_gone_cannot_be_read_and_the_partner_can(own_services: Services) -> None:
    """Nothing of the author's opens again, and each keeps what they wrote."""
    services = own_services
    ada, ben = a_couple(phones_api(lambda: services), LONDON, LONDON, at="2026-03-01T12:00:00Z")
    for phone in (ada, ben):
        answer(phone, f"By {phone.uid}.")
        phone.claims["auth_time"] = str(int(phone.now.timestamp()))
    row = Key(f"COUPLE#{couple_id_of(services, ada)}", "")
    services.vault.table.write(Write("Update", row, update="REMOVE authors.#ada", names={"#ada": ada.uid}))
    ben.delete("/v1/couple")
    (entry,) = ben.post("/v1/me/export").body["entries"]
    assert entry["answer"]["text"] == f"By {ben.uid}."
    gone = ada.post("/v1/me/export").body
    assert (gone["entries"], gone["couples"][0]["included"]) == ([], False)


@pytest.mark.parametrize(("shorter", "longer"), [("No.", "a" * 63), ("a" * 64, "a" * 127), ("a" * 512, "a" * 767)])
def test_no_row_shows_how_long_a_text_is(own_services: Services, shorter: str, longer: str) -> None:
    ada, ben = a_couple(handler_of(lambda: own_services), LONDON, LONDON)
    answer(ada, shorter), answer(ben, longer)
    one, other = (each.sealed or b"" for each in day_now(own_services, ada).answers.values())
    assert len(one) == len(other)
