"""Call the API as a phone does, but in this process. Each call makes an event like API Gateway's."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from rekindle.store.instants import to_millis
from testing.builders import NEW_YORK, TOKYO, a_token, a_uid, an_instant
from testing.contract import require_declared

if TYPE_CHECKING:
    from rekindle.domain.ids import Uid

type Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


USUAL: dict[str, dict[str, Any]] = {
    r"/v1/me": {"language": "en", "depth": 1, "touch_comfort": 0, "barriers": [], "streak_hidden": False},
    r"/v1/me/devices/[^/]+": {"token": None, "fid": None},
    r"/v1/me/reminders": {
        "prompt_time": "08:30",
        "evening_time": "20:30",
        "quiet_hours": {"start": "22:00", "end": "07:00"},
        "touch": None,
        "nudges_muted": False,
        "news": True,
    },
    r"/v1/days/[^/]+/answer": {"text": None, "share_first": False, "revision": None, "prompt": None},
    r"/v1/days/[^/]+/reflection": {"text": None},
    r"/v1/solo/days/[^/]+/answer": {"revision": None},
    r"/v1/practice/help": {"booking": None, "lines": []},
}
"""The defaults, by route, for the fields that a test leaves out of a PUT's body."""


def whole(path: str, body: Any) -> Any:
    """Add the fields that a test leaves out of a PUT's body. The API refuses a PUT that lacks a field."""
    if not isinstance(body, dict):
        return body
    return next((usual for route, usual in USUAL.items() if re.fullmatch(route, path)), {}) | body


NO_WORDS = ["no", "words", "yet"]
"""Three words that no phone ever shows."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)

    @property
    def problem(self) -> str:
        """Return the problem's type without the prefix that all types have."""
        assert self.headers["Content-Type"] == "application/problem+json", self.text
        return str(self.body["type"]).removeprefix("urn:rekindle:problem:")


@dataclass(slots=True)
class Phone:
    """One person's phone. The test sets its clock, `now`, and may add `claims` to its token."""

    handler: Handler
    uid: Uid
    now: dt.datetime = field(default_factory=an_instant)
    claims: dict[str, str] = field(default_factory=dict)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """Send a request with `body`, or with the unchanged text `raw`. A PUT's `body` gets defaults for its gaps."""
        if method == "PUT":
            body = whole(path, body)
        event = http_event(method, path, self.uid, self.now, _json(body) if raw is None else raw)
        event["headers"] |= headers or {}
        event["requestContext"]["authorizer"]["jwt"]["claims"] |= self.claims
        answer = self.handler(event, None)
        require_declared(event, answer)
        return Reply(answer["statusCode"], answer["headers"], answer.get("body") or "")

    def get(self, path: str) -> Reply:
        return self.call("GET", path)

    def put(self, path: str, body: Any) -> Reply:
        return self.call("PUT", path, body)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Reply:
        return self.call("POST", path, body, headers={"idempotency-key": key} if key else None)

    def patch(self, path: str, body: Any) -> Reply:
        return self.call("PATCH", path, body)

    def delete(self, path: str) -> Reply:
        return self.call("DELETE", path)


def _json(body: object) -> str | None:
    return None if body is None else json.dumps(body)


def http_event(method: str, path: str, uid: str, instant: dt.datetime, body: str | None) -> dict[str, Any]:
    """Return an event in API Gateway's format 2.0, with the claims of the token of a sign-in just before."""
    raw_path, _, query = path.partition("?")
    signed_in, expires = (str(int((instant + time).timestamp())) for time in (dt.timedelta(), dt.timedelta(hours=1)))
    return {
        "version": "2.0",
        "routeKey": "ANY /v1/{proxy+}",
        "rawPath": quote(raw_path),
        "rawQueryString": query,
        "headers": {"content-type": "application/json", "authorization": f"Bearer token-of-{uid}"},
        "queryStringParameters": dict(pair.split("=", 1) for pair in query.split("&")) if query else None,
        "requestContext": {
            "stage": "$default",
            "domainName": "api.example",
            "requestId": "request-1",
            "timeEpoch": to_millis(instant),
            "authorizer": {
                "jwt": {
                    "claims": {"sub": uid, "auth_time": signed_in, "iat": signed_in, "exp": expires},
                    "scopes": None,
                }
            },
            "http": {"method": method, "path": raw_path, "sourceIp": "192.0.2.1", "userAgent": "test"},
        },
        "body": body,
        "isBase64Encoded": False,
    }


def a_phone(handler: Handler, name: str, zone: str, **profile: Any) -> Phone:
    """Return a phone whose person has a profile and a registered device."""
    phone = Phone(handler, a_uid(name))
    profiled = phone.put("/v1/me", {"display_name": name.title(), "zone": zone} | profile)
    assert profiled.status == 200, profiled.text
    registered = phone.put("/v1/me/devices/phone", {"token": a_token(name), "platform": "android"})
    assert registered.status == 200, registered.text
    return phone


def confirmation(inviter: Phone, invite_id: str, **choice: bool | None) -> dict[str, Any]:
    """Return the body that confirms an invite, with the three words that the inviter's phone shows now."""
    invite = inviter.get("/v1/invites")
    words = invite.body["words"] if invite.status == 200 else None
    return {"invite_id": invite_id, "words": words or NO_WORDS, **choice}


def pair(inviter: Phone, redeemer: Phone, resume: tuple[bool, bool] | None = None) -> None:
    """Make the two persons a couple: invite, redeem and confirm.

    If the two were a couple before, `resume` has the inviter's and the redeemer's choice.
    """
    asked, answered = ({"resume": choice} if resume else {} for choice in resume or (None, None))
    invite = inviter.post("/v1/invites").body
    redeemed = redeemer.post("/v1/invites/redeem", {"code": invite["code"]} | answered)
    assert (redeemed.status, redeemed.body["state"]) == (200, "redeemed"), redeemed.text
    confirmed = inviter.post("/v1/invites/confirm", confirmation(inviter, invite["invite_id"], **asked))
    assert confirmed.status == 200, confirmed.text


def a_couple(
    handler: Handler, first: str = NEW_YORK, second: str = TOKYO, *, at: str | dt.datetime = "", **profile: Any
) -> tuple[Phone, Phone]:
    """Pair Ada and Ben in these zones, and return their phones. `at` sets their clocks before they pair."""
    ada, ben = a_phone(handler, "ada", first, **profile), a_phone(handler, "ben", second, **profile)
    if at:
        set_clocks(at, ada, ben)
    pair(ada, ben)
    return ada, ben


def set_clocks(instant: str | dt.datetime, *phones: Phone) -> None:
    for phone in phones:
        phone.now = an_instant(instant) if isinstance(instant, str) else instant


def noon(date: dt.date) -> dt.datetime:
    return dt.datetime.combine(date, dt.time(12), dt.UTC)


def at_noon(date: dt.date, *phones: Phone) -> None:
    """Set the clocks to noon UTC on a date. A couple in London has only this date open then."""
    set_clocks(noon(date), *phones)
