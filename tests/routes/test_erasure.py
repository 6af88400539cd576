"""A person who erases their account is hidden at once, and their words can never be read again."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, cast

import pytest

from privacy.services import RECENT
from rekindle.domain.erasures import ErasedPart
from rekindle.errors import KeyGoneError
from rekindle.store import keys
from rekindle.store.instants import to_ttl
from rekindle.store.keys import Key
from rekindle.store.table import Write
from testing import contract
from testing.apis import phones_api
from testing.builders import LONDON, a_token, a_uid, an_instant
from testing.phones import Phone, Reply, a_phone, confirmation, http_event, pair
from testing.stored import couple_id_of, every_row, row_in, slot_rows

if TYPE_CHECKING:
    from couples_api.services import Services
    from rekindle.domain.ids import Uid
    from testing.memory_table import MemoryTable
    from testing.phones import Handler

MONDAY = dt.date(2026, 3, 2)
SECOND = dt.timedelta(seconds=1)
KEY = {"idempotency-key": "tap"}
STILL_OPEN = {"getHelp", "deleteMe", "getErasure"}
"""The routes that an erased person can still use: help is always one tap away, and an erasure may be repeated."""


@pytest.fixture
def api(services: Services) -> Handler:
    return phones_api(lambda: services)


@pytest.fixture
def couple(api: Handler) -> tuple[Phone, Phone]:
    ada, ben = (a_phone(api, name, LONDON, depth=3) for name in ("ada", "ben"))
    pair(ada, ben)
    return ada, ben


def sign_in(phone: Phone) -> None:
    phone.claims["auth_time"] = str(int(phone.now.timestamp()))


def erase(phone: Phone) -> str:
    sign_in(phone)
    reply = phone.delete("/v1/me")
    assert reply.status == 202, reply.text
    receipt: str = reply.body["receipt"]
    return receipt


def erasure(phone: Phone, receipt: str) -> Any:
    reply = phone.get(f"/v1/erasures/{receipt}")
    assert reply.status == 200, reply.text
    return reply.body


def answered(phone: Phone, text: str) -> None:
    assert phone.put(f"/v1/days/{MONDAY}/answer", {"text": text}).status == 200


def every_reply(phone: Phone) -> dict[str, Reply]:
    """Call every route of the phones' API, and return the replies by operation id."""
    path_of = {"date": str(MONDAY), "pack_id": "test", "device_id": "other", "receipt": "22222-22222-22222-22222"}
    sign_in(phone)
    return {
        each.id: phone.call(
            each.method, each.template.format(**path_of), contract.example_of(each.method, each.template), headers=KEY
        )
        for each in contract.operations()
        if each.document == "openapi.json"
    }


def test_every_later_request_of_an_erased_person_is_refused(couple: tuple[Phone, Phone]) -> None:
    ada, _ = couple
    erase(ada)
    replies = every_reply(ada)
    refused = {name: reply.problem for name, reply in replies.items() if name not in STILL_OPEN}
    assert set(refused.values()) == {"account-erased"}, refused
    assert replies["getHelp"].status == 200
    assert replies["deleteMe"].status == 202


def test_a_person_without_a_profile_can_erase_their_account(services: Services, api: Handler) -> None:
    nobody = Phone(api, a_uid("nobody"))
    erase(nobody)
    assert nobody.put("/v1/me", {"display_name": "Nobody", "zone": LONDON}).problem == "account-erased"
    assert nobody.get("/v1/me").problem == "account-erased"
    assert services.people.people([nobody.uid]) == {}


def test_an_old_sign_in_cannot_make_the_person_again(services: Services, couple: tuple[Phone, Phone]) -> None:
    """When all rows of the person are removed, their last token may still be valid for an hour."""
    ada, _ = couple
    erase(ada)
    table = services.people.table
    table.write(Write("Delete", keys.person(ada.uid)))
    problems = [ada.get(path).problem for path in ("/v1/me", "/v1/today", "/v1/me/devices", "/v1/me/reminders")]
    problems += [ada.post(path).problem for path in ("/v1/me/sign-out-everywhere", "/v1/me/export", "/v1/invites")]
    problems += [ada.put("/v1/me/reminders", {}).problem, ada.delete("/v1/me/devices/phone").problem]
    problems.append(ada.put("/v1/me/devices/phone", {"token": "fresh", "platform": "ios"}).problem)
    assert set(problems) == {"account-erased"}
    assert ada.put("/v1/me", {"display_name": "Ada", "zone": LONDON}).problem == "account-erased"
    assert table.get(keys.person(ada.uid)) is None


