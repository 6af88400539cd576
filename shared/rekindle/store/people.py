"""Store each person as one item with a revision.

The transaction that changes a person also changes their slot rows (for reminders) and target rows (for devices).

An erasure first marks the person. From then on, only `even_erased` and `erased_person` return this person. A change of
the person that began before the mark fails, because the mark changes the revision. The marked row may have no profile,
because a person who never had a profile can also erase their account.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rekindle.domain.due_dates import move_reminders
from rekindle.domain.ids import CoupleId, Uid
from rekindle.domain.limits import counted
from rekindle.domain.reminders import MAX_LATENESS
from rekindle.errors import ContentionError, ErasedError, WriteConflictError
from rekindle.store import keys
from rekindle.store.forms import stored
from rekindle.store.instants import from_millis, to_millis
from rekindle.store.overdue import overdue_row
from rekindle.store.person_items import person_from, person_item
from rekindle.store.slots import slot_row_writes
from rekindle.store.table import Write, repeated_on_conflict
from rekindle.store.targets import owner_writes

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping, Sequence

    from rekindle.domain.limits import Counted
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
class ErasedPerson:
    """A person who is being erased. `profiled` is None if the person's row has no profile."""

    uid: Uid
    erased_at: dt.datetime
    couple: CoupleId | None
    parted: tuple[CoupleId, ...]
    profiled: Person | None

    @property
    def couples(self) -> tuple[CoupleId, ...]:
        """All couples that the person is or was in."""
        return (*self.parted, self.couple) if self.couple else self.parted


@dataclass(frozen=True, slots=True)
class People:
    """The persons of the table."""

    table: Table

    def person(self, uid: Uid) -> Person | None:
        """Return the person (a strongly consistent read). Return None for an unknown person.

        Raise ErasedError if the person has erased their account.
        """
        item = self.table.get(keys.person(uid))
        return _standing(item) if item else None

    def find(self, uid: Uid) -> Person | None:
        """Return the person (a strongly consistent read). Return None for an unknown or erased person."""
        person = self.even_erased(uid)
        return person if person and person.erased_at is None else None

    def even_erased(self, uid: Uid) -> Person | None:
        """Return the person, even if they are erased. Return None for an unknown person, or one without a profile."""
        item = self.table.get(keys.person(uid))
        return person_from(item) if item and "profile" in item else None

    def people(self, uids: Sequence[Uid]) -> dict[Uid, Person]:
        """Return the persons by uid (a strongly consistent read). Leave out unknown and erased persons."""
        return read_people(self.table, uids)

    def erased_person(self, uid: Uid) -> ErasedPerson | None:
        """Return what is left of an erased person. Return None if nothing is left, or if the person is not erased."""
        item = self.table.get(keys.person(uid))
        return _erased_from(item) if item and "erased_at" in item else None

    def erase(self, uid: Uid, instant: dt.datetime) -> ErasedPerson:
        """Mark the person as erased, even if they have no profile. If they are marked already, keep the first mark.

        The write depends on nothing else, so nothing can prevent it. A repeat changes the row, so the stream reports
        the mark again, and `cleanup` gets another job.
        """
        try:
            item = self.table.write(_marking(uid, instant, "attribute_not_exists(erased_at)"), urgent=True)
        except WriteConflictError:
            asking = Write(
                "Update",
                keys.person(uid),
                update="ADD asked :one",
                condition="attribute_exists(erased_at)",
                values={":one": 1},
            )
            item = self.table.write(asking, urgent=True)
        return _erased_from(item)

    def erase_known(self, uid: Uid, instant: dt.datetime) -> None:
        """Mark the person as erased, if their row exists and is not marked."""
        marking = _marking(uid, instant, "attribute_exists(pk) AND attribute_not_exists(erased_at)")
        with suppress(WriteConflictError):
            self.table.write(marking, urgent=True)

    @repeated_on_conflict("an erased person kept changing")
    def silence(self, uid: Uid, instant: dt.datetime) -> None:
        """Remove the devices of an erased person, with their targets and slot rows. So no reminder comes any more."""
        person = self.even_erased(uid)
        if person and person.erased_at and person.devices:
            self.table.commit(person_writes(self.table, instant, (person, replace(person, devices={}))))

    def create(self, person: Person) -> Person:
        """Create the person if they do not exist, and return the stored person.

        Raise ErasedError if the person has erased their account.
        """
        try:
            self.table.commit(person_writes(self.table, person.created_at, (None, person)))
        except WriteConflictError as conflict:
            existing = conflict.existing.get(0)
            if existing is None:
                raise
            return _standing(existing)
        return replace(person, revision=1)

    def note_check(self, uid: Uid, instant: dt.datetime) -> None:
        """Store that the person's account was checked at `instant`.

        The write does not change the revision, so that no other write fails because of it. If this write meets another
        write and fails, the next call checks again.
        """
        update = Write(
            "Update",
            keys.person(uid),
            update="SET checked_at = :at",
            condition="attribute_exists(pk)",
            values={":at": to_millis(instant)},
        )
        with suppress(WriteConflictError, ContentionError):
            self.table.write(update)

    @repeated_on_conflict("a person kept changing")
    def count(self, uid: Uid, instant: dt.datetime, kind: Counted, guard: Callable[[Person], object]) -> Person | None:
        """Count something that changes nothing else of the person's row. Return the person, or None if unknown.

        First call `guard`, which may raise an error. Raise LimitError if the limit is reached.
        """
        before = self.person(uid)
        if before is None:
            return None
        guard(before)
        after = counted(before, instant, kind).without_old_counts(instant)
        update = Write(
            "Update",
            keys.person(uid),
            update="SET counted = :counted ADD revision :one",
            condition="revision = :read",
            values={":counted": stored(after.counted), ":one": 1, ":read": before.revision},
        )
        self.table.write(update, returned="NONE")
        return replace(after, revision=before.revision + 1)

    @repeated_on_conflict("a person kept changing")
    def change(
        self,
        uid: Uid,
        instant: dt.datetime,
        change: Callable[[Person], Person],
        consequences: Callable[[Person, Person], Consequences] = lambda _before, after: Consequences(after),
    ) -> Person | None:
        """Change the person, and return the changed person. Return None for an unknown person.

        `change` gets the current person and returns the changed person. If nothing but the time of a check differs,
        this method writes nothing. `change` may raise an error to prevent the change. `consequences` gets the person
        before and after the change, and returns everything to write. If a condition of a write fails, this method reads
        the person and calls both functions again. After too many failures in a row, it raises ContentionError.
        """
        before = self.person(uid)
        if before is None:
            return None
        after = change(before)
        if after == replace(before, checked_at=after.checked_at):
            return after  # `note_check` has stored the time of a check already
        result = consequences(before, after)
        writes = person_writes(self.table, instant, (before, result.person), *result.others)
        self.table.commit([*writes, *result.writes])
        return replace(result.person, revision=before.revision + 1)


