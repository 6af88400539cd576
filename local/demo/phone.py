"""The demo's phones and the practice's desk: their calls, as events of a past instant or through the gateway now."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from local.google.identity import ACCOUNTS
from rekindle.store.instants import to_millis

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

    from local.demo.plan import Partner
    from local.stack import Stack

PATIENCE_SECONDS: Final = 20
"""How long a push may take from its cause to the phone: through stream, queue and two functions, some not yet warm."""
_LOOK_EVERY_SECONDS: Final = 0.02
_STAFF: Final = "editor@practice.example"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the API answered. `problem` is the name of the problem's type, or None."""

    status: int
    body: Any

    @property
    def problem(self) -> str | None:
        """The stable name of what was wrong."""
        kind = self.body.get("type", "") if isinstance(self.body, dict) else ""
        return str(kind).rpartition(":")[2] or None

    def shows(self, text: str) -> bool:
        """Whether the text is anywhere in it."""
        return json.dumps(text, ensure_ascii=False)[1:-1] in json.dumps(self.body, ensure_ascii=False)


@dataclass(slots=True)
class Phone:
    """One partner's phone. `overheard` sees every reply that it gets."""

    owner: Partner
    stack: Stack
    overheard: Callable[[Partner, Reply], None]
    _id_token: str | None = field(default=None, repr=False)

    def call(self, at: dt.datetime | None, method: str, path: str, body: Mapping[str, Any] | None = None) -> Reply:
        """The reply to a request that reaches the API at that instant; None is now, through the gateway."""
        reply = self._through_gateway(method, path, body) if at is None else self._replayed(at, method, path, body)
        self.overheard(self.owner, reply)
        return reply

    def _through_gateway(self, method: str, path: str, body: Mapping[str, Any] | None) -> Reply:
        with self.stack.phone(uid=self.owner.uid) as client:
            answer = client.request(method, path, json=body)
        return Reply(answer.status_code, answer.json() if answer.content else None)

    def _replayed(self, at: dt.datetime, method: str, path: str, body: Mapping[str, Any] | None) -> Reply:
        event = http_event({"sub": self.owner.uid}, at, method, path, body)
        return _reply(self.stack.invoke("CouplesApi", event))

    def inbox(self) -> list[dict[str, Any]]:
        """What it was sent, oldest first; see local.google.inbox.Push."""
        return self.stack.inbox(self.owner.token)

    def await_push(self, collapse_key: str) -> dict[str, Any] | None:
        """The push with that collapse key, once it is there; None if it does not come."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for push in self.inbox():
                if str(push["collapse_key"]).startswith(collapse_key):
                    return push
            time.sleep(_LOOK_EVERY_SECONDS)
        return None


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the practice's staff work."""

    stack: Stack

    def call(self, at: dt.datetime, method: str, path: str, body: Mapping[str, Any] | None = None) -> Reply:
        """The reply to what one of them asks of the practice's API at that instant."""
        claims = {"sub": "demo-staff", "email": _STAFF, **ACCOUNTS[_STAFF]}
        return _reply(self.stack.invoke("PracticeApi", http_event(claims, at, method, path, body)))

    def read_now(self, path: str) -> Reply:
        """The reply to what one of them reads now, through the gateway, with a token of their own."""
        with self.stack.phone(email=_STAFF, claims=dict(ACCOUNTS[_STAFF])) as client:
            answer = client.get(path)
        return Reply(answer.status_code, answer.json())


def _reply(answer: Mapping[str, Any]) -> Reply:
    text = answer.get("body") or ""
    if answer.get("isBase64Encoded"):
        text = base64.b64decode(text).decode()
    return Reply(answer["statusCode"], json.loads(text) if text else None)


def http_event(
    claims: Mapping[str, str], at: dt.datetime, method: str, path: str, body: Mapping[str, Any] | None
) -> dict[str, Any]:
    """A request as API Gateway hands it to the function (payload format 2.0), once its authorizer has let it in."""
    path, _, query = path.partition("?")
    return {
        "version": "2.0",
        "routeKey": "ANY /v1/{proxy+}",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"content-type": "application/json"},
        "requestContext": {
            "stage": "$default",
            "requestId": f"demo-{to_millis(at)}",
            "timeEpoch": to_millis(at),
            "authorizer": {"jwt": {"claims": dict(claims), "scopes": None}},
            "http": {"method": method, "path": path, "sourceIp": "192.0.2.1", "userAgent": "demo"},
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }
