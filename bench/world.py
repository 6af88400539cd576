"""Set up new tables on the emulator, the functions to measure, and a stand-in for FCM."""

from __future__ import annotations

import contextlib
import itertools
import json
import random
import string
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx

import couples_api.handler
import privacy.handler
from couples_api.services import Services
from delivery.credential import credential_from
from delivery.fcm import FcmGateway
from delivery.libcurl import Libcurl
from local.google.place import Place
from local.stack import seed
from local.stack.start import free_ports
from rekindle.crypto.vault import CELLS, Vault
from rekindle.domain.ids import CoupleId, Uid
from rekindle.domain.persons import Target, TargetKind
from rekindle.store.catalogue import Catalogue
from rekindle.store.help import HelpStore
from rekindle.store.table import Table, marshal
from testing import engines
from testing.apis import every_account_is_good, privacy_services
from testing.builders import NEW_YORK, an_instant
from testing.phones import Phone
from testing.stored import erasures_beside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from bench.cost_recorder import CostRecorder
    from rekindle.store.erasures import Erasures
    from rekindle.store.keys import Key
    from testing.meter import Cost, Meter
    from testing.phones import Handler, Reply

ANSWER: Final = ("The way you hum when you cook, and how the kitchen smells of oranges after. " * 4)[:280]
"""An answer of 280 characters."""
APP_LINK: Final = "https://app.rekindle.example"
_BATCH_WRITE_LIMIT: Final = 25
_SYMBOLS: Final = string.ascii_letters + string.digits + "-_"
_FID_SYMBOLS: Final = 22
_TOKEN_SYMBOLS: Final = 134

_numbers = itertools.count(1)


def a_long_target(kind: TargetKind = TargetKind.TOKEN) -> Target:
    """Return a new target: a token of 163 characters or an installation id of 22."""
    dice = random.Random(next(_numbers))  # noqa: S311  no secret
    fid = "".join(dice.choices(_SYMBOLS, k=_FID_SYMBOLS))
    if kind is TargetKind.FID:
        return Target(kind, fid)
    return Target(kind, f"{fid}:APA91b{''.join(dice.choices(_SYMBOLS, k=_TOKEN_SYMBOLS))}")


def a_long_token() -> str:
    """Return the value of a new token."""
    return a_long_target().value


@dataclass(frozen=True, slots=True)
class Measurement:
    """The cost of one piece of work. `pushes` is the number of messages that reached the FCM stand-in."""

    name: str
    cost: Cost
    reply: Reply | None = None
    pushes: int | None = None


