"""On the deployed functions, nothing is left of a couple whose row DynamoDB has deleted, nor of an empty slot."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from rekindle.domain.calendar import slot_instant
from rekindle.domain.ids import CoupleId, Zone
from rekindle.domain.reminders import Slot
from rekindle.store import keys
from rekindle.store.key_rows import couple_keys
from rekindle.store.shards import read_shards
from rekindle.store.table import Table, Write
from testing.stored import every_row, row_in
from tests.e2e.conftest import eventually

if TYPE_CHECKING:
    from local.stack import Stack
    from tests.e2e.conftest import NewCouple


def test_nothing_is_left_of_a_couple_after_its_row_has_expired(stack: Stack, a_couple: NewCouple) -> None:
    """Delete the couple's own row, as DynamoDB does by its `ttl`. The emulator never does."""
    table, key_table = (Table(stack.client("dynamodb"), stack.outputs[name]) for name in ("TableName", "KeyTableName"))
    ada, ben = a_couple()
    couple = CoupleId((table.get(keys.person(ada.uid)) or {})["couple"])
    for phone in (ada, ben):
        phone.answer(phone.today(), "Gone, some day.")
    ada.call("DELETE", "/v1/couple", status=204)
    eventually(lambda: couple in (table.get(keys.person(ben.uid)) or {}).get("parted", {}))
    table.write(Write("Delete", keys.couple(couple)))
    eventually(lambda: couple not in (table.get(keys.person(ben.uid)) or {}).get("parted", {}))
    eventually(lambda: not [row for row in every_row(table) if couple in row["pk"]])
    assert key_table.get(couple_keys(couple)) is None
    for uid in (ada.uid, ben.uid):
        assert "parted" not in row_in(table, keys.person(uid))


def test_a_slot_without_anybody_is_deleted(stack: Stack, a_couple: NewCouple, a_date: dt.date) -> None:
    table, zone = Table(stack.client("dynamodb"), stack.outputs["TableName"]), Zone("Pacific/Chatham")
    slot = Slot(zone, dt.time(8, 30))
    ada, _ = a_couple(zone, zone)
    ada.call("DELETE", "/v1/couple", status=204)
    (shard,) = read_shards(table, [slot])[slot].names
    eventually(lambda: not table.query(keys.slot_shard(shard), between=keys.SLOT_ROWS).items)

    def tick_on(date: dt.date) -> None:
        due = slot_instant(date, slot.time, zone)
        assert due
        stack.tick(due)

    tick_on(a_date)
    eventually(lambda: read_shards(table, [slot])[slot].empty_since)
    # The second run comes a day later. The mark has the time of this machine's clock.
    aged = Write("Update", keys.shards(slot), update="SET empty_since = :long_ago", values={":long_ago": 0})
    table.write(aged)
    tick_on(a_date + dt.timedelta(days=1))
    eventually(lambda: not read_shards(table, [slot]))
    listed = table.get(keys.zone(zone))
    assert listed is None or "08:30" not in listed["times"]
