"""Store erasures and their receipts in a table of their own, which a restore of the main table does not change.

The table has no uid and no name. An erasure is stored under the person's pseudonym. From this row, the API knows that a
caller with an old sign-in has erased their account, even after a restore of the main table.
"""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rekindle.domain.erasures import RECEIPTS, ErasedPart, Erasure
from rekindle.domain.limits import with_one_more
from rekindle.errors import WriteConflictError
from rekindle.store import keys
from rekindle.store.couples import is_foreign
from rekindle.store.forms import stored
from rekindle.store.instants import from_millis, to_millis, to_ttl
from rekindle.store.key_rows import deleting_author_key, deleting_couple_keys, deleting_person_key
from rekindle.store.keys import Key
from rekindle.store.table import Write, every_item, repeated_on_conflict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rekindle.domain.ids import CoupleId, Uid
    from rekindle.store.people import ErasedPerson
    from rekindle.store.table import Table

KEPT: Final = dt.timedelta(days=365)
"""The table keeps an erasure and its receipts for at least this time after the request."""


@dataclass(frozen=True, slots=True)
class Erasures:
    """The erasures of the table of erasures. The methods that write may be repeated without harm."""

    table: Table

    def begin(self, uid: Uid, requested_at: dt.datetime) -> frozenset[ErasedPart]:
        """Record the person's erasure, if it is not recorded yet. Return the parts that are recorded as removed."""
        item = {"erased_at": to_millis(requested_at), "steps": {}, "ttl": to_ttl(requested_at + KEPT)}
        try:
            self.table.write(Write.new(keys.erased(keys.pseudonym_of(uid)), item))
        except WriteConflictError as conflict:
            recorded = conflict.existing[0]
            return frozenset(_erasure_from(recorded).removed) if recorded else frozenset()
        return frozenset()

    @repeated_on_conflict("an erasure kept getting receipts")
    def add_receipt(self, uid: Uid, requested_at: dt.datetime, number: str, instant: dt.datetime) -> None:
        """Record one more number under which the person can ask about their erasure.

        The erasure must be recorded. Raise LimitError if it got too many receipts (RECEIPTS).
        """
        pseudonym = keys.pseudonym_of(uid)
        read = (self.table.get(keys.erased(pseudonym)) or {}).get("receipts")
        # Invariant: each receipt counts for the limit, even if many requests come at the same moment.
        counting = Write(
            "Update",
            keys.erased(pseudonym),
            update="SET receipts = :receipts",
            condition="attribute_exists(pk) AND "
            + ("attribute_not_exists(receipts)" if read is None else "receipts = :read"),
            values={
                ":receipts": stored(with_one_more(map(from_millis, read or ()), instant, RECEIPTS)),
                **({} if read is None else {":read": read}),
            },
        )
        item = {"erased": pseudonym, "ttl": to_ttl(requested_at + KEPT)}
        self.table.transact([counting, Write("Put", keys.receipt(number), item=item)])

    def of_receipt(self, number: str) -> Erasure | None:
        """Return the erasure with this receipt. Return None for an unknown receipt."""
        receipt = self.table.get(keys.receipt(number))
        item = self.table.get(keys.erased(receipt["erased"])) if receipt else None
        return _erasure_from(item) if item else None

    def has(self, uid: Uid) -> bool:
        """Return whether the person has erased their account."""
        return self.requested_at(uid) is not None

    def requested_at(self, uid: Uid) -> dt.datetime | None:
        """Return when the person erased their account. Return None if they did not."""
        item = self.table.get(keys.erased(keys.pseudonym_of(uid)))
        return from_millis(item["erased_at"]) if item else None

    def to_repeat(self, uid: Uid, instant: dt.datetime) -> dt.datetime | None:
        """Return when the person erased their account, for one more receipt. Return None if they did not.

        Raise LimitError if the erasure got too many receipts (RECEIPTS).
        """
        item = self.table.get(keys.erased(keys.pseudonym_of(uid)))
        if item is None:
            return None
        with_one_more(map(from_millis, item.get("receipts", ())), instant, RECEIPTS)
        return from_millis(item["erased_at"])

    def removed(self, uid: Uid, part: ErasedPart, instant: dt.datetime) -> None:
        """Record that a part was removed at the instant. Keep the first instant of each part."""
        self._step(keys.pseudonym_of(uid), part, instant)

    def finish(self, pseudonym: str, instant: dt.datetime) -> None:
        """Record that the person's account was deleted, which is the last part of an erasure."""
        self._step(pseudonym, ErasedPart.ACCOUNT, instant)
        with suppress(WriteConflictError):
            self.table.write(
                Write(
                    "Update",
                    keys.erased(pseudonym),
                    update="SET finished_at = :instant",
                    condition="attribute_exists(pk) AND attribute_not_exists(finished_at)",
                    values={":instant": to_millis(instant)},
                )
            )

    def _step(self, pseudonym: str, part: ErasedPart, instant: dt.datetime) -> None:
        with suppress(WriteConflictError):
            self.table.write(
                Write(
                    "Update",
                    keys.erased(pseudonym),
                    update="SET steps.#part = :instant",
                    condition="attribute_exists(pk) AND attribute_not_exists(steps.#part)",
                    names={"#part": part},
                    values={":instant": to_millis(instant)},
                )
            )


