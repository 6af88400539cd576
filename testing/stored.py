"""Read rows of the table for tests, and make records of its stream."""

from __future__ import annotations

import base64
import datetime as dt
import itertools
import json
from typing import TYPE_CHECKING, Any, cast

from rekindle.domain.calendar import local_date
from rekindle.domain.pushes import PushKind
from rekindle.domain.reminders import Slot
from rekindle.store import keys
from rekindle.store.erasures import Erasures
from rekindle.store.people import People
from rekindle.store.shards import read_shards
from rekindle.store.slot_rows import row_from
from rekindle.store.table import Table, unmarshal
from testing.builders import LONDON, NEW_YORK, TOKYO
from testing.memory_table import MemoryTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from couples_api.services import Services
    from rekindle.domain.couples import Couple
    from rekindle.domain.days import Day
    from rekindle.domain.ids import CoupleId, Uid
    from rekindle.domain.persons import Person
    from rekindle.store.slot_rows import SlotAndKind, SlotRow
    from rekindle.store.table import Item
    from testing.phones import Phone

ZONES = (NEW_YORK, TOKYO, LONDON)
TIMES = (dt.time(6, 5), dt.time(8, 30), dt.time(20, 30), dt.time(21, 55))
"""The zones and the reminder times that the API's tests use."""


def erasures_beside(table: Table) -> Erasures:
    """Return the erasures in the table that belongs to the main table."""
    if isinstance(table, MemoryTable):
        return Erasures(cast("Table", table.tables.get("erasures") or table.beside("erasures")))
    return Erasures(Table(table.client, f"{table.name}-erasures"))


def person_of(services: Services, phone: Phone) -> Person:
    person = services.people.person(phone.uid)
    assert person
    return person


def couple_id_of(services: Services, phone: Phone) -> CoupleId:
    couple = person_of(services, phone).couple
    assert couple
    return couple


def couple_of(services: Services, phone: Phone) -> Couple:
    couple = services.couples.couple(couple_id_of(services, phone))
    assert couple
    return couple


def until_touch(services: Services, *phones: Phone, weekday: int | None = None) -> None:
    """Set the clocks on by whole days, until each phone shows a date on which the couple has touch.

    If `weekday` is given (0 is Monday), each date must also have this weekday.
    """
    known = couple_of(services, phones[0]).touch_dates
    assert known
    assert known.go_on
    dates = [local_date(phone.now, person_of(services, phone).profile.zone) for phone in phones]
    while not all(date in known and weekday in {None, date.weekday()} for date in dates):
        dates = [date + dt.timedelta(days=1) for date in dates]
        for phone in phones:
            phone.now += dt.timedelta(days=1)


def day_of(services: Services, couple: CoupleId, date: dt.date) -> Day:
    day = services.days.day(couple, date)
    assert day
    return day


def person_in(table: Table, uid: Uid) -> Person:
    person = People(table).person(uid)
    assert person
    return person


def row_in(table: Table, key: keys.Key) -> Item:
    row = table.get(key)
    assert row
    return row


def shard_of(table: Table, slot: Slot) -> str:
    """Return the name of the slot's shard. Fail if it has more than one."""
    (name,) = read_shards(table, [slot])[slot].all
    return name


def slot_rows(table: Table, uid: Uid, slots: Iterable[Slot] | None = None) -> dict[SlotAndKind, SlotRow]:
    """Return the person's rows in these slots. By default, look in every slot of ZONES and TIMES."""
    shards = read_shards(table, slots or itertools.starmap(Slot, itertools.product(ZONES, TIMES)))
    kinds = (PushKind.PROMPT, PushKind.EVENING, PushKind.TOUCH)
    names = {
        keys.slot_row(name, kind, keys.pseudonym_of(uid)): (slot, kind)
        for slot, named in shards.items()
        for name in named.all
        for kind in kinds
    }
    items = table.get_many(names, consistent=True)
    rows = {names[keys.Key(item["pk"], item["sk"])]: row_from(item) for item in items}
    assert len(rows) == len(items), "a row is in one shard of its slot"
    return rows


def every_row(table: Table) -> list[Item]:
    """Return every row of a table, ordered by key."""
    if isinstance(table, MemoryTable):
        return table.items()
    pages = table.client.get_paginator("scan").paginate(TableName=table.name, ConsistentRead=True)
    items = (unmarshal(item) for page in pages for item in page["Items"])
    return sorted(items, key=lambda item: (item["pk"], item.get("sk", "")))


def sealed_in(value: object) -> Iterator[bytes]:
    """Yield all sealed texts in a row, or in a part of a row."""
    if isinstance(value, dict):
        if "sealed" in value:
            yield bytes(value["sealed"])
        for part in value.values():
            yield from sealed_in(part)


def stream_record(
    old: Mapping[str, Any] | None, new: Mapping[str, Any] | None, number: int | str = 1
) -> dict[str, Any]:
    """Return the record of a write in the stream, as Lambda gets it.

    `old` and `new` are the item before and after the write, in DynamoDB's typed JSON. The record has binary values in
    base64.
    """
    images = {name: image for name, image in (("OldImage", old), ("NewImage", new)) if image}
    key = {name: (new or old or {})[name] for name in ("pk", "sk")}
    change = {"Keys": key, "SequenceNumber": str(number), **images}
    record: dict[str, Any] = json.loads(
        json.dumps({"dynamodb": change}, default=lambda binary: base64.b64encode(bytes(binary)).decode())
    )
    return record
