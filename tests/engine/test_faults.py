"""Wherever a request is interrupted, a phone's retry leads to the same result as an uninterrupted request.

Requests go through the deployed services, with botocore's own retries, to an engine. The test can cut the connection at
any point. After a crash a new process, with empty caches, handles the retry.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import re
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import boto3
import pytest

from cleanup.ended import finish_end
from cleanup.handler import handle
from couples_api.services import Services
from rekindle.accounts import DeleteJob, RevokeJob, account_job_from
from rekindle.cleanup import AccountDeletedJob, EraseJob
from rekindle.crypto.sealing import AUTHORS_KEY
from rekindle.domain.prompts import Theme
from rekindle.domain.streaks import unpack_dates
from rekindle.push.reactions import reaction_to
from rekindle.settings import CouplesApiSettings
from rekindle.store import key_rows, keys
from rekindle.store.catalogue import Catalogue
from rekindle.store.instants import to_millis
from rekindle.store.slot_rows import rows_of
from rekindle.store.stream import change_in
from rekindle.store.table import marshal
from testing import engines
from testing.apis import phones_api
from testing.builders import LONDON, NEW_YORK, TOKYO, a_token, a_uid, publish_choices
from testing.cleanups import cleanup_services
from testing.memory_sqs import MemorySqs
from testing.phones import Phone, Reply, a_phone, confirmation, pair
from testing.stored import couple_of, day_of, every_row, person_of, row_in, slot_rows, stream_record
from testing.wire import WRITES, Crash, EveryOther, Fault, Wire, refusal, strike, tapped

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from botocore.client import BaseClient
    from pytest_mock import MockerFixture

    from cleanup.services import Services as CleanupServices
    from rekindle.cleanup import CleanupJob
    from rekindle.domain.couples import Couple
    from rekindle.domain.ids import CoupleId
    from rekindle.domain.persons import Person
    from rekindle.push.reactions import Reaction
    from rekindle.store.table import Item

DATE = dt.date(2026, 3, 2)
DONE = {200, 201, 202, 204}


@pytest.fixture(scope="module")
def new_world(
    new_services: Callable[[], Services], emulator_url: str, dynamodb_local_url: str, module_mocker: MockerFixture
) -> Iterator[Callable[[], World]]:
    """Return a function that makes the services on tables that no other test uses."""

    def made() -> World:
        services = new_services()
        publish_choices(services.people.table)
        settings = CouplesApiSettings(
            table=services.people.table.name,
            key_table=services.vault.table.name,
            cell_table=services.vault.cells.name,
            erasure_table=services.erasures.table.name,
            kms_key_id=services.vault.kms_key_id,
            sealing_scheme=AUTHORS_KEY,
            app_link=services.app_link,
            firebase_key="local",
            identity="http://127.0.0.1:1",  # every token in this test is new, so nobody asks there
            app_check_project="",
            app_check_endpoint="http://127.0.0.1:1",
        )
        return World(Services.of(settings))

    module_mocker.patch.object(boto3, "DEFAULT_SESSION", None)
    # Skip botocore's pauses between its own tries, which would only make the test slow.
    module_mocker.patch("botocore.endpoint.time", autospec=True)
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in engines.environment(emulator_url).items():
            patch.setenv(variable, value)
        patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb_local_url)
        yield made


@pytest.fixture(scope="module")
def world(new_world: Callable[[], World]) -> World:
    """Make the services that all these tests share. Each action makes its own persons."""
    return new_world()


class World:
    """The deployed function, in one process after another."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self._first = services
        self.handler = phones_api(lambda: self.services)

    @property
    def clients(self) -> tuple[BaseClient, BaseClient]:
        """Return all clients of AWS."""
        return self.services.people.table.client, self.services.vault.kms

    def restart(self) -> None:
        """Replace the services, as a new process does: nothing is cached."""
        vault = replace(self._first.vault, _cells={})
        self.services = replace(self._first, vault=vault, catalogue=Catalogue(self._first.people.table))

    def person(self, phone: Phone) -> Person:
        return person_of(self.services, phone)

    def couple_of(self, phone: Phone) -> Couple:
        return couple_of(self.services, phone)

    def reaction_to_row(self, key: keys.Key) -> Reaction:
        """Return what `react` does when it sees that the row is there."""
        row = marshal(row_in(self.services.people.table, key))
        return reaction_to(change_in(stream_record(None, row)))

    def rows_of(self, *partitions: Phone | CoupleId) -> list[Item]:
        """Return all rows of these persons and couples, in the main table and in the key table."""
        names = [f"PERSON#{each.uid}" if isinstance(each, Phone) else f"COUPLE#{each}" for each in partitions]
        main, own_keys = self.services.people.table, self.services.vault.table
        found = [item for pk in names for item in main.query(pk).items]
        return [*found, *(item for pk in names if (item := own_keys.get(keys.Key(pk, ""))))]

    def clean_up(self, done: Erases) -> None:
        """Let `cleanup` handle the jobs of the erasure that follow from the stream, and the report about the account.

        The queue delivers a job again until it succeeds.
        """
        jobs, accounts = MemorySqs("cleanup"), MemorySqs("accounts")
        table, instant = self.services.people.table, done.ada.now
        services = cleanup_services(table, self.services.vault.table.name, jobs=jobs, accounts=accounts)
        begun: list[CleanupJob] = [*self.reaction_to_row(keys.person(done.ada.uid)).cleanup]
        assert [type(job) for job in begun] == [EraseJob]
        services.outbox.send(begun)
        if done.couples:
            self.handle(services, jobs, instant)
            services.outbox.send(self.reaction_to_row(keys.couple(done.couples[-1])).cleanup)
        self.handle(services, jobs, instant)
        deletions = [account_job_from(body) for body in accounts.bodies]
        assert deletions == [DeleteJob(uid=done.ada.uid, pseudonym=keys.pseudonym_of(done.ada.uid))]
        services.outbox.send([AccountDeletedJob(uid=done.ada.uid, pseudonym=keys.pseudonym_of(done.ada.uid))])
        self.handle(services, jobs, instant)

    @staticmethod
    def handle(services: CleanupServices, jobs: MemorySqs, instant: dt.datetime) -> None:
        """Handle all jobs of the queue, and those that follow. No job may fail."""
        stamp = {"ApproximateFirstReceiveTimestamp": str(to_millis(instant))}
        while jobs.bodies:
            body = jobs.bodies.pop(0)
            assert handle(services, [{"messageId": "1", "body": body, "attributes": stamp}]) == {
                "batchItemFailures": []
            }

    def assert_whole(self, *phones: Phone) -> None:
        """Check that all rows about these persons agree: I1, I3, I7 and I11."""
        table = self.services.people.table
        for phone in phones:
            person = self.person(phone)
            assert slot_rows(table, person.uid) == rows_of(person)
            for device in person.devices.values():
                assert (table.get(keys.target(device.target)) or {}).get("uid") == person.uid
            if person.couple:
                couple = self.couple_of(phone)
                assert couple.ended_at is None
                assert person.uid in couple.profiles
                assert len(couple.profiles) == 2
                partner = self.services.people.person(couple.partner_of(person.uid))
                assert partner
                assert partner.couple == couple.id
                assert couple.profiles[person.uid] == person.profile
                assert person.paused_until == (couple.pause.until if couple.pause else None)
                assert self.services.vault.couple_keys(couple.id).authors.keys() == couple.profiles.keys()
                self.assert_days_whole(couple)

    def assert_days_whole(self, couple: Couple) -> None:
        items = self.services.days.table.query(keys.couple(couple.id).pk).items
        days = {item["sk"].removeprefix(keys.DAY_PREFIX): item for item in items if item["sk"].startswith("DAY#")}
        assert {str(date) for date in couple.themes_met} == days.keys()
        complete = {date for date, item in days.items() if len(item["answers"]) == 2}
        row = self.services.streaks.table.get(keys.streak(couple.id))
        noted = unpack_dates(dt.date.fromisoformat(row["bits_from"]), row["bits"]) if row else frozenset()
        assert {str(date) for date in noted} == complete


