"""Serve both APIs in this process, with callers of every kind. Each request of Schemathesis becomes an event."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import parse_qsl, unquote, urlsplit

import requests
from schemathesis import Response

import practice_api.services
from couples_api.services import Services
from rekindle.crypto.vault import Vault
from testing.apis import every_account_is_good, every_member_is_good, phones_api, practice_handler_of
from testing.builders import LONDON, NEW_YORK, an_instant, prompts, publish, publish_choices
from testing.memory_kms import MemoryKms
from testing.memory_table import MemoryTable
from testing.packs import a_prompt, a_source
from testing.phones import Phone, a_couple, a_phone, http_event, pair
from testing.stored import erasures_beside

if TYPE_CHECKING:
    import datetime as dt

    from schemathesis import Case as AnyCase
    from types_boto3_kms import KMSClient

    from rekindle.store.table import Table
    from testing.phones import Handler

    type Case = AnyCase[Any]

NOW: Final = an_instant()
HOST: Final = "https://api.example"
KNOWN: Final = {"date": "2026-03-02", "device_id": "phone", "pack_id": "choice", "receipt": "22222-22222-22222-22222"}
"""Path parameters that name existing things of the phones' API."""
KNOWN_TO_STAFF: Final = {"pack_id": "river", "version": 1}


@dataclass(slots=True)
class World:
    """An API with its tables, as they are after everybody has got their place. `callers` maps kinds to claims."""

    table: MemoryTable
    handler: Handler
    callers: dict[str, dict[str, str]]
    now: dt.datetime = NOW
    _start: Any = field(init=False)

    def __post_init__(self) -> None:
        self._start = self.table.snapshot()

    def reset(self) -> None:
        """Undo everything that calls have written."""
        self.table.restore(self._start)

    def call(self, case: Case, caller: str) -> Response:
        """Send the case's request as API Gateway would, signed in as this kind of caller."""
        request = requests.Request(**case.as_transport_kwargs(base_url=HOST)).prepare()
        answer = self.handler(event_of(request, self.callers[caller], self.now), None)
        headers = {name: [str(value)] for name, value in answer["headers"].items()}
        content = (answer.get("body") or "").encode()
        return Response(answer["statusCode"], headers, content, request, elapsed=0.0, verify=False, encoding="utf-8")


def event_of(request: requests.PreparedRequest, claims: dict[str, str], now: dt.datetime) -> dict[str, Any]:
    """Return the event that API Gateway makes of a request."""
    address = urlsplit(str(request.url))
    event = http_event(str(request.method), address.path, claims["sub"], now, None)
    event["rawPath"], event["rawQueryString"] = address.path, address.query
    event["requestContext"]["http"]["path"] = unquote(address.path)
    query: dict[str, str] = {}
    for name, value in parse_qsl(address.query, keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value
    event["queryStringParameters"] = query or None
    event["headers"] = {"authorization": f"Bearer token-of-{claims['sub']}"} | {
        _text(name).lower(): _text(value) for name, value in request.headers.items()
    }
    event["requestContext"]["authorizer"]["jwt"]["claims"] |= claims
    body = request.body.encode() if isinstance(request.body, str) else cast("bytes | None", request.body)
    try:
        event["body"] = body.decode() if body else None
    except UnicodeDecodeError:
        event["body"], event["isBase64Encoded"] = base64.b64encode(body or b"").decode(), True
    return event


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def phones_world() -> World:
    """Return the phones' API. Its callers are paired, alone, without a profile, invited, former partners and erased."""
    table = MemoryTable()
    keys, cells = table.beside("keys"), table.beside("cells")
    main = cast("Table", table)
    publish(main, prompts())
    publish_choices(main)
    kms = cast("KMSClient", MemoryKms())

    def services() -> Services:
        vault = Vault(kms, "key", cast("Table", keys), cast("Table", cells))
        return Services.on(main, vault, "https://app.example", erasures_beside(main), every_account_is_good)

    handler = phones_api(services)
    ada, ben = a_couple(handler, LONDON, NEW_YORK)
    revealed, partner = a_couple(handler, LONDON, NEW_YORK)
    for phone in (ada, revealed, partner):
        phone.get("/v1/today")
        assert phone.put(f"/v1/days/{KNOWN['date']}/answer", {"text": "The way you hum."}).status == 200
    alone, former, other, inviting, erased = (
        a_phone(handler, name, LONDON) for name in ("alone", "former", "other", "inviting", "erased")
    )
    alone.get("/v1/solo/today")
    assert alone.put(f"/v1/solo/days/{KNOWN['date']}/answer", {"text": "The rain."}).status == 200
    pair(former, other)
    assert former.delete("/v1/couple").status == 204
    assert inviting.post("/v1/invites").status == 201
    assert erased.delete("/v1/me").status == 202
    persons = {
        "waiting": ada,
        "asked": ben,
        "revealed": revealed,
        "alone": alone,
        "former": former,
        "inviting": inviting,
        "erased": erased,
    }
    return World(
        table, handler, {kind: {"sub": str(phone.uid)} for kind, phone in persons.items()} | {"new": {"sub": "new"}}
    )


def practice_world() -> World:
    """Return the practice's API with a published pack. Its callers may publish, may only read, or may do nothing."""
    table = MemoryTable()

    def services() -> practice_api.services.Services:
        return practice_api.services.Services.on(cast("Table", table), every_member_is_good, review_required=False)

    handler = practice_handler_of(services)
    callers = {
        kind: {"sub": kind, "email": f"{kind}@practice.example", "email_verified": "true", "scope": scope}
        for kind, scope in (("publisher", "practice:publish"), ("reader", "practice:read"), ("nobody", ""))
    }
    ruth = Phone(handler, cast("Any", "publisher"), NOW, callers["publisher"])
    pack = f"/v1/practice/packs/{KNOWN_TO_STAFF['pack_id']}"
    assert ruth.put(f"{pack}/draft", {"source": a_source(), "revision": 0}).status == 200
    assert ruth.post(f"{pack}/publish", {"revision": 1}).status == 200
    assert ruth.put(f"{pack}/draft", {"source": a_source(a_prompt("snow")), "revision": 0}).status == 200
    return World(table, handler, callers)
