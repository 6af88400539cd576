"""After unpairing both are free and start clean, and can find their words for thirty days."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
from typing import TYPE_CHECKING, Any

import pytest

from cleanup.ended import finish_end
from rekindle.store import key_rows, keys
from rekindle.store.couples import KEEPSAKE
from rekindle.store.instants import to_ttl
from rekindle.store.keys import Key
from rekindle.store.table import every_item
from testing.apis import handler_of
from testing.builders import LONDON, publish_choices
from testing.cleanups import cleanup_services
from testing.memory_table import MemoryTable
from testing.phones import Phone, Reply, a_phone, pair
from testing.stored import couple_id_of, person_of, row_in, slot_rows
from testing.wire import Crash

if TYPE_CHECKING:
    from couples_api.services import Services
    from rekindle.domain.ids import CoupleId
    from rekindle.store.table import Table

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


@pytest.mark.parametrize(
    "resume",
    [(False, False), (True, False), (False, True), None],
    ids=["neither goes on", "one would go on", "the other would go on", "with another"],
)
def test_a_new_pairing_starts_clean(
    world: Services, phones: tuple[Phone, Phone, Phone], parted: CoupleId, resume: tuple[bool, bool] | None
) -> None:
    ada, ben, cai = phones
    other = ben if resume else cai
    other.now = ada.now
    pair(ada, other, resume)
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


def test_after_a_crash_at_any_call_both_are_refused_and_cleanup_finishes(
    world: Services, phones: tuple[Phone, Phone, Phone]
) -> None:
    """Let the request die before each of its calls of the database in turn. The job of the stream does the rest."""
    ada, ben, _ = phones
    table, key_table = memory(world.people.table), memory(world.vault.table)
    cleanup = cleanup_services(world.people.table, world.vault.table.name)
    ends = 0
    for calls in itertools.count():
        for phone in (ada, ben):
            phone.now += DAY  # so that the tries at redeeming are forgotten
        pair(ada, ben, (False, False) if calls else None)
        couple = couple_id_of(world, ada)
        dying = Dying(calls)
        for each in (table, key_table):
            each.watchers.append(dying)
        with contextlib.suppress(Crash):
            ada.delete("/v1/couple")
        for each in (table, key_table):
            each.watchers.remove(dying)
        if row_in(world.people.table, keys.couple(couple)).get("ended_at") is None:
            well(ada.delete("/v1/couple"))  # the phone repeats a request that had no effect
            continue
        ends += 1
        refused = [phone.call(*each) for phone in (ada, ben) for each in COUPLES_OWN]
        assert {reply.problem for reply in refused} == {"not-paired"}
        for _ in range(2):
            finish_end(cleanup, couple)
        for phone in (ada, ben):
            person = person_of(world, phone)
            assert (person.couple, couple in person.parted) == (None, True)
            assert slot_rows(world.people.table, phone.uid) == {}
        assert "ttl" in row_in(world.vault.table, key_rows.couple_keys(couple))
        if not dying.has_struck:
            break
    assert ends > 5, "the end is the first write, and several calls follow"


class Dying:
    """Lets a process die before a call of the database, after a number of calls."""

    def __init__(self, calls: int) -> None:
        self.left = calls
        self.has_struck = False

    def __call__(self, _operation: str) -> None:
        if self.left == 0:
            self.has_struck = True
            raise Crash
        self.left -= 1


def memory(table: Table) -> MemoryTable:
    assert isinstance(table, MemoryTable)
    return table


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