ACTIONS: list[type[Action]] = []
"""Every action below, in order. Each test of a fault runs all of them."""


def registered[Registered: type[Action]](action: Registered) -> Registered:
    """Add an action to the list that every test of a fault runs."""
    ACTIONS.append(action)
    return action


class Action(ABC):
    """A request of a phone, with its initial rows and the check of its result."""

    asks: ClassVar[tuple[str, str, Any]]
    """Method, path and body of Ada's request."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ada = a_phone(world.handler, "ada", NEW_YORK)
        self.ben = a_phone(world.handler, "ben", NEW_YORK)
        self.prepare()

    def prepare(self) -> None:  # noqa: B027  most actions have something to prepare, some have not
        """Make the initial rows: by default two unpaired persons with a phone each."""

    @property
    def remaining(self) -> tuple[Phone, ...]:
        """The phones of the persons whose accounts remain after the request."""
        return self.ada, self.ben

    def request(self) -> Reply:
        """Send the request, which is the same each time."""
        return self.ask(*self.asks)

    def ask(self, method: str, path: str, body: Any) -> Reply:
        """Send a request as Ada. A route without idempotency keys ignores the key."""
        return self.ada.call(method, path, body, headers={"idempotency-key": "tap"})

    @abstractmethod
    def verify(self) -> None:
        """Check what has to be stored after the request."""


class PairedAction(Action):
    """A request of one person of a couple."""

    def prepare(self) -> None:
        pair(self.ada, self.ben)


@registered
class SaysWhoTheyAre(Action):
    def prepare(self) -> None:
        self.new = Phone(self.world.handler, a_uid("new"))

    def request(self) -> Reply:
        return self.new.put("/v1/me", {"display_name": "Cai", "zone": LONDON})

    def verify(self) -> None:
        assert self.new.get("/v1/me").body["display_name"] == "Cai"


@registered
class RegistersATablet(PairedAction):
    def prepare(self) -> None:
        super().prepare()
        self.token = a_token()

    def request(self) -> Reply:
        return self.ada.put("/v1/me/devices/tablet", {"token": self.token, "platform": "ios"})

    def verify(self) -> None:
        devices = self.world.person(self.ada).devices
        assert {str(name) for name in devices} == {"phone", "tablet"}


@registered
class TakesOverAToken(PairedAction):
    def prepare(self) -> None:
        super().prepare()
        (device,) = self.world.person(self.ada).devices.values()
        self.target = device.target

    def request(self) -> Reply:
        return self.ben.put("/v1/me/devices/from-ada", {"token": self.target.value, "platform": "ios"})

    def verify(self) -> None:
        assert not self.world.person(self.ada).devices
        assert self.target in {device.target for device in self.world.person(self.ben).devices.values()}


@registered
class SignsAPhoneOut(PairedAction):
    asks = "DELETE", "/v1/me/devices/phone", None

    def verify(self) -> None:
        assert not self.world.person(self.ada).devices


@registered
class Invites(Action):
    def prepare(self) -> None:
        self.earlier = self.ada.post("/v1/invites").body["code"]
        self.replies: list[dict[str, Any]] = []

    def request(self) -> Reply:
        reply = self.ada.post("/v1/invites", key="tap")
        if reply.status == 201:
            self.replies.append(reply.body)
        return reply

    def verify(self) -> None:
        assert self.request().body == self.replies[0]
        assert self.ben.post("/v1/invites/redeem", {"code": self.earlier}).problem == "invite-not-usable"
        assert self.ben.post("/v1/invites/redeem", {"code": self.replies[-1]["code"]}).status == 200


@registered
class Cancels(Action):
    asks = "DELETE", "/v1/invites", None

    def prepare(self) -> None:
        self.code = self.ada.post("/v1/invites").body["code"]

    def verify(self) -> None:
        assert self.ada.get("/v1/invites").problem == "no-invite"
        assert self.ben.post("/v1/invites/redeem", {"code": self.code}).problem == "invite-not-usable"


@registered
class Redeems(Action):
    def prepare(self) -> None:
        self.invite = self.ada.post("/v1/invites").body

    def request(self) -> Reply:
        return self.ben.post("/v1/invites/redeem", {"code": self.invite["code"]}, key="tap")

    def verify(self) -> None:
        assert self.ada.get("/v1/invites").body["redeemed_by"] == "Ben"
        tries = row_in(self.world.services.people.table, keys.tries(self.ben.uid))
        assert len(tries["tries"]) <= 3


@registered
class Confirms(Redeems):
    def prepare(self) -> None:
        super().prepare()
        self.ben.post("/v1/invites/redeem", {"code": self.invite["code"]})

        self.confirmation = confirmation(self.ada, self.invite["invite_id"])

    def request(self) -> Reply:
        return self.ada.post("/v1/invites/confirm", self.confirmation, key="tap")

    def verify(self) -> None:
        assert self.ada.get("/v1/couple").body["partner"] == "Ben"
        assert self.ben.get("/v1/couple").body["partner"] == "Ada"


@registered
class ComesBack(Action):
    """Resume a couple with a complete day. However often the request is sent, it is the old couple with its streak."""

    def prepare(self) -> None:
        pair(self.ada, self.ben)
        for phone in (self.ada, self.ben):
            assert phone.put(f"/v1/days/{DATE}/answer", {"text": "Yes."}).status == 200
        self.couple = self.world.couple_of(self.ada).id
        self.ben.delete("/v1/couple")
        for phone in (self.ada, self.ben):
            phone.now += dt.timedelta(days=3)
        self.invite = self.ada.post("/v1/invites").body
        self.ben.post("/v1/invites/redeem", {"code": self.invite["code"], "resume": True})
        self.confirmation = confirmation(self.ada, self.invite["invite_id"], resume=True)

    def request(self) -> Reply:
        return self.ada.post("/v1/invites/confirm", self.confirmation, key="tap")

    def verify(self) -> None:
        assert self.world.couple_of(self.ada).id == self.world.couple_of(self.ben).id == self.couple
        assert self.ben.get("/v1/streak").body["current"] == 1
        assert "ttl" not in row_in(self.world.services.vault.table, key_rows.couple_keys(self.couple))
        assert not self.world.person(self.ada).parted


@registered
class OpensToday(PairedAction):
    asks = "GET", "/v1/today", None

    def prepare(self) -> None:
        super().prepare()
        # Two dates are open, and nobody has opened either.
        self.ada.now = self.ben.now = dt.datetime(2026, 3, 3, 6, tzinfo=dt.UTC)

    def verify(self) -> None:
        mine, theirs = self.ada.get("/v1/today").body, self.ben.get("/v1/today").body
        assert mine == theirs
        assert mine["today"]["prompt"]["theme"] != mine["previous"]["prompt"]["theme"]


@registered
class AnswersFirst(PairedAction):
    asks = "PUT", f"/v1/days/{DATE}/answer", {"text": "Mine"}

    def verify(self) -> None:
        day = self.ben.get(f"/v1/days/{DATE}").body
        assert day["partner"] == {"state": "answered", "text": None, "edited": False}
        assert self.ada.get(f"/v1/days/{DATE}").body["me"] == {
            "state": "answered",
            "text": "Mine",
            "share_first": False,
            "revision": 1,
        }


@registered
class Edits(AnswersFirst):
    asks = "PUT", f"/v1/days/{DATE}/answer", {"text": "Mine", "revision": 1}

    def prepare(self) -> None:
        super().prepare()
        self.ada.put(f"/v1/days/{DATE}/answer", {"text": "A draft"})

    def verify(self) -> None:
        mine = self.ada.get(f"/v1/days/{DATE}").body["me"]
        assert (mine["text"], mine["revision"]) == ("Mine", 2)


@registered
class AnswersSecond(PairedAction):
    asks = "PUT", f"/v1/days/{DATE}/answer", {"text": "Mine"}

    def prepare(self) -> None:
        super().prepare()
        self.ben.put(f"/v1/days/{DATE}/answer", {"text": "His"})

    def verify(self) -> None:
        day = self.ben.get(f"/v1/days/{DATE}").body
        assert (day["revealed"], day["partner"]["text"]) == (True, "Mine")
        assert self.ada.get("/v1/streak").body["total"] == 1


@registered
class Reflects(AnswersSecond):
    asks = "PUT", f"/v1/days/{DATE}/reflection", {"kind": "heard", "text": "That you care."}

    def prepare(self) -> None:
        super().prepare()
        self.ada.put(f"/v1/days/{DATE}/answer", {"text": "Mine"})
        self.ben.put(f"/v1/days/{DATE}/reflection", {"kind": "thank_you"})

    def verify(self) -> None:
        assert self.ben.get(f"/v1/days/{DATE}").body["reflections"] == {
            "me": {"kind": "thank_you", "text": None},
            "partner": {"kind": "heard", "text": "That you care."},
        }


@registered
class AnswersAlone(Action):
    """Answer a solo day for the first time. The day is opened, and the person's key is made."""

    asks: ClassVar[tuple[str, str, Any]] = "PUT", f"/v1/solo/days/{DATE}/answer", {"text": "Mine"}

    def verify(self) -> None:
        (day,) = self.ada.get("/v1/solo/days").body["days"]
        assert day["me"] == {"state": "answered", "text": "Mine", "revision": 1}
        assert len(self.world.services.solo.history(self.ada.uid).seen) == 1


