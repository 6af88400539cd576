"""Both can check off a prompt to do together or a touch, with or without words."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from rekindle.domain.playlist import FIRST_STEPS
from rekindle.domain.prompts import PromptKind
from testing.apis import handler_of
from testing.builders import NEW_YORK, TOKYO, prompts, publish
from testing.phones import Phone, Reply, a_phone, pair, set_clocks

if TYPE_CHECKING:
    from couples_api.services import Services

DATE = dt.date(2026, 3, 2)
DAY = f"/v1/days/{DATE}"
CHECKED = {"state": "answered", "text": None, "share_first": False, "revision": 1}
SEALED = {"state": "answered", "text": None}


@pytest.fixture(params=[PromptKind.TOGETHER, PromptKind.TOUCH])
def kind(request: pytest.FixtureRequest) -> PromptKind:
    found: PromptKind = request.param
    return found


@pytest.fixture
def couple(own_services: Services, kind: PromptKind) -> tuple[Phone, Phone]:
    """Pair two whose prompts are all of the kind. Their first four weeks, which ask for no touch, are over."""
    listed = [(replace(entry, kind=kind), replace(text, kind=kind)) for entry, text in prompts()]
    publish(own_services.people.table, listed)
    api = handler_of(lambda: own_services)
    ada, ben = (a_phone(api, name, zone, touch_comfort=3) for name, zone in (("ada", NEW_YORK), ("ben", TOKYO)))
    now = ada.now
    set_clocks(now - FIRST_STEPS, ada, ben)
    pair(ada, ben)
    set_clocks(now, ada, ben)
    return ada, ben


def check(phone: Phone, **body: Any) -> Reply:
    return phone.put(f"{DAY}/answer", body)


def test_both_check_it_off_without_a_word(couple: tuple[Phone, Phone], kind: PromptKind) -> None:
    ada, ben = couple
    assert ada.get(DAY).body["prompt"]["kind"] == kind, "so that the phone can tell"
    mine = check(ada)
    assert mine.status == 200, mine.text
    assert mine.body["me"] == CHECKED
    assert not mine.body["revealed"]
    assert ben.get(DAY).body["partner"] == SEALED
    assert check(ada).text == mine.text, "a repeat"
    both = check(ben, text=None).body
    assert (both["revealed"], both["me"], both["partner"]) == (True, CHECKED, SEALED)
    assert ada.get("/v1/streak").body["total"] == 1
    assert ada.get("/v1/days").body["days"][0]["partner"] == SEALED


def test_a_check_gains_and_loses_words_until_the_reveal_and_never_after(couple: tuple[Phone, Phone]) -> None:
    ada, ben = couple
    check(ada)
    assert check(ada, text="We danced.").problem == "answered-already"
    assert check(ada, text="We danced.", revision=1).body["me"] == CHECKED | {"text": "We danced.", "revision": 2}
    assert ben.get(DAY).body["partner"] == SEALED
    assert check(ada, revision=2).body["me"] == CHECKED | {"revision": 3}
    check(ada, text="We did dance.", revision=3)
    assert check(ben).body["partner"]["text"] == "We did dance."
    for phone, revision in ((ada, 4), (ben, 1)):
        assert check(phone, text="After all.", revision=revision).problem == "answers-are-open"
    assert check(ada, text="After all.").problem == "answers-are-open"
