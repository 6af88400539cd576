"""An erasure removes every row about a person, wherever a crash interrupts it, and a repeat does no harm."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, cast

import pytest

from cleanup.handler import handle
from couples_api.services import Services
from practice_api.services import Services as PracticeServices
from rekindle.cleanup import AccountDeletedJob, EndedJob, EraseJob
from rekindle.crypto.vault import Vault
from rekindle.domain.ids import CoupleId, Uid
from rekindle.store import keys
from rekindle.store.instants import to_millis
from rekindle.store.table import Write
from testing.apis import every_account_is_good, every_member_is_good, phones_api, practice_handler_of
from testing.builders import LONDON, TOKYO, a_token, prompts, publish, publish_choices
from testing.cleanups import SETTLING, cleanup_services
from testing.memory_kms import MemoryKms
from testing.memory_sqs import MemorySqs
from testing.memory_table import MemoryTable
from testing.packs import a_source
from testing.phones import Phone, a_phone, pair, set_clocks
from testing.stored import couple_id_of, erasures_beside, every_row
from testing.wire import Crash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from types_boto3_kms import KMSClient

    from cleanup.services import Services as CleanupServices
    from rekindle.store.table import Item, Table

MONDAY = dt.date(2026, 3, 2)
DAY = dt.timedelta(days=1)
CANARY = "Canary of a word"
NAME = "Adalaide"
KMS = MemoryKms()
KMS_KEY = cast("KMSClient", KMS).create_key()["KeyMetadata"]["KeyId"]


class WatchedSqs(MemorySqs):
    """A queue in memory. Before it takes jobs, each of `watchers` gets the request's name, and may raise an error."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.watchers: list[Callable[[str], None]] = []

    def send_message_batch(self, **asked: Any) -> Any:
        for watcher in self.watchers[:]:
            watcher("SendMessageBatch")
        return super().send_message_batch(**asked)


@dataclass(frozen=True, slots=True)
class World:
    """The tables and queues of one stack in memory."""

    table: MemoryTable
    key_table: MemoryTable
    services: Services
    cleanup: CleanupServices
    cleanup_queue: WatchedSqs
    account_queue: WatchedSqs

    @classmethod
    def with_rows(
        cls, rows: list[Item], key_rows: list[Item], erasures: list[Item], table: MemoryTable | None = None
    ) -> Self:
        table = table or MemoryTable()
        key_table = table.beside("keys")
        whole = cast("Table", table)
        stored = erasures_beside(whole)
        for each, items in ((table, rows), (key_table, key_rows), (cast("MemoryTable", stored.table), erasures)):
            each.put_many((keys.Key(item["pk"], item.get("sk", "")), item) for item in items)
        # The cell keys are in the key table too, as in a stack that ran version 0.1.0.
        vault = Vault(cast("KMSClient", KMS), KMS_KEY, cast("Table", key_table), cast("Table", key_table))
        cleanup_queue, account_queue = WatchedSqs("cleanup"), WatchedSqs("accounts")
        cleanup = cleanup_services(whole, key_table.name, jobs=cleanup_queue, accounts=account_queue)
        services = Services.on(whole, vault, "https://app.example", stored, every_account_is_good)
        return cls(table, key_table, services, cleanup, cleanup_queue, account_queue)

    def copy(self) -> World:
        return World.with_rows(self.table.items(), self.key_table.items(), self.erasure_table.items())

    @property
    def erasure_table(self) -> MemoryTable:
        return cast("MemoryTable", self.services.erasures.table)

    @contextlib.contextmanager
    def dying_at(self, number: int) -> Iterator[list[str]]:
        """Let the process die before the request with this number, counted from 1. Yield the names of all requests.

        They are the requests to the tables and to the queues. To die before a request is also to die after the request
        before it: that request was carried out, and its reply was lost. If the number is one more than the number of
        requests, the process dies after the last of them.
        """
        seen: list[str] = []

        def note(operation: str) -> None:
            seen.append(operation)
            if len(seen) == number:
                raise Crash

        watched = (self.table, self.key_table, self.erasure_table, self.cleanup_queue, self.account_queue)
        for each in watched:
            each.watchers.append(note)
        try:
            yield seen
            if len(seen) + 1 == number:
                raise Crash
        finally:
            for each in watched:
                each.watchers.remove(note)

    def handle(self, *bodies: str, instant: dt.datetime) -> None:
        """Handle messages of the cleanup queue. No message may fail."""
        stamp = {"ApproximateFirstReceiveTimestamp": str(to_millis(instant))}
        records = [{"messageId": str(number), "body": body, "attributes": stamp} for number, body in enumerate(bodies)]
        assert handle(self.cleanup, records) == {"batchItemFailures": []}

    def drain(self, job: EraseJob, instant: dt.datetime) -> None:
        """Handle the job, and all jobs that are on the queue or follow."""
        self.handle(job.model_dump_json(), instant=instant)
        self.drain_queue(instant)

    def drain_queue(self, instant: dt.datetime) -> None:
        """Handle all jobs that are on the queue, and those that follow."""
        while self.cleanup_queue.bodies:
            body, *self.cleanup_queue.bodies = self.cleanup_queue.bodies
            instant += SETTLING
            self.handle(body, instant=instant)

    def found(self, *traces: str) -> list[tuple[str, Item]]:
        """Return every row of every table that has one of the traces, in its key or in an attribute."""
        rows = [*self.table.items(), *self.key_table.items(), *self.erasure_table.items()]
        return [(trace, row) for row in rows for text in [repr(row)] for trace in traces if trace in text]


