"""A small world to measure in: fresh tables on the emulator with the starter pack, and phones that call the API."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import string
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx

import privacy.handler
import privacy.services
from couples_api.handler import handler_of
from couples_api.services import Services
from delivery.credential import credential_from
from delivery.fcm import FcmGateway
from delivery.libcurl import Libcurl
from local import seed
from local.google import Place
from local.places import ROOT
from local.processes import Child
from local.stack import free_ports
from rekindle.crypto.vault import CELLS, Vault
from rekindle.domain.models import CoupleId, Target, TargetKind
from rekindle.store.catalogue import Catalogue
from rekindle.store.couples import Couples
from rekindle.store.days import Days
from rekindle.store.help import HelpStore
from rekindle.store.invites import Invites
from rekindle.store.nudges import Nudges
from rekindle.store.people import People
from rekindle.store.solo import Solo
from rekindle.store.streaks import Streaks
from rekindle.store.table import Table, marshal
from rekindle.store.tries import Tries
from testing import engines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.ledger import Ledger
    from rekindle.store.keys import Key
    from testing.meter import Cost, Meter
    from testing.phones import Handler, Phone

ANSWER: Final = ("The way you hum when you cook, and how the kitchen smells of oranges after. " * 4)[:280]
"""An answer of 280 characters."""
APP_LINK: Final = "https://app.rekindle.example"
type Row = dict[str, Any]
"""An item with its types."""

_numbers = itertools.count(1)


_SYMBOLS: Final = string.ascii_letters + string.digits + "-_"
_FID_SYMBOLS: Final = 22
_TOKEN_SYMBOLS: Final = 134


def a_long_target(kind: TargetKind = TargetKind.TOKEN) -> Target:
    """A target as FCM makes them: a token of 163 characters, or an installation id of 22."""
    dice = random.Random(next(_numbers))  # noqa: S311  no secret
    fid = "".join(dice.choices(_SYMBOLS, k=_FID_SYMBOLS))
    if kind is TargetKind.FID:
        return Target(kind, fid)
    return Target(kind, f"{fid}:APA91b{''.join(dice.choices(_SYMBOLS, k=_TOKEN_SYMBOLS))}")


def a_long_token() -> str:
    """The value of such a token."""
    return a_long_target().value


@dataclass(frozen=True, slots=True)
class Line:
    """One measured piece of work. `sent` is the body's bytes of an API call, `pushes` what reached FCM."""

    name: str
    cost: Cost
    sent: int | None = None
    pushes: int | None = None


