"""A couple can swap the day's prompt once, for both, before anyone has answered.

No answer is stored for another prompt than its writer has read.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from rekindle.domain.prompts import Theme
from rekindle.push.reactions import NOTHING, reaction_to
from rekindle.store import keys
from rekindle.store.stream import change_in
from rekindle.store.table import Write, marshal
from testing.apis import handler_of
from testing.builders import NEW_YORK, prompts, publish
from testing.phones import Phone, Reply, a_couple
from testing.push_world import calls, watched
from testing.stored import couple_id_of, day_of, stream_record

if TYPE_CHECKING:
    from collections.abc import Callable

    from couples_api.services import Services
    from rekindle.domain.days import Day
    from testing.phones import Handler

DATE = dt.date(2026, 3, 2)
SWAP = f"/v1/days/{DATE}/swap"
ANSWER = f"/v1/days/{DATE}/answer"


@pytest.fixture
def couple(api: Handler) -> tuple[Phone, Phone]:
    """Pair two for whom each theme has more than one prompt."""
    return a_couple(api, depth=3)


def shown(phone: Phone, date: dt.date = DATE) -> dict[str, Any]:
    day: dict[str, Any] = phone.get(f"/v1/days/{date}").body
    return day


def shared(day: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a day's view that must be equal for both: all but `closes_at`, which follows each clock."""
    return {name: value for name, value in day.items() if name != "closes_at"}


def stored(services: Services, phone: Phone) -> Day:
    return day_of(services, couple_id_of(services, phone), DATE)


def answer(phone: Phone, prompt: str | None = None, text: str | None = "So.", **more: Any) -> Reply:
    return phone.put(ANSWER, {"text": text, **more} | ({"prompt": prompt} if prompt else {}))


def test_either_swaps_the_prompt_once_and_both_see_the_same_other_one(
    services: Services, couple: tuple[Phone, Phone]
) -> None:
    ada, ben = couple
    before = shown(ada)
    assert before["swappable"]
    swapped = ben.post(SWAP)
    assert swapped.status == 200, swapped.text
    assert swapped.body["prompt"]["id"] != before["prompt"]["id"]
    assert swapped.body["prompt"]["theme"] == before["prompt"]["theme"]
    assert not swapped.body["swappable"]
    assert shared(shown(ada)) == shared(swapped.body) == shared(shown(ben))
    for phone in couple:
        again = phone.post(SWAP)
        assert (again.status, again.problem) == (409, "swapped-already")
    theme = Theme(before["prompt"]["theme"])
    seen = services.days.seen(couple_id_of(services, ada), [theme])
    assert {f"{pack}/{prompt}": date for (pack, prompt), date in seen.items()} == {
        before["prompt"]["id"]: DATE,
        swapped.body["prompt"]["id"]: DATE,
    }, "what is swapped away counts as met"
    day = stored(services, ada)
    assert (day.theme, day.again) == (theme, False)
    assert [f"{each.prompt.pack}/{each.prompt.prompt}" for each in day.swapped] == [before["prompt"]["id"]]


def test_another_day_can_be_swapped_again(couple: tuple[Phone, Phone]) -> None:
    ada, _ = couple
    shown(ada)
    assert ada.post(SWAP).status == 200
    ada.now += dt.timedelta(days=1)
    ada.get("/v1/today")
    assert ada.post("/v1/days/2026-03-03/swap").status == 200


def test_once_somebody_has_answered_the_prompt_stays(couple: tuple[Phone, Phone]) -> None:
    ada, ben = couple
    before = shown(ada)
    assert answer(ada).status == 200
    assert not shown(ben)["swappable"]
    for phone in couple:
        refused = phone.post(SWAP)
        assert (refused.status, refused.problem) == (409, "swap-too-late")
    assert shown(ben)["prompt"] == before["prompt"]


def test_a_day_that_has_closed_is_not_swapped_and_neither_is_one_that_nobody_opened(
    couple: tuple[Phone, Phone],
) -> None:
    ada, _ = couple
    assert ada.post(SWAP).problem == "no-such-day"
    shown(ada)
    ada.now += dt.timedelta(days=3)
    assert not shown(ada)["swappable"]
    assert ada.post(SWAP).problem == "day-closed"
    assert ada.post("/v1/days/2026-02-30/swap").problem == "invalid-fields"


def test_there_may_be_nothing_to_swap_for(new_services: Callable[[], Services]) -> None:
    """The pack has one prompt for each theme, so the couple keeps its prompt."""
    services = new_services()
    first = {entry.theme: (entry, text) for entry, text in reversed(list(prompts(version=2)))}
    publish(services.people.table, first.values())
    api = handler_of(lambda: services)
    ada, ben = a_couple(api)
    before = shown(ada)
    refused = ada.post(SWAP)
    assert (refused.status, refused.problem) == (409, "nothing-to-swap")
    assert shared(shown(ben)) == shared(before)
    assert before["swappable"], "who asks is told"


