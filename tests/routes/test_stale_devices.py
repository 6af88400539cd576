"""A phone that the app has not registered for 270 days is removed, and no other phone is."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from rekindle.domain.ids import CoupleId, DeviceId
from rekindle.domain.persons import Device, Person, Reminders
from rekindle.domain.pushes import PushKind
from rekindle.push.jobs import PersonJob
from rekindle.store import keys
from rekindle.store.devices import STALE_AFTER, Devices
from rekindle.store.people import People
from testing.builders import a_device, a_paired_person, a_target, an_instant
from testing.push_world import calls, clean_up, do, saved, slot_job
from testing.stored import person_in

if TYPE_CHECKING:
    from delivery.services import Services
    from rekindle.store.table import Table
    from testing.fcm_wire import FcmWire
    from testing.push_world import Queue

DATE = dt.date(2026, 12, 10)
DAY = dt.timedelta(days=1)
DUE = an_instant("2026-12-10T13:30:00Z")
"""08:30 in New York."""


def with_devices(**registered: dt.datetime) -> Person:
    """Return a person with a device of each name, last registered at that time."""
    return a_paired_person(
        reminders=Reminders(evening=None),
        devices={
            DeviceId(name): Device(a_target(name), a_device().platform, instant) for name, instant in registered.items()
        },
    )


def push_slot(table: Table, delivery: Services) -> None:
    do(delivery, slot_job(table, instant=DUE).model_copy(update={"date": DATE}))


def sent_to(wire: FcmWire) -> set[str]:
    return {message["token"] for message in wire.messages}


def devices_of(table: Table, person: Person) -> set[str]:
    found = person_in(table, person.uid)
    return set(found.devices)


def test_a_slot_takes_stale_phones_from_their_owners(
    table: Table, delivery: Services, wire: FcmWire, cleanup_queue: Queue
) -> None:
    """A row has only the month of registration. The phone is removed once the whole month is 270 days ago."""
    ada = with_devices(stale=DUE - STALE_AFTER - 31 * DAY, just=DUE - STALE_AFTER + DAY, fresh=DUE - 40 * DAY)
    saved(table, ada)
    push_slot(table, delivery)
    assert sent_to(wire) == {"just", "fresh"}
    clean_up(table, cleanup_queue)
    assert devices_of(table, ada) == {"just", "fresh"}
    assert table.get(keys.target(a_target("stale"))) is None


def test_a_phone_that_has_just_registered_again_stays_though_its_row_was_read_before(table: Table) -> None:
    ada = with_devices(phone=DUE - DAY)
    saved(table, ada)
    Devices(People(table)).prune(keys.pseudonym_of(ada.uid), keys.digest_of(a_target("phone")), DUE)
    assert devices_of(table, ada) == {"phone"}


def test_nobody_is_asked_about_a_phone_that_cannot_be_stale(table: Table, delivery: Services) -> None:
    saved(table, with_devices(fresh=DUE - STALE_AFTER + DAY))
    with calls(table) as seen:
        push_slot(table, delivery)
    assert seen.count("GetItem") == 1  # this read asks whether the date has news


def test_a_phone_that_registers_again_is_never_stale(table: Table, delivery: Services, wire: FcmWire) -> None:
    ada = with_devices(phone=DUE - STALE_AFTER)
    saved(table, ada)
    Devices(People(table)).register(
        ada.uid, DeviceId("phone"), Device(a_target("phone"), a_device().platform, DUE - DAY)
    )
    push_slot(table, delivery)
    assert sent_to(wire) == {"phone"}


def test_registering_a_phone_lets_go_of_stale_ones(table: Table) -> None:
    ada = with_devices(old=DUE - STALE_AFTER, kept=DUE - STALE_AFTER + DAY)
    saved(table, ada)
    Devices(People(table)).register(ada.uid, DeviceId("new"), Device(a_target("new"), a_device().platform, DUE))
    assert devices_of(table, ada) == {"kept", "new"}
    assert table.get(keys.target(a_target("old"))) is None


def test_news_go_to_no_stale_phone_either(table: Table, delivery: Services, wire: FcmWire) -> None:
    ada = with_devices(stale=DUE - STALE_AFTER, fresh=DUE - DAY)
    saved(table, ada)
    job = PersonJob(kind=PushKind.BOTH_ANSWERED, uid=ada.uid, couple=CoupleId("couple-1"), date=DATE, instant=DUE)
    do(delivery, job)
    assert sent_to(wire) == {"fresh"}
