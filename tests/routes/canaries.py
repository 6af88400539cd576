"""Make canaries: texts that can be found again wherever they go. Put one in each place of a request that takes a text.

The places come from the OpenAPI documents, so that a new operation or field is tried without a change here.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

from testing import contract

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from testing.contract import Operation

PREFIX: Final = "canary"
_WORD: Final = re.compile(PREFIX + r"[0-9a-f]{12}")


def word(place: str) -> str:
    """Return the canary of a place. It is lowercase letters and digits, so that most fields accept it."""
    return PREFIX + hashlib.sha256(place.encode()).hexdigest()[:12]


def _encoded() -> Iterator[bytes]:
    """Yield what every canary has in common when it is encoded: in hexadecimal, or in base64 at any offset."""
    prefix = PREFIX.encode()
    yield prefix.hex().encode()
    for offset in range(3):
        # The first and the last symbol also depend on the text around the prefix.
        whole = base64.b64encode(b"\0" * offset + prefix)
        yield whole[(8 * offset + 5) // 6 : 8 * (offset + len(prefix)) // 6]


ENCODED: Final = tuple(each.decode() for each in _encoded())


ROWS_OF: Final[Mapping[str, set[str]]] = {
    # Names are shown to partners, and to whoever redeems an invite or has it redeemed.
    "name": {"PERSON", "COUPLE", "INVITE"},
    "PUT /v1/me, field display_name": {"PERSON", "COUPLE"},
    # Pushes need a phone's token, in the person's row and in the rows of the slots.
    "token": {"PERSON", "DUE"},
    "PUT /v1/me/devices/{device_id}, field token": {"PERSON", "DUE"},
    "PUT /v1/me/devices/{device_id}, path device_id": {"PERSON"},
    # A couple joins a pack by its code, and the practice can see the code.
    "bare practice code": {"CODE", "PACKS"},
    # What staff write about packs and help is for all staff.
    "PUT /v1/practice/help, field booking.words.en": {"HELP"},
    "POST /v1/practice/help/reject, field note": {"AUDIT_CHAIN", "NOTICES"},
    "note": {"AUDIT_CHAIN", "PACKS"},
    "reason": {"AUDIT_CHAIN"},
    "POST /v1/practice/packs/{pack_id}/reject, field note": {"AUDIT_CHAIN"},
    "POST /v1/practice/packs/{pack_id}/withdraw, field reason": {"AUDIT_CHAIN"},
}
"""The kinds of rows in which a canary may stand in clear, by its place. Any other canary is in no row.

The first word of a partition's key is the kind. A place without a request is a plant of `tests.routes.town`.
"""


@dataclass(slots=True)
class Canaries:
    """The canaries in use, by the place in which each was put. `codes` are texts of another form, by their place."""

    places: dict[str, str] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, texts: Mapping[str, str]) -> Self:
        """Return the canaries among these texts. The names of the texts are their places."""
        return cls({text: place for place, text in texts.items() if _WORD.fullmatch(text)})

    def new(self, place: str) -> str:
        """Return the place's canary."""
        canary = word(place)
        self.places[canary] = place
        return canary

    def found_in(self, text: str) -> set[str]:
        """Return the places of all canaries in a text, also of encoded ones."""
        found = {self.places.get(each, f"another canary: {each}") for each in _WORD.findall(text.casefold())}
        found |= {f"an encoded canary: {each}" for each in ENCODED if each in text}
        return found | {place for code, place in self.codes.items() if code in text}


@dataclass(frozen=True, slots=True)
class Filled:
    """A request with a canary in one place, or in all of its headers."""

    place: str
    path: str
    headers: Mapping[str, str]
    raw: str | None


HEADERS: Final = (
    *("authorization", "content-type", "cookie", "idempotency-key", "origin", "referer", "user-agent"),
    *("x-amzn-trace-id", "x-forwarded-for", "x-firebase-appcheck", "x-unheard-of"),
)
"""Headers that phones, browsers or API Gateway send."""


def filled(canaries: Canaries, operation: Operation, path: str, body: Any) -> Iterator[Filled]:
    """Yield requests of an operation with canaries: in each header, path, query and field, in fit and unfit forms.

    `path` and `body` are those of a request that the operation accepts.
    """
    name = f"{operation.method} {operation.template}"

    def headers(place: str) -> dict[str, str]:
        mine = {each: canaries.new(f"{place}, header {each}") for each in HEADERS}
        mine["authorization"] = f"Bearer {mine['authorization']}"
        mine["content-type"] = f"application/json; note={mine['content-type']}"
        return mine

    def request(place: str, path: str = path, raw: str | None = None) -> Filled:
        whole = f"{name}, {place}"
        return Filled(whole, path, headers(whole), json.dumps(body) if raw is None and body is not None else raw)

    def of(place: str) -> str:
        return canaries.new(f"{name}, {place}")

    yield request("nothing else")
    yield request("an unknown query", f"{path}{'&' if '?' in path else '?'}{of('an unknown query')}={of('its value')}")
    for each in contract.parameters_of(operation):
        where = f"{each['in']} {each['name']}"
        if each["in"] == "path":
            yield request(where, operation.template.replace(f"{{{each['name']}}}", of(where)).format_map(_Any()))
        if each["in"] == "query":
            yield request(where, f"{path.partition('?')[0]}?{each['name']}={of(where)}")
    yield request("a body that is no object", raw=json.dumps([of("a body that is no object")]))
    yield request("half a body", raw=f'{{"text": "{of("half a body")}')
    schema = contract.body_schema_of(operation)
    if schema is None:
        return
    unknown = {**(body or {}), of("the name of an unknown field"): of("an unknown field")}
    yield request("an unknown field", raw=json.dumps(unknown))
    for at in contract.leaves_of(operation.document, schema):
        where = f"field {'.'.join(map(str, at))}"
        for form, value in (
            ("", of(where)),
            ("in a list, ", [of(f"in a list, {where}")]),
            ("deep, ", {of(f"deep, {where}"): of(f"deep, {where}")}),
            ("too long, ", of(f"too long, {where}") * 150),
        ):
            yield request(f"{form}{where}", raw=json.dumps(_with(body, at, value)))


class _Any(dict[str, str]):
    """Fills every other parameter of a path."""

    def __missing__(self, name: str) -> str:
        return {"date": "2026-03-06", "version": "1", "pack_id": "river"}.get(name, "phone")


def _with(body: Any, at: tuple[str | int, ...], value: object) -> Any:
    """Return the body with the value at a path. A number in the path is an index of a list of one."""
    name, *rest = at
    within = (body or {}).get(name) if isinstance(name, str) and isinstance(body, dict | None) else None
    if isinstance(name, int):
        first = body[0] if isinstance(body, list) and body else None
        return [_with(first, tuple(rest), value) if rest else value]
    changed = copy.deepcopy(body) if isinstance(body, dict) else {}
    changed[name] = _with(within, tuple(rest), value) if rest else value
    return changed
