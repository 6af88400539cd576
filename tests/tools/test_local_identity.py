"""Sign-in with a password has the bodies and errors that Firebase gives the console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette

from local.google.identity import IDENTITY, SECURE_TOKEN, identity_routes
from local.google.signin import Identity, Issuer
from tests.tools.browser import Browser

if TYPE_CHECKING:
    import httpx

PASSWORD = f"{IDENTITY}/v1/accounts:signInWithPassword?key=local"
TOKEN = f"{SECURE_TOKEN}/v1/token?key=local"
CODE = f"{IDENTITY}/v1/accounts:sendOobCode?key=local"


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return Issuer("http://127.0.0.1:4580", "rekindle-test", key)


@pytest.fixture
def client(issuer: Issuer) -> Browser:
    return Browser(Starlette(routes=identity_routes(issuer)))


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def refusal(reply: httpx.Response) -> str:
    assert reply.status_code == 400
    assert reply.json()["error"]["code"] == 400
    return str(reply.json()["error"]["message"])


def sign_in(client: Browser, email: str = "editor@practice.example") -> Any:
    asked = {"email": email, "password": "rekindle", "returnSecureToken": True}
    return client.post(PASSWORD, json=asked).json()


def test_staff_sign_in_with_a_password_and_get_their_scopes(client: Browser) -> None:
    signed_in = sign_in(client)

    claims = claims_of(signed_in["idToken"])
    assert claims["scope"] == "practice:read practice:publish"
    assert (claims["email"], claims["sub"]) == ("editor@practice.example", signed_in["localId"])
    assert (signed_in["expiresIn"], claims["exp"] - claims["iat"]) == ("3600", 3600)
    assert signed_in["registered"] is True


def test_a_reader_has_only_the_read_scope_and_a_couple_has_none(client: Browser) -> None:
    assert claims_of(sign_in(client, "reader@practice.example")["idToken"])["scope"] == "practice:read"
    assert "scope" not in claims_of(sign_in(client, "couple@example.org")["idToken"])


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"password": "rekindle"}, "MISSING_EMAIL"),
        ({"email": "", "password": "rekindle"}, "INVALID_EMAIL"),
        ({"email": "editor", "password": "rekindle"}, "INVALID_EMAIL"),
        ({"email": "editor@practice.example"}, "MISSING_PASSWORD"),
        ({"email": "editor@practice.example", "password": ""}, "MISSING_PASSWORD"),
        ({"email": "editor@practice.example", "password": "Rekindle"}, "INVALID_LOGIN_CREDENTIALS"),
        ({"email": "nobody@practice.example", "password": "rekindle"}, "INVALID_LOGIN_CREDENTIALS"),
        (["rekindle"], "Invalid JSON payload received."),
    ],
)
def test_a_failed_sign_in_has_firebases_error(client: Browser, asked: object, message: str) -> None:
    assert refusal(client.post(PASSWORD, json=asked)) == message


def test_a_refresh_keeps_the_person_and_the_scopes(client: Browser) -> None:
    signed_in = sign_in(client, "reader@practice.example")

    asked = {"grant_type": "refresh_token", "refresh_token": signed_in["refreshToken"]}
    renewed = client.post(TOKEN, data=asked).json()

    before, after = claims_of(signed_in["idToken"]), claims_of(renewed["id_token"])
    for claim in ("sub", "email", "scope", "auth_time"):
        assert before[claim] == after[claim]
    assert renewed["user_id"] == signed_in["localId"]
    assert (renewed["expires_in"], renewed["token_type"]) == ("3600", "Bearer")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "MISSING_GRANT_TYPE"),
        ({"grant_type": "password"}, "INVALID_GRANT_TYPE"),
        ({"grant_type": "refresh_token"}, "MISSING_REFRESH_TOKEN"),
        ({"grant_type": "refresh_token", "refresh_token": "made-up"}, "INVALID_REFRESH_TOKEN"),
    ],
)
def test_a_failed_refresh_has_firebases_error(client: Browser, asked: dict[str, str], message: str) -> None:
    assert refusal(client.post(TOKEN, data=asked)) == message


def test_an_ended_sign_in_cannot_be_refreshed(client: Browser, issuer: Issuer) -> None:
    ended = issuer.signed_in(Identity(uid="ada", ended=True))["refresh_token"]
    asked = {"grant_type": "refresh_token", "refresh_token": ended}
    assert refusal(client.post(TOKEN, data=asked)) == "TOKEN_EXPIRED"


@pytest.mark.parametrize("email", ["editor@practice.example", "nobody@practice.example"])
def test_a_password_reset_has_the_same_answer_for_each_account(client: Browser, email: str) -> None:
    reply = client.post(CODE, json={"requestType": "PASSWORD_RESET", "email": email})
    assert (reply.status_code, reply.json()["email"]) == (200, email)


def test_a_password_reset_needs_an_email(client: Browser) -> None:
    assert refusal(client.post(CODE, json={"requestType": "PASSWORD_RESET"})) == "MISSING_EMAIL"
    assert refusal(client.post(CODE, json={"email": "a@example.org"})) == "MISSING_REQ_TYPE"


def test_a_call_without_a_key_is_refused(client: Browser) -> None:
    assert client.post(PASSWORD.partition("?")[0], json={}).status_code == 403


def test_a_page_of_another_origin_may_call(client: Browser) -> None:
    asked = {"Origin": "http://127.0.0.1:4566", "Access-Control-Request-Method": "POST"}
    preflight = client.call("OPTIONS", PASSWORD, headers=asked | {"Access-Control-Request-Headers": "content-type"})
    reply = client.post(PASSWORD, json={}, headers={"Origin": "http://127.0.0.1:4566"})

    assert preflight.status_code == 200
    assert reply.status_code == 400
    for each in (preflight, reply):
        assert each.headers["access-control-allow-origin"] == "*"