@registered
class EditsAlone(AnswersAlone):
    asks = "PUT", f"/v1/solo/days/{DATE}/answer", {"text": "Better", "revision": 1}

    def prepare(self) -> None:
        self.ask(*AnswersAlone.asks)

    def verify(self) -> None:
        (day,) = self.ada.get("/v1/solo/days").body["days"]
        assert day["me"] == {"state": "answered", "text": "Better", "revision": 2}


@registered
class Shares(AnswersAlone):
    asks = "POST", f"/v1/solo/days/{DATE}/share", None

    def prepare(self) -> None:
        self.ask(*AnswersAlone.asks)
        pair(self.ada, self.ben)

    def verify(self) -> None:
        assert [each["text"] for each in self.ben.get("/v1/solo/shared").body["answers"]] == ["Mine"]
        assert self.ada.get("/v1/solo/days").body["days"][0]["shared"]


@registered
class TakesBack(Shares):
    asks = "DELETE", f"/v1/solo/days/{DATE}/share", None

    def prepare(self) -> None:
        super().prepare()
        self.ask(*Shares.asks)

    def verify(self) -> None:
        assert self.ben.get("/v1/solo/shared").body["answers"] == []
        assert not self.ada.get("/v1/solo/days").body["days"][0]["shared"]


@registered
class Swaps(PairedAction):
    """Swap the prompt. However often the request is sent, the prompt is swapped once."""

    asks = "POST", f"/v1/days/{DATE}/swap", None

    def prepare(self) -> None:
        for phone in (self.ada, self.ben):
            phone.put("/v1/me", {"display_name": phone.uid, "zone": NEW_YORK, "depth": 3})
        super().prepare()
        self.before = self.ada.get(f"/v1/days/{DATE}").body["prompt"]

    def verify(self) -> None:
        day = self.ben.get(f"/v1/days/{DATE}").body
        assert day["prompt"]["id"] != self.before["id"]
        assert day["prompt"]["theme"] == self.before["theme"]
        assert self.request().body["prompt"] == day["prompt"]
        seen = self.world.services.days.seen(self.world.couple_of(self.ada).id, [Theme(self.before["theme"])])
        assert {f"{pack}/{prompt}" for pack, prompt in seen} == {self.before["id"], day["prompt"]["id"]}


