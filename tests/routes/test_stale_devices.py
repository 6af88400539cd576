"""A phone that its app has not registered for 270 days is given up, and nobody else is."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from rekindle.domain.calendar import slot_instant
from rekindle.domain.ids import CoupleId, DeviceId
from rekindle.domain.persons import Device, Person, Reminders
from rekindle.domain.pushes import PushKind
from rekindle.domain.reminders import Slot
from rekindle.push.jobs import PersonJob, SlotJob
from rekindle.store import keys
from rekindle.store.devices import STALE_AFTER, Devices
from rekindle.store.people import People
from rekindle.store.slots import Slots
from testing.builders import NEW_YORK, a_device, a_paired_person, a_target
from testing.push_world import calls, do, saved

if TYPE_CHECKING:
    from delivery.services import Services
    from rekindle.store.table import Table
    from testing.fcm_wire import FcmWire

DATE = dt.date(2026, 12, 10)
TIME = dt.time(8, 30)
DAY = dt.timedelta(days=1)


def due() -> dt.datetime:
    instant = slot_instant(DATE, TIME, NEW_YORK)
    assert instant is not None
    return instant


def with_devices(**registered: dt.datetime) -> Person:
    """Someone with a device of each name, last registered then."""
    return a_paired_person(
        reminders=Reminders(evening=None),
        devices={
            DeviceId(name): Device(a_target(name), a_device().platform, instant) for name, instant in registered.items()
        },
    )


def push_slot(table: Table, delivery: Services) -> None:
    slot = Slot(NEW_YORK, TIME)
    for name in Slots(table).existing([slot])[slot].all:
        job = SlotJob(zone=slot.zone, time=slot.time, shard=name, date=DATE, instant=due())
        do(delivery, job)


def sent_to(wire: FcmWire) -> set[str]:
    return {message["token"] for message in wire.messages}


def devices_of(table: Table, person: Person) -> set[str]:
    found = People(table).person(person.uid)
    assert found
    return set(found.devices)


def test_a_slot_takes_stale_phones_from_their_owners(table: Table, delivery: Services, wire: FcmWire) -> None:
    """A row knows the month alone: the phone goes once all of it has been stale for sure."""
    ada = with_devices(stale=due() - STALE_AFTER - 31 * DAY, just=due() - STALE_AFTER + DAY, fresh=due() - 40 * DAY)
    saved(table, ada)
    push_slot(table, delivery)
    assert sent_to(wire) == {"just", "fresh"}
    assert devices_of(table, ada) == {"just", "fresh"}
    assert table.get(keys.target(a_target("stale"))) is None


def test_a_phone_that_has_just_registered_again_stays_though_its_row_was_read_before(table: Table) -> None:
    ada = with_devices(phone=due() - DAY)
    saved(table, ada)
    Devices(People(table)).prune(keys.pseudonym_of(ada.uid), a_target("phone"), due())
    assert devices_of(table, ada) == {"phone"}


def test_nobody_is_asked_about_a_phone_that_cannot_be_stale(table: Table, delivery: Services) -> None:
    saved(table, with_devices(fresh=due() - STALE_AFTER + DAY))
    with calls(table) as seen:
        push_slot(table, delivery)
    assert seen.count("GetItem") == 1  # whether the date has news


def test_a_phone_that_registers_again_is_never_stale(table: Table, delivery: Services, wire: FcmWire) -> None:
    ada = with_devices(phone=due() - STALE_AFTER)
    saved(table, ada)
    Devices(People(table)).register(
        ada.uid, DeviceId("phone"), Device(a_target("phone"), a_device().platform, due() - DAY)
    )
    push_slot(table, delivery)
    assert sent_to(wire) == {"phone"}


def test_registering_a_phone_lets_go_of_stale_ones(table: Table) -> None:
    ada = with_devices(old=due() - STALE_AFTER, kept=due() - STALE_AFTER + DAY)
    saved(table, ada)
    Devices(People(table)).register(ada.uid, DeviceId("new"), Device(a_target("new"), a_device().platform, due()))
    assert devices_of(table, ada) == {"kept", "new"}
    assert table.get(keys.target(a_target("old"))) is None


def test_news_go_to_no_stale_phone_either(table: Table, delivery: Services, wire: FcmWire) -> None:
    ada = with_devices(stale=due() - STALE_AFTER, fresh=due() - DAY)
    saved(table, ada)
    job = PersonJob(kind=PushKind.BOTH_ANSWERED, uid=ada.uid, couple=CoupleId("couple-1"), date=DATE, instant=due())
    do(delivery, job)
    assert sent_to(wire) == {"fresh"}
