"""A person signs out everywhere, sees their devices, and hears of a new one."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import pytest

from local import openapi
from rekindle.accounts import RevokeJob
from rekindle.crypto.sealing import SINGLE_KEY
from rekindle.domain.ids import DeviceId
from rekindle.domain.persons import Device, Platform
from rekindle.domain.pushes import PushKind
from rekindle.push.jobs import NewDeviceJob
from rekindle.push.reactions import reaction_to
from rekindle.store import keys
from rekindle.store.devices import STALE_AFTER, Devices
from rekindle.store.instants import to_ttl
from rekindle.store.people import People
from rekindle.store.person_items import person_item
from rekindle.store.stream import change_in
from rekindle.store.table import marshal
from testing import contract
from testing.apis import phones_api
from testing.builders import LONDON, a_paired_person, a_target, a_uid, an_instant
from testing.phones import Phone, a_couple, a_phone
from testing.push_world import DATE, do, saved
from testing.stored import person_in, person_of, row_in, slot_rows, stream_record

if TYPE_CHECKING:
    from collections.abc import Callable

    from couples_api.services import Services
    from delivery.services import Services as DeliveryServices
    from rekindle.domain.persons import Person
    from rekindle.store.table import Item, Table
    from testing.fcm_wire import FcmWire
    from testing.phones import Handler

SIGN_OUT: Final = "/v1/me/sign-out-everywhere"
OPEN: Final = {("get", "/v1/help")}
"""Help is always one tap away, also for somebody who has just been signed out."""
OPERATIONS: Final = [
    (method, path)
    for path, operations in openapi.document(openapi.PHONES)["paths"].items()
    for method, operation in operations.items()
    if operation.get("security") != []  # a receipt of an erasure needs no sign-in
]
ENTRIES: Final = {"date": "2026-03-02", "pack_id": "choice", "device_id": "phone"}
MINUTE: Final = dt.timedelta(minutes=1)
SECOND: Final = dt.timedelta(seconds=1)


def of_phone(services: Services, ada: Phone) -> tuple[str, str, dt.datetime]:
    """Return the fields of a cleanup job about the person's device `phone`."""
    target = person_of(services, ada).devices[DeviceId("phone")].target
    return keys.pseudonym_of(ada.uid), keys.digest_of(target), ada.now


def _is_dead(services: Services, ada: Phone) -> None:
    services.devices.forget_target(*of_phone(services, ada))


def _is_stale(services: Services, ada: Phone) -> None:
    services.devices.prune(*of_phone(services, ada))


def _is_stale_as_another_registers(services: Services, ada: Phone) -> None:
    device = Device(a_target("tablet"), Platform.IOS, ada.now)
    services.devices.register(ada.uid, DeviceId("tablet"), device)


def _has_moved_to_another_owner(services: Services, ada: Phone) -> None:
    ben = a_phone(ada.handler, "ben", LONDON)
    target = person_of(services, ada).devices[DeviceId("phone")].target
    services.devices.register(ben.uid, DeviceId("same"), Device(target, Platform.ANDROID, ada.now))


REMOVALS: Final = {
    "dead": _is_dead,
    "stale": _is_stale,
    "stale, as another registers": _is_stale_as_another_registers,
    "moved to another owner": _has_moved_to_another_owner,
}
"""The cases in which not the owner, but the system removes the device `phone`."""


@pytest.fixture
def everything(services: Services) -> Handler:
    """Serve all operations of the phones' API."""
    return phones_api(lambda: services)


def signed_in_at(phone: Phone, instant: dt.datetime) -> Phone:
    """Return a phone of the same person with a token of an earlier sign-in."""
    return replace(phone, claims={"auth_time": str(int(instant.timestamp()))})


