"""Fixtures on real engines: every store test runs on AWS's DynamoDB Local and on the emulator."""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING

import pytest

from couples_api.handler import handler_of
from couples_api.services import Services
from delivery.courier import Courier
from delivery.fcm import FcmGateway, credential_from
from local import dynamodb_local
from rekindle.crypto.vault import Vault
from rekindle.store.catalogue import Catalogue
from rekindle.store.couples import Couples
from rekindle.store.days import Days
from rekindle.store.devices import Devices
from rekindle.store.help import HelpStore
from rekindle.store.idempotency import IdempotencyKeys
from rekindle.store.incidents import Incidents
from rekindle.store.invites import Invites
from rekindle.store.news import News
from rekindle.store.nudges import Nudges
from rekindle.store.people import People
from rekindle.store.runs import Runs
from rekindle.store.slots import Slots
from rekindle.store.solo import Solo
from rekindle.store.streaks import Streaks
from rekindle.store.table import Table
from rekindle.store.tries import Tries
from testing import engines, fcm_wire
from testing.builders import NEW_YORK, TOKYO, prompts, publish
from testing.fcm_wire import PROJECT
from testing.phones import Phone, a_phone, pair
from testing.push_world import Queue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_kms import KMSClient

    from rekindle.domain.playlist import Entry
    from rekindle.store.catalogue import PromptText
    from testing.fcm_wire import FcmWire
    from testing.phones import Handler

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def emulator_url() -> Iterator[str]:
    """The emulator: the second engine, and the KMS of both."""
    with engines.emulator() as url:
        yield url


@pytest.fixture(scope="session")
def dynamodb_local_url() -> Iterator[str]:
    """AWS's DynamoDB Local."""
    if reason := dynamodb_local.missing():
        pytest.skip(reason)
    with engines.aws_dynamodb_local() as url:
        yield url


@pytest.fixture(scope="session", params=["dynamodb-local", "emulator"])
def dynamodb(request: pytest.FixtureRequest) -> DynamoDBClient:
    """A client of the engine that the test runs on."""
    url = request.getfixturevalue("emulator_url" if request.param == "emulator" else "dynamodb_local_url")
    client: DynamoDBClient = engines.client("dynamodb", url)
    return client


@pytest.fixture
def table(dynamodb: DynamoDBClient) -> Table:
    """A fresh main table."""
    name, _ = engines.create_tables(dynamodb, f"rekindle-{next(_numbers)}")
    return Table(dynamodb, name)


@pytest.fixture
def key_table(table: Table) -> Table:
    """The table of keys beside `table`."""
    return Table(table.client, f"{table.name}-keys")


@pytest.fixture(scope="session")
def kms(emulator_url: str) -> KMSClient:
    """KMS, as the emulator has it."""
    client: KMSClient = engines.client("kms", emulator_url)
    return client


@pytest.fixture(scope="session")
def kms_key(kms: KMSClient) -> str:
    """The id of a KMS key."""
    return kms.create_key()["KeyMetadata"]["KeyId"]


@pytest.fixture(scope="session")
def new_services(dynamodb: DynamoDBClient, kms: KMSClient, kms_key: str) -> Callable[..., Services]:
    """Gives the API's stores on fresh tables, with a small pack published, or what a test has in its place."""

    def made(pack: Iterable[tuple[Entry, PromptText]] = ()) -> Services:
        name, key_name = engines.create_tables(dynamodb, f"rekindle-{next(_numbers)}")
        table = Table(dynamodb, name)
        publish(table, pack or prompts())
        return Services(
            people=People(table),
            devices=Devices(People(table)),
            idempotency_keys=IdempotencyKeys(table),
            couples=Couples(table),
            invites=Invites(People(table)),
            days=Days(table),
            streaks=Streaks(table, Couples(table), Days(table)),
            solo=Solo(table),
            nudges=Nudges(table),
            tries=Tries(table),
            catalogue=Catalogue(table),
            help=HelpStore(table),
            vault=Vault(kms, kms_key, Table(dynamodb, key_name)),
            app_link="https://app.example",
        )

    return made


@pytest.fixture(scope="session")
def services(new_services: Callable[[], Services]) -> Services:
    """The API's stores, shared by all tests, each of which brings its own persons."""
    return new_services()


@pytest.fixture
def own_services(new_services: Callable[[], Services]) -> Services:
    """The API's stores for one test alone: one that looks at every row, or changes what all couples share."""
    return new_services()


@pytest.fixture
def api(services: Services) -> Handler:
    """The function couples_api, in this process."""
    return handler_of(lambda: services)


@pytest.fixture
def couple(api: Handler) -> tuple[Phone, Phone]:
    """Ada in New York and Ben in Tokyo, paired, at 15:00 UTC of 2 March 2026."""
    ada, ben = a_phone(api, "ada", NEW_YORK), a_phone(api, "ben", TOKYO)
    pair(ada, ben)
    return ada, ben


@pytest.fixture
def wire() -> Iterator[FcmWire]:
    """FCM, as far as it goes over the wire."""
    with fcm_wire.fcm_wire() as wire:
        yield wire


@pytest.fixture
def queue(emulator_url: str) -> Queue:
    """A fresh queue for push jobs."""
    return Queue.on(emulator_url)


@pytest.fixture
def dead_letters(emulator_url: str) -> Queue:
    """A fresh queue for what is given up."""
    return Queue.on(emulator_url)


@pytest.fixture
def courier(table: Table, queue: Queue, dead_letters: Queue, wire: FcmWire) -> Iterator[Courier]:
    """Delivery's courier on `table`, between these queues and that wire; to it a shard of two rows is a large one."""
    with contextlib.closing(FcmGateway(credential_from(wire.secret), PROJECT, wire.url)) as gateway:
        yield Courier(
            slots=Slots(table, few_rows=1),
            runs=Runs(table),
            people=People(table),
            devices=Devices(People(table)),
            days=Days(table),
            news=News(table),
            incidents=Incidents(table),
            outbox=queue.outbox,
            dead_letters=dead_letters.outbox,
            gateway=gateway,
            app_link="https://app.example",
        )
