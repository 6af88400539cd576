from __future__ import annotations

import datetime as dt
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rekindle.models import CoupleId, DeviceId, Language, Person, PushKind, QuietHours, Reminders
from rekindle.reminders import Slot
from rekindle.store.people import People
from rekindle.store.slots import RowPlace, SlotRow, Slots, rows_of, shard_of
from tests.builders import LONDON, NEW_YORK, TOKYO, a_device, a_paired_person, a_person, a_profile, a_uid, an_instant
from tests.integration.push_world import CrashError, calls, saved

if TYPE_CHECKING:
    from rekindle.store.table import Table

MORNING, EVENING = dt.time(8, 30), dt.time(20, 30)


def rows_in(table: Table, slot: Slot) -> list[SlotRow]:
    return Slots(table).page(slot, 0, None, 1000).rows


def test_a_person_in_a_couple_with_a_phone_is_due_morning_and_evening(table: Table) -> None:
    ada = a_paired_person()
    saved(table, ada)
    (token,) = (device.token for device in ada.devices.values())
    for time, kind in ((MORNING, PushKind.PROMPT), (EVENING, PushKind.EVENING)):
        assert rows_in(table, Slot(NEW_YORK, time)) == [
            SlotRow(kind, ada.uid, CoupleId("couple-1"), Language("en"), (token,), QuietHours(dt.time(22), dt.time(7)))
        ]


@pytest.mark.parametrize("missing", [{"couple": None}, {"devices": {}}], ids=["no couple", "no device"])
def test_who_cannot_be_pushed_to_about_a_couple_is_not_due(table: Table, missing: dict[str, None]) -> None:
    person = a_paired_person(**missing)
    assert rows_of(person) == {}
    saved(table, person)
    assert Slots(table).zones() == frozenset()


def test_two_kinds_at_one_time_are_two_rows(table: Table) -> None:
    saved(table, a_paired_person(reminders=Reminders(prompt=EVENING)))
    assert {row.kind for row in rows_in(table, Slot(NEW_YORK, EVENING))} == {PushKind.PROMPT, PushKind.EVENING}


def test_quiet_hours_can_be_off(table: Table) -> None:
    saved(table, a_paired_person(reminders=Reminders(evening=None, quiet_hours=None)))
    assert [row.quiet_hours for row in rows_in(table, Slot(NEW_YORK, MORNING))] == [None]
    assert rows_in(table, Slot(NEW_YORK, EVENING)) == []


def test_every_device_of_a_person_is_on_their_row_once() -> None:
    devices = {DeviceId(name): a_device(token) for name, token in {"a": "t1", "b": "t2", "c": "t1"}.items()}
    assert {row.tokens for row in rows_of(a_paired_person(devices=devices)).values()} == {("t1", "t2")}


def test_what_does_not_concern_a_slot_writes_nothing(table: Table) -> None:
    ada = a_paired_person()
    saved(table, ada)
    renamed = replace(ada, profile=replace(ada.profile, display_name="Countess", streak_hidden=True))
    with calls(table) as seen:
        assert Slots(table).moves((ada, renamed)) == []
    assert seen == []


def test_rows_follow_a_person_through_every_change(table: Table) -> None:
    """After any row of changes, the table holds exactly the rows that the person as they are now has."""
    dice = random.Random(20260302)  # noqa: S311  a test's dice
    uid = a_uid()
    people, places = People(table), set[RowPlace]()
    current: Person | None = None
    for revision in range(30):
        person = Person(
            uid=uid,
            profile=a_profile(
                zone=dice.choice([NEW_YORK, TOKYO, LONDON]), language=Language(dice.choice(["en", "de"]))
            ),
            reminders=Reminders(
                prompt=dice.choice([MORNING, dt.time(7, 15)]),
                evening=dice.choice([None, EVENING, MORNING]),
                quiet_hours=dice.choice([None, QuietHours(dt.time(22), dt.time(7))]),
            ),
            created_at=an_instant(),
            devices={DeviceId(name): a_device(f"{uid}-{name}") for name in dice.sample("abc", dice.randrange(4))},
            couple=dice.choice([None, CoupleId("couple-1"), CoupleId("couple-2")]),
            revision=revision,
        )
        people.commit(people.saves((current, person)))
        current = replace(person, revision=revision + 1)
        places |= rows_of(person).keys()
        standing = {
            (slot, row.kind): row
            for slot in {slot for slot, _ in places}
            for row in rows_in(table, slot)
            if row.uid == uid
        }
        assert standing == rows_of(person)