def test_the_partner_sees_the_neutral_state_and_keeps_their_words(
    services: Services, couple: tuple[Phone, Phone]
) -> None:
    ada, ben = couple
    answered(ada, "Hers.")
    answered(ben, "His.")
    erase(ada)
    assert {ben.get(path).problem for path in ("/v1/couple", "/v1/today", "/v1/days", f"/v1/days/{MONDAY}")} == {
        "not-paired"
    }
    assert ben.get("/v1/me").body["paired"] is False
    sign_in(ben)
    (entry,) = ben.post("/v1/me/export").body["entries"]
    assert (entry["answer"]["text"], entry["partner"]) == ("His.", None)
    cai = a_phone(ben.handler, "cai", LONDON)
    pair(ben, cai)
    assert services.people.find(ada.uid) is None


def test_no_reminder_and_no_push_comes_from_then_on(services: Services, couple: tuple[Phone, Phone]) -> None:
    """No slot has a row of the person, and no target names the person as its owner. So no job finds an address."""
    ada, ben = couple
    table = services.people.table
    assert slot_rows(table, ada.uid)
    erase(ada)
    assert slot_rows(table, ada.uid) == {}
    owners = {row["uid"] for row in every_row(table) if row["sk"] == "TARGET"}
    assert ben.uid in owners
    assert ada.uid not in owners


def test_the_keys_of_all_their_words_are_deleted_at_once(services: Services, api: Handler) -> None:
    """Each couple has a key for each author. The partners' keys stay."""
    ada, ben, cai = (a_phone(api, name, LONDON, depth=3) for name in ("ada", "ben", "cai"))
    assert ada.put(f"/v1/solo/days/{MONDAY}/answer", {"text": "Alone."}).status == 200
    couples = []
    for partner in (ben, cai):
        pair(ada, partner)
        couples.append(couple_id_of(services, ada))
        if partner is ben:
            assert ada.delete("/v1/couple").status == 204
    erase(ada)
    for couple, partner in zip(couples, (ben, cai), strict=True):
        assert row_in(services.vault.table, Key(f"COUPLE#{couple}", ""))["authors"].keys() == {partner.uid}
    with pytest.raises(KeyGoneError):
        services.vault.person_key(ada.uid)


@pytest.mark.parametrize("with_authors", [False, True])
def test_a_receipt_does_not_say_that_all_keys_are_gone_while_an_older_key_is_left(
    services: Services, couple: tuple[Phone, Phone], *, with_authors: bool
) -> None:
    """A couple of version 0.1.0 has a single key for the texts of both, until the texts are resealed."""
    ada, _ = couple
    row = Key(f"COUPLE#{couple_id_of(services, ada)}", "")
    update = "SET wrapped = :key" + ("" if with_authors else " REMOVE authors")
    services.vault.table.write(Write("Update", row, update=update, values={":key": b"old"}))
    assert "keys" not in [each["what"] for each in erasure(ada, erase(ada))["removed"]]
    assert row_in(services.vault.table, row)["wrapped"] == b"old"


def test_a_foreign_couple_s_single_key_is_no_key_of_the_person(services: Services, couple: tuple[Phone, Phone]) -> None:
    """A stranger's row names the couple. Their receipt does not say that a key is left."""
    ada, _ = couple
    named = couple_id_of(services, ada)
    eve = a_phone(ada.handler, "eve", LONDON)
    row = Key(f"COUPLE#{named}", "")
    services.vault.table.write(Write("Update", row, update="SET wrapped = :key", values={":key": b"old"}))
    naming = Write("Update", keys.person(eve.uid), update="SET couple = :couple", values={":couple": named})
    services.people.table.write(naming)
    assert "keys" in [each["what"] for each in erasure(eve, erase(eve))["removed"]]


def test_an_invite_whose_row_has_ended_but_is_not_deleted_yet_keeps_no_name(own_services: Services) -> None:
    """DynamoDB deletes a row within some days of its end."""
    ada = a_phone(phones_api(lambda: own_services), "ada", LONDON)
    assert ada.post("/v1/invites").status == 201
    ada.now += dt.timedelta(days=2, minutes=1)
    assert ada.put("/v1/me/reminders", {"prompt_time": "08:00"}).status == 200
    erase(ada)
    (invite,) = (row for row in every_row(own_services.people.table) if row["sk"] == "INVITE")
    assert ada.uid not in repr(invite)


