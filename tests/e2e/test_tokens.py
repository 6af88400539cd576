"""A request without a valid token gets 401 before any function runs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from testing.builders import a_uid

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
    "alg none": lambda forger: f"Bearer {forger.unsigned()}",
    "HS256 with the public key": lambda forger: f"Bearer {forger.with_shared_secret(forger.public)}",
    "HS256 with an empty key": lambda forger: f"Bearer {forger.with_shared_secret(b'')}",
}


@pytest.fixture(scope="module")
def forger(stack: Stack) -> Forger:
    return Forger(stack)


@pytest.mark.parametrize("forgery", FORGERIES)
def test_is_refused_with_401(forgery: str, forger: Forger, stack: Stack) -> None:
    authorization = FORGERIES[forgery](forger)
    headers = {} if authorization is None else {"Authorization": authorization}
    logs = [stack.log_of(function) for function in ("CouplesApi", "Privacy")]
    before = [log.read_bytes() if log.exists() else b"" for log in logs]
    routes = (("GET", "/v1/me"), ("PUT", "/v1/me"), ("POST", "/v1/me/export"), ("GET", "/v1/no-such-route"))
    for method, path in routes:
        reply = httpx.request(method, stack.api_url + path, headers=headers)
        assert reply.status_code == 401, reply.text
    assert [log.read_bytes() if log.exists() else b"" for log in logs] == before


def test_the_same_token_unforged_is_let_in(forger: Forger, stack: Stack) -> None:
    """Otherwise the refusals above would prove nothing."""
    for token in (forger.good, forger.signed()):
        reply = httpx.get(f"{stack.api_url}/v1/me", headers={"Authorization": f"Bearer {token}"})
        assert (reply.status_code, reply.json()["type"]) == (404, "urn:rekindle:problem:no-profile")


PACKS = "/v1/practice/packs"


@pytest.mark.parametrize(
    ("method", "path", "scopes"),
    [
        ("GET", PACKS, {"practice:read", "practice:publish"}),
        ("POST", "/v1/practice/check", {"practice:read", "practice:publish"}),
        ("PUT", f"{PACKS}/harbour/draft", {"practice:publish"}),
        ("POST", f"{PACKS}/harbour/publish", {"practice:publish"}),
        ("DELETE", f"{PACKS}/harbour/draft?revision=1", {"practice:publish"}),
    ],
)
def test_a_route_of_the_practice_takes_its_scopes_alone(stack: Stack, method: str, path: str, scopes: set[str]) -> None:
    for scope in ("", "couple", "practice:read", "practice:publish", "practice:publish practice:read"):
        with stack.phone(email="ruth@practice.example", claims={"scope": scope} if scope else {}) as client:
            reply = client.request(method, path, json={"source": ""} if method != "GET" else None)
        passes = bool(scopes & {*scope.split()})
        assert (reply.status_code in {401, 403}, reply.status_code == 403) == (not passes, not passes), scope
