"""A person who does something too often is refused, and nothing is written."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any, cast

import pytest

import couples_api.handler
import practice_api.handler
import privacy.handler
from practice_api.services import Services as PracticeServices
from rekindle.api.call_limit import BURST, DISORDER, INTERVAL, LOGGED_EVERY, SIGN_INS, CallLimit
from rekindle.domain.erasures import RECEIPTS
from rekindle.domain.ids import Uid
from rekindle.domain.limits import LIMITS, Counted
from rekindle.store.instants import to_millis
from testing.apis import every_account_is_good, phones_api, privacy_services
from testing.builders import LONDON, TOKYO, a_token, a_uid, an_instant
from testing.memory_table import MemoryTable
from testing.phones import Phone, Reply, a_couple, a_phone, http_event
from testing.stored import person_of

if TYPE_CHECKING:
    import io
    from collections.abc import Callable

    from couples_api.services import Services
    from testing.phones import Handler

NOON = to_millis(an_instant("2026-03-02T12:00:00Z"))
A_SECOND = dt.timedelta(seconds=1)
ADA, BEN = (Uid("ada"), "1772449200"), (Uid("ben"), "1772449200")


def rename(phone: Phone, number: int) -> Reply:
    return phone.put("/v1/me", {"display_name": f"Ada {number}", "zone": LONDON})


def change_barriers(phone: Phone, number: int) -> Reply:
    barriers = [("stress", "neglect")[number % 2]]
    return phone.put("/v1/me", {"display_name": "Ada", "zone": LONDON, "barriers": barriers})


def set_reminders(phone: Phone, number: int) -> Reply:
    return phone.put("/v1/me/reminders", {"prompt_time": f"09:{(number % 12) * 5:02}"})


def register(phone: Phone, _number: int) -> Reply:
    return phone.put("/v1/me/devices/phone", {"token": a_token(), "platform": "ios"})


def invite(phone: Phone, _number: int) -> Reply:
    return phone.post("/v1/invites")


def pause(phone: Phone, number: int) -> Reply:
    return phone.patch("/v1/couple", {"pause": {"until": f"2026-03-{20 + number % 2}"}})


def export(phone: Phone, _number: int) -> Reply:
    return phone.post("/v1/me/export")


def sign_out(phone: Phone, _number: int) -> Reply:
    reply = phone.post("/v1/me/sign-out-everywhere")
    if reply.status == 204:
        phone.now += A_SECOND  # sign in again
    return reply


DOINGS: dict[Counted, Callable[[Phone, int], Reply]] = {
    Counted.NAME: rename,
    Counted.PROFILE: change_barriers,
    Counted.REMINDERS: set_reminders,
    Counted.DEVICES: register,
    Counted.INVITES: invite,
    Counted.PAUSES: pause,
    Counted.EXPORTS: export,
}


@pytest.fixture
def phone(own_services: Services) -> Phone:
    """Set up Ada's phone with a profile. She has had her device and her couple for some days."""
    ada, _ = a_couple(phones_api(lambda: own_services), LONDON, LONDON)
    ada.now += dt.timedelta(days=3)
    return ada


def alone(phone: Phone, services: Services, kind: Counted) -> Phone:
    """Only a person without a couple makes invites."""
    return a_phone(phones_api(lambda: services), "eve", LONDON) if kind is Counted.INVITES else phone


def rows(services: Services) -> list[dict[str, Any]]:
    tables = services.people.table, services.vault.table, services.erasures.table
    return [item for table in tables for item in cast("MemoryTable", table).items()]


@pytest.mark.parametrize("kind", Counted)
def test_a_limit_refuses_the_next_request_and_writes_nothing(
    kind: Counted, phone: Phone, own_services: Services
) -> None:
    phone, do = alone(phone, own_services, kind), DOINGS[kind]
    start = phone.now
    for number in range(LIMITS[kind].count):
        assert do(phone, number).status < 300
    before = rows(own_services)
    refused = do(phone, LIMITS[kind].count)
    assert (refused.status, refused.problem) == (429, "too-many-changes")
    assert rows(own_services) == before
    free_at = start + LIMITS[kind].span
    assert start.microsecond == 0
    assert refused.headers["Retry-After"] == str(int((free_at - phone.now).total_seconds()))
    phone.now = free_at - A_SECOND
    assert do(phone, LIMITS[kind].count).headers["Retry-After"] == "1"
    phone.now = free_at
    assert do(phone, LIMITS[kind].count).status < 300


