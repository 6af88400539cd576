"""The main job through the API: two persons pair, answer, and the answers open."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.phones import Phone


def test_the_answers_open_together(couple: tuple[Phone, Phone]) -> None:
    ada, ben = couple
    date = ada.get("/v1/today").body["today"]["date"]
    first = ada.put(f"/v1/days/{date}/answer", {"text": "The way you hum."})
    assert first.status == 200, first.text
    assert ben.get(f"/v1/days/{date}").body["partner"] == {"state": "answered", "text": None}
    second = ben.put(f"/v1/days/{date}/answer", {"text": "Your letters."}).body
    assert second["revealed"]
    assert second["partner"]["text"] == "The way you hum."
    assert ada.get("/v1/streak").body["current"] == 1


def test_a_reply_without_content_has_none(couple: tuple[Phone, Phone]) -> None:
    ada, _ = couple
    gone = ada.delete("/v1/couple")
    assert (gone.status, gone.text) == (204, "")