def test_a_slot_is_made_once_and_after_that_only_read(table: Table) -> None:
    slots = Slots(table)
    ada, ben = a_paired_person(), a_paired_person()
    slots.moves((None, ada))
    assert slots.zones() == {NEW_YORK}
    assert slots.existing([Slot(NEW_YORK, MORNING), Slot(NEW_YORK, EVENING), Slot(TOKYO, MORNING)]) == {
        Slot(NEW_YORK, MORNING): 1,
        Slot(NEW_YORK, EVENING): 1,
    }
    with calls(table) as seen:
        slots.moves((None, ben))
    assert seen == ["BatchGetItem"]


def test_a_person_who_is_not_due_needs_no_slot(table: Table) -> None:
    with calls(table) as seen:
        Slots(table).moves((None, a_person()))
    assert seen == []


@pytest.mark.parametrize("crash_at", range(5))
def test_a_slot_that_exists_is_in_a_zone_that_is_listed_whatever_crashes(table: Table, crash_at: int) -> None:
    """Else a tick would never look at the slot, and everybody in it would wait for ever."""
    ada = a_paired_person()
    with calls(table, crash_at=crash_at), pytest.raises(CrashError):
        Slots(table).moves((None, ada))
    for slot in Slots(table).existing({slot for slot, _ in rows_of(ada)}):
        assert slot.zone in Slots(table).zones()
    Slots(table).moves((None, ada))
    assert len(Slots(table).existing({slot for slot, _ in rows_of(ada)})) == 2
    assert Slots(table).zones() == {NEW_YORK}


def test_many_who_need_a_new_slot_at_once_share_it(table: Table) -> None:
    people = [a_paired_person(profile=a_profile(zone=zone)) for zone in (NEW_YORK, TOKYO, LONDON) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda person: saved(table, person), people))
    assert Slots(table).zones() == {NEW_YORK, TOKYO, LONDON}
    for zone in (NEW_YORK, TOKYO, LONDON):
        assert len(rows_in(table, Slot(zone, MORNING))) == 8


def test_pages_of_a_slot_follow_on_from_each_other(table: Table) -> None:
    people = [a_paired_person() for _ in range(7)]
    saved(table, *people)
    slots, slot = Slots(table), Slot(NEW_YORK, MORNING)
    met: list[str] = []
    after: str | None = None
    pages = 0
    while True:
        page = slots.page(slot, 0, after, 3)
        met += [row.uid for row in page.rows]
        pages += 1
        if page.last is None:
            break
        after = page.last
    assert sorted(met) == sorted(person.uid for person in people)
    assert pages == 3


def test_a_shard_is_the_same_wherever_it_is_asked_for() -> None:
    assert [shard_of(a_paired_person(uid=f"uid-{number}").uid, 4) for number in range(6)] == [0, 2, 0, 2, 1, 3]
    assert shard_of(a_uid(), 1) == 0


def test_a_slot_of_many_shards_has_each_person_in_one(table: Table) -> None:
    slot = Slot(NEW_YORK, MORNING)
    Slots(table).moves((None, a_paired_person()))
    table.client.update_item(
        TableName=table.name,
        Key={"pk": {"S": f"SLOT#{slot}"}, "sk": {"S": "SHARDS"}},
        UpdateExpression="SET shards = :four",
        ExpressionAttributeValues={":four": {"N": "4"}},
    )
    people = [a_paired_person() for _ in range(12)]
    saved(table, *people)
    shards = [[row.uid for row in Slots(table).page(slot, shard, None, 100).rows] for shard in range(4)]
    assert sorted(uid for shard in shards for uid in shard) == sorted(person.uid for person in people)
    assert all(shard_of(uid, 4) == number for number, shard in enumerate(shards) for uid in shard)


def test_the_watermark_only_ever_moves_on(table: Table) -> None:
    slots = Slots(table)
    noon = an_instant("2026-03-02T12:00:00Z")
    assert slots.watermark() is None
    slots.advance_watermark(noon)
    assert slots.watermark() == noon
    slots.advance_watermark(noon - dt.timedelta(minutes=5))
    assert slots.watermark() == noon
    slots.advance_watermark(noon + dt.timedelta(minutes=5))
    assert slots.watermark() == noon + dt.timedelta(minutes=5)