def test_an_erasure_does_not_wait_for_slots_that_keep_changing(services: Services, couple: tuple[Phone, Phone]) -> None:
    """Each transaction about the person's row fails here. `cleanup` removes the person's devices later."""
    ada, _ = couple
    table = cast("MemoryTable", services.people.table)

    def change(operation: str) -> None:
        if operation == "TransactWriteItems":
            table.write(Write("Update", keys.person(ada.uid), update="ADD revision :one", values={":one": 1}))

    table.watchers.append(change)
    receipt = erase(ada)
    table.watchers.remove(change)
    assert [each["what"] for each in erasure(ada, receipt)["removed"]] == ["keys"]
    assert slot_rows(services.people.table, ada.uid)


def test_an_erasure_needs_a_recent_sign_in(services: Services, couple: tuple[Phone, Phone]) -> None:
    ada, ben = couple
    sign_in(ada)
    ada.now += RECENT + SECOND
    assert ada.delete("/v1/me").problem == "sign-in-not-recent"
    ada.claims["auth_time"] = "never"
    assert ada.delete("/v1/me").problem == "sign-in-not-recent"
    assert ben.get("/v1/couple").status == 200
    assert not services.erasures.has(ada.uid)


def test_a_receipt_shows_what_was_removed_and_when(services: Services, couple: tuple[Phone, Phone]) -> None:
    ada, _ = couple
    receipt = erase(ada)
    first = erasure(ada, receipt)
    at = f"{ada.now:%Y-%m-%dT%H:%M:%SZ}"
    removed = [{"what": part, "at": at} for part in ("devices_and_reminders", "keys")]
    assert first == {"requested_at": at, "finished_at": None, "removed": removed}
    services.erasures.removed(ada.uid, ErasedPart.PROFILE, ada.now + SECOND)
    services.erasures.removed(ada.uid, ErasedPart.PROFILE, ada.now + 5 * SECOND)
    for _ in range(2):
        services.erasures.finish(keys.pseudonym_of(ada.uid), ada.now + 2 * SECOND)
    typed = receipt.lower().replace("-", " ")
    parts = [each["what"] for each in erasure(ada, typed)["removed"]]
    assert parts == ["devices_and_reminders", "keys", "profile", "account"]
    assert erasure(ada, typed)["finished_at"] == erasure(ada, receipt)["removed"][-1]["at"] > at


def test_a_receipt_is_asked_for_without_a_sign_in(couple: tuple[Phone, Phone], api: Handler) -> None:
    receipt = erase(couple[0])
    event = http_event("GET", f"/v1/erasures/{receipt}", "", couple[0].now, None)
    del event["requestContext"]["authorizer"]
    assert api(event, None)["statusCode"] == 200


def test_an_unknown_receipt_says_nothing(couple: tuple[Phone, Phone]) -> None:
    ada, _ = couple
    assert ada.get("/v1/erasures/22222-22222-22222-22222").problem == "no-such-erasure"
    assert ada.get("/v1/erasures/22222").problem == "not-a-code"


def test_a_repeat_erases_nothing_more_and_gives_another_receipt(
    services: Services, couple: tuple[Phone, Phone]
) -> None:
    ada, _ = couple
    first = erase(ada)
    once = {row["pk"]: row for row in every_row(services.people.table)}
    once[keys.person(ada.uid).pk]["asked"] = 1
    ada.now += 5 * SECOND
    second = erase(ada)
    assert first != second
    assert erasure(ada, first) == erasure(ada, second)
    assert {row["pk"]: row for row in every_row(services.people.table)} == once


def test_a_repeat_after_the_end_begins_no_second_erasure(services: Services, couple: tuple[Phone, Phone]) -> None:
    """The last token of an erased person may be valid for an hour."""
    ada, _ = couple
    first = erase(ada)
    services.people.table.write(Write("Delete", keys.person(ada.uid)))
    assert erasure(ada, erase(ada)) == erasure(ada, first)
    assert services.people.table.get(keys.person(ada.uid)) is None


