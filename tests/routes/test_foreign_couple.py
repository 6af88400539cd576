"""A person whose row names a foreign couple gets nothing of the couple, and changes nothing of it.

The couple's own row says who belongs to it. A person's row may be wrong, or forged by somebody who can write rows.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, cast

import pytest

from local import openapi
from rekindle.cleanup import AccountDeletedJob, EraseJob
from rekindle.domain.days import Answer, DayWindow
from rekindle.domain.ids import CoupleId
from rekindle.domain.persons import Reminders
from rekindle.domain.prompts import Theme
from rekindle.domain.pushes import PushKind
from rekindle.push.jobs import Missed, RetryJob
from rekindle.push.kinds import KINDS
from rekindle.store import keys
from rekindle.store.couples import Couples
from rekindle.store.days import Days
from rekindle.store.instants import to_millis
from rekindle.store.people import person_writes
from rekindle.store.table import Write
from testing import contract
from testing.apis import phones_api
from testing.builders import (
    LONDON,
    NEW_YORK,
    TOKYO,
    a_day,
    a_paired_person,
    a_touching_person,
    an_instant,
    prompts,
    publish,
    publish_choices,
)
from testing.phones import Phone, Reply, a_phone, confirmation, pair, set_clocks
from testing.push_world import DATE, MORNING, do, person_job, saved, slot_job, token_of
from testing.stored import couple_id_of
from tests.routes.test_erasing import World, well

if TYPE_CHECKING:
    from collections.abc import Callable

    from delivery.services import Services as DeliveryServices
    from rekindle.domain.ids import Uid
    from rekindle.domain.persons import Person
    from rekindle.push.jobs import Job
    from rekindle.store.table import Item, Table
    from testing.fcm_wire import FcmWire
    from testing.phones import Handler

OPERATIONS: Final = [
    (method, path) for path, of_path in openapi.document(openapi.PHONES)["paths"].items() for method in of_path
]
FIRST: Final = dt.date(2026, 2, 20)
"""The couple's first date, on which both answered and reflected."""
ALONE: Final = dt.date(2026, 2, 25)
"""The date of the stranger's solo answer."""
ENDED_AT: Final = an_instant("2026-03-04T15:00:00Z")
"""The end of the couple, in a world in which it has ended."""
FORGED_END: Final = an_instant("2026-03-05T15:00:00Z")
"""The end of the couple, in the row of a stranger who claims to have left it."""
NOW: Final = an_instant("2026-03-06T15:00:00Z")
TODAY: Final = NOW.date()
"""The date that only Ada has answered. She shared her answer first."""
TOMORROW: Final = TODAY + dt.timedelta(days=1)
"""The date that Ben, whose clock is ahead, has opened. Nobody has answered it."""
PAUSED_UNTIL: Final = dt.date(2026, 4, 17)
NAMES: Final = ("Zephyrine", "Balthasar")
CANARY: Final = "Canary"
DATES: Final = {
    ("put", "/v1/days/{date}/reflection"): FIRST,
    ("post", "/v1/days/{date}/swap"): TOMORROW,
    ("post", "/v1/solo/days/{date}/share"): ALONE,
    ("delete", "/v1/solo/days/{date}/share"): ALONE,
}
"""The dates on which a request would change something of the couple. Other requests are for TODAY."""
BODIES: Final[dict[tuple[str, str], Any]] = {
    ("put", "/v1/days/{date}/answer"): {"text": "Mine.", "share_first": True, "revision": None, "prompt": None},
    ("post", "/v1/couple/practice-code"): {"code": "ABCD-2345"},
}
"""The bodies with which a request would change something of the couple. Other requests send the documents' examples."""
READS: Final = (
    *("/v1/me", "/v1/couple", "/v1/today", "/v1/days", f"/v1/days/{FIRST}", f"/v1/days/{TODAY}", "/v1/streak"),
    *("/v1/recap", "/v1/packs", "/v1/nudges", "/v1/solo/shared", "/v1/touch/today"),
)


