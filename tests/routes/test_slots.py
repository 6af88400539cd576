"""The store of slots keeps a row for each due person and kind, in one shard."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rekindle.domain.ids import CoupleId, DeviceId, Language, Uid
from rekindle.domain.persons import Person, QuietHours, Reminders
from rekindle.domain.pushes import PushKind
from rekindle.domain.reminders import Slot
from rekindle.store import keys
from rekindle.store.people import People, person_writes
from rekindle.store.shards import Shards
from rekindle.store.slot_rows import SlotAndKind, SlotRow, rows_of
from rekindle.store.slots import Slots, slot_row_writes
from rekindle.store.table import Write
from rekindle.store.targets import Registered
from rekindle.store.watermark import Watermark
from testing.builders import (
    LONDON,
    NEW_YORK,
    TOKYO,
    a_device,
    a_paired_person,
    a_person,
    a_profile,
    a_target,
    a_uid,
    an_instant,
)
from testing.push_world import CrashError, calls, saved
from testing.stored import shard_of, slot_rows

if TYPE_CHECKING:
    from rekindle.store.table import Table

MORNING, EVENING = dt.time(8, 30), dt.time(20, 30)
AT = an_instant()


def rows_in(table: Table, slot: Slot) -> list[SlotRow]:
    """Return the slot's rows. Return none for a slot that does not exist."""
    slots = Slots(table)
    return [
        row
        for shards in slots.existing([slot]).values()
        for name in shards.all
        for row in slots.page(name, None, 1000, AT).rows
    ]


def pseudonyms_of(*people: Person) -> list[str]:
    return sorted(keys.pseudonym_of(person.uid) for person in people)


def test_a_person_in_a_couple_with_a_phone_is_due_morning_and_evening(table: Table) -> None:
    ada = a_paired_person()
    saved(table, ada)
    (target,) = (device.target for device in ada.devices.values())
    prompt = SlotRow(
        PushKind.PROMPT,
        keys.pseudonym_of(ada.uid),
        Language("en"),
        (Registered(target, dt.date(2026, 3, 1)),),
        QuietHours(dt.time(22), dt.time(7)),
    )
    evening = replace(prompt, kind=PushKind.EVENING, uid_and_couple=(ada.uid, CoupleId("couple-1")))
    for time, row in ((MORNING, prompt), (EVENING, evening)):
        assert rows_in(table, Slot(NEW_YORK, time)) == [row]


@pytest.mark.parametrize("missing", [{"couple": None}, {"devices": {}}], ids=["no couple", "no device"])
def test_a_person_without_a_couple_or_a_phone_is_not_due(table: Table, missing: dict[str, None]) -> None:
    person = a_paired_person(**missing)
    assert rows_of(person) == {}
    saved(table, person)
    assert Slots(table).known() == frozenset()


def test_two_kinds_at_one_time_are_two_rows(table: Table) -> None:
    saved(table, a_paired_person(reminders=Reminders(prompt=EVENING)))
    assert {row.kind for row in rows_in(table, Slot(NEW_YORK, EVENING))} == {PushKind.PROMPT, PushKind.EVENING}


def test_quiet_hours_can_be_off(table: Table) -> None:
    saved(table, a_paired_person(reminders=Reminders(evening=None, quiet_hours=None)))
    assert [row.quiet_hours for row in rows_in(table, Slot(NEW_YORK, MORNING))] == [None]
    assert rows_in(table, Slot(NEW_YORK, EVENING)) == []


def test_every_device_of_a_person_is_on_their_row_once() -> None:
    devices = {DeviceId(name): a_device(token) for name, token in {"a": "t1", "b": "t2", "c": "t1"}.items()}
    rows = rows_of(a_paired_person(devices=devices)).values()
    assert {tuple(device.target for device in row.devices) for row in rows} == {(a_target("t1"), a_target("t2"))}


def test_a_change_that_no_reminder_depends_on_writes_nothing(table: Table) -> None:
    ada = a_paired_person()
    saved(table, ada)
    renamed = replace(ada, profile=replace(ada.profile, display_name="Countess", streak_hidden=True))
    with calls(table) as seen:
        assert slot_row_writes(table, AT, (ada, renamed)) == []
    assert seen == []


