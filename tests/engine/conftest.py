"""Set up stores and functions on AWS's DynamoDB Local, with KMS and queues from the emulator."""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING

import pytest

from local.google.place import Place
from local.stack.start import free_ports
from rekindle.store.table import Table
from testing import engines
from testing.api_fixtures import *  # noqa: F403  pytest finds fixtures by their names
from testing.push_world import Queue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_kms import KMSClient

    from testing.api_fixtures import NewTables

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def dynamodb(dynamodb_local_url: str) -> DynamoDBClient:
    """Make a client of DynamoDB Local."""
    client: DynamoDBClient = engines.client("dynamodb", dynamodb_local_url)
    return client


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Start the stand-in for Google, for the project `rekindle-test`."""
    (port,) = free_ports(1)
    place = Place(port, "rekindle-test", tmp_path_factory.mktemp("google"))
    place.issuer()
    with place.start(place.folder / "google.log") as server:
        server.await_answer(place.origin, 30)
        yield place


@pytest.fixture(scope="session")
def new_tables(dynamodb: DynamoDBClient) -> NewTables:
    """Make tables on DynamoDB Local."""

    def made() -> tuple[Table, Table, Table]:
        name, keys, cells = engines.create_tables(dynamodb, f"rekindle-{next(_numbers)}")
        return Table(dynamodb, name), Table(dynamodb, keys), Table(dynamodb, cells)

    return made


@pytest.fixture(scope="session")
def kms(emulator_url: str) -> KMSClient:
    """Make a client of the emulator's KMS."""
    client: KMSClient = engines.client("kms", emulator_url)
    return client


@pytest.fixture(scope="session")
def new_queue(emulator_url: str) -> Callable[[], Queue]:
    """Make queues on the emulator."""
    return partial(Queue.on, emulator_url)
