"""Give the tools' tests a table in memory, and turn sockets off."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from testing.memory_table import MemoryTable

if TYPE_CHECKING:
    from rekindle.store.table import Table


@pytest.fixture
def table() -> Table:
    """Return a fresh table in memory."""
    return cast("Table", MemoryTable())


@pytest.fixture(autouse=True)
def _no_sockets(no_sockets: None) -> None:
    """Turn sockets off."""