def test_the_table_of_erasures_has_no_uid_and_no_number(services: Services, couple: tuple[Phone, Phone]) -> None:
    ada, _ = couple
    receipt = erase(ada)
    stored = str(every_row(services.erasures.table))
    assert keys.pseudonym_of(ada.uid) in stored
    for private in (ada.uid, receipt, receipt.replace("-", ""), "Ada"):
        assert private not in stored


def test_the_rows_of_an_erasure_end_after_a_year(services: Services, couple: tuple[Phone, Phone]) -> None:
    ada, _ = couple
    erase(ada)
    rows = every_row(services.erasures.table)
    assert {row["pk"].partition("#")[0] for row in rows} == {"ERASED", "RECEIPT"}
    assert {row["ttl"] for row in rows} == {to_ttl(ada.now + dt.timedelta(days=365))}


def test_the_receipts_of_all_persons_differ(api: Handler) -> None:
    receipts = {erase(Phone(api, a_uid("nobody"))) for _ in range(100)}
    assert len(receipts) == 100
    assert {len(each) for each in receipts} == {23}


def test_an_invite_of_an_erased_person_is_not_usable(services: Services, api: Handler) -> None:
    """The erased person's row is marked, but the invite is not removed yet. The caller has parted from somebody."""
    ada, ben, cai = (a_phone(api, name, LONDON) for name in ("ada", "ben", "cai"))
    pair(ada, cai)
    assert ada.delete("/v1/couple").status == 204
    code = ben.post("/v1/invites").body["code"]
    services.people.erase(ben.uid, ben.now)
    assert ada.post("/v1/invites/redeem", {"code": code}).problem == "invite-not-usable"


def test_a_request_that_meets_the_erasure_is_refused(services: Services, api: Handler) -> None:
    """Mark the caller before each read in turn. Their couple has ended, and nobody has freed them yet."""
    table = cast("MemoryTable", services.people.table)
    for number in range(1, 10):
        ada, ben = (a_phone(api, name, LONDON) for name in ("ada", "ben"))
        pair(ada, ben)
        services.couples.end(ada.uid, couple_id_of(services, ada), ada.now)
        seen: list[str] = []

        def mark(operation: str, uid: Uid = ada.uid, at: int = number, seen: list[str] = seen) -> None:
            seen.append(operation)
            if len(seen) == at:
                services.people.erase(uid, an_instant())

        table.watchers.append(mark)
        reply = ada.post("/v1/invites")
        table.watchers.remove(mark)
        assert reply.status == 201 or reply.problem == "account-erased", reply.text


def test_an_erased_persons_phone_can_be_registered_by_another_account(
    services: Services, couple: tuple[Phone, Phone]
) -> None:
    """The same phone signs in with a new account. The erasure was not finished after the mark."""
    ada, _ = couple
    new = a_phone(ada.handler, "new", LONDON)
    token = a_token("shared")
    assert ada.put("/v1/me/devices/tablet", {"token": token, "platform": "ios"}).status == 200
    services.people.erase(ada.uid, ada.now)
    assert new.put("/v1/me/devices/tablet", {"token": token, "platform": "ios"}).status == 200
    assert ada.get("/v1/me").problem == "account-erased"
    erased = services.people.erased_person(ada.uid)
    assert erased
    assert erased.profiled
    assert {str(each) for each in erased.profiled.devices} == {"phone"}


def test_nobody_can_pair_with_an_erased_person(api: Handler) -> None:
    ada, ben, cai = (a_phone(api, name, LONDON) for name in ("ada", "ben", "cai"))
    invite = ada.post("/v1/invites").body
    assert ben.post("/v1/invites/redeem", {"code": invite["code"]}).status == 200
    erase(ben)
    confirmed = ada.post("/v1/invites/confirm", confirmation(ada, invite["invite_id"]))
    assert confirmed.problem == "not-redeemed-yet"
    shown = ada.get("/v1/invites").body
    assert (shown["state"], shown["redeemed_by"]) == ("open", None)
    assert ada.get("/v1/couple").problem == "not-paired"
    assert a_phone(api, "dee", LONDON).post("/v1/invites/redeem", {"code": invite["code"]}).status == 200
    theirs = cai.post("/v1/invites").body
    erase(cai)
    assert ada.post("/v1/invites/redeem", {"code": theirs["code"]}).problem == "invite-not-usable"
    assert cai.post("/v1/invites/confirm", confirmation(cai, theirs["invite_id"])).problem == "account-erased"