class Forgery(StrEnum):
    """A claim of the stranger's row about the foreign couple, and whether this couple stands."""

    IN_IT = "in a couple that stands"
    IN_ENDED = "in a couple that has ended"
    LEFT_IT = "parted from a couple that stands"
    LEFT_ENDED = "parted from a couple that has ended"

    @property
    def has_ended(self) -> bool:
        return self in {Forgery.IN_ENDED, Forgery.LEFT_ENDED}

    def attributes(self, couple: CoupleId) -> Item:
        """Return the attributes of the stranger's row that name the couple."""
        if self in {Forgery.IN_IT, Forgery.IN_ENDED}:
            return {"couple": couple}
        return {"parted": {couple: to_millis(FORGED_END)}}


@dataclass(frozen=True, slots=True)
class Scene:
    """A world with a couple that has everything, and a stranger in no couple. `ended` is this world after its end."""

    together: World
    ended: World
    ada: Phone
    ben: Phone
    eve: Phone
    couple: CoupleId

    def honest(self, forgery: Forgery) -> World:
        """Return a copy of the forgery's world in which the stranger's row names no couple."""
        return (self.ended if forgery.has_ended else self.together).copy()

    def forged(self, forgery: Forgery) -> World:
        """Return a copy of the forgery's world in which the stranger's row names the couple."""
        world = self.honest(forgery)
        forge(world, self.eve.uid, forgery.attributes(self.couple))
        return world

    def rows(self, world: World) -> dict[keys.Key, Item]:
        """Return all rows that name the couple or one of the two, also in keys.

        Leave out the stranger's own partition and slot rows.
        """
        two = (self.ada.uid, self.ben.uid)
        traces = (self.couple, *two, *map(keys.pseudonym_of, two))
        strangers = keys.pseudonym_of(self.eve.uid)
        found = {keys.Key(row["pk"], row.get("sk", "")): row for _, row in world.found(*traces)}
        strangers_own = keys.person(self.eve.uid).pk
        return {key: row for key, row in found.items() if key.pk != strangers_own and strangers not in key.sk}

    def own_rows(self, world: World) -> list[Item]:
        """Return the couple's rows, its keys and its tally."""
        return [row for _, row in world.found(self.couple) if self.couple in row["pk"]]

    def reads(self, world: World) -> dict[tuple[Uid, str], str]:
        """Return everything that the couple's two can read, from a copy of the world."""
        api = api_of(world.copy())
        read: dict[tuple[Uid, str], str] = {}
        for phone in (on(api, self.ada), on(api, self.ben)):
            read |= {(phone.uid, path): phone.get(path).text for path in READS}
            read[phone.uid, "export"] = phone.post("/v1/me/export").text
        return read

    def require_no_trace(self, *replies: Reply) -> None:
        """Check that the replies have no text, name, id or date of the couple."""
        secrets = (*NAMES, CANARY, self.couple, self.ada.uid, self.ben.uid)
        hidden = (*secrets, *map(str, (FIRST, PAUSED_UNTIL, ENDED_AT.date())))
        for reply in replies:
            assert [each for each in hidden if each in reply.text + repr(reply.headers)] == [], reply.text


def forge(world: World, uid: Uid, attributes: Item) -> None:
    row = world.table.get(keys.person(uid))
    assert row
    world.table.write(Write("Put", keys.person(uid), item=row | attributes))


def api_of(world: World, seed: str = "later") -> Handler:
    """Serve all operations of the phones' API. Random ids and codes depend only on the seed."""
    numbers = itertools.count()

    def entropy(length: int) -> bytes:
        return hashlib.sha256(f"{seed} {next(numbers)}".encode()).digest()[:length]

    return phones_api(lambda: replace(world.services, entropy=entropy), entropy=entropy)


def on(api: Handler, phone: Phone) -> Phone:
    return Phone(api, phone.uid, NOW)


def call(phone: Phone, method: str, path: str) -> Reply:
    date = DATES.get((method, path), TODAY)
    entries = {"date": date, "pack_id": "choice", "device_id": "phone", "receipt": "K7MP2-QRX9T-4WDCB-8FHNV"}
    body = BODIES.get((method, path)) or contract.example_of(method, path)
    return phone.call(method.upper(), path.format(**entries), body)