def uid_of_row(item: Mapping[str, Any]) -> Uid | None:
    """Return the uid of a person's own row. Return None for a row of another kind."""
    uid = Uid(item["pk"].removeprefix(keys.PERSON_PREFIX))
    return uid if keys.Key(item["pk"], item["sk"]) == keys.person(uid) else None


def read_people(table: Table, uids: Sequence[Uid]) -> dict[Uid, Person]:
    """Return the persons by uid (a strongly consistent read). Leave out unknown and erased persons."""
    items = table.get_many([keys.person(uid) for uid in uids], consistent=True)
    return {person.uid: person for person in map(person_from, (item for item in items if "erased_at" not in item))}


def person_writes(table: Table, instant: dt.datetime, *changes: PersonChange) -> list[Write]:
    """Return the writes of changed persons, with their slot rows and targets, for one transaction.

    The writes of the persons' items come first, in the order of `changes`. So a conflict at index i means that person i
    has changed since the caller read this person. For a new person, the conflict means that the person exists already.
    The last writes store the overdue reminders (`rekindle.store.overdue`) that are at most MAX_LATENESS late. A changed
    person keeps no old invite (`Person.without_old_invite`) and no old counts (`Person.without_old_counts`).
    """
    settled: list[PersonChange] = []
    overdue = []
    for before, after in changes:
        person, due = move_reminders(before, after, instant) if before else (after, [])
        settled.append((before, person.without_old_invite(instant).without_old_counts(instant)))
        overdue += [overdue_row(person, each, instant) for each in due if instant - each.instant <= MAX_LATENESS]
    return [
        *(_put(before, after) for before, after in settled),
        *slot_row_writes(table, instant, *settled),
        *owner_writes(settled),
        *overdue,
    ]


def _standing(item: Mapping[str, Any]) -> Person:
    if "erased_at" in item:
        raise ErasedError("the person has erased their account")
    return person_from(item)


def _erased_from(item: Mapping[str, Any]) -> ErasedPerson:
    return ErasedPerson(
        uid=Uid(item["pk"].removeprefix(keys.PERSON_PREFIX)),
        erased_at=from_millis(item["erased_at"]),
        couple=CoupleId(item["couple"]) if "couple" in item else None,
        parted=tuple(map(CoupleId, sorted(item.get("parted", {})))),
        profiled=person_from(item) if "profile" in item else None,
    )


def _marking(uid: Uid, instant: dt.datetime, condition: str) -> Write:
    return Write(
        "Update",
        keys.person(uid),
        update="SET erased_at = :instant ADD revision :one",
        condition=condition,
        values={":instant": to_millis(instant), ":one": 1},
    )


def _put(before: Person | None, after: Person) -> Write:
    return Write.versioned(keys.person(after.uid), person_item(after), before.revision if before else 0)
