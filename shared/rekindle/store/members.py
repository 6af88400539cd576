"""Remove a person from the rows of a couple that name both persons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rekindle.store.table import Write, repeated_on_conflict

if TYPE_CHECKING:
    from rekindle.domain.ids import Uid
    from rekindle.store.keys import Key
    from rekindle.store.table import Table


@repeated_on_conflict("a couple's row kept changing")
def forget_member(table: Table, key: Key, uid: Uid, path: str | None = None) -> None:
    """Remove the person from the row's `persons`. Also remove the attribute at `path`, where `#uid` is the person."""
    item = table.get(key)
    if item is None:
        return
    # Both persons of a couple may be erased at the same moment, so neither write may put back the uid that the other
    # write has removed.
    table.write(
        Write(
            "Update",
            key,
            update="SET persons = :left" + (f" REMOVE {path}" if path else ""),
            condition="persons = :read",
            names={"#uid": uid} if path else {},
            values={":left": [each for each in item["persons"] if each != uid], ":read": item["persons"]},
        ),
        urgent=True,
    )