def test_the_same_request_again_costs_nothing(phone: Phone, own_services: Services) -> None:
    for number in (0, 0, 0, 0, 0):
        assert rename(phone, number).status == 200
        assert set_reminders(phone, number).status == 200
        assert pause(phone, number).status == 200
    token = a_token()
    for _ in range(5):
        assert phone.put("/v1/me/devices/phone", {"token": token, "platform": "ios"}).status == 200
    counts = {kind: len(made) for kind, made in person_of(own_services, phone).counted.items()}
    assert counts == dict.fromkeys(
        (Counted.NAME, Counted.PROFILE, Counted.REMINDERS, Counted.PAUSES, Counted.DEVICES), 1
    )


def test_a_repeat_of_an_invite_costs_nothing(own_services: Services) -> None:
    eve = a_phone(phones_api(lambda: own_services), "eve", LONDON)
    for _ in range(5):
        assert eve.post("/v1/invites", key="the same").status == 201
    assert len(person_of(own_services, eve).counted[Counted.INVITES]) == 1


def test_what_undoes_is_never_refused(phone: Phone, own_services: Services) -> None:
    """A thief may have used up every limit. The owner can still remove the thief's phone, and sign out everywhere."""
    for number in range(LIMITS[Counted.DEVICES].count):
        assert register(phone, number).status == 200
    for number in range(LIMITS[Counted.PAUSES].count):
        assert pause(phone, number).status == 200
    for paused in (True, False) * LIMITS[Counted.REMINDERS].count:
        assert phone.put("/v1/me/notifications", {"paused": paused}).status == 200
    assert phone.put("/v1/me/notifications", {"paused": True}).status == 200
    assert phone.put("/v1/me/notifications", {"paused": False}).problem == "too-many-changes"
    assert phone.delete("/v1/couple/pause").status == 204
    assert phone.delete("/v1/me/devices/phone").status == 204
    assert [sign_out(phone, number).status for number in range(40)] == [204] * 40
    eve = a_phone(phones_api(lambda: own_services), "eve", LONDON)
    for number in range(LIMITS[Counted.INVITES].count):
        assert invite(eve, number).status == 201
    assert eve.delete("/v1/invites").status == 204


def test_withdrawing_a_wish_is_never_refused(phone: Phone) -> None:
    """Nobody has to wait for a day to stop touch, reminders or nudges."""
    profile: dict[str, Any] = {"display_name": "Ada", "zone": LONDON, "depth": 3, "touch_comfort": 3}
    for number in range(LIMITS[Counted.PROFILE].count):
        assert phone.put("/v1/me", profile | {"barriers": [("stress", "neglect")[number % 2]]}).status == 200
    less: dict[str, Any]
    for less in ({"touch_comfort": 1}, {"touch_comfort": 0, "depth": 1}, {"streak_hidden": True}):
        profile |= less
        assert phone.put("/v1/me", profile).status == 200
    assert phone.put("/v1/me", profile | {"touch_comfort": 1}).problem == "too-many-changes"

    touch = {"weekdays": ["monday", "friday"], "time": "19:00"}
    reminders: dict[str, Any] = {"touch": touch, "prompt_time": "09:05"}
    for number in range(LIMITS[Counted.REMINDERS].count):
        assert phone.put("/v1/me/reminders", reminders | {"prompt_time": ("09:00", "09:05")[number % 2]}).status == 200
    for less in ({"nudges_muted": True}, {"touch": None}, {"evening_time": None}, {"news": False}):
        reminders |= less
        assert phone.put("/v1/me/reminders", reminders).status == 200
    assert phone.put("/v1/me/reminders", reminders | {"touch": touch}).problem == "too-many-changes"