def test_rows_follow_a_person_through_every_change(table: Table) -> None:
    """After any series of changes, the table has exactly the rows of the person as they are now.

    The changes come at every hour of a day, so that after some the slot that was left is still due on its last date.
    """
    dice = random.Random(20260302)  # noqa: S311  a test's dice
    uid = a_uid()
    people, names = People(table), set[SlotAndKind]()
    current: Person | None = None
    due_earlier = 0
    for number in range(60):
        after = replace(
            current or a_person(uid=uid),
            profile=a_profile(
                zone=dice.choice([NEW_YORK, TOKYO, LONDON]), language=Language(dice.choice(["en", "de"]))
            ),
            reminders=Reminders(
                prompt=dice.choice([MORNING, dt.time(7, 15)]),
                evening=dice.choice([None, EVENING, MORNING]),
                quiet_hours=dice.choice([None, QuietHours(dt.time(22), dt.time(7))]),
            ),
            devices={DeviceId(name): a_device(f"{uid}-{name}") for name in dice.sample("abc", dice.randrange(4))},
            couple=dice.choice([None, CoupleId("couple-1"), CoupleId("couple-2")]),
        )
        table.commit(person_writes(table, AT + number * dt.timedelta(hours=25), (current, after)))
        current = people.person(uid)
        assert current
        names |= rows_of(current).keys()
        due_earlier += len(current.due_earlier)
        assert slot_rows(table, uid, {slot for slot, _ in names}) == rows_of(current)
    assert due_earlier


def test_a_slot_is_made_once_and_then_only_read(table: Table) -> None:
    slots = Slots(table)
    ada, ben = a_paired_person(), a_paired_person()
    slot_row_writes(table, AT, (None, ada))
    assert slots.known() == {Slot(NEW_YORK, MORNING), Slot(NEW_YORK, EVENING)}
    made = slots.existing([Slot(NEW_YORK, MORNING), Slot(NEW_YORK, EVENING), Slot(TOKYO, MORNING)])
    assert made.keys() == {Slot(NEW_YORK, MORNING), Slot(NEW_YORK, EVENING)}
    assert sorted(name for shards in made.values() for name in shards.all) == ["0", "1"]
    with calls(table) as seen:
        slot_row_writes(table, AT, (None, ben))
    assert seen == ["BatchGetItem"]
    assert slots.existing(made) == made


def test_a_person_who_is_not_due_needs_no_slot(table: Table) -> None:
    with calls(table) as seen:
        slot_row_writes(table, AT, (None, a_person()))
    assert seen == []


@pytest.mark.parametrize("crash_at", range(8))
def test_an_existing_slot_is_listed_after_any_crash(table: Table, crash_at: int) -> None:
    """A tick finds a slot only in the list of slots."""
    ada = a_paired_person()
    with calls(table, crash_at=crash_at), pytest.raises(CrashError):
        slot_row_writes(table, AT, (None, ada))
    for slot in Slots(table).existing({slot for slot, _ in rows_of(ada)}):
        assert slot in Slots(table).known()
    slot_row_writes(table, AT, (None, ada))
    assert len(Slots(table).existing({slot for slot, _ in rows_of(ada)})) == 2
    assert Slots(table).known() == {Slot(NEW_YORK, MORNING), Slot(NEW_YORK, EVENING)}


def test_the_pages_of_a_slot_have_each_person_once(table: Table) -> None:
    people = [a_paired_person() for _ in range(8)]
    saved(table, *people)
    slots, shard = Slots(table, few_rows=1), shard_of(table, Slot(NEW_YORK, MORNING))
    met: list[str] = []
    after: str | None = None
    pages = 0
    while True:
        page = slots.page(shard, after, 3, AT)
        met += [row.person for row in page.rows]
        pages += 1
        if page.last is None:
            break
        after = page.last
    assert sorted(met) == pseudonyms_of(*people)
    assert pages == 3


def test_a_person_has_the_same_shard_in_every_process() -> None:
    pseudonyms = [keys.pseudonym_of(Uid(f"uid-{number}")) for number in range(6)]
    assert [Shards(("a", "b", "c", "d")).shards_of(each) for each in pseudonyms] == [(name,) for name in "dadccc"]
    assert Shards(("a",)).shards_of(keys.pseudonym_of(a_uid())) == ("a",)


def test_a_slot_of_many_shards_has_each_person_in_one(table: Table) -> None:
    slot, four = Slot(NEW_YORK, MORNING), Shards(("a", "b", "c", "d"))
    slot_row_writes(table, AT, (None, a_paired_person()))
    row = keys.Key(f"SLOT#{slot}", "SHARDS")
    table.write(
        Write("Update", row, update="SET #names = :four", names={"#names": "names"}, values={":four": list(four.names)})
    )
    people = [a_paired_person() for _ in range(12)]
    saved(table, *people)
    shards = {name: [row.person for row in Slots(table).page(name, None, 100, AT).rows] for name in four.names}
    assert sorted(each for pseudonyms in shards.values() for each in pseudonyms) == pseudonyms_of(*people)
    assert all(four.shards_of(each) == (name,) for name, pseudonyms in shards.items() for each in pseudonyms)


def test_the_watermark_never_moves_back(table: Table) -> None:
    watermark = Watermark(table)
    noon = an_instant("2026-03-02T12:00:00Z")
    assert watermark.read() is None
    watermark.advance(noon)
    assert watermark.read() == noon
    watermark.advance(noon - dt.timedelta(minutes=5))
    assert watermark.read() == noon
    watermark.advance(noon + dt.timedelta(minutes=5))
    assert watermark.read() == noon + dt.timedelta(minutes=5)
