"""The local issuer's tokens have the Firebase claims that the authorizer and the functions need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import ValidationError

from local.google.keys import private_key
from local.google.signin import Identity, Issuer

if TYPE_CHECKING:
    from pathlib import Path

ORIGIN = "http://127.0.0.1:4580"


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer(ORIGIN, "rekindle-test", rsa.generate_private_key(public_exponent=65537, key_size=2048))


def claims_of(issuer: Issuer, **identity: Any) -> dict[str, Any]:
    token = issuer.signed_in(Identity(**identity))["id_token"]
    claims: dict[str, Any] = jwt.decode(
        token, issuer.key.public_key(), algorithms=["RS256"], audience="rekindle-test", issuer=issuer.url
    )
    return claims


def test_a_token_has_the_claims_of_firebases(issuer: Issuer) -> None:
    claims = claims_of(issuer, email="Ana@example.org", name="Ana")

    assert claims["iss"] == f"{ORIGIN}/rekindle-test"
    assert claims["sub"] == claims["user_id"]
    assert claims["exp"] == claims["iat"] + 3600
    assert claims["auth_time"] == claims["iat"]
    assert (claims["email"], claims["email_verified"], claims["name"]) == ("Ana@example.org", True, "Ana")
    assert claims["firebase"] == {"identities": {"email": ["Ana@example.org"]}, "sign_in_provider": "password"}


def test_one_email_is_always_the_same_person(issuer: Issuer) -> None:
    uid = claims_of(issuer, email="ana@example.org")["sub"]

    assert claims_of(issuer, email="ANA@example.org")["sub"] == uid
    assert claims_of(issuer, email="ben@example.org")["sub"] != uid
    assert len(uid) == 28


def test_a_token_of_staff_has_their_scope(issuer: Issuer) -> None:
    claims = claims_of(issuer, uid="staff", claims={"scope": "practice:read practice:publish"})

    assert (claims["sub"], claims["scope"]) == ("staff", "practice:read practice:publish")


def test_a_sign_in_with_a_second_factor_says_so_in_every_token(issuer: Issuer) -> None:
    tokens = issuer.signed_in(Identity(uid="staff", second_factor=True))

    renewed = issuer.refreshed(tokens["refresh_token"])["id_token"]

    for token in (tokens["id_token"], renewed):
        firebase = jwt.decode(token, options={"verify_signature": False})["firebase"]
        assert firebase["sign_in_second_factor"] == "totp"
    assert "sign_in_second_factor" not in claims_of(issuer, uid="staff")["firebase"]


def test_an_account_keeps_its_claims_until_others_are_given(issuer: Issuer) -> None:
    assert claims_of(issuer, uid="keeper", claims={"scope": "practice:read"})["scope"] == "practice:read"
    assert claims_of(issuer, uid="keeper")["scope"] == "practice:read"
    assert "scope" not in claims_of(issuer, uid="keeper", claims={})


def test_an_old_sign_in_keeps_its_time_after_a_refresh(issuer: Issuer) -> None:
    old = issuer.signed_in(Identity(uid="ana", signed_in_ago=900, claims={"scope": "x"}))

    renewed = issuer.refreshed(old["refresh_token"])

    before, after = (jwt.decode(each["id_token"], options={"verify_signature": False}) for each in (old, renewed))
    assert before["iat"] - before["auth_time"] == 900
    assert (after["auth_time"], after["sub"], after["scope"]) == (before["auth_time"], "ana", "x")


def test_a_token_may_have_expired(issuer: Issuer) -> None:
    with pytest.raises(jwt.ExpiredSignatureError):
        claims_of(issuer, uid="ana", lifetime=-1)


def test_an_id_token_is_no_refresh_token(issuer: Issuer) -> None:
    with pytest.raises(jwt.InvalidTokenError):
        issuer.refreshed(issuer.signed_in(Identity(uid="ana"))["id_token"])


@pytest.mark.parametrize(
    "identity",
    [{}, {"email": "nobody"}, {"uid": ""}, {"uid": "a", "password": "x"}, {"uid": "a", "claims": {"sub": "b"}}],
)
def test_an_invalid_identity_is_refused(identity: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Identity(**identity)


def test_a_key_is_saved_and_readable_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "sign-in.pem"

    first, again = private_key(path), private_key(path)

    assert first.private_numbers() == again.private_numbers()
    assert path.stat().st_mode & 0o077 == 0


def test_a_broken_key_is_an_error_and_not_replaced(tmp_path: Path) -> None:
    """A new key would make all earlier tokens invalid."""
    path = tmp_path / "key.pem"
    path.write_text("-----BEGIN")

    with pytest.raises(ValueError, match="PEM"):
        private_key(path)