@dataclass(frozen=True, slots=True)
class Life:
    """A world in which Ada has used everything, and her phones."""

    world: World
    ada: Phone
    ben: Phone
    cai: Phone
    job: EraseJob


def well(reply: Any) -> Any:
    assert reply.status < 300, reply.text
    return reply.body if reply.text else None


@pytest.fixture(scope="module")
def life() -> Life:
    """Let Ada use everything that the app has, with Cai, with Ben and alone, and mark her as erased."""
    world = World.with_rows([], [], [])
    table = cast("Table", world.table)
    publish(table, prompts())
    publish_choices(table)
    api = phones_api(lambda: world.services)
    ada, ben, cai, dee = (a_phone(api, name, LONDON, depth=3, touch_comfort=2) for name in ("ada", "ben", "cai", "dee"))
    well(ada.put("/v1/me", {"display_name": NAME, "zone": LONDON, "depth": 3, "touch_comfort": 2}))
    well(ada.put("/v1/me/devices/tablet", {"token": a_token("tablet"), "platform": "ios"}))
    touch = {"weekdays": ["monday"], "time": "18:00"}
    for phone in (ada, ben, cai):
        well(phone.put("/v1/me/reminders", {"touch": touch}))
    _share_a_day(world, ada, cai)
    well(ada.delete("/v1/couple"))
    set_clocks(ada.now + DAY, ada, ben, cai, dee)
    well(ada.put(f"/v1/solo/days/{ada.now.date()}/answer", {"text": f"{CANARY}, alone."}))
    well(ada.post("/v1/invites", key="an-invite"))
    theirs = well(dee.post("/v1/invites"))["code"]
    well(ada.post("/v1/invites/redeem", {"code": theirs}, key="a-try"))
    _share_a_day(world, ben, ada)
    well(ada.post("/v1/couple/practice-code", {"code": "ABCD-2345"}, key="a-code"))
    well(ada.put("/v1/me", {"display_name": NAME, "zone": TOKYO, "depth": 3, "touch_comfort": 2}))
    well(ada.put("/v1/me/reminders", {"prompt_time": "00:05", "touch": touch}))
    ada.claims["auth_time"] = str(int(ada.now.timestamp()))
    # The request has died after the mark.
    world.services.people.erase(ada.uid, ada.now)
    erased = world.services.people.erased_person(ada.uid)
    assert erased
    assert len(erased.couples) == 2
    return Life(world, ada, ben, cai, EraseJob(uid=ada.uid, erased_at=erased.erased_at))


def _share_a_day(world: World, one: Phone, other: Phone) -> None:
    """Pair the two, let both answer and reflect, share a solo answer, and send each other a nudge."""
    date = one.now.date()
    for phone in (one, other):
        if phone.get("/v1/solo/days").body["days"] == []:
            well(phone.put(f"/v1/solo/days/{date}/answer", {"text": f"{CANARY}, alone."}))
    pair(one, other)
    for phone in (one, other):
        well(phone.post(f"/v1/solo/days/{date}/share"))
        well(phone.put(f"/v1/days/{date}/answer", {"text": f"{CANARY} of {phone.uid}."}))
    for phone in (one, other):
        well(phone.put(f"/v1/days/{date}/reflection", {"kind": "heard", "text": f"{CANARY}, heard."}))
        well(phone.post("/v1/nudges", {"gesture": "hug"}, key=f"a-hug-{date}"))
    world.table.write(Write("Put", keys.tally(couple_id_of(world.services, one)), item={"days": ""}))