@dataclass(slots=True)
class World:
    """New tables, and clients whose requests a meter counts. `raw` is a client of DynamoDB without a meter."""

    meter: Meter
    recorder: CostRecorder
    table: Table
    key_table: Table
    cell_table: Table
    erasures: Erasures
    kms: Any
    kms_key: str
    sqs: Any
    raw: Any
    entropy: Callable[[int], bytes] = field(default_factory=lambda: random.Random(0).randbytes)  # noqa: S311  see below
    """Returns the same bytes in each run of the bench, so that the counts are the same. The bytes protect no secret."""
    measured: list[Measurement] = field(default_factory=list)

    @classmethod
    def on(cls, url: str, recorder: CostRecorder) -> World:
        """Return a new world on the emulator at `url`."""
        meter, raw = recorder.meter, engines.client("dynamodb", url)
        name, *key_names = engines.create_tables(raw, f"bench-{next(_numbers)}")
        dynamodb, kms, sqs = (engines.client(service, url) for service in ("dynamodb", "kms", "sqs"))
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        table = Table(meter.attach(dynamodb), name)
        key_table, cell_table = (Table(dynamodb, each) for each in key_names)
        tables = (table, key_table, cell_table, erasures_beside(table))
        return cls(meter, recorder, *tables, meter.attach(kms), key, meter.attach(sqs), raw)

    def with_starter_pack(self) -> World:
        """Publish the packs with which a new stack begins. Return this world."""
        seed.seed(self.raw, self.table.name)
        return self

    def new_process(self) -> Handler:
        """Return the handler of couples_api in a process that has just started."""
        return self._couples_api(self.new_vault())

    def running_process(self) -> Handler:
        """Return the handler of couples_api in a process that has opened every cell key."""
        return self._couples_api(self.warm_vault())

    def privacy(self, vault: Vault) -> Handler:
        """Return the handler of `privacy` in a new process with this vault."""
        services = self.recorder.recorded(privacy_services(self._services(vault)), "privacy")
        return privacy.handler.handler_of(lambda: services)

    def _couples_api(self, vault: Vault) -> Handler:
        services = self.recorder.recorded(self._services(vault), "couples_api")
        return couples_api.handler.handler_of(lambda: services)

    def _services(self, vault: Vault) -> Services:
        """Return the API's stores. The caches of the catalogue and the help never expire."""
        return replace(
            Services.on(self.table, vault, APP_LINK, self.erasures, every_account_is_good),
            catalogue=Catalogue(self.table, monotonic=lambda: 0.0),
            help=HelpStore(self.table, monotonic=lambda: 0.0),
            entropy=self.entropy,
        )

    def new_vault(self) -> Vault:
        """Return a vault with an empty cache."""
        return Vault(
            self.kms, self.kms_key, self.key_table, self.cell_table, monotonic=lambda: 0.0, entropy=self.entropy
        )

    def warm_vault(self) -> Vault:
        """Return a vault that has opened every cell key. Create the missing keys."""
        vault = self.new_vault()
        vault.mac("")
        for number in range(64 * CELLS):
            vault.new_keys(CoupleId(f"in-some-cell-{number}"), [Uid("anybody")])
        return vault

    def queue(self) -> str:
        """Create a queue. Return its URL."""
        url: str = self.sqs.create_queue(QueueName=f"bench-{next(_numbers)}")["QueueUrl"]
        return url

    def call(  # noqa: PLR0913  a request has its parts
        self,
        phone: Phone,
        route: str,
        note: str = "",
        body: object = None,
        *,
        key: str | None = None,
        query: str = "",
        process: Handler | None = None,
        **parts: object,
    ) -> Any:  # noqa: ANN401  a JSON body
        """Measure a request. The measurement's name is the route and a note. Return the reply's body.

        `parts` are the values for the names in the route's braces. `key` is an idempotency key. If `process` is given,
        this process answers in place of the phone's own process.
        """
        method, _, path = route.partition(" ")
        caller = replace(phone, handler=process or phone.handler)
        headers = {"idempotency-key": key} if key else None
        reply, cost = self.meter.cost_of(
            lambda: caller.call(method, path.format(**parts) + query, body, headers=headers)
        )
        name = f"{route}, {note}" if note else route
        self.measured.append(Measurement(name, cost, reply))
        return json.loads(reply.text) if reply.text else None

    def row(self, key: Key) -> dict[str, Any]:
        """Return an existing item in DynamoDB's typed JSON, which stream records also use."""
        found = self.raw.get_item(TableName=self.table.name, Key=marshal(key._asdict()), ConsistentRead=True)
        row: dict[str, Any] = found["Item"]
        return row

    def put_rows(self, rows: Iterable[dict[str, Any]]) -> None:
        """Put items, which are in DynamoDB's typed JSON. The meter does not count these requests."""
        for batch in itertools.batched(rows, _BATCH_WRITE_LIMIT, strict=False):
            puts = [{"PutRequest": {"Item": row}} for row in batch]
            self.raw.batch_write_item(RequestItems={self.table.name: puts})


def a_new_phone(handler: Handler, name: str) -> Phone:
    """Return the phone of a person without a profile. The uid has 28 characters, as Firebase's uids do."""
    return Phone(handler, Uid(name.ljust(28, "0")), now=an_instant("2026-03-02T15:00:00Z"))


def a_settled_phone(handler: Handler, name: str, zone: str = NEW_YORK) -> Phone:
    """Return the phone of a person who has a profile and receives pushes."""
    phone = a_new_phone(handler, name)
    phone.put("/v1/me", {"display_name": name.title(), "zone": zone})
    phone.put("/v1/me/devices/phone", {"token": a_long_token(), "platform": "ios"})
    return phone


@dataclass(frozen=True, slots=True)
class Fcm:
    """The FCM stand-in, and our gateway to it."""

    place: Place
    gateway: FcmGateway

    def sends(self) -> int:
        """Return how many messages have reached the stand-in so far."""
        stats = httpx.get(f"{self.place.origin}/stats").json()
        return int(stats["sends"].get("attempts", 0))

    def call_unregistered(self, token: str) -> None:
        """Let the stand-in answer UNREGISTERED to every further message for the token."""
        fault = {"kind": "UNREGISTERED", "token": token}
        httpx.put(f"{self.place.origin}/faults", json=fault).raise_for_status()


@contextlib.contextmanager
def fcm() -> Iterator[Fcm]:
    """Run an FCM stand-in while the context is open."""
    with tempfile.TemporaryDirectory(prefix="rekindle-bench-", ignore_cleanup_errors=True) as folder:
        (port,) = free_ports(1)
        place = Place(port, "rekindle-bench", Path(folder))
        credential = credential_from(json.dumps(place.service_account()))
        with place.start(Path(folder, "google.log")) as child:
            child.await_answer(place.origin, 30)
            gateway = FcmGateway(credential, Libcurl(place.origin, place.project))
            with contextlib.closing(gateway):
                yield Fcm(place, gateway)