@registered
class ChoosesAPack(PairedAction):
    asks = "PUT", "/v1/couple/packs/choice", None

    def verify(self) -> None:
        assert self.ben.get("/v1/couple").body["packs"] == ["choice", "test"]


@registered
class TurnsAPackOff(PairedAction):
    asks = "DELETE", "/v1/couple/packs/choice", None

    def prepare(self) -> None:
        super().prepare()
        self.ben.call("PUT", "/v1/couple/packs/choice")

    def verify(self) -> None:
        assert self.ben.get("/v1/couple").body["packs"] == ["test"]


@registered
class JoinsByCode(PairedAction):
    asks = "POST", "/v1/couple/practice-code", {"code": "ABCD-2345"}

    def verify(self) -> None:
        assert self.ben.get("/v1/couple").body["packs"] == ["group", "test"]
        self.ben.now += dt.timedelta(days=1)
        assert self.ben.get("/v1/today").body["today"]["prompt"]["id"].startswith("group/")


@registered
class Moves(PairedAction):
    asks = "PUT", "/v1/me", {"display_name": "Ada", "zone": TOKYO}

    def prepare(self) -> None:
        super().prepare()
        self.ada.get("/v1/today")

    def verify(self) -> None:
        day = day_of(self.world.services, self.world.couple_of(self.ada).id, DATE)
        assert (day.window.opens_at.isoformat(), day.window.closes_at.isoformat()) == (
            "2026-03-01T15:00:00+00:00",
            "2026-03-03T08:00:00+00:00",
        )