def sign_out(phone: Phone) -> None:
    reply = phone.post(SIGN_OUT)
    assert (reply.status, reply.text) == (204, "")


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_operation_but_help_refuses_a_token_from_before(
    everything: Handler, services: Services, method: str, path: str
) -> None:
    ada, _ = a_couple(everything)
    old = signed_in_at(ada, ada.now)
    ada.now += MINUTE
    sign_out(ada)
    before = person_of(services, ada)

    old.now = ada.now + MINUTE
    said = old.call(method.upper(), path.format(**ENTRIES), contract.example_of(method, path))

    if (method, path) in OPEN:
        assert said.status == 200
    else:
        assert (said.status, said.problem) == (401, "signed-out")
    assert person_of(services, ada) == before


def test_nobody_signs_out_or_erases_while_a_version_may_run_that_loses_the_mark(services: Services) -> None:
    """Version 0.1.0 stores whole persons without `signed_out_at` and `erased_at`, and its `react` tells nobody."""
    beside = replace(services, vault=replace(services.vault, scheme=SINGLE_KEY))
    ada = a_phone(phones_api(lambda: beside), "ada", LONDON)
    before = person_of(services, ada)
    for said in (ada.post(SIGN_OUT), ada.delete("/v1/me")):
        assert (said.status, said.problem, said.headers["Retry-After"]) == (503, "busy", "3600")
    assert person_of(services, ada) == before


def test_the_partner_notices_nothing_and_a_new_sign_in_goes_on(everything: Handler) -> None:
    ada, ben = a_couple(everything)
    couple = ben.get("/v1/couple").text
    sign_out(ada)
    ada.now += 2 * SECOND
    assert ada.get("/v1/couple").status == 200
    assert ben.get("/v1/couple").text == couple


def test_a_sign_in_of_the_same_second_has_ended_too(api: Handler) -> None:
    """A token has its time of sign-in in whole seconds, so it cannot show on which side of the sign-out it was."""
    ada = a_phone(api, "ada", LONDON)
    ada.now += dt.timedelta(milliseconds=700)
    sign_out(ada)
    at_sign_out = signed_in_at(ada, ada.now)
    ada.now += MINUTE
    at_sign_out.now = ada.now
    assert at_sign_out.get("/v1/me").problem == "signed-out"
    assert at_sign_out.post(SIGN_OUT).problem == "signed-out"
    assert signed_in_at(ada, ada.now - MINUTE + SECOND).get("/v1/me").status == 200


def test_a_token_without_a_time_of_sign_in_has_ended_too(api: Handler) -> None:
    ada = a_phone(api, "ada", LONDON)
    sign_out(ada)
    unknown = replace(ada, now=ada.now + MINUTE, claims={"auth_time": "never"})
    assert unknown.get("/v1/me").problem == "signed-out"


def test_no_device_gets_a_push_afterwards(api: Handler, services: Services) -> None:
    ada, _ = a_couple(api, LONDON, LONDON)
    target = person_of(services, ada).devices[DeviceId("phone")].target
    assert slot_rows(services.people.table, ada.uid)
    sign_out(ada)
    assert person_of(services, ada).devices == {}
    assert services.people.table.get(keys.target(target)) is None
    assert slot_rows(services.people.table, ada.uid) == {}


def record_of(before: Person, after: Person) -> Item:
    """Return the stream's record of a change of a person."""
    key = keys.person(after.uid).attributes
    old, new = (marshal(key | person_item(each) | {"revision": each.revision}) for each in (before, after))
    return stream_record(old, new)


def test_firebase_hears_of_a_sign_out_once() -> None:
    before = a_paired_person()
    at = an_instant("2026-03-02T15:00:00.250Z")
    after = before.signed_out_everywhere(at)
    job = RevokeJob(uid=before.uid, signed_out_at=an_instant("2026-03-02T15:00:01Z"))
    assert reaction_to(change_in(record_of(before, after))).accounts == (job,)
    renamed = replace(after, profile=replace(after.profile, display_name="New"))
    assert reaction_to(change_in(record_of(after, renamed))).accounts == ()
    assert reaction_to(change_in(record_of(before, before))).accounts == ()


def test_a_repeated_sign_out_never_moves_back() -> None:
    later = a_paired_person().signed_out_everywhere(an_instant("2026-03-02T15:00:00Z"))
    again = later.signed_out_everywhere(an_instant("2026-03-02T14:00:00Z"))
    assert again == later


