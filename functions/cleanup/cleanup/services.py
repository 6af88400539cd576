"""Define the stores that `cleanup` uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from rekindle.store.couples import Couples

if TYPE_CHECKING:
    from rekindle.store.table import Table


@dataclass(frozen=True, slots=True)
class Services:
    """The stores of one process. `key_table` is the name of the key table."""

    couples: Couples
    key_table: str

    @classmethod
    def on(cls, table: Table, key_table: str) -> Self:
        """Return services that use these tables."""
        return cls(Couples(table), key_table)