@registered
class SetsReminders(PairedAction):
    asks = "PUT", "/v1/me/reminders", {"prompt_time": "06:05", "evening_time": None}

    def verify(self) -> None:
        assert self.ada.get("/v1/me/reminders").body["evening_time"] is None


@registered
class Nudges(PairedAction):
    """Send a nudge. However often the request is sent, the nudge is sent once."""

    asks = "POST", "/v1/nudges", {"gesture": "hug"}

    def verify(self) -> None:
        assert [nudge["gesture"] for nudge in self.ben.get("/v1/nudges").body["received"]] == ["hug"]
        assert self.ada.get("/v1/nudges").body["left"] == 2


@registered
class Pauses(PairedAction):
    asks = "PATCH", "/v1/couple", {"pause": {"until": "2026-03-09"}}

    def verify(self) -> None:
        assert self.ben.get("/v1/couple").body["pause"] == {"from": "2026-03-02", "until": "2026-03-09"}


@registered
class Resumes(PairedAction):
    """End a pause on a day that both have answered inside it. The date counts again."""

    asks = "DELETE", "/v1/couple/pause", None

    def prepare(self) -> None:
        super().prepare()
        assert self.ben.patch("/v1/couple", {"pause": {"until": "2026-03-09"}}).status == 200
        for phone in (self.ada, self.ben):
            assert phone.put(f"/v1/days/{DATE}/answer", {"text": "Yes."}).status == 200

    def verify(self) -> None:
        assert self.ben.get("/v1/couple").body["pause"] is None
        assert self.ben.get("/v1/streak").body["current"] == 1
        assert (self.world.services.people.table.get(keys.streak(self.world.couple_of(self.ada).id)) or {})["run"] == 1