@pytest.fixture(scope="module")
def scene() -> Scene:
    """Let Ada and Ben use everything that a couple has, and let Eve answer alone."""
    world = World.with_rows([], [], [])
    publish(cast("Table", world.table), prompts())
    publish_choices(cast("Table", world.table))
    api = api_of(world, "first")
    ada, ben = (
        a_phone(api, name, zone, depth=3, touch_comfort=2) for name, zone in (("ada", NEW_YORK), ("ben", TOKYO))
    )
    eve = a_phone(api, "eve", LONDON, depth=3, touch_comfort=2)
    for phone, name, zone in ((ada, NAMES[0], NEW_YORK), (ben, NAMES[1], TOKYO)):
        well(phone.put("/v1/me", {"display_name": name, "zone": zone, "depth": 3, "touch_comfort": 2}))
        well(phone.put("/v1/me/reminders", {"touch": {"weekdays": ["friday"], "time": "18:00"}}))
    set_clocks(dt.datetime.combine(FIRST, dt.time(12), dt.UTC), ada, ben)
    for phone in (ada, ben):
        well(phone.put(f"/v1/solo/days/{FIRST}/answer", {"text": f"{CANARY} alone."}))
    pair(ada, ben)
    for phone in (ada, ben):
        well(phone.post(f"/v1/solo/days/{FIRST}/share"))
        well(phone.put(f"/v1/days/{FIRST}/answer", {"text": f"{CANARY} of both."}))
    for phone in (ada, ben):
        well(phone.put(f"/v1/days/{FIRST}/reflection", {"kind": "heard", "text": f"{CANARY} heard."}))
    well(ada.call("PUT", "/v1/couple/packs/choice"))
    set_clocks(dt.datetime.combine(ALONE, dt.time(12), dt.UTC), eve)
    well(eve.put(f"/v1/solo/days/{ALONE}/answer", {"text": "By myself."}))
    set_clocks(NOW, ada, ben, eve)
    well(ada.patch("/v1/couple", {"pause": {"until": str(PAUSED_UNTIL)}}))
    well(ada.put(f"/v1/days/{TODAY}/answer", {"text": f"{CANARY} of Ada.", "share_first": True}))
    assert well(ben.get("/v1/today"))["today"]["date"] == str(TOMORROW)
    for phone in (ada, ben):
        well(phone.post("/v1/nudges", {"gesture": "hug"}))
    couple = couple_id_of(world.services, ada)
    world.table.write(Write("Put", keys.tally(couple), item={"days": ""}))
    ended = world.copy()
    well(Phone(api_of(ended), ben.uid, ENDED_AT).delete("/v1/couple"))
    return Scene(world, ended, ada, ben, eve, couple)


def test_the_couple_has_something_to_hide(scene: Scene) -> None:
    """Otherwise the tests below would show nothing."""
    seen = "".join(scene.reads(scene.together).values())
    for each in (*NAMES, CANARY, str(FIRST), str(PAUSED_UNTIL), '"hug"'):
        assert each in seen
    kinds = {f"{key.pk.partition('#')[0]}/{key.sk.partition('#')[0]}" for key in scene.rows(scene.together)}
    assert kinds >= {
        *("COUPLE/COUPLE", "COUPLE/STREAK", "COUPLE/DAY", "COUPLE/SHARED", "COUPLE/SEEN", "COUPLE/", "TALLY/TALLY"),
        *("PERSON/PERSON", "PERSON/NUDGES", "PERSON/SOLO", "PERSON/", "TARGET/TARGET"),
    }


@pytest.mark.parametrize("forgery", Forgery)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_operation_answers_as_if_the_row_named_no_couple(
    scene: Scene, method: str, path: str, forgery: Forgery
) -> None:
    world, honest = scene.forged(forgery), scene.honest(forgery)
    before = scene.rows(world)

    said = call(on(api_of(world), scene.eve), method, path)

    expected = call(on(api_of(honest), scene.eve), method, path)
    scene.require_no_trace(said)
    assert scene.rows(world) == before
    assert (said.status, without_couples(said)) == (expected.status, without_couples(expected))