class TestDevices:
    def test_the_list_shows_when_each_was_added(self, api: Handler) -> None:
        ada = a_phone(api, "ada", LONDON)
        first = ada.now
        ada.now += dt.timedelta(days=10)
        ada.put("/v1/me/devices/tablet", {"token": "tablet", "platform": "ios"})
        ada.put("/v1/me/devices/phone", {"token": "moved", "platform": "android"})
        assert ada.get("/v1/me/devices").body == {
            "devices": [
                {
                    "id": "phone",
                    "platform": "android",
                    "added_at": f"{first:%Y-%m-%dT%H:%M:%SZ}",
                    "registered_at": f"{ada.now:%Y-%m-%dT%H:%M:%SZ}",
                },
                {
                    "id": "tablet",
                    "platform": "ios",
                    "added_at": f"{ada.now:%Y-%m-%dT%H:%M:%SZ}",
                    "registered_at": f"{ada.now:%Y-%m-%dT%H:%M:%SZ}",
                },
            ]
        }
        assert Phone(api, a_uid("nobody")).get("/v1/me/devices").problem == "no-profile"

    def test_a_device_of_version_0_1_0_is_as_old_as_its_registration(self, services: Services, api: Handler) -> None:
        ada = a_phone(api, "ada", LONDON)
        services.people.change(ada.uid, ada.now, _without_times)
        (listed,) = ada.get("/v1/me/devices").body["devices"]
        assert listed["added_at"] == listed["registered_at"]

    def test_a_new_id_needs_a_recent_sign_in_and_a_known_one_does_not(self, api: Handler) -> None:
        ada = a_phone(api, "ada", LONDON)
        signed_in = ada.now
        ada.now += 15 * MINUTE
        body = {"token": "new", "platform": "ios"}
        assert signed_in_at(ada, signed_in).put("/v1/me/devices/soon", body).status == 200
        ada.now += SECOND
        old = signed_in_at(ada, signed_in)
        assert old.put("/v1/me/devices/late", body).problem == "sign-in-not-recent"
        assert old.put("/v1/me/devices/soon", body | {"token": "other"}).status == 200
        assert old.put("/v1/me/devices/phone", body).status == 200
        assert old.delete("/v1/me/devices/phone").status == 204
        assert old.put("/v1/me/devices/phone", body).problem == "sign-in-not-recent"

    @pytest.mark.parametrize("removal", REMOVALS.values(), ids=list(REMOVALS))
    def test_a_phone_that_the_system_removed_comes_back_without_a_sign_in(
        self, api: Handler, services: Services, removal: Callable[[Services, Phone], None]
    ) -> None:
        """Firebase gives the app a new token while the app is closed. Nobody signs in for this."""
        ada = a_phone(api, "ada", LONDON)
        ada.now += MINUTE
        ada.put("/v1/me/devices/tablet", {"token": "tablet", "platform": "ios"})
        signed_in, before = ada.now, ada.get("/v1/me/devices").body["devices"]
        ada.now += STALE_AFTER - MINUTE
        removal(services, ada)
        assert [each["id"] for each in ada.get("/v1/me/devices").body["devices"]] == ["tablet"]

        old = signed_in_at(ada, signed_in)
        assert old.put("/v1/me/devices/phone", {"token": "rotated", "platform": "android"}).status == 200

        again = ada.get("/v1/me/devices").body["devices"]
        assert [each["added_at"] for each in again] == [each["added_at"] for each in before]
        assert person_of(services, ada).removed_devices == {}
        notes = announced(services.people.table, person_of(services, ada))
        assert [job.added for job in notes] == [keys.digest_of(a_target("tablet"))]

    @pytest.mark.parametrize("sign_out_first", [False, True])
    def test_a_removed_phone_that_its_owner_removes_too_is_unknown(
        self, api: Handler, services: Services, *, sign_out_first: bool
    ) -> None:
        ada = a_phone(api, "ada", LONDON)
        signed_in = ada.now + 2 * SECOND
        Devices(services.people).forget_target(*of_phone(services, ada))
        assert person_of(services, ada).removed_devices.keys() == {"phone"}
        if sign_out_first:
            sign_out(ada)
        ada.now += MINUTE
        old = signed_in_at(ada, signed_in)
        if not sign_out_first:
            assert old.delete("/v1/me/devices/phone").status == 204
        assert person_of(services, ada).removed_devices == {}
        old.now += 15 * MINUTE
        body = {"token": "new", "platform": "ios"}
        assert old.put("/v1/me/devices/phone", body).problem == "sign-in-not-recent"

    def test_a_person_s_row_names_ten_removed_devices_at_most(self, table: Table) -> None:
        first = an_instant()
        devices = {DeviceId(f"{n:02}"): Device(a_target(), Platform.IOS, first + n * SECOND) for n in range(12)}
        person = replace(a_paired_person(), devices=devices)
        saved(table, person)
        Devices(People(table)).prune(
            keys.pseudonym_of(person.uid), keys.digest_of(devices[DeviceId("00")].target), first + 2 * STALE_AFTER
        )
        after = person_in(table, person.uid)
        assert after.devices == {}
        latest = list(devices)[2:]
        assert after.removed_devices == {each: devices[each].registered_at for each in latest}