@registered
class Unpairs(PairedAction):
    """Unpair. A repeat after a success finds no couple, which counts as success. `cleanup` then frees both persons."""

    def prepare(self) -> None:
        super().prepare()
        self.couple = self.world.couple_of(self.ada).id

    def request(self) -> Reply:
        reply = self.ada.delete("/v1/couple")
        return Reply(204, {}, "") if reply.status == 404 and reply.problem == "not-paired" else reply

    def verify(self) -> None:
        assert {phone.get("/v1/today").problem for phone in (self.ada, self.ben)} == {"not-paired"}
        services = self.world.services
        finish_end(cleanup_services(services.people.table, services.vault.table.name), self.couple)
        assert {self.world.person(phone).couple for phone in (self.ada, self.ben)} == {None}


@registered
class SignsOutEverywhere(PairedAction):
    """Sign out everywhere. A repeat after a success is refused like every other request of these sign-ins."""

    asks = "POST", "/v1/me/sign-out-everywhere", None

    def prepare(self) -> None:
        super().prepare()
        assert self.ada.put("/v1/me/devices/tablet", {"token": a_token(), "platform": "ios"}).status == 200
        self.tries = 0

    def request(self) -> Reply:
        self.tries += 1
        reply = super().request()
        has_ended = self.tries > 1 and reply.status == 401 and reply.problem == "signed-out"
        return Reply(204, {}, "") if has_ended else reply

    def verify(self) -> None:
        """Check that the sign-out holds, now and after later changes of the person's row."""
        ended = self.ada.now
        assert self.ben.post("/v1/nudges", {"gesture": "hug"}).status == 201
        assert self.ben.patch("/v1/couple", {"pause": {"until": "2026-03-09"}}).status == 200
        self.ada.now += dt.timedelta(minutes=1)  # a phone that has signed in again
        assert self.ada.put("/v1/me", {"display_name": "Ada", "zone": LONDON}).status == 200
        assert self.ada.get("/v1/me/devices").body["devices"] == []
        old = Phone(self.world.handler, self.ada.uid, self.ada.now, {"auth_time": str(int(ended.timestamp()))})
        refused = [old.get(path) for path in ("/v1/me", "/v1/today", "/v1/me/devices")]
        refused += [self.put_device(old), old.post("/v1/me/export"), old.delete("/v1/me")]
        assert {(reply.status, reply.problem) for reply in refused} == {(401, "signed-out")}
        (job,) = self.world.reaction_to_row(keys.person(self.ada.uid)).accounts
        assert isinstance(job, RevokeJob)
        assert job.uid == self.ada.uid
        assert ended <= job.signed_out_at <= ended + dt.timedelta(seconds=1)

    @staticmethod
    def put_device(phone: Phone) -> Reply:
        return phone.put("/v1/me/devices/phone", {"token": a_token(), "platform": "ios"})


@registered
class Erases(PairedAction):
    """Erase Ada, who has shared everything with Ben. However often she asks, there is one erasure."""

    asks = "DELETE", "/v1/me", None

    def prepare(self) -> None:
        self.receipts: list[str] = []
        assert self.ask(*AnswersAlone.asks).status == 200
        super().prepare()
        for phone in (self.ada, self.ben):
            assert phone.put(f"/v1/days/{DATE}/answer", {"text": "Ours"}).status == 200
        assert self.ask(*Nudges.asks).status == 201
        assert self.ask(*Shares.asks).status == 200
        self.couples = [self.world.couple_of(self.ada).id]

    @property
    def remaining(self) -> tuple[Phone, ...]:
        return (self.ben,)

    def request(self) -> Reply:
        reply = super().request()
        if reply.status == 202:
            self.receipts.append(reply.body["receipt"])
        return reply

    def verify(self) -> None:
        """Check what holds as soon as the request is done, and what is left after `cleanup`."""
        assert self.receipts
        self.require_refused()
        self.require_keys_gone()
        self.require_partner_neutral()
        self.world.clean_up(self)
        self.require_gone()
        self.require_partner_neutral()
        for receipt in self.receipts:
            assert self.ben.get(f"/v1/erasures/{receipt}").body["finished_at"]

    def require_refused(self) -> None:
        """Check that every request of the erased person is refused, and that each receipt works."""
        asked = (OpensToday.asks, AnswersFirst.asks, Moves.asks, ("POST", "/v1/invites", None))
        refused = [self.ask(*each) for each in asked]
        assert {reply.problem for reply in refused} == {"account-erased"}
        for receipt in self.receipts:
            assert self.ben.get(f"/v1/erasures/{receipt}").body["requested_at"] == "2026-03-02T15:00:00Z"

    def require_keys_gone(self) -> None:
        table = self.world.services.vault.table
        assert table.get(key_rows.person_key(self.ada.uid)) is None
        for couple in self.couples:
            assert row_in(table, key_rows.couple_keys(couple))["authors"].keys() == {self.ben.uid}

    def require_partner_neutral(self) -> None:
        """Check that the partner sees what everybody sees after an end, and keeps their own words."""
        assert self.ben.get("/v1/today").problem == "not-paired"
        ada = self.ada.uid
        exported = self.ben.post("/v1/me/export")
        assert [entry["answer"]["text"] for entry in exported.body["entries"]] == ["Ours"]
        for reply in (exported, self.ben.get("/v1/me")):
            assert ada not in reply.text
            assert "Ada" not in reply.text

    def require_gone(self) -> None:
        """Check that no row in the partitions of both persons and their couples names the erased person."""
        assert not slot_rows(self.world.services.people.table, self.ada.uid)
        for item in self.world.rows_of(self.ada, self.ben, *self.couples):
            assert self.ada.uid not in repr(item), item
            assert "'Ada'" not in repr(item), item