def without_couples(reply: Reply) -> Any:
    """Return the reply's body. Check that an export has nothing of a couple, and leave its couples out."""
    body = reply.body if reply.text else None
    if isinstance(body, dict) and "format" in body:
        for couple in body.pop("couples"):
            shown = {"couple": 1, "since": None, "included": False}
            assert couple in ({**shown, "until": None}, {**shown, "until": str(FORGED_END.date())})
        assert [(each["kind"], each["partner"]) for each in body["entries"]] == [("alone", None)]
    return body


@pytest.mark.parametrize("forgery", Forgery)
def test_after_all_operations_the_couple_is_whole_and_the_stranger_knows_nothing(
    scene: Scene, forgery: Forgery
) -> None:
    world = scene.forged(forgery)
    before, read = scene.rows(world), scene.reads(world)
    eve = on(api_of(world), scene.eve)
    last = [("post", "/v1/me/export"), ("delete", "/v1/me")]

    for method, path in [each for each in OPERATIONS if each not in last and "sign-out" not in each[1]]:
        scene.require_no_trace(call(eve, method, path))
    for method, path in last:
        scene.require_no_trace(call(eve, method, path))

    assert scene.rows(world) == before
    assert scene.reads(world) == read


@pytest.mark.parametrize("forgery", Forgery)
def test_an_erasure_removes_the_stranger_and_nothing_of_the_couple(scene: Scene, forgery: Forgery) -> None:
    world = scene.forged(forgery)
    before, read = scene.rows(world), scene.reads(world)
    eve = on(api_of(world), scene.eve)

    receipt = well(eve.delete("/v1/me"))["receipt"]
    world.drain(EraseJob(uid=eve.uid, erased_at=NOW), NOW)
    gone = AccountDeletedJob(pseudonym=keys.pseudonym_of(eve.uid), uid=eve.uid)
    world.handle(gone.model_dump_json(), instant=NOW)

    scene.require_no_trace(eve.get(f"/v1/erasures/{receipt}"))
    assert world.found(eve.uid) == []
    assert scene.rows(world) == before
    assert scene.reads(world) == read


@pytest.mark.parametrize("forgery", Forgery)
def test_the_stranger_can_pair_with_somebody_else(scene: Scene, forgery: Forgery) -> None:
    world = scene.forged(forgery)
    before = scene.rows(world)
    api = api_of(world)
    eve, fay = on(api, scene.eve), a_phone(api, "fay", LONDON)
    fay.now = NOW
    pair(eve, fay)
    assert eve.get("/v1/couple").body["partner"] == "Fay"
    assert eve.get("/v1/days").body == {"days": [], "before": None}
    assert couple_id_of(world.services, eve) != scene.couple
    scene.require_no_trace(eve.post("/v1/me/export"), eve.get("/v1/today"), eve.get("/v1/streak"))
    assert scene.rows(world) == before


@pytest.mark.parametrize("forgery", [Forgery.LEFT_ENDED, Forgery.IN_ENDED])
@pytest.mark.parametrize("invites", [True, False], ids=["the stranger invites", "the stranger redeems"])
def test_a_stranger_and_one_of_the_two_resume_nothing(scene: Scene, forgery: Forgery, *, invites: bool) -> None:
    world = scene.forged(forgery)
    before = scene.own_rows(world)
    api = api_of(world)
    eve, ben = on(api, scene.eve), on(api, scene.ben)
    pair(*((eve, ben) if invites else (ben, eve)), resume=(True, True))
    assert couple_id_of(world.services, eve) != scene.couple
    assert eve.get("/v1/days").body == {"days": [], "before": None}
    assert str(FIRST) not in eve.get("/v1/couple").text
    for section in eve.post("/v1/me/export").body["couples"]:
        assert (section["since"], section["included"]) in {(None, False), (str(TODAY), True)}
    assert scene.own_rows(world) == before


@pytest.mark.parametrize("forgery", [Forgery.LEFT_IT, Forgery.LEFT_ENDED])
def test_two_strangers_resume_nothing(scene: Scene, forgery: Forgery) -> None:
    world = scene.forged(forgery)
    api = api_of(world)
    eve, fay = on(api, scene.eve), a_phone(api, "fay", LONDON)
    forge(world, fay.uid, forgery.attributes(scene.couple))
    fay.now = NOW
    before = scene.own_rows(world)
    invite = well(eve.post("/v1/invites"))
    redeemed = well(fay.post("/v1/invites/redeem", {"code": invite["code"], "resume": True}))
    assert (redeemed["state"], redeemed["together_before"]) == ("redeemed", False)
    well(eve.post("/v1/invites/confirm", confirmation(eve, invite["invite_id"], resume=True)))
    assert couple_id_of(world.services, eve) != scene.couple
    assert scene.own_rows(world) == before


