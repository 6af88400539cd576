"""A reader gets current rows although a replica is late: notes name the changed rows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from rekindle.domain.ids import DeviceId
from rekindle.domain.persons import Person, Reminders
from rekindle.domain.pushes import PushKind
from rekindle.domain.reminders import Slot
from rekindle.store import keys
from rekindle.store.people import People, person_writes
from rekindle.store.slots import UNSETTLED, Slots
from rekindle.store.table import Table
from testing.builders import NEW_YORK, a_device, a_paired_person, an_instant

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_dynamodb import DynamoDBClient

NOON = an_instant("2026-03-02T17:00:00Z")
SECOND = dt.timedelta(seconds=1)
SLOT = Slot(NEW_YORK, dt.time(8, 30))


@dataclass
class StaleClient:
    """A client whose eventually consistent reads see the state of the last `look`, like a stopped replica."""

    real: DynamoDBClient
    memory: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def query(self, **request: Any) -> Any:
        if request["ConsistentRead"]:
            return self.real.query(**request)
        key = repr(sorted(request.items()))
        if key not in self.memory:
            self.memory[key] = self.real.query(**request)
        return self.memory[key]


@pytest.fixture
def stale(table: Table) -> Slots:
    """Make a store of slots whose replica sees no change after its first read."""
    return Slots(Table(cast("DynamoDBClient", StaleClient(table.client, {})), table.name), few_rows=1)


def saved(table: Table, *people: Person, instant: dt.datetime = NOON) -> None:
    for person in people:
        table.commit(person_writes(table, instant, (None, person)))


def someone(**changes: Any) -> Person:
    return a_paired_person(reminders=Reminders(evening=None), **changes)


def two() -> tuple[Person, Person]:
    """Return two persons. The first person's row is the second one, because the first row is read consistently."""
    ben, ada = sorted((someone(), someone()), key=lambda person: keys.pseudonym_of(person.uid))
    return ada, ben


def seen(slots: Slots, at: dt.datetime, limit: int = 100, after: str | None = None) -> dict[str, list[str]]:
    """Return the targets by person, on one page."""
    (name,) = slots.existing([SLOT])[SLOT].names
    page = slots.page(name, after, limit, at)
    return {row.person: [device.target.value for device in row.devices] for row in page.rows}


def targets(person: Person) -> list[str]:
    return sorted(device.target.value for device in person.devices.values())


@pytest.mark.parametrize(
    "change",
    [
        lambda person: replace(person, couple=None),
        lambda person: replace(person, devices={}),
        lambda person: replace(person, devices={DeviceId("new"): a_device()}),
        lambda person: replace(person, reminders=replace(person.reminders, prompt=dt.time(9))),
    ],
    ids=["unpaired", "signed out", "another phone", "another time"],
)
def test_a_late_replica_does_not_mislead_a_reader(
    table: Table, stale: Slots, change: Callable[[Person], Person]
) -> None:
    ada, ben = two()
    saved(table, ada, ben, instant=NOON - 2 * UNSETTLED)
    assert seen(stale, NOON - UNSETTLED) == {keys.pseudonym_of(each.uid): targets(each) for each in (ada, ben)}
    People(table).change(ada.uid, NOON, change)
    assert seen(stale, NOON + SECOND) == seen(Slots(table), NOON + SECOND)


def test_a_person_who_has_just_come_is_on_the_page(table: Table, stale: Slots) -> None:
    ada, ben = two()
    saved(table, ada, instant=NOON - 2 * UNSETTLED)
    seen(stale, NOON)
    saved(table, ben)
    assert seen(stale, NOON + SECOND) == {keys.pseudonym_of(each.uid): targets(each) for each in (ada, ben)}


def test_both_leave_the_page_at_once_when_their_couple_ends(table: Table, stale: Slots) -> None:
    """No push may go to a former partner after the unpairing."""
    ada, ben = two()
    saved(table, ada, ben, instant=NOON - 2 * UNSETTLED)
    seen(stale, NOON)
    for person in (ada, ben):
        People(table).change(person.uid, NOON, lambda before: replace(before, couple=None, touch_dates=None))
    assert seen(stale, NOON + SECOND) == {}


def test_a_note_counts_only_on_the_page_of_its_row(table: Table) -> None:
    people = [someone() for _ in range(8)]
    saved(table, *people)
    (name,) = Slots(table).existing([SLOT])[SLOT].names
    pages, after = [], None
    while True:
        page = Slots(table, few_rows=1).page(name, after, 3, NOON + SECOND)
        pages.append([row.person for row in page.rows])
        after = page.last
        if after is None:
            break
    assert sorted(person for page in pages for person in page) == sorted(keys.pseudonym_of(each.uid) for each in people)
    assert [len(page) for page in pages] == [1 + 3, 3, 1]


def test_an_old_note_costs_nothing(table: Table, stale: Slots) -> None:
    ada = someone()
    saved(table, ada)
    later = NOON + UNSETTLED + SECOND
    assert seen(Slots(table), later) == seen(stale, later)
    notes = table.query(keys.slot_shard("0"), between=keys.changed_rows(0)).items
    assert [note["sk"].partition("#")[2] for note in notes] == [
        keys.slot_row("0", PushKind.PROMPT, keys.pseudonym_of(ada.uid)).sk
    ]
