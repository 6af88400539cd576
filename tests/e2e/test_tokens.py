"""A request without a valid token gets 401 before any function runs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from testing import contract
from testing.builders import a_uid
from tests.routes.authorization import OPERATIONS, ROWS, Kind, is_practice

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.stack import Stack


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


class Forger:
    """Makes tokens with one fault each, signed with the issuer's own key."""

    def __init__(self, stack: Stack) -> None:
        self.good = stack.sign_in(uid=a_uid("forged"))["id_token"]
        self.claims = jwt.decode(self.good, options={"verify_signature": False})
        self.kid = jwt.get_unverified_header(self.good)["kid"]
        pem = (stack.state / "google" / "sign-in.pem").read_bytes()
        key = load_pem_private_key(pem, None)
        assert isinstance(key, rsa.RSAPrivateKey)
        self.key = key
        self.public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def signed(self, *, kid: str | None = None, **changes: Any) -> str:
        return jwt.encode(self.claims | changes, self.key, "RS256", {"kid": kid or self.kid})

    def with_shared_secret(self, secret: bytes) -> str:
        """Sign with the public key as a shared secret. The library refuses to do that."""
        content = f"{_part({'alg': 'HS256', 'typ': 'JWT', 'kid': self.kid})}.{_part(self.claims)}"
        digest = hmac.digest(secret, content.encode(), hashlib.sha256)
        return f"{content}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"

    def by_another_key(self) -> str:
        other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return jwt.encode(self.claims, other, "RS256", {"kid": self.kid})

    def unsigned(self) -> str:
        return f"{_part({'alg': 'none', 'typ': 'JWT', 'kid': self.kid})}.{_part(self.claims)}."

    def tampered(self) -> str:
        header, _, signature = self.good.split(".")
        return f"{header}.{_part(self.claims | {'sub': 'somebody-else'})}.{signature}"


HOUR = 3600
FORGERIES: dict[str, Callable[[Forger], str | None]] = {
    "no token": lambda _: None,
    "empty": lambda _: "Bearer",
    "not a token": lambda _: "Bearer not.a.token",
    "another scheme": lambda forger: f"Basic {forger.good}",
    "expired": lambda forger: f"Bearer {forger.signed(iat=int(time.time()) - 2 * HOUR, exp=int(time.time()) - HOUR)}",  # noqa: TID251 - tokens live by the real clock
    "not valid yet": lambda forger: f"Bearer {forger.signed(nbf=int(time.time()) + HOUR)}",  # noqa: TID251 - as above
    "another audience": lambda forger: f"Bearer {forger.signed(aud='another-project')}",
    "another issuer": lambda forger: f"Bearer {forger.signed(iss='https://securetoken.google.com/another-project')}",
    "unknown key id": lambda forger: f"Bearer {forger.signed(kid='f' * 40)}",
    "another key": lambda forger: f"Bearer {forger.by_another_key()}",
    "tampered": lambda forger: f"Bearer {forger.tampered()}",
    "a second token": lambda forger: f"Bearer {forger.good} {forger.tampered()}",
    "a second token after a comma": lambda forger: f"Bearer {forger.good},Bearer {forger.tampered()}",
    "alg none": lambda forger: f"Bearer {forger.unsigned()}",
    "HS256 with the public key": lambda forger: f"Bearer {forger.with_shared_secret(forger.public)}",
    "HS256 with an empty key": lambda forger: f"Bearer {forger.with_shared_secret(b'')}",
}


@pytest.fixture(scope="module")
def forger(stack: Stack) -> Forger:
    return Forger(stack)


PROTECTED: Final = [name for name, row in ROWS.items() if row[Kind.NO_TOKEN] == HTTPStatus.UNAUTHORIZED]
FUNCTIONS: Final = ("CouplesApi", "Privacy", "PracticeApi")


def path_of(name: str) -> str:
    """Return an operation's path, with a value for each of its parameters."""
    values = {"date": "2026-03-02", "pack_id": "harbour", "device_id": "phone", "version": 1, "receipt": "none"}
    return OPERATIONS[name].template.format(**values)


@pytest.mark.parametrize("forgery", FORGERIES)
def test_every_operation_refuses_it_with_401(forgery: str, forger: Forger, stack: Stack) -> None:
    authorization = FORGERIES[forgery](forger)
    headers = {} if authorization is None else {"Authorization": authorization}
    logs = [stack.log_of(function) for function in FUNCTIONS]
    before = [log.read_bytes() if log.exists() else b"" for log in logs]
    with httpx.Client(base_url=stack.api_url, headers=headers) as client:
        for name in PROTECTED:
            reply = client.request(OPERATIONS[name].method, path_of(name))
            assert (name, reply.status_code) == (name, HTTPStatus.UNAUTHORIZED), reply.text
        assert client.get("/v1/no-such-route").status_code == HTTPStatus.UNAUTHORIZED
    assert [log.read_bytes() if log.exists() else b"" for log in logs] == before


def test_every_operation_refuses_a_token_without_an_end(forger: Forger, stack: Stack) -> None:
    """The emulator's gateway lets such a token pass. Then each function refuses it."""
    claims = {name: value for name, value in forger.claims.items() if name != "exp"}
    claims |= {"scope": "practice:read practice:publish"}
    token = jwt.encode(claims, forger.key, "RS256", {"kid": forger.kid})
    with httpx.Client(base_url=stack.api_url, headers={"Authorization": f"Bearer {token}"}) as client:
        for name in PROTECTED:
            method, template = OPERATIONS[name].method, OPERATIONS[name].template
            query = {"revision": 1} if method == "DELETE" and is_practice(name) else None
            # A function reads the body before it looks at the caller.
            reply = client.request(method, path_of(name), params=query, json=contract.example_of(method, template))
            assert (name, reply.status_code) == (name, HTTPStatus.UNAUTHORIZED), reply.text


def test_the_same_token_unforged_is_let_in(forger: Forger, stack: Stack) -> None:
    """Otherwise the refusals above would prove nothing."""
    for token in (forger.good, forger.signed()):
        reply = httpx.get(f"{stack.api_url}/v1/me", headers={"Authorization": f"Bearer {token}"})
        assert (reply.status_code, reply.json()["type"]) == (404, "urn:rekindle:problem:no-profile")


SCOPES: Final = {
    "": Kind.UNPAIRED,
    "couple": Kind.UNPAIRED,
    "practice:read": Kind.READER,
    "practice:publish": Kind.PUBLISHER,
    "practice:publish practice:read": Kind.PUBLISHER,
}
"""The kind of caller that a token with these scopes makes."""


@pytest.mark.parametrize("scope", SCOPES)
def test_each_operation_of_the_practice_takes_its_scopes_alone(stack: Stack, scope: str) -> None:
    """API Gateway refuses the others, before the function runs."""
    with stack.phone(email="ruth@practice.example", claims={"scope": scope} if scope else {}) as client:
        for name in filter(is_practice, OPERATIONS):
            method = OPERATIONS[name].method
            reply = client.request(method, path_of(name), json={} if method in {"POST", "PUT"} else None)
            is_refused = reply.status_code == HTTPStatus.FORBIDDEN and reply.json() == {"message": "Forbidden"}
            assert (name, is_refused) == (name, ROWS[name][SCOPES[scope]] == HTTPStatus.FORBIDDEN), reply.text
