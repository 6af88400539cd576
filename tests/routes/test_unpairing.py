"""After unpairing both are free and start clean, and can find their words for thirty days."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from rekindle.store import keys
from rekindle.store.couples import KEEPSAKE
from rekindle.store.instants import to_ttl
from rekindle.store.keys import Key
from rekindle.store.table import every_item
from testing.apis import handler_of
from testing.builders import LONDON, publish_choices
from testing.phones import Phone, Reply, a_phone, pair
from testing.stored import couple_id_of, person_of, row_in

if TYPE_CHECKING:
    from couples_api.services import Services
    from rekindle.domain.ids import CoupleId

MONDAY = dt.date(2026, 3, 2)
DAY = dt.timedelta(days=1)
COUPLES_OWN = (
    ("GET", "/v1/couple", None),
    ("PATCH", "/v1/couple", {"pause": {"until": str(MONDAY + DAY)}}),
    ("DELETE", "/v1/couple/pause", None),
    ("GET", "/v1/today", None),
    ("GET", "/v1/days", None),
    ("GET", f"/v1/days/{MONDAY}", None),
    ("PUT", f"/v1/days/{MONDAY}/answer", {"text": "So."}),
    ("PUT", f"/v1/days/{MONDAY}/reflection", {"kind": "thank_you"}),
    ("POST", f"/v1/days/{MONDAY}/swap", None),
    ("GET", "/v1/streak", None),
    ("GET", "/v1/recap", None),
    ("GET", "/v1/packs", None),
    ("PUT", "/v1/couple/packs/choice", None),
    ("DELETE", "/v1/couple/packs/choice", None),
    ("POST", "/v1/couple/practice-code", {"code": "ABCD-2345"}),
    ("GET", "/v1/nudges", None),
    ("POST", "/v1/nudges", {"gesture": "hug"}),
    ("GET", "/v1/touch/today", None),
    ("GET", "/v1/solo/shared", None),
    ("POST", f"/v1/solo/days/{MONDAY - DAY}/share", None),
    ("DELETE", f"/v1/solo/days/{MONDAY - DAY}/share", None),
    ("DELETE", "/v1/couple", None),
)


@pytest.fixture
def world(own_services: Services) -> Services:
    """Publish a pack to choose and a pack to join."""
    table = own_services.people.table
    publish_choices(table)
    return own_services


def well(reply: Reply) -> Any:
    assert reply.status < 300, reply.text
    return reply.body if reply.text else None


@pytest.fixture
def phones(world: Services) -> tuple[Phone, Phone, Phone]:
    api = handler_of(lambda: world)
    ada, ben, cai = (a_phone(api, name, LONDON, depth=3) for name in ("ada", "ben", "cai"))
    return ada, ben, cai


@pytest.fixture
def parted(world: Services, phones: tuple[Phone, Phone, Phone]) -> CoupleId:
    """End the couple of Ada and Ben, who used everything that a couple can have."""
    ada, ben, _ = phones
    for phone in (ada, ben):
        well(phone.put(f"/v1/solo/days/{MONDAY - DAY}/answer", {"text": f"Alone, {phone.uid}."}))
    pair(ada, ben)
    couple = couple_id_of(world, ada)
    well(ada.call("PUT", "/v1/couple/packs/choice"))
    well(ada.post("/v1/couple/practice-code", {"code": "ABCD-2345"}))
    for phone in (ada, ben):
        well(phone.post(f"/v1/solo/days/{MONDAY - DAY}/share"))
    for number in range(8):
        date = MONDAY + number * DAY
        prompt = ada.get("/v1/today").body["today"]["prompt"]["id"]
        if number == 7:
            prompt = well(ben.post(f"/v1/days/{date}/swap"))["prompt"]["id"]
        for phone in (ada, ben):
            answer = {"text": f"An old answer of {phone.uid}.", "prompt": prompt}
            well(phone.put(f"/v1/days/{date}/answer", answer))
        for phone in (ada, ben):
            well(phone.put(f"/v1/days/{date}/reflection", {"kind": "heard", "text": f"Old words of {phone.uid}."}))
            phone.now += DAY
    well(ada.post("/v1/nudges", {"gesture": "hug"}))
    well(ada.call("PATCH", "/v1/couple", {"pause": {"until": str(MONDAY + 30 * DAY)}}))
    assert "ttl" not in row_in(world.vault.table, Key(f"COUPLE#{couple}", ""))
    well(ben.delete("/v1/couple"))
    return couple


def test_nobody_can_tell_who_ended_the_couple(phones: tuple[Phone, Phone, Phone], parted: CoupleId) -> None:
    """On each route for couples, the person who ended it, the partner and an unpaired person get the same answer."""
    ada, ben, cai = phones
    assert parted
    assert ada.get("/v1/me").body.keys() == ben.get("/v1/me").body.keys() == cai.get("/v1/me").body.keys()
    for method, path, body in COUPLES_OWN:
        replies = [phone.call(method, path, body) for phone in phones]
        assert {(reply.status, reply.text) for reply in replies} == {(404, replies[0].text)}, path
        assert replies[0].problem == "not-paired"
    for phone in (ada, ben):
        assert not phone.get("/v1/me").body["paired"]
        assert phone.get("/v1/help").status == 200
        assert phone.get("/v1/solo/today").status == 200


@pytest.mark.parametrize("again", [True, False], ids=["the same two", "with another"])
def test_a_new_pairing_starts_clean(
    world: Services, phones: tuple[Phone, Phone, Phone], parted: CoupleId, *, again: bool
) -> None:
    ada, ben, cai = phones
    other = ben if again else cai
    other.now = ada.now
    pair(ada, other)
    couple = couple_id_of(world, ada)
    assert couple != parted
    assert person_of(world, ada).paused_until is None
    for phone in (ada, other):
        assert well(phone.get("/v1/days"))["days"] == []
        streak = well(phone.get("/v1/streak"))
        assert (streak["current"], streak["longest"], streak["total"]) == (0, 0, 0)
        assert streak["calendar"] == {str(ada.now.date()): "open"}
        assert phone.get("/v1/recap").problem == "no-such-week"
        assert well(phone.get("/v1/couple")) | {"partner": ""} == {
            "partner": "",
            "since": str(ada.now.date()),
            "pause": None,
            "packs": ["test"],
        }
        assert {pack["id"]: pack["chosen"] for pack in well(phone.get("/v1/packs"))["packs"]} == {
            "choice": False,
            "test": True,
        }
        assert well(phone.get("/v1/solo/shared"))["answers"] == []
        assert well(phone.get("/v1/nudges"))["received"] == []
        assert phone.get(f"/v1/days/{MONDAY}").problem == "no-such-day"
        assert phone.put(f"/v1/days/{MONDAY}/reflection", {"kind": "thank_you"}).problem == "no-such-day"
    today = well(ada.get("/v1/today"))
    assert today["previous"] is None
    day = today["today"]
    assert (day["swappable"], day["reflections"]) == (True, {"me": None, "partner": None})
    met = world.days.seen(couple, [world.days.day(couple, ada.now.date()).theme])  # type: ignore[list-item,union-attr]
    assert {f"{pack}/{prompt}" for pack, prompt in met} == {day["prompt"]["id"]}
    everything = "".join(
        phone.get(path).text
        for phone in (ada, other)
        for path in ("/v1/today", "/v1/days", "/v1/solo/shared", "/v1/streak", "/v1/couple", "/v1/nudges")
    )
    assert "old" not in everything.lower()


def test_both_can_read_their_texts_for_thirty_days(
    world: Services, phones: tuple[Phone, Phone, Phone], parted: CoupleId
) -> None:
    """From the person's row alone, code finds their couples, the days, and the key."""
    ada, ben, cai = phones
    ended_at = ben.now
    pair(ada, cai)
    for phone in (ada, ben):
        person = person_of(world, phone)
        assert person.parted == {parted: ended_at}
        row = row_in(world.vault.table, Key(f"COUPLE#{parted}", ""))
        assert row["ttl"] == to_ttl(ended_at + KEEPSAKE)
        couple, key = world.couples.couple(parted), world.vault.couple_keys(parted)
        assert couple
        assert couple.ended_at == ended_at
        days = world.days.journal(parted, None, 30)
        assert len(days) == 8
        assert {key.open_answer(day, phone.uid) for day in days} == {f"An old answer of {phone.uid}."}
        assert {key.open_reflection(day, phone.uid) for day in days} == {f"Old words of {phone.uid}."}
        (solo,) = well(phone.get("/v1/solo/days"))["days"]
        assert solo["me"]["text"] == f"Alone, {phone.uid}."
        assert not solo["shared"]
        assert len(world.solo.shared(parted, None, 30)) == 2
    rows = list(every_item(world.people.table, keys.couple(parted).pk))
    (couple_row,) = [row for row in rows if row["sk"] == "COUPLE"]
    assert couple_row["ttl"] == to_ttl(ended_at + KEEPSAKE + DAY)
    assert couple_row["profiles"] == {}
    assert "ended_by" not in couple_row


def test_a_person_who_parts_twice_can_reach_both_couples(world: Services, phones: tuple[Phone, Phone, Phone]) -> None:
    ada, ben, cai = phones
    couples = []
    for other in (ben, cai):
        pair(ada, other)
        couples.append(couple_id_of(world, ada))
        ada.now += DAY
        well(ada.delete("/v1/couple"))
    ada.put("/v1/me", {"display_name": "Ada Mae", "zone": LONDON})
    person = person_of(world, ada)
    assert sorted(person.parted, key=lambda couple: person.parted[couple]) == couples