def test_nobody_uses_up_the_limit_of_the_owner_of_a_phone(phone: Phone, own_services: Services) -> None:
    """Other accounts take over the phone's address again and again. Its owner can still register it each time."""
    address = {"token": a_token(), "platform": "ios"}
    for _ in range(LIMITS[Counted.DEVICES].count - 1):
        assert register(phone, 0).status == 200
    assert phone.put("/v1/me/devices/phone", address).status == 200
    for number in range(3):
        thief = a_phone(phones_api(lambda: own_services), f"thief-{number}", LONDON)
        thief.now = phone.now
        assert thief.put("/v1/me/devices/phone", address).status == 200
        assert len(person_of(own_services, phone).counted[Counted.DEVICES]) == LIMITS[Counted.DEVICES].count - 1
        assert phone.put("/v1/me/devices/phone", address).status == 200
        assert phone.put("/v1/me/devices/phone", address).status == 200, "the same again is not counted"
    assert register(phone, 0).problem == "too-many-changes"


def test_one_partner_s_pauses_do_not_count_for_the_other(own_services: Services) -> None:
    ada, ben = a_couple(phones_api(lambda: own_services), LONDON, LONDON)
    for number in range(LIMITS[Counted.PAUSES].count):
        assert pause(ada, number).status == 200
    assert pause(ada, LIMITS[Counted.PAUSES].count).status == 429
    assert pause(ben, 1).status == 200
    assert person_of(own_services, ben).counted.keys() <= {Counted.PAUSES, Counted.DEVICES}


def test_only_the_first_page_of_an_export_counts(phone: Phone, own_services: Services) -> None:
    handler = phones_api(lambda: own_services, page_sections=1)
    reader = Phone(handler, phone.uid, phone.now)
    first = reader.post("/v1/me/export").body
    assert first["next"]
    for _ in range(LIMITS[Counted.EXPORTS].count):
        assert reader.post("/v1/me/export", {"next": first["next"]}).status == 200
    assert len(person_of(own_services, reader).counted[Counted.EXPORTS]) == 1


def test_an_erasure_is_never_refused_and_has_ten_receipts_at_most(own_services: Services) -> None:
    ada = a_phone(phones_api(lambda: own_services), "ada", LONDON)
    receipts = {ada.delete("/v1/me").body["receipt"] for _ in range(RECEIPTS.count)}
    assert len(receipts) == RECEIPTS.count
    before = rows(own_services)
    refused = ada.delete("/v1/me")
    assert (refused.problem, refused.headers["Retry-After"]) == ("too-many-changes", "86400")
    assert rows(own_services) == before
    for receipt in receipts:
        assert ada.get(f"/v1/erasures/{receipt}").status == 200


