"""A couple and the practice's packs on the deployed path: chosen, joined by a code, swapped; and help beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from testing.builders import LONDON, NEW_YORK, a_uid
from tests.e2e.conftest import PATIENCE, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

    from local.stack import Stack
    from tests.e2e.conftest import NewCouple, NewPhone, Phone

INDEX_IS_SEEN = 45
"""Seconds: a running process believes its index for thirty."""


def a_source(pack: str, **head: Any) -> str:
    """A pack of three steps, one after the other on one theme."""
    prompts = [
        {
            "id": f"step-{number}",
            "theme": "spark",
            "kind": "question",
            "depth": 1,
            "words": {"en": {"text": f"What was step {number} of {pack}?", "why": "Steps add up."}},
        }
        for number in range(3)
    ]
    about = {"en": {"title": f"The {pack}", "written_for": "Couples who test."}}
    return yaml.safe_dump(
        {"id": pack, "default_language": "en", "languages": ["en"], "words": about, "prompts": prompts, **head}
    )


@pytest.fixture
def editor(stack: Stack) -> Iterator[httpx.Client]:
    with stack.phone(email="ida@practice.example", claims={"scope": "practice:read practice:publish"}) as client:
        yield client


def publish(editor: httpx.Client, pack: str, **head: Any) -> dict[str, Any]:
    """Save and publish; the pack as the practice sees it then."""
    path = f"/v1/practice/packs/{pack}"
    saved = editor.put(f"{path}/draft", json={"source": a_source(pack, **head), "revision": 0})
    assert saved.status_code == 200, saved.text
    done = editor.post(f"{path}/publish", json={"revision": saved.json()["revision"], "announce": False})
    assert done.status_code == 200, done.text
    found: dict[str, Any] = editor.get(path).json()
    return found


def chosen(phone: Phone) -> dict[str, bool]:
    return {each["id"]: each["chosen"] for each in phone.call("GET", "/v1/packs")["packs"]}


def test_a_couple_chooses_a_pack_and_joins_another_by_the_code_that_its_practice_gave_it(
    editor: httpx.Client, a_couple: NewCouple
) -> None:
    ada, ben = a_couple()
    course = {"in_order": True, "every_days": 1}
    code = publish(editor, "stairs", audience="code", course=course)["code"]
    publish(editor, "paper-boats", audience="choice")
    eventually(lambda: "paper-boats" in chosen(ada), INDEX_IS_SEEN + PATIENCE)
    assert "stairs" not in chosen(ada), "nobody sees it without its code"
    ada.call("PUT", "/v1/couple/packs/paper-boats")
    assert chosen(ben)["paper-boats"]
    ben.call("DELETE", "/v1/couple/packs/paper-boats", status=204)
    assert not chosen(ada)["paper-boats"]
    joined = ben.call("POST", "/v1/couple/practice-code", {"code": code.lower()})
    assert (joined["id"], joined["chosen"], joined["course"]["in_order"]) == ("stairs", True, True)
    assert chosen(ada)["stairs"]
    assert "stairs" in ada.call("GET", "/v1/couple")["packs"]
    shown = [phone.call("GET", "/v1/today")["today"]["prompt"] for phone in (ada, ben)]
    assert shown[0] == shown[1]
    assert shown[0]["id"] == "stairs/step-0"
    editor.post("/v1/practice/packs/stairs/withdraw", json={"reason": "The test is over."})
    editor.post("/v1/practice/packs/paper-boats/withdraw", json={"reason": "The test is over."})


def test_a_prompt_is_swapped_for_both_and_answered_knowingly(a_couple: NewCouple) -> None:
    ada, ben = a_couple()
    date = ada.today()
    old = ada.call("GET", f"/v1/days/{date}")["prompt"]
    new = ben.call("POST", f"/v1/days/{date}/swap")["prompt"]
    assert new["id"] != old["id"]
    assert new["theme"] == old["theme"]
    assert ada.call("GET", f"/v1/days/{date}")["prompt"] == new
    ada.answer(date, "To what I saw first.", prompt=old["id"], status=409)
    ada.answer(date, "To what is there.", prompt=new["id"])
    ben.call("POST", f"/v1/days/{date}/swap", status=409)
    assert ben.answer(date, "So did I.", prompt=new["id"])["revealed"]


def test_help_is_there_for_everybody(a_phone: NewPhone, stack: Stack) -> None:
    here, there = (a_phone(zone=zone).call("GET", "/v1/help") for zone in (LONDON, NEW_YORK))
    assert (here["country"], there["country"]) == ("GB", "US")
    assert "116 123" in [line["phone"] for line in here["lines"]]
    assert "988" in [line["phone"] for line in there["lines"]]
    with stack.phone(uid=a_uid("e2e")) as nobody:
        lines = nobody.get("/v1/help").json()["lines"]
    assert len({line["country"] for line in lines}) > 25
