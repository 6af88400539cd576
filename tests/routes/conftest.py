"""Set up the functions' handlers on tables, keys and queues in memory, and turn sockets off."""

from __future__ import annotations

import io
import logging
from typing import TYPE_CHECKING, cast

import pytest

from rekindle.telemetry import logger
from testing.api_fixtures import *  # noqa: F403  pytest finds fixtures by their names
from testing.builders import LONDON
from testing.memory_kms import MemoryKms
from testing.memory_table import MemoryTable
from testing.phones import a_couple, set_clocks
from testing.push_world import Queue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from types_boto3_kms import KMSClient

    from rekindle.store.table import Table
    from testing.api_fixtures import NewTables
    from testing.phones import Handler, Phone


@pytest.fixture(scope="session")
def new_tables() -> NewTables:
    """Make tables in memory."""

    def made() -> tuple[Table, Table, Table]:
        table = MemoryTable()
        return cast("tuple[Table, Table, Table]", (table, table.beside("keys"), table.beside("cells")))

    return made


@pytest.fixture(scope="session")
def kms() -> KMSClient:
    """Make a KMS in memory."""
    return cast("KMSClient", MemoryKms())


@pytest.fixture(scope="session")
def new_queue() -> Callable[[], Queue]:
    """Make queues in memory."""
    return Queue.in_memory


@pytest.fixture(autouse=True)
def _no_sockets(request: pytest.FixtureRequest) -> None:
    """Turn sockets off, except for tests that send pushes to FCM's stand-in in this process."""
    if "wire" not in request.fixturenames:
        request.getfixturevalue("no_sockets")


@pytest.fixture
def londoners(api: Handler) -> tuple[Phone, Phone]:
    """Pair two in London on 1 March. Their today is 2 March, their first whole date."""
    phones = a_couple(api, LONDON, LONDON, at="2026-03-01T12:00:00Z")
    set_clocks("2026-03-02T12:00:00Z", *phones)
    return phones


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Collect the logger's lines as CloudWatch gets them."""
    handler = logger.registered_handler
    assert isinstance(handler, logging.StreamHandler)
    lines = io.StringIO()
    before = handler.setStream(lines)
    yield lines
    handler.setStream(before)
