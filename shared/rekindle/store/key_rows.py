"""Keys of the rows of the key table and the cell table, and the writes that end a key.

A function that only deletes keys imports this module, and not the vault, which opens keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekindle.store.keys import Key
from rekindle.store.table import Write

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rekindle.domain.ids import CoupleId, Uid


def couple_keys(couple: CoupleId) -> Key:
    """Return the key of the row with the keys of a couple's authors."""
    return Key(f"COUPLE#{couple}", "")


def person_key(person: Uid) -> Key:
    """Return the key of the row with a person's own key."""
    return Key(f"PERSON#{person}", "")


def cell_key(cell: str) -> Key:
    """Return the key of the row with a cell key."""
    return Key(f"CELL#{cell}", "")


def deleting_author_key(couple: CoupleId, author: Uid, table: str) -> Write:
    """Return the write that deletes an author's key in a couple. The write fails if there is no such key.

    A couple that paired before authors had keys may still have a single key. The write keeps this key, because it also
    opens texts of the partner.
    """
    return Write(
        "Update",
        couple_keys(couple),
        update="REMOVE authors.#author",
        condition="attribute_exists(authors.#author)",
        names={"#author": author},
        table=table,
    )


def deleting_person_key(person: Uid, table: str) -> Write:
    """Return the write that deletes a person's own key."""
    return Write("Delete", person_key(person), table=table)


def deleting_couple_keys(couple: CoupleId, table: str) -> Write:
    """Return the write that deletes all keys of a couple."""
    return Write("Delete", couple_keys(couple), table=table)


def expiring_couple_keys(couple: CoupleId, ttl: int, table: str) -> Write:
    """Return the write that makes a couple's keys expire at `ttl`, in seconds since 1970.

    DynamoDB deletes the row some time after `ttl`.
    """
    return Write.expiring(couple_keys(couple), ttl, "attribute_exists(pk)", table)


def kept_couple_keys(couple: CoupleId, authors: Iterable[Uid], table: str) -> Write:
    """Return the write that stops a couple's keys from expiring.

    The write fails if the couple has no single key and the key of one of these authors is gone.
    """
    names = {f"#author{number}": author for number, author in enumerate(authors)}
    all_there = " AND ".join(f"attribute_exists(authors.{name})" for name in names)
    return Write(
        "Update",
        couple_keys(couple),
        update="REMOVE #ttl",
        condition=f"attribute_exists(#wrapped) OR ({all_there})",
        names={"#ttl": "ttl", "#wrapped": "wrapped", **names},
        table=table,
    )
