"""Store each person as one item with a revision.

The transaction that changes a person also changes their slot rows (for reminders) and target rows (for devices).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rekindle.domain.due_dates import move_reminders
from rekindle.domain.reminders import MAX_LATENESS
from rekindle.errors import WriteConflictError
from rekindle.store import keys
from rekindle.store.overdue import overdue_row
from rekindle.store.person_items import person_from, person_item
from rekindle.store.slots import slot_row_writes
from rekindle.store.table import Write, repeated_on_conflict
from rekindle.store.targets import owner_writes

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence

    from rekindle.domain.ids import Uid
    from rekindle.domain.persons import Person
    from rekindle.store.person_items import PersonChange
    from rekindle.store.table import Table


@dataclass(frozen=True, slots=True)
class Consequences:
    """Everything to write for a change of a person: the person, other changed persons, and more writes."""

    person: Person
    others: Sequence[PersonChange] = ()
    writes: Sequence[Write] = ()


@dataclass(frozen=True, slots=True)
class People:
    """The persons of the table."""

    table: Table

    def person(self, uid: Uid) -> Person | None:
        """Return the person (a strongly consistent read)."""
        item = self.table.get(keys.person(uid))
        return person_from(item) if item else None

    def people(self, uids: Sequence[Uid]) -> dict[Uid, Person]:
        """Return the persons by uid (a strongly consistent read). Leave out unknown uids."""
        return read_people(self.table, uids)

    def create(self, person: Person) -> Person:
        """Create the person if they do not exist, and return the stored person."""
        try:
            self.table.commit(person_writes(self.table, person.created_at, (None, person)))
        except WriteConflictError as conflict:
            existing = conflict.existing.get(0)
            if existing is None:
                raise
            return person_from(existing)
        return replace(person, revision=1)

    @repeated_on_conflict("a person kept changing")
    def change(
        self,
        uid: Uid,
        instant: dt.datetime,
        change: Callable[[Person], Person],
        consequences: Callable[[Person, Person], Consequences] = lambda _before, after: Consequences(after),
    ) -> Person | None:
        """Change the person, and return the changed person. Return None for an unknown person.

        `change` gets the current person and returns the changed person. If the person stays the same, this method
        writes nothing. `change` may raise an error to prevent the change. `consequences` gets the person before and
        after the change, and returns everything to write. If a condition of a write fails, this method reads the person
        and calls both functions again. After too many failures in a row, it raises ContentionError.
        """
        before = self.person(uid)
        if before is None:
            return None
        after = change(before)
        if after == before:
            return before
        result = consequences(before, after)
        writes = person_writes(self.table, instant, (before, result.person), *result.others)
        self.table.commit([*writes, *result.writes])
        return replace(result.person, revision=before.revision + 1)


def read_people(table: Table, uids: Sequence[Uid]) -> dict[Uid, Person]:
    """Return the persons by uid (a strongly consistent read). Leave out unknown uids."""
    items = table.get_many([keys.person(uid) for uid in uids], consistent=True)
    return {person.uid: person for person in map(person_from, items)}


def person_writes(table: Table, instant: dt.datetime, *changes: PersonChange) -> list[Write]:
    """Return the writes of changed persons, with their slot rows and targets, for one transaction.

    The writes of the persons' items come first, in the order of `changes`. So a conflict at index i means that person i
    has changed since the caller read this person. For a new person, the conflict means that the person exists already.
    The last writes store the overdue reminders (`rekindle.store.overdue`) that are at most MAX_LATENESS late.
    """
    settled: list[PersonChange] = []
    overdue = []
    for before, after in changes:
        person, due = move_reminders(before, after, instant) if before else (after, [])
        settled.append((before, person))
        overdue += [overdue_row(person, each, instant) for each in due if instant - each.instant <= MAX_LATENESS]
    return [
        *(_put(before, after) for before, after in settled),
        *slot_row_writes(table, instant, *settled),
        *owner_writes(settled),
        *overdue,
    ]


def _put(before: Person | None, after: Person) -> Write:
    return Write.versioned(keys.person(after.uid), person_item(after), before.revision if before else 0)
