"""Give tests the phones' API and delivery. The folder that imports these fixtures chooses the tables and queues.

The folder's conftest defines the fixtures `new_tables`, `kms` and `new_queue`, and imports the others from here.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from couples_api.services import Services
from delivery.fcm import FcmGateway
from delivery.libcurl import Libcurl
from delivery.services import Queues
from delivery.services import Services as DeliveryServices
from rekindle.crypto.vault import Vault
from rekindle.store.slots import Slots
from testing import fcm_wire
from testing.apis import every_account_is_good, handler_of
from testing.builders import prompts, publish
from testing.fcm_wire import PROJECT
from testing.phones import Phone, a_couple
from testing.stored import erasures_beside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from types_boto3_kms import KMSClient

    from rekindle.domain.playlist import Entry
    from rekindle.store.catalogue import PromptText
    from rekindle.store.table import Table
    from testing.fcm_wire import FcmWire
    from testing.phones import Handler
    from testing.push_world import Queue

__all__ = [
    "api",
    "cell_table",
    "cleanup_queue",
    "couple",
    "dead_letters",
    "delivery",
    "key_table",
    "kms_key",
    "new_services",
    "own_services",
    "queue",
    "services",
    "table",
    "tables",
    "wire",
]

type NewTables = Callable[[], tuple[Table, Table, Table]]
"""Makes an empty main table, key table and cell table. One transaction can write to all."""


@pytest.fixture
def tables(new_tables: NewTables) -> tuple[Table, Table, Table]:
    """Make an empty main table, key table and cell table."""
    return new_tables()


@pytest.fixture
def table(tables: tuple[Table, Table, Table]) -> Table:
    """Return an empty main table."""
    return tables[0]


@pytest.fixture
def key_table(tables: tuple[Table, Table, Table]) -> Table:
    """Return the table of keys that belongs to the fixture `table`."""
    return tables[1]


@pytest.fixture
def cell_table(tables: tuple[Table, Table, Table]) -> Table:
    """Return the table of cell keys that belongs to the fixture `table`."""
    return tables[2]


@pytest.fixture(scope="session")
def kms_key(kms: KMSClient) -> str:
    """Make a KMS key and return its id."""
    return kms.create_key()["KeyMetadata"]["KeyId"]


@pytest.fixture(scope="session")
def new_services(new_tables: NewTables, kms: KMSClient, kms_key: str) -> Callable[..., Services]:
    """Return a function that makes the API's stores. It publishes the given pack, or a small pack, in new tables."""

    def made(pack: Iterable[tuple[Entry, PromptText]] = ()) -> Services:
        table, key_table, cell_table = new_tables()
        publish(table, pack or prompts())
        vault = Vault(kms, kms_key, key_table, cell_table)
        return Services.on(table, vault, "https://app.example", erasures_beside(table), every_account_is_good)

    return made


@pytest.fixture(scope="session")
def services(new_services: Callable[[], Services]) -> Services:
    """Make the API's stores, which all tests share. Each test makes its own persons."""
    return new_services()


@pytest.fixture
def own_services(new_services: Callable[[], Services]) -> Services:
    """Make the API's stores for one test. A test that reads every row or changes shared data needs its own."""
    return new_services()


@pytest.fixture
def api(services: Services) -> Handler:
    """Return the handler of couples_api, which runs in this process."""
    return handler_of(lambda: services)


@pytest.fixture
def couple(api: Handler) -> tuple[Phone, Phone]:
    """Pair Ada in New York and Ben in Tokyo, on 2 March 2026, 15:00 UTC."""
    return a_couple(api)


@pytest.fixture
def wire() -> Iterator[FcmWire]:
    """Start the stand-in for FCM for one test."""
    with fcm_wire.fcm_wire() as wire:
        yield wire


@pytest.fixture
def queue(new_queue: Callable[[], Queue]) -> Queue:
    """Make an empty queue for push jobs."""
    return new_queue()


@pytest.fixture
def dead_letters(new_queue: Callable[[], Queue]) -> Queue:
    """Make an empty queue for dead letters."""
    return new_queue()


@pytest.fixture
def cleanup_queue(new_queue: Callable[[], Queue]) -> Queue:
    """Make an empty queue for cleanup jobs."""
    return new_queue()


@pytest.fixture
def delivery(
    table: Table, queue: Queue, dead_letters: Queue, cleanup_queue: Queue, wire: FcmWire
) -> Iterator[DeliveryServices]:
    """Make delivery's services. They reshard a shard that has more than one row."""
    with contextlib.closing(FcmGateway(wire.credential, Libcurl(wire.url, PROJECT))) as gateway:
        yield replace(
            DeliveryServices.on(
                table,
                Queues(queue.outbox, dead_letters.outbox, cleanup_queue.outbox),
                gateway,
                "https://app.example",
            ),
            slots=Slots(table, few_rows=1),
        )