def traces(life: Life) -> tuple[str, ...]:
    return life.ada.uid, NAME, CANARY


def account_deleted(uid: Uid) -> str:
    return AccountDeletedJob(pseudonym=keys.pseudonym_of(uid), uid=uid).model_dump_json()


def kinds(found: list[tuple[str, Item]]) -> set[str]:
    return {f"{row['pk'].partition('#')[0]}/{row.get('sk', '').partition('#')[0]}" for _, row in found}


def require_nothing_left(life: Life, world: World) -> None:
    """Check that only the erasure, and notes that end within an hour, have the person's pseudonym.

    The mark of the erasure goes when the account is deleted.
    """
    mark = {**keys.person(life.ada.uid).attributes, "erased_at": to_millis(life.job.erased_at)}
    assert world.services.people.table.get(keys.person(life.ada.uid)) == mark
    world.handle(account_deleted(life.ada.uid), instant=life.ada.now)
    assert world.found(*traces(life), "TALLY#") == []
    for _, row in world.found(keys.pseudonym_of(life.ada.uid)):
        assert row["pk"].startswith(("ERASED#", "RECEIPT#")) or row["sk"].startswith("~"), row


def require_partners_whole(life: Life, world: World) -> None:
    """Check that the partners keep their own words. The stream's job about the end of each couple frees them."""
    for row in world.table.items():
        if row["sk"] == keys.COUPLE:
            world.handle(
                EndedJob(couple=CoupleId(row["pk"].removeprefix("COUPLE#"))).model_dump_json(), instant=life.ada.now
            )
    api = phones_api(lambda: world.services)
    for theirs in (life.ben, life.cai):
        phone = Phone(api, theirs.uid, theirs.now, {"auth_time": str(int(theirs.now.timestamp()))})
        assert not well(phone.get("/v1/me"))["paired"]
        entries = well(phone.post("/v1/me/export"))["entries"]
        texts = {each["answer"]["text"] for each in entries if each["kind"] == "day"}
        assert texts == {f"{CANARY} of {phone.uid}."}
        assert {each["partner"] for each in entries} == {None}
        assert [each["reflection"]["text"] for each in entries if each["reflection"]] == [f"{CANARY}, heard."]


def test_the_world_has_traces_in_every_kind_of_row(life: Life) -> None:
    """Otherwise the scans below would show nothing."""
    found = kinds(life.world.found(life.ada.uid, NAME))
    assert found >= {
        *("PERSON/PERSON", "PERSON/TRIES", "PERSON/CODE_TRIES", "PERSON/ONCE", "PERSON/SOLO", "PERSON/NUDGES"),
        *("COUPLE/COUPLE", "COUPLE/STREAK", "COUPLE/DAY", "COUPLE/SHARED"),
        *("TARGET/TARGET", "INVITE/INVITE"),
    }
    assert any(kind.startswith("DUE/") for kind in found)


def test_nothing_about_an_erased_person_is_left(life: Life) -> None:
    world = life.world.copy()
    world.drain(life.job, life.ada.now)
    require_nothing_left(life, world)
    require_partners_whole(life, world)


def test_the_account_goes_last_and_the_receipt_shows_every_part(life: Life) -> None:
    world = life.world.copy()
    world.drain(life.job, life.ada.now)
    (deletion,) = map(json.loads, world.account_queue.bodies)
    pseudonym = keys.pseudonym_of(life.ada.uid)
    assert (deletion["type"], deletion["uid"], deletion["pseudonym"]) == ("delete", life.ada.uid, pseudonym)
    (row,) = (row for row in world.erasure_table.items() if row["pk"].startswith("ERASED#"))
    assert "finished_at" not in row
    assert row["steps"]["profile"] == to_millis(life.ada.now + SETTLING)
    finished = life.ada.now + 2 * SETTLING
    for _ in range(2):
        world.handle(AccountDeletedJob(pseudonym=pseudonym).model_dump_json(), instant=finished)
    (row,) = (row for row in world.erasure_table.items() if row["pk"].startswith("ERASED#"))
    assert row["finished_at"] == row["steps"]["account"] == to_millis(finished)
    assert set(row["steps"]) == {
        *("keys", "couple", "devices_and_reminders", "invites", "answers", "solo_answers", "requests"),
        *("profile", "account"),
    }