def test_a_repeat_under_its_key_finds_the_day_swapped(services: Services, couple: tuple[Phone, Phone]) -> None:
    ada, ben = couple
    shown(ada)
    first = ada.post(SWAP, key="tap")
    with calls(services.people.table) as seen:
        again = ada.post(SWAP, key="tap")
    assert (again.status, again.text) == (first.status, first.text)
    assert "TransactWriteItems" not in seen
    assert ben.post(SWAP, key="tap").problem == "swapped-already", "another person's key is another key"
    assert ada.post(SWAP, key="another tap").problem == "swapped-already"
    answer(ben, first.body["prompt"]["id"])
    assert ada.post(SWAP, key="tap").status == 200, "it was swapped before that"
    assert ada.post("/v1/days/2026-03-03/swap", key="tap").problem == "no-such-day"
    ada.get("/v1/days/2026-03-03")
    assert ada.post("/v1/days/2026-03-03/swap", key="tap").problem == "key-reused"


def test_an_answer_to_the_prompt_before_the_swap_is_refused_and_the_new_one_is_answered_knowingly(
    couple: tuple[Phone, Phone],
) -> None:
    ada, ben = couple
    old = shown(ada)["prompt"]["id"]
    new = ben.post(SWAP).body["prompt"]["id"]
    for prompt in (old, None, "test/nothing"):
        refused = answer(ada, prompt)
        assert (refused.status, refused.problem) == (409, "prompt-changed")
    assert shown(ben)["partner"]["state"] == "waiting"
    first = answer(ada, new)
    assert first.status == 200, first.text
    assert first.body["me"]["text"] == "So."
    assert answer(ada, new).body == first.body, "a repeat after a lost reply"
    assert answer(ada, None, "Better.", revision=1).status == 200, "an edit has its answer there already"
    assert answer(ada, old, "Worse.", revision=2).problem == "prompt-changed"
    assert answer(ben, new).body["revealed"]


def test_a_day_that_nobody_swapped_is_answered_with_or_without_its_prompt(couple: tuple[Phone, Phone]) -> None:
    ada, ben = couple
    prompt = shown(ada)["prompt"]["id"]
    assert answer(ada, "test/another").problem == "prompt-changed"
    assert answer(ada, prompt).status == 200
    assert answer(ben).body["revealed"]


def test_a_swap_after_the_day_was_read_refuses_the_answer_in_the_write_itself(
    services: Services, couple: tuple[Phone, Phone]
) -> None:
    """The partner swaps after the request has read the day and before it writes the answer."""
    ada, ben = couple
    shown(ada)
    swapped: list[Reply] = []

    def meanwhile(operation: str) -> None:
        if operation == "UpdateItem" and not swapped:
            swapped.append(ben.post(SWAP))

    # The resolver handles one request at a time, so the other request runs in its own process.
    ben.handler = handler_of(lambda: services)
    with watched(services.people.table, meanwhile):
        refused = answer(ada)
    assert swapped[0].status == 200, swapped[0].text
    assert (refused.status, refused.problem) == (409, "prompt-changed")
    assert shown(ada)["me"]["state"] == "waiting"


def test_a_day_from_before_days_said_their_theme_can_be_swapped(
    services: Services, couple: tuple[Phone, Phone]
) -> None:
    ada, ben = couple
    before = shown(ada)
    key = keys.day(couple_id_of(services, ada), DATE)
    services.days.table.write(Write("Update", key, update="REMOVE theme, again"))
    swapped = ben.post(SWAP)
    assert swapped.status == 200, swapped.text
    assert swapped.body["prompt"]["theme"] == before["prompt"]["theme"]
    assert stored(services, ada).theme == before["prompt"]["theme"]


def test_a_swap_pushes_to_nobody(services: Services, couple: tuple[Phone, Phone]) -> None:
    ada, ben = couple
    shown(ada)
    table, key = services.people.table, keys.day(couple_id_of(services, ada), DATE)
    old = table.get(key)
    ben.post(SWAP)
    new = table.get(key)
    assert old
    assert new
    assert reaction_to(change_in(stream_record(marshal(old), marshal(new)))) == NOTHING


@pytest.mark.parametrize(
    ("language", "beginning"), [("en", "If this"), ("es", "Si esto"), ("fr", "Si cela"), ("de", "If this")]
)
def test_help_stands_beside_prompts_that_may_weigh(couple: tuple[Phone, Phone], language: str, beginning: str) -> None:
    ada, _ = couple
    ada.put("/v1/me", {"display_name": "Ada", "zone": NEW_YORK, "language": language, "depth": 3})
    beside = {}
    for _ in range(7):
        prompt = ada.get("/v1/today").body["today"]["prompt"]
        beside[prompt["theme"]] = prompt["help"]
        ada.now += dt.timedelta(days=1)
    assert {theme for theme, words in beside.items() if words} == {"courage", "fear"}
    assert beside["fear"]["text"].startswith(beginning)
    assert beside["fear"]["href"] == "/v1/help"
