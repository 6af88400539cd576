"""Define the stores and the vault that `reseal` uses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from rekindle.clients import client
from rekindle.crypto.vault import Vault
from rekindle.store.couples import Couples
from rekindle.store.days import Days
from rekindle.store.solo import Solo
from rekindle.store.table import Table

if TYPE_CHECKING:
    from rekindle.settings import ResealSettings

PAGE_DAYS = 100
"""The function reads this many days at a time."""
MOST_CHANGES = 500
"""One call changes at most this many rows. So it ends long before the function's timeout."""


@dataclass(frozen=True, slots=True)
class Services:
    """The stores and the vault of one process, and the limits of one call."""

    couples: Couples
    days: Days
    solo: Solo
    vault: Vault
    page_days: int = PAGE_DAYS
    most_changes: int = MOST_CHANGES

    @classmethod
    def of(cls, settings: ResealSettings) -> Self:
        """Return services that use the tables and the key in the settings."""
        dynamodb = client("dynamodb")
        keys, cells = Table(dynamodb, settings.key_table), Table(dynamodb, settings.cell_table)
        vault = Vault(client("kms"), settings.kms_key_id, keys, cells, settings.sealing_scheme, read_only=True)
        return cls.on(Table(dynamodb, settings.table), vault)

    @classmethod
    def on(cls, table: Table, vault: Vault) -> Self:
        """Return services that use this table."""
        return cls(Couples(table), Days(table), Solo(table), vault)