COUPLE: Final = CoupleId("couple-1")
EVENING: Final = an_instant("2026-03-03T01:30:00Z")
"""20:30 in New York."""
NIGHT: Final = dt.time(20, 30)


def a_stranger_to(table: Table, *two: Person) -> Person:
    """Store the two of COUPLE, and a stranger whose row and slot rows name it. Return the stranger."""
    saved(table, *two)
    eve = a_touching_person(couple=COUPLE)
    table.commit(person_writes(table, eve.created_at, (None, eve)))
    return eve


def quiet() -> Person:
    """Return a person of COUPLE who gets no evening reminder."""
    return a_paired_person(reminders=Reminders(evening=None))


@pytest.mark.parametrize("kind", [kind for kind in PushKind if KINDS[kind].needs_couple])
@pytest.mark.parametrize("is_retry", [False, True], ids=["the first attempt", "a retry"])
def test_no_push_about_the_couple_reaches_the_stranger(
    table: Table, delivery: DeliveryServices, wire: FcmWire, kind: PushKind, *, is_retry: bool
) -> None:
    ada, ben = (a_touching_person() for _ in range(2))
    eve = a_stranger_to(table, ada, ben)
    milestone = {"milestone": 7} if KINDS[kind].has_milestone else {}
    for person in (eve, ada):
        do(
            delivery,
            retry_of(person, kind, couple=COUPLE, **milestone) if is_retry else person_job(person, kind, **milestone),
        )
    assert [message["token"] for message in wire.messages] == [token_of(ada)]


def retry_of(person: Person, kind: PushKind, **changes: Any) -> RetryJob:
    (device,) = person.devices.values()
    missed = Missed(person=keys.pseudonym_of(person.uid), target=keys.digest_of(device.target))
    fields = {"kind": kind, "date": DATE, "instant": MORNING, "missed": [missed], "attempt": 2, "reason": "UNAVAILABLE"}
    return RetryJob.model_validate(fields | changes)


def opened(table: Table, *answering: Uid, closes_at: dt.datetime = EVENING + dt.timedelta(hours=5)) -> None:
    """Open the couple's day, and let these persons answer it."""
    couple = Couples(table).couple(COUPLE)
    assert couple
    day = a_day(date=DATE, window=DayWindow(MORNING - dt.timedelta(hours=5), closes_at))
    day = Days(table).open_day(couple, day, Theme.TIME)
    for uid in answering:
        day = Days(table).record_answer(day, uid, couple.partner_of(uid), Answer(MORNING, 1, b"sealed"), None)


DAYS: Final[dict[str, Callable[[Table, Person, Person], None]]] = {
    "not opened": lambda _table, _ada, _ben: None,
    "opened": lambda table, _ada, _ben: opened(table),
    "answered by one": lambda table, ada, _ben: opened(table, ada.uid),
    "answered by both": lambda table, ada, ben: opened(table, ada.uid, ben.uid),
    "closed": lambda table, _ada, _ben: opened(table, closes_at=EVENING),
}


@pytest.mark.parametrize("state", DAYS)
@pytest.mark.parametrize("is_retry", [False, True], ids=["the slot", "a retry"])
def test_a_stranger_s_evening_reminder_tells_nothing_of_the_couple_s_day(
    table: Table, delivery: DeliveryServices, wire: FcmWire, state: str, *, is_retry: bool
) -> None:
    """It comes in any case. Otherwise its absence would say that the two have opened the day."""
    ada, ben = quiet(), quiet()
    eve = a_stranger_to(table, ada, ben)
    DAYS[state](table, ada, ben)
    job: Job = retry_of(eve, PushKind.EVENING, instant=EVENING) if is_retry else slot_job(table, NIGHT, EVENING)
    do(delivery, job)
    assert [message["token"] for message in wire.messages] == [token_of(eve)]
