"""On a real engine, resealing and a person's edit at the same moment lose nothing."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from rekindle.crypto.sealing import AUTHORS_KEY, SINGLE_KEY, scheme_of
from reseal.handler import handle
from reseal.services import Services as ResealServices
from testing.stored import every_row, sealed_in
from tests.engine.racing import Racer, lost, pair, race, racing_couple, run_all

if TYPE_CHECKING:
    from couples_api.services import Services

RACES = 100


def test_an_edit_and_a_resealing_at_the_same_moment(own_services: Services) -> None:
    """The edit is kept, whichever comes first, and all texts are sealed again in the end."""
    now = own_services
    older = replace(now, vault=replace(now.vault, scheme=SINGLE_KEY))
    job = ResealServices.on(now.people.table, replace(now.vault, read_only=True))
    run_all([partial(_one_race, older, now, job) for _ in range(RACES)])


def _one_race(older: Services, now: Services, job: ResealServices) -> None:
    assert now.vault.scheme == AUTHORS_KEY
    ada, ben = racing_couple(older)
    date, couple = ada.now.date(), ada.couple_id
    ada.today()
    ada.answer(date, "First.")
    ada, ben = (replace(racer, services=now) for racer in (ada, ben))
    outcomes = race(
        lambda: ada.answer(date, "The edit.", revision=1),
        lambda: handle(job, {"couple": couple}),
        lambda: handle(job, {"couple": couple, "end_key": True}),
    )
    assert lost(outcomes) == []
    while handle(job, {"couple": couple, "end_key": True})["left"]:
        pass
    keys = now.vault.couple_keys(couple)
    assert keys.single is None
    assert ben.answer(date, "Mine.").partner.text == "The edit."


def test_every_kind_of_text_is_sealed_again(own_services: Services) -> None:
    now = own_services
    older = replace(now, vault=replace(now.vault, scheme=SINGLE_KEY))
    job = ResealServices.on(now.people.table, replace(now.vault, read_only=True))
    ada, ben = Racer(older), Racer(older)
    date = ada.now.date()
    ada.today_alone()
    ada.answer_alone(date, "Alone.")
    pair(ada, ben)
    ada.share(date)
    ada.today()
    ada.answer(date, "By Ada."), ben.answer(date, "By Ben.")
    ada.reflect(date, "I heard you.")
    couple = ada.couple_id
    assert [handle(job, {"couple": couple})["resealed"] for _ in range(3)] == [2, 0, 0]
    assert [handle(job, {"person": ada.uid})["resealed"] for _ in range(2)] == [1, 0]
    assert now.vault.couple_keys(couple).single
    assert handle(job, {"couple": couple, "end_key": True})["left"] is False
    assert now.vault.couple_keys(couple).single is None
    assert {scheme_of(text) for row in every_row(now.people.table) for text in sealed_in(row)} == {AUTHORS_KEY}
    ben = replace(ben, services=now)
    day = ben.day(date)
    assert (day.me.text, day.partner.text) == ("By Ben.", "By Ada.")
    assert day.reflections.partner
    assert day.reflections.partner.text == "I heard you."
    assert ben.shared() == ["Alone."]
