"""Read rows of the table that no store offers, such as all of a person's rows in slots."""

from __future__ import annotations

import datetime as dt
import itertools
from operator import itemgetter
from typing import TYPE_CHECKING

from rekindle.domain.models import PushKind
from rekindle.domain.reminders import Slot
from rekindle.store import keys
from rekindle.store.slots import Slots, _row_from
from rekindle.store.table import unmarshal
from testing.builders import LONDON, NEW_YORK, TOKYO
from testing.memory_table import MemoryTable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rekindle.domain.models import Uid
    from rekindle.store.slots import RowPlace, SlotRow
    from rekindle.store.table import Item, Table

ZONES = (NEW_YORK, TOKYO, LONDON)
TIMES = (dt.time(6, 5), dt.time(8, 30), dt.time(20, 30), dt.time(21, 55))
"""The zones and times of reminders that the tests use."""


def shard_of(table: Table, slot: Slot) -> str:
    """Return the name of the slot's only shard."""
    (name,) = Slots(table).existing([slot])[slot].all
    return name


def slot_rows(table: Table, uid: Uid, slots: Iterable[Slot] | None = None) -> dict[RowPlace, SlotRow]:
    """Return the person's rows in these slots, or in every slot of ZONES and TIMES."""
    shards = Slots(table).existing(slots or itertools.starmap(Slot, itertools.product(ZONES, TIMES)))
    kinds = (PushKind.PROMPT, PushKind.EVENING, PushKind.TOUCH)
    places = {
        keys.slot_row(name, kind, keys.mark_of(uid)): (slot, kind)
        for slot, named in shards.items()
        for name in named.all
        for kind in kinds
    }
    items = table.get_many(places, consistent=True)
    rows = {places[keys.Key(item["pk"], item["sk"])]: _row_from(item) for item in items}
    assert len(rows) == len(items), "a row is in one shard of its slot"
    return rows


def every_row(table: Table) -> list[Item]:
    """Return every row of a table, ordered by key."""
    if isinstance(table, MemoryTable):
        return table.items()
    pages = table.client.get_paginator("scan").paginate(TableName=table.name, ConsistentRead=True)
    return sorted((unmarshal(item) for page in pages for item in page["Items"]), key=itemgetter("pk", "sk"))