class TestCalls:
    """Each process limits how many calls a person makes in a short time."""

    def test_a_burst_is_allowed_and_then_four_calls_a_second(self) -> None:
        calls = CallLimit()
        assert [calls.seconds_to_wait(ADA, NOON) for _ in range(BURST)] == [0] * BURST
        assert calls.seconds_to_wait(ADA, NOON) == 1
        allowed = [at for at in range(NOON, NOON + 10_000, 100) if not calls.seconds_to_wait(ADA, at)]
        assert len(allowed) == 10_000 / INTERVAL - 1

    def test_a_person_s_calls_are_no_other_person_s(self) -> None:
        calls = CallLimit()
        while not calls.seconds_to_wait(ADA, NOON):
            pass
        assert calls.seconds_to_wait(BEN, NOON) == 0

    def test_after_the_wait_a_call_is_allowed_and_not_a_second_earlier(self) -> None:
        calls = CallLimit()
        while not calls.seconds_to_wait(ADA, NOON):
            pass
        wait = calls.seconds_to_wait(ADA, NOON + 1)
        assert calls.seconds_to_wait(ADA, NOON + 1 + (wait - 1) * 1000)
        assert calls.seconds_to_wait(ADA, NOON + 1 + wait * 1000) == 0

    def test_a_replay_of_an_older_event_is_answered(self) -> None:
        """Calls that come a little out of order count all the same."""
        calls = CallLimit()
        while not calls.seconds_to_wait(ADA, NOON):
            pass
        assert calls.seconds_to_wait(ADA, NOON - 1000)
        assert calls.seconds_to_wait(ADA, NOON - DISORDER - 2 * INTERVAL) == 0

    def test_many_persons_cannot_fill_the_memory(self) -> None:
        calls = CallLimit()
        for number in range(3 * SIGN_INS):
            assert calls.seconds_to_wait((Uid(f"{number}"), "1"), NOON) == 0
        assert len(calls._over_at) == SIGN_INS
        assert next(iter(calls._over_at)) == (f"{2 * SIGN_INS}", "1")

    def test_at_most_one_line_a_minute_is_logged(self) -> None:
        calls = CallLimit()
        lines = [calls.refusals_to_log(NOON + second * 1000) for second in range(125)]
        assert [refused for refused in lines if refused] == [1, 60, 60]
        assert LOGGED_EVERY == 60_000

    def test_every_api_refuses_a_flood_before_it_reads_anything(self, services: Services, logged: io.StringIO) -> None:
        """An empty table would raise an error if a handler read a row that is not there."""
        untouched = MemoryTable()
        staff = PracticeServices.on(untouched, every_account_is_good, review_required=False)  # type: ignore[arg-type]
        apis: list[tuple[Handler, str]] = [
            (couples_api.handler.handler_of(lambda: services), "/v1/me"),
            (privacy.handler.handler_of(lambda: privacy_services(services)), "/v1/me/export"),
            (practice_api.handler.handler_of(lambda: staff), "/v1/practice/packs"),
        ]
        for handler, path in apis:
            logged.truncate(0)
            uid = a_uid("flooder")
            event = http_event("GET", path, uid, an_instant(), None)
            answers = [handler(event, None) for _ in range(BURST + 50)]
            refused = [answer for answer in answers if answer["statusCode"] == 429]
            assert len(refused) == 50
            for answer in refused:
                assert json.loads(answer["body"])["type"] == "urn:rekindle:problem:too-many-calls"
                assert answer["headers"]["Retry-After"] == "1"
                assert answer["headers"]["Cache-Control"] == "no-store"
            lines = [line for line in logged.getvalue().splitlines() if "too-many-calls" in line]
            assert len(lines) == 1
            assert json.loads(lines[0].lstrip("\0"))["refused"] == 1
            assert uid not in logged.getvalue()

    def test_a_stolen_sign_in_uses_up_no_call_of_a_new_one(self, own_services: Services) -> None:
        """The owner signs in again, and at once ends the stolen sign-in, asks for help, or unpairs."""
        ada, ben = a_couple(phones_api(lambda: own_services))
        handler = couples_api.handler.handler_of(lambda: own_services)
        thief = Phone(handler, ben.uid, ben.now, {"auth_time": str(int(ben.now.timestamp()) - 60)})
        while thief.get("/v1/me").status != 429:
            pass
        owner = Phone(handler, ben.uid, ben.now, {"auth_time": str(int(ben.now.timestamp()))})
        assert owner.get("/v1/help").status == 200
        assert owner.post("/v1/me/sign-out-everywhere").status == 204
        assert thief.get("/v1/me").status in {401, 429}
        signed_in_again = Phone(handler, ben.uid, ben.now, {"auth_time": str(int(ben.now.timestamp()) + 1)})
        assert signed_in_again.delete("/v1/couple").status == 204
        assert ada.get("/v1/couple").problem == "not-paired"

    def test_a_phone_in_tokyo_never_meets_it(self, own_services: Services) -> None:
        """A refresh takes ten calls. Somebody opens the app again and again."""
        handler = couples_api.handler.handler_of(lambda: own_services)
        ada = a_phone(handler, "ada", TOKYO)
        for _ in range(10):
            for _ in range(10):
                assert ada.get("/v1/me").status == 200
            ada.now += dt.timedelta(seconds=4)
