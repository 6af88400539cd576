"""Define the stores that `cleanup` uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from rekindle.store.couples import Couples
from rekindle.store.devices import Devices
from rekindle.store.people import People
from rekindle.store.shards import EmptySlots

if TYPE_CHECKING:
    from rekindle.store.table import Table


@dataclass(frozen=True, slots=True)
class Services:
    """The stores of one process. `key_table` is the name of the key table."""

    couples: Couples
    devices: Devices
    empty_slots: EmptySlots
    key_table: str

    @classmethod
    def on(cls, table: Table, key_table: str) -> Self:
        """Return services that use these tables."""
        return cls(Couples(table), Devices(People(table)), EmptySlots(table), key_table)