class ErasesAlone(Erases):
    """Erase Ada, who is in no couple, has an invite, and has redeemed Ben's. Only the tests of erasures run this."""

    def prepare(self) -> None:
        self.receipts = []
        self.couples = []
        assert self.ask(*AnswersAlone.asks).status == 200
        self.code = self.ada.post("/v1/invites").body["code"]
        theirs = self.ben.post("/v1/invites").body["code"]
        assert self.ada.post("/v1/invites/redeem", {"code": theirs}).status == 200

    def require_partner_neutral(self) -> None:
        assert self.ben.post("/v1/invites/redeem", {"code": self.code}).problem == "invite-not-usable"
        invite = self.ben.get("/v1/invites").body
        assert (invite["state"], invite["redeemed_by"]) == ("open", None)


each_action = pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.__name__)


@each_action
@pytest.mark.parametrize("fault", [Fault.DIES_AFTER, Fault.REPLY_LOST])
def test_a_write_that_was_cut_off_is_found_to_be_done(world: World, action: type[Action], fault: Fault) -> None:
    """Cut off each write in turn.

    After a crash, the phone repeats its request to a new process. After a lost reply, the SDK repeats the write, and
    the write's own condition must not refuse it. A crash after a read leaves the rows of the write before it.
    """
    for at in itertools.count(1):
        done, wire = action(world), Wire(fault, at, only=WRITES)
        world.restart()
        reply = None
        with contextlib.suppress(Crash), tapped(wire, *world.clients):
            reply = done.request()
        if not wire.struck:
            assert at > 1
            return
        if fault is Fault.DIES_AFTER:
            world.restart()
            reply = done.request()
        assert reply
        assert reply.status in DONE, (at, wire.seen, reply.text)
        done.verify()
        world.assert_whole(*done.remaining)


@each_action
@pytest.mark.parametrize("fault", [Fault.NOT_SENT, Fault.THROTTLED, Fault.CONFLICT])
def test_a_passing_fault_never_reaches_a_phone(world: World, action: type[Action], fault: Fault) -> None:
    """Each request of the action meets the fault once, one after the other."""
    done, every = action(world), EveryOther(fault)
    world.restart()
    with tapped(every, *world.clients):
        reply = done.request()
    assert every.times
    assert reply.status in DONE, reply.text
    done.verify()
    world.assert_whole(*done.remaining)


def test_a_nudge_without_a_key_whose_reply_is_lost_on_the_way_here_is_sent_once(world: World) -> None:
    """The phone gets one reply, so the partner may see only one nudge, and the cap may count only one."""
    done, wire = Nudges(world), Wire(Fault.REPLY_LOST, 1, only=WRITES)
    with tapped(wire, *world.clients):
        reply = done.ada.post("/v1/nudges", {"gesture": "hug"})
    assert wire.struck
    assert reply.status == 201, reply.text
    done.verify()


ERASURES = (Erases, ErasesAlone)


@pytest.mark.parametrize("action", ERASURES, ids=lambda action: action.__name__)
def test_an_erasure_that_was_cut_off_ends_without_the_person_or_has_not_begun(
    new_world: Callable[[], World], action: type[Erases]
) -> None:
    """Let the process die before each write in turn. The person never repeats the request, so `cleanup` does the rest.

    Before the mark, nothing has changed. After the mark, nothing but the erasure itself is left in any table.
    """
    world, erased = new_world(), set()
    for at in itertools.count(1):
        done, wire = action(world), Wire(Fault.DIES_BEFORE, at, only=WRITES)
        world.restart()
        before = _everything(world, done)
        with contextlib.suppress(Crash), tapped(wire, *world.clients):
            done.request()
        if not wire.struck:
            assert at > 3
            break
        world.restart()
        if world.services.people.erased_person(done.ada.uid) is None:
            assert at == 1
            assert _everything(world, done) == before
            world.assert_whole(done.ada, done.ben)
            continue
        done.require_refused()
        world.clean_up(done)
        done.require_refused()
        done.require_keys_gone()
        done.require_partner_neutral()
        world.assert_whole(*done.remaining)
        erased.add(done.ada.uid)
    services = world.services
    tables = services.people.table, services.vault.table, services.vault.cells, services.erasures.table
    found = {uid for table in tables for row in every_row(table) for uid in re.findall(r"ada-\d+", repr(row))}
    assert found
    assert found & erased == set()