def recorded_erasure(item: Mapping[str, Any]) -> tuple[str, dt.datetime] | None:
    """Read an erasure's pseudonym and instant from a row of the table. Return None for a row of another kind."""
    pk: str = item["pk"]
    if not pk.startswith(keys.ERASED_PREFIX):
        return None
    return pk.removeprefix(keys.ERASED_PREFIX), from_millis(item["erased_at"])


def delete_keys(table: Table, person: ErasedPerson, key_table: str) -> bool:
    """Delete the keys of everything that the person wrote. Nobody can read these texts any more, even in backups.

    Return whether all their keys are gone. A couple that paired before authors had keys may still have a single key,
    which opens the texts of both.
    """
    all_gone = True
    for couple in person.couples:
        try:
            left = table.write(deleting_author_key(couple, person.uid, key_table), urgent=True)
        except WriteConflictError as conflict:
            left = {**(conflict.existing[0] or {})}
        if "wrapped" in left and not is_foreign(table, couple, person.uid):
            all_gone = False
    table.write(deleting_person_key(person.uid, key_table), urgent=True)
    return all_gone


def delete_person_rows(table: Table, uid: Uid, *, solo: bool, but: frozenset[Key] = frozenset()) -> None:
    """Delete rows of the person's partition, except for the person's own row and the rows in `but`.

    If `solo` is true, delete only the solo days and the solo history. Otherwise keep these rows, and delete all others.
    """
    for item in every_item(table, keys.person(uid).pk):
        key = Key(item["pk"], item["sk"])
        if keys.is_solo(key.sk) is solo and key not in {keys.person(uid), *but}:
            table.write(Write("Delete", key))


def delete_profile(table: Table, person: ErasedPerson) -> None:
    """Remove everything but the mark from the person's own row.

    The mark stays until their account is deleted. If the job about the account is lost, the erasure can start again.
    """
    table.write(Write("Put", keys.person(person.uid), item={"erased_at": to_millis(person.erased_at)}))


def delete_mark(table: Table, uid: Uid) -> None:
    """Delete the row of a person who is erased."""
    with suppress(WriteConflictError):
        table.write(Write("Delete", keys.person(uid), condition="attribute_exists(erased_at)"))


def delete_tally(table: Table, couple: CoupleId) -> None:
    """Delete the couple's tally."""
    table.write(Write("Delete", keys.tally(couple)))


def delete_couple(table: Table, couple: CoupleId, key_table: str) -> None:
    """Delete all rows and keys of a couple. Delete the couple's own row last, so that a repeat finds it."""
    table.write(deleting_couple_keys(couple, key_table))
    for item in every_item(table, keys.couple(couple).pk):
        if item["sk"] != keys.COUPLE:
            table.write(Write("Delete", Key(item["pk"], item["sk"])))
    table.write(Write("Delete", keys.couple(couple)))


def _erasure_from(item: Mapping[str, Any]) -> Erasure:
    return Erasure(
        requested_at=from_millis(item["erased_at"]),
        removed={ErasedPart(part): from_millis(at) for part, at in item["steps"].items()},
        finished_at=from_millis(item["finished_at"]) if "finished_at" in item else None,
    )