def _without_times(person: Person) -> Person:
    devices = {each: replace(device, added_at=None) for each, device in person.devices.items()}
    return replace(person, devices=devices)


def announced(table: Table, person: Person) -> list[NewDeviceJob]:
    """Return `react`'s jobs for the person's new devices."""
    rows = table.query(keys.person(person.uid).pk, between=(keys.ADDED_PREFIX, f"{keys.ADDED_PREFIX}~")).items
    jobs = [job for row in rows for job in reaction_to(change_in(stream_record(None, marshal(row)))).jobs]
    return [job for job in jobs if isinstance(job, NewDeviceJob)]


class TestAnnouncement:
    @pytest.mark.parametrize("couple", [True, False])
    def test_a_new_device_is_announced_on_all_others(
        self, delivery: DeliveryServices, table: Table, wire: FcmWire, *, couple: bool
    ) -> None:
        person = a_paired_person() if couple else replace(a_paired_person(), couple=None)
        saved(table, person)
        old = {device.target.value for device in person.devices.values()}
        register(table, person, "tablet", an_instant())

        (job,) = announced(table, person)
        do(delivery, job)

        assert {message["token"] for message in wire.messages} == old
        (message,) = wire.messages
        assert message["data"]["link"] == f"https://app.example/o/m{DATE:%Y%m%d}"
        assert job.kind is PushKind.NEW_DEVICE

    def test_the_first_device_and_a_known_one_are_no_news(self, table: Table) -> None:
        person = replace(a_paired_person(), devices={})
        saved(table, person)
        register(table, person, "phone", an_instant())
        assert announced(table, person) == []
        register(table, person, "phone", an_instant() + dt.timedelta(days=30))
        register(table, person, "tablet", an_instant() + dt.timedelta(days=30))
        assert len(announced(table, person)) == 1

    def test_a_note_of_an_added_device_ends_after_a_day(self, table: Table) -> None:
        person = a_paired_person()
        saved(table, person)
        register(table, person, "tablet", an_instant())
        row = row_in(table, keys.added_device(person.uid, a_target("tablet")))
        assert row["ttl"] == to_ttl(an_instant() + dt.timedelta(days=1))

    def test_a_device_that_is_gone_by_then_gets_nothing(
        self, delivery: DeliveryServices, table: Table, wire: FcmWire
    ) -> None:
        person = a_paired_person()
        saved(table, person)
        register(table, person, "tablet", an_instant())
        People(table).change(person.uid, an_instant(), lambda now: now.signed_out_everywhere(an_instant()))
        do(delivery, *announced(table, person))
        assert wire.messages == []


def register(table: Table, person: Person, name: str, instant: dt.datetime) -> None:
    device = Device(a_target(name), Platform.ANDROID, instant)
    assert Devices(People(table)).register(person.uid, DeviceId(name), device)