@pytest.mark.parametrize("fault", [Fault.NOT_SENT, Fault.REPLY_LOST, Fault.THROTTLED, Fault.CONFLICT])
def test_a_passing_fault_never_fails_a_job_of_an_erasure(world: World, fault: Fault) -> None:
    """Each request of `cleanup` meets the fault once, one after the other."""
    done, every = Erases(world), EveryOther(fault)
    assert done.request().status == 202
    with tapped(every, *world.clients):
        world.clean_up(done)
    assert every.times > 10
    done.require_gone()
    done.require_partner_neutral()
    world.assert_whole(*done.remaining)


class TestDown:
    """During an outage a phone is asked to retry soon, and no write is partial."""

    NEEDS_KMS: ClassVar[tuple[type[Action], ...]] = (
        Invites,
        Redeems,
        Confirms,
        AnswersFirst,
        Edits,
        AnswersSecond,
        Reflects,
        EditsAlone,
        Shares,
        JoinsByCode,
    )

    @pytest.mark.parametrize("action", NEEDS_KMS, ids=lambda action: action.__name__)
    @pytest.mark.parametrize("fault", [Fault.NOT_SENT, Fault.THROTTLED])
    def test_without_kms_what_needs_a_key_waits(self, world: World, action: type[Action], fault: Fault) -> None:
        done = action(world)
        done.ada.get("/v1/today")
        world.restart()
        before = _everything(world, done)
        with tapped(lambda operation, request: strike(fault, operation, request), world.services.vault.kms):
            reply = done.request()
            assert_busy(reply)
        # A try at redeeming is counted before its outcome is known, even if a fault hides the outcome.
        assert _everything(world, done) == before
        assert done.request().status in {200, 201}
        done.verify()

    @each_action
    def test_without_dynamodb_every_request_waits(self, world: World, action: type[Action]) -> None:
        done = action(world)
        world.restart()
        with tapped(lambda _operation, _request: refusal("ProvisionedThroughputExceededException"), *world.clients):
            assert_busy(done.request())
        assert done.request().status in DONE
        done.verify()

    def test_a_profile_needs_no_key(self, world: World) -> None:
        done = SetsReminders(world)
        world.restart()
        with tapped(lambda operation, request: strike(Fault.NOT_SENT, operation, request), world.services.vault.kms):
            assert done.request().status == 200
            assert done.ada.get("/v1/today").status == 200

    def test_an_answer_is_acknowledged_though_the_streak_cannot_be_noted(self, world: World) -> None:
        """The answer is stored, and `react` adds the date to the streak later."""
        done = AnswersSecond(world)
        world.restart()
        couple = world.couple_of(done.ada)

        def streak_stuck(operation: str, request: AWSPreparedRequest) -> AWSResponse | None:
            writes_it = operation == "UpdateItem" and b'"STREAK"' in bytes(request.body or b"")  # type: ignore[arg-type]
            return refusal("ProvisionedThroughputExceededException") if writes_it else None

        with tapped(streak_stuck, *world.clients):
            reply = done.request()
        assert reply.status == 200, reply.text
        assert reply.body["partner"]["text"] == "His"
        table = world.services.people.table
        assert table.get(keys.streak(couple.id)) is None
        assert len(row_in(table, keys.day(couple.id, DATE))["answers"]) == 2
        world.services.streaks.complete(couple.id, DATE, done.ada.now)
        done.verify()
        world.assert_whole(*done.remaining)


def assert_busy(reply: Reply) -> None:
    assert (reply.status, reply.problem) == (503, "busy"), reply.text
    assert int(reply.headers["Retry-After"]) > 0


def _everything(world: World, done: Action) -> list[dict[str, Any]]:
    """Return all rows of the persons and their couple, without counts and idempotency keys."""
    table = world.services.people.table
    partitions = [f"PERSON#{phone.uid}" for phone in (done.ada, done.ben)]
    partitions += [
        f"COUPLE#{person.couple}" for phone in (done.ada, done.ben) if (person := world.person(phone)).couple
    ]
    return [item for pk in partitions for item in table.query(pk).items if not item["sk"].endswith("TRIES")]