@pytest.mark.parametrize("is_late", [False, True], ids=["repeated at once", "repeated late"])
@pytest.mark.parametrize("is_last", [False, True], ids=["the first job", "the last job"])
def test_a_crash_anywhere_is_made_up_for_by_the_next_delivery(life: Life, *, is_last: bool, is_late: bool) -> None:
    """Let the process die before and after each request in turn. Then the queue delivers the job again, and once more.

    A job that is repeated late comes after the jobs that were sent before the crash.
    """
    begun = life.world.copy()
    if is_last:
        begun.handle(life.job.model_dump_json(), instant=life.ada.now)
    job = life.job.model_copy(update={"is_last": is_last})
    sends: set[int] = set()
    for number in itertools.count(1):
        world = begun.copy()
        with contextlib.suppress(Crash), world.dying_at(number) as seen:
            world.handle(job.model_dump_json(), instant=life.ada.now)
        sends |= {place for place, name in enumerate(seen, 1) if name == "SendMessageBatch"}
        if is_late:
            world.drain_queue(life.ada.now)
        for _ in range(2):
            world.drain(job, life.ada.now)
        if not is_last:
            world.drain(job.model_copy(update={"is_last": True}), life.ada.now)
        require_nothing_left(life, world)
        require_partners_whole(life, world)
        assert any(json.loads(body)["type"] == "delete" for body in world.account_queue.bodies), seen
        (row,) = (row for row in world.erasure_table.items() if row["pk"].startswith("ERASED#"))
        assert "profile" in row["steps"]
        world.drain(job, life.ada.now)
        assert world.found(*traces(life)) == []
        if len(seen) < number:
            assert number > 10
            assert sends
            return


def test_a_partner_who_keeps_changing_does_not_hold_up_the_erasure(life: Life) -> None:
    """Ben changes before each transaction. So a transaction about him never succeeds."""
    world = life.world.copy()

    def change_ben(operation: str) -> None:
        if operation == "TransactWriteItems":
            changing = Write("Update", keys.person(life.ben.uid), update="ADD revision :one", values={":one": 1})
            world.table.write(changing)

    world.table.watchers.append(change_ben)
    world.drain(life.job, life.ada.now)
    world.table.watchers.remove(change_ben)
    require_nothing_left(life, world)
    require_partners_whole(life, world)


def test_a_lost_job_about_the_account_is_sent_again(life: Life) -> None:
    """`make restore-erasures` starts the erasure of each marked person again."""
    world = life.world.copy()
    world.drain(life.job, life.ada.now)
    world.account_queue.bodies.clear()
    world.drain(life.job, life.ada.now)
    assert [json.loads(body)["uid"] for body in world.account_queue.bodies] == [life.ada.uid]
    require_nothing_left(life, world)


def test_after_a_whole_request_the_jobs_leave_nothing_either(life: Life) -> None:
    """The other tests begin right after the mark. Here, the person asks again, and the request does all its steps."""
    world = life.world.copy()
    well(Phone(phones_api(lambda: world.services), life.ada.uid, life.ada.now, life.ada.claims).delete("/v1/me"))
    assert not any(row["sk"] == "TARGET" for _, row in world.found(life.ada.uid))
    world.drain(life.job, life.ada.now)
    require_nothing_left(life, world)
    require_partners_whole(life, world)


def profile_of(world: World, uid: Uid) -> Any:
    return (world.services.people.table.get(keys.person(uid)) or {})["profile"]


def test_when_both_are_erased_nothing_of_their_couple_is_left(life: Life) -> None:
    world = life.world.copy()
    api = phones_api(lambda: world.services)
    erased = world.services.people.erased_person(life.ada.uid)
    assert erased
    couple = CoupleId(erased.couple or "")
    world.drain(life.job, life.ada.now)
    assert world.found(f"COUPLE#{couple}")
    ben = Phone(api, life.ben.uid, life.ben.now, {"auth_time": str(int(life.ben.now.timestamp()))})
    well(ben.delete("/v1/me"))
    for _ in range(2):
        world.drain(EraseJob(uid=ben.uid, erased_at=ben.now), ben.now)
    world.handle(account_deleted(ben.uid), account_deleted(life.ada.uid), instant=ben.now)
    assert world.found(couple, ben.uid) == []


