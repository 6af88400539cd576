"""On a real engine, nobody who joins a slot while it is deleted loses their reminder."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from rekindle.domain.ids import CoupleId
from rekindle.domain.persons import Reminders
from rekindle.domain.reminders import Slot
from rekindle.store.people import People
from rekindle.store.shards import EmptySlots
from rekindle.store.slots import Slots
from testing.builders import NEW_YORK, a_paired_person, an_instant
from testing.push_world import saved
from testing.stored import slot_rows
from tests.engine.racing import RACES, race, run_all

if TYPE_CHECKING:
    from rekindle.domain.persons import Person
    from rekindle.store.table import Table

GROUPS = 5
DAY = dt.timedelta(days=1)
COUPLE = CoupleId("couple-1")


def test_races_of_joining_and_deleting_a_slot_lose_nobody(table: Table) -> None:
    people, empty_slots, slots = People(table), EmptySlots(table), Slots(table)
    outcomes: Counter[bool] = Counter()

    def pair(person: Person, couple: CoupleId | None, at: dt.datetime) -> None:
        people.change(person.uid, at, lambda before: replace(before, couple=couple))

    def play(group: int) -> None:
        slot = Slot(NEW_YORK, dt.time(8, 5 * group))
        reminders = Reminders(prompt=slot.time, evening=None)
        ada, ben = (a_paired_person(reminders=reminders) for _ in range(2))
        saved(table, ada, ben)
        for number in range(RACES // GROUPS):
            at = an_instant() + 2 * number * DAY
            for person in (ada, ben):
                pair(person, None, at)
            while empty_slots.delete(slot, at):  # until the slot exists and has the mark
                pair(ada, COUPLE, at)
                pair(ada, None, at)
            joining = [ada, ben][: 1 + number % 2]
            deleted, *_ = race(
                lambda: empty_slots.delete(slot, at + DAY),  # noqa: B023  the race is over before the next round
                *(lambda person=person: pair(person, COUPLE, at + DAY) for person in joining),  # noqa: B023
            )
            outcomes[deleted] += 1
            for person in joining:
                assert slot_rows(table, person.uid, [slot])
            assert slot in slots.known()

    run_all([lambda group=group: play(group) for group in range(GROUPS)])  # type: ignore[misc]
    assert outcomes.total() == RACES
    assert outcomes[True] > 0
    assert outcomes[False] > 0