@dataclass(slots=True)
class World:
    """Tables of their own, metered. `raw` is the same DynamoDB, unmetered."""

    meter: Meter
    ledger: Ledger
    table: Table
    key_table: Table
    kms: Any
    kms_key: str
    sqs: Any
    raw: Any
    entropy: Callable[[int], bytes] = field(default_factory=lambda: random.Random(0).randbytes)  # noqa: S311  see below
    """No secret here depends on it, and identifiers of the same length in each run make each run the same."""
    lines: list[Line] = field(default_factory=list)

    @classmethod
    def on(cls, url: str, ledger: Ledger) -> World:
        """A new world on the emulator at `url`, whose calls the ledger notes."""
        meter, raw = ledger.meter, engines.client("dynamodb", url)
        name, key_name = engines.create_tables(raw, f"bench-{next(_numbers)}")
        dynamodb = meter.attach(engines.client("dynamodb", url))
        kms = engines.client("kms", url)
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        sqs = meter.attach(engines.client("sqs", url))
        return cls(
            meter=meter,
            ledger=ledger,
            table=Table(dynamodb, name),
            key_table=Table(dynamodb, key_name),
            kms=meter.attach(kms),
            kms_key=key,
            sqs=sqs,
            raw=raw,
        )

    def with_starter_pack(self) -> World:
        """This world, with the prompts that a new stack has."""
        seed.seed(self.raw, self.table.name)
        return self

    def new_vault(self) -> Vault:
        """A vault that remembers nothing yet."""
        return Vault(self.kms, self.kms_key, self.key_table, monotonic=lambda: 0.0, entropy=self.entropy)

    def warm_vault(self) -> Vault:
        """A vault that has every cell open, made where it was not: what a process has after a while."""
        vault = self.new_vault()
        vault.mac("")
        for number in range(64 * CELLS):
            vault.new_couple_key(CoupleId(f"in-some-cell-{number}"))
        return vault

    def process(self, vault: Vault) -> Handler:
        """The function couples_api as a process of its own; what it remembers once it remembers for good."""
        table = self.table

        def watched[T](store: T) -> T:
            return self.ledger.watched(store, "couples_api")

        services = Services(
            people=watched(People(table)),
            couples=watched(Couples(table)),
            invites=watched(Invites(table)),
            days=watched(Days(table)),
            streaks=watched(Streaks(table)),
            solo=watched(Solo(table)),
            nudges=watched(Nudges(table)),
            tries=watched(Tries(table)),
            catalogue=watched(Catalogue(table, monotonic=lambda: 0.0)),
            help=watched(HelpStore(table, monotonic=lambda: 0.0)),
            vault=watched(vault),
            app_link=APP_LINK,
            entropy=self.entropy,
        )
        return handler_of(lambda: services)

    def privacy(self, vault: Vault) -> Handler:
        """The function privacy as a process of its own."""
        table = self.table

        def watched[T](store: T) -> T:
            return self.ledger.watched(store, "privacy")

        services = privacy.services.Services(
            people=watched(People(table)),
            couples=watched(Couples(table)),
            days=watched(Days(table)),
            solo=watched(Solo(table)),
            catalogue=watched(Catalogue(table, monotonic=lambda: 0.0)),
            vault=watched(vault),
        )
        return privacy.handler.handler_of(lambda: services)

    def queue(self) -> str:
        """The address of a new queue."""
        url: str = self.sqs.create_queue(QueueName=f"bench-{next(_numbers)}")["QueueUrl"]
        return url

    def call(  # noqa: PLR0913  a request has its parts
        self,
        name: str,
        phone: Phone,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
    ) -> Any:  # noqa: ANN401  a JSON body
        """Let the phone call, and keep what it took under `name`; the answer's body."""
        headers = {"idempotency-key": key} if key else None
        reply, cost = self.meter.cost_of(lambda: phone.call(method, path, body, headers=headers))
        self.lines.append(Line(name, cost, sent=len(reply.text.encode())))
        return json.loads(reply.text) if reply.text else None

    def row(self, key: Key) -> Row:
        """An item that is there, as the stream would show it."""
        found = self.raw.get_item(TableName=self.table.name, Key=marshal(key._asdict()), ConsistentRead=True)
        row: Row = found["Item"]
        return row


@dataclass(frozen=True, slots=True)
class Fcm:
    """The FCM stand-in, with firebase-admin at our end."""

    place: Place
    gateway: FcmGateway

    def sends(self) -> int:
        """How many messages have reached it."""
        stats = httpx.get(f"{self.place.origin}/stats").json()
        return int(stats["sends"].get("attempts", 0))

    def call_unregistered(self, token: str) -> None:
        """From now on the token is of no phone any more."""
        fault = {"kind": "UNREGISTERED", "token": token}
        httpx.put(f"{self.place.origin}/faults", json=fault).raise_for_status()


@contextlib.contextmanager
def fcm() -> Iterator[Fcm]:
    """An FCM stand-in for as long as it is wanted."""
    with tempfile.TemporaryDirectory(prefix="rekindle-bench-", ignore_cleanup_errors=True) as folder:
        (port,) = free_ports(1)
        place = Place(port, "rekindle-bench", Path(folder))
        credential = credential_from(json.dumps(place.service_account()))
        environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", **place.environment()}
        command = [sys.executable, "-m", "local.google"]
        with Child("The stand-in for FCM", command, environment, ROOT, Path(folder, "google.log")) as child:
            child.await_answer(place.origin, 30)
            gateway = FcmGateway(credential, Libcurl(place.origin, place.project))
            with contextlib.closing(gateway):
                yield Fcm(place, gateway)