def test_a_write_that_was_under_way_is_removed_by_the_last_job(life: Life) -> None:
    """A request that began before the erasure may store an answer after the first job has passed."""
    world = life.world.copy()
    days = [row for row in world.table.items() if row.get("sk", "").startswith("DAY#")]
    world.handle(life.job.model_dump_json(), instant=life.ada.now)
    for row in days:
        late = row["answers"].get(life.ada.uid)
        if late:
            world.table.write(
                Write(
                    "Update",
                    keys.Key(row["pk"], row["sk"]),
                    update="SET answers.#me = :answer",
                    names={"#me": life.ada.uid},
                    values={":answer": late},
                )
            )
    world.table.write(Write("Put", keys.once(life.ada.uid, "late"), item={"fingerprint": "f"}))
    assert world.found(life.ada.uid)
    world.drain(life.job.model_copy(update={"is_last": True}), life.ada.now)
    require_nothing_left(life, world)


def test_a_couple_that_ended_under_an_older_version_keeps_no_name(life: Life) -> None:
    """Version 0.1.0 kept both profiles, and who ended the couple."""
    world = life.world.copy()
    erased = world.services.people.erased_person(life.ada.uid)
    assert erased
    (old,) = erased.parted
    profiles = {uid: profile_of(world, uid) for uid in (life.ada.uid, life.cai.uid)}
    world.table.write(
        Write(
            "Update",
            keys.couple(old),
            update="SET profiles = :profiles, ended_by = :me REMOVE former",
            values={":profiles": profiles, ":me": life.ada.uid},
        )
    )
    world.drain(life.job, life.ada.now)
    require_nothing_left(life, world)


def test_an_erasure_of_a_person_without_a_profile_deletes_their_account() -> None:
    world = World.with_rows([], [], [])
    nobody = Phone(phones_api(lambda: world.services), Uid("nobody"))
    nobody.claims["auth_time"] = str(int(nobody.now.timestamp()))
    well(nobody.delete("/v1/me"))
    world.drain(EraseJob(uid=nobody.uid, erased_at=nobody.now), nobody.now)
    assert kinds(world.found("nobody")) == {"PERSON/PERSON"}
    world.handle(account_deleted(nobody.uid), instant=nobody.now)
    assert world.found("nobody") == []
    assert json.loads(world.account_queue.bodies[0])["uid"] == "nobody"
    assert every_row(cast("Table", world.table)) == []


def test_the_partner_s_solo_days_look_as_after_any_end(life: Life) -> None:
    """Before the worker has freed the partner, the request has only ended the couple. Solo days do not show that."""
    world = life.world.copy()
    api = phones_api(lambda: world.services)
    ben = Phone(api, life.ben.uid, life.ben.now)
    well(Phone(api, life.ada.uid, life.ada.now, life.ada.claims).delete("/v1/me"))
    before = well(ben.get("/v1/solo/days"))
    (day,) = before["days"]
    assert not day["shared"]
    world.drain(life.job, life.ada.now)
    require_partners_whole(life, world)
    assert well(ben.get("/v1/solo/days")) == before


def test_of_a_member_of_staff_only_their_work_is_left() -> None:
    """Ada also writes packs. Her name stays in the audit and with her packs, and her life in the app goes."""
    world = World.with_rows([], [], [])
    table = cast("Table", world.table)
    ada, ben = (a_phone(phones_api(lambda: world.services), name, LONDON) for name in ("ada", "ben"))
    well(ada.put("/v1/me", {"display_name": NAME, "zone": LONDON}))
    pair(ada, ben)
    staff = PracticeServices.on(table, every_member_is_good, review_required=False)
    work = {"email": f"{NAME}@practice.example", "email_verified": "true", "scope": "practice:read practice:publish"}
    desk, pack = Phone(practice_handler_of(lambda: staff), ada.uid, ada.now, work), "/v1/practice/packs/river"
    draft = well(desk.put(f"{pack}/draft", {"source": a_source(), "revision": 0}))
    well(desk.post(f"{pack}/publish", {"revision": draft["revision"], "note": "The first one."}))
    well(desk.put(f"{pack}/draft", {"source": a_source(), "revision": 0}))
    well(desk.post(f"{pack}/withdraw", {"prompt": "rain", "reason": "Too wet."}))
    ada.claims["auth_time"] = str(int(ada.now.timestamp()))
    well(ada.delete("/v1/me"))
    world.drain(EraseJob(uid=ada.uid, erased_at=ada.now), ada.now)
    world.handle(account_deleted(ada.uid), instant=ada.now)
    left = world.found(ada.uid, NAME)
    assert {row["pk"] for _, row in left} == {keys.AUDIT, "PACKS"}
    assert {trace for trace, row in left if row["pk"] == "PACKS"} == {ada.uid, NAME}
    assert all("ttl" in row for _, row in left if row["pk"] == keys.AUDIT)
