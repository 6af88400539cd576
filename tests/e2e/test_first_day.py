"""The main job, over HTTP with real tokens, down to the notifications on both phones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekindle.push.texts import CATALOGUE
from testing.builders import NEW_YORK, TOKYO
from tests.e2e.conftest import await_quiet

if TYPE_CHECKING:
    from local.stack import Stack
    from tests.e2e.conftest import NewPhone


def test_two_people_pair_answer_and_part(stack: Stack, a_phone: NewPhone) -> None:
    ada, ben = a_phone("Ada", NEW_YORK), a_phone("Ben", TOKYO)
    ada.call("GET", "/v1/couple", status=404)

    invite = ada.call("POST", "/v1/invites", status=201)
    assert invite["link"].endswith("#" + invite["code"].replace("-", ""))
    assert ben.call("POST", "/v1/invites/redeem", {"code": invite["code"].lower()})["inviter"] == "Ada"
    ada.call("GET", "/v1/couple", status=404)  # not before she has confirmed
    assert ada.call("GET", "/v1/invites")["redeemed_by"] == "Ben"
    assert ada.call("POST", "/v1/invites/confirm", {"invite_id": invite["invite_id"]})["partner"] == "Ben"
    assert ben.call("GET", "/v1/couple")["partner"] == "Ada"

    date = ada.today()
    mine = ada.answer(date, "The way you hum while you cook.")
    assert (mine["revealed"], mine["me"]["state"], mine["partner"]) == (
        False,
        "answered",
        {"state": "waiting", "text": None},
    )
    ben.await_kinds("partner_answered")
    (push,) = ben.inbox()
    texts = [text for kinds in CATALOGUE.values() for variants in kinds.values() for text in variants.values()]
    assert (push["title"], push["body"]) in [(text.title, text.body) for text in texts]
    assert push["data"].keys() == {"link"}
    sealed = ben.call("GET", f"/v1/days/{date}")
    assert sealed["partner"] == {"state": "answered", "text": None}
    assert sealed["prompt"] == mine["prompt"]

    opened = ben.answer(date, "Your letters from the train.")
    assert opened["partner"]["text"] == "The way you hum while you cook."
    ada.await_kinds("both_answered")
    assert ada.call("GET", f"/v1/days/{date}")["partner"]["text"] == "Your letters from the train."
    ada.answer(date, "Something else.", revision=1, status=409)

    for phone in (ada, ben):
        streak = phone.call("GET", "/v1/streak")
        assert (streak["current"], streak["longest"], streak["total"]) == (1, 1, 1)
        assert streak["calendar"][date] == "complete"
        journal = {day["date"]: day for day in phone.call("GET", "/v1/days")["days"]}
        assert journal[date]["revealed"]

    ben.call("DELETE", "/v1/couple", status=204)
    for phone in (ada, ben):
        for path in ("/v1/couple", "/v1/today", "/v1/days", f"/v1/days/{date}", "/v1/streak"):
            phone.call("GET", path, status=404)
    await_quiet(stack)
    assert (ada.kinds(), ben.kinds()) == (["both_answered"], ["partner_answered"])


def test_a_repeated_post_under_one_key_gives_the_same_invite(a_phone: NewPhone) -> None:
    ada = a_phone("Ada")
    key = {"idempotency-key": "the-same-tap"}
    first = ada.call("POST", "/v1/invites", status=201, **key)
    assert ada.call("POST", "/v1/invites", status=201, **key) == first


def test_a_body_that_is_not_utf_8_is_refused_whichever_way_the_gateway_hands_it_on(a_phone: NewPhone) -> None:
    """As text with what it could not read replaced if it is said to be JSON, and else in base64."""
    ada = a_phone("Ada")
    body = '{"display_name": "Zo\u00eb"}'.encode("latin-1")
    for media_type, status in (
        ("application/json; charset=iso-8859-1", 415),
        ("text/plain", 415),
        ("application/json", 400),
        (None, 400),
    ):
        headers = {"Content-Type": media_type} if media_type else {}
        assert ada.api.put("/v1/me", content=body, headers=headers).status_code == status
    assert ada.api.put("/v1/me", content=b"", headers={"Content-Type": "text/plain"}).status_code == 415
