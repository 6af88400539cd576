"""Second factors have the bodies and errors that Identity Platform gives the console and the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette

from local.clock import now
from local.google.accounts import Accounts
from local.google.identity import IDENTITY, SECURE_TOKEN, identity_routes
from local.google.second_factor import ADJACENT, PERIOD
from local.google.signin import Identity, Issuer
from testing.authenticator import code_of
from tests.tools.browser import Browser

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

EMAIL = "editor@practice.example"
WRONG = "000000"


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def issuer(key: RSAPrivateKey, tmp_path: Path) -> Issuer:
    return Issuer("http://127.0.0.1:4580", "rekindle-test", key, Accounts(tmp_path / "accounts.json"))


class Firebase:
    """The stand-in's endpoints, as one account of staff calls them."""

    def __init__(self, issuer: Issuer) -> None:
        self.browser = Browser(Starlette(routes=identity_routes(issuer)))

    def __call__(self, path: str, **asked: Any) -> Any:
        return self.browser.post(f"{IDENTITY}{path}?key=local", json=asked).json()

    def refusal(self, path: str, **asked: Any) -> str:
        error = self(path, **asked)["error"]
        assert error["code"] == 400
        return str(error["message"]).partition(" :")[0]

    def signed_in(self) -> Any:
        return self("/v1/accounts:signInWithPassword", email=EMAIL, password="rekindle")

    def started(self, token: str) -> Any:
        return self("/v2/accounts/mfaEnrollment:start", idToken=token, totpEnrollmentInfo={})["totpSessionInfo"]

    def enrolled(self) -> tuple[str, Any]:
        """Enroll. Return the secret and the response."""
        token = self.signed_in()["idToken"]
        session = self.started(token)
        secret = session["sharedSecretKey"]
        typed = {"sessionInfo": session["sessionInfo"], "verificationCode": code_of(secret, now())}
        asked = {"idToken": token, "totpVerificationInfo": typed}
        return secret, self("/v2/accounts/mfaEnrollment:finalize", **asked)

    def second_step(self, pending: Any, code: str) -> dict[str, Any]:
        """Return the body of a request that finishes a sign-in."""
        return {
            "mfaPendingCredential": pending["mfaPendingCredential"],
            "mfaEnrollmentId": pending["mfaInfo"][0]["mfaEnrollmentId"],
            "totpVerificationInfo": {"verificationCode": code},
        }


@pytest.fixture
def firebase(issuer: Issuer) -> Firebase:
    return Firebase(issuer)


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def test_a_code_is_the_one_of_the_standard() -> None:
    """RFC 6238, appendix B, with six of the eight digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert [code_of(secret, at) for at in (59, 1_111_111_109, 20_000_000_000)] == ["287082", "081804", "353130"]


def test_a_password_alone_gives_no_token_to_an_account_with_a_second_factor(firebase: Firebase) -> None:
    firebase.enrolled()
    pending = firebase.signed_in()
    assert not {"idToken", "refreshToken"} & pending.keys()
    (factor,) = pending["mfaInfo"]
    assert factor["totpInfo"] == {}
    assert pending["mfaPendingCredential"]


def test_a_code_finishes_the_sign_in_and_refreshed_tokens_keep_the_claim(firebase: Firebase, issuer: Issuer) -> None:
    secret, _ = firebase.enrolled()
    pending = firebase.signed_in()
    answer = firebase("/v2/accounts/mfaSignIn:finalize", **firebase.second_step(pending, code_of(secret, now())))
    form = {"grant_type": "refresh_token", "refresh_token": answer["refreshToken"]}
    renewed = firebase.browser.post(f"{SECURE_TOKEN}/v1/token?key=local", data=form).json()
    for token in (answer["idToken"], renewed["id_token"]):
        claims = claims_of(token)["firebase"]
        assert claims["sign_in_second_factor"] == "totp"
        assert claims["second_factor_identifier"] == pending["mfaInfo"][0]["mfaEnrollmentId"]
        assert claims_of(token)["scope"] == "practice:read practice:publish"
    assert issuer.accounts.with_email(EMAIL)


def test_the_tokens_of_the_enrollment_have_the_claim_too(firebase: Firebase) -> None:
    _, answer = firebase.enrolled()
    assert claims_of(answer["idToken"])["firebase"]["sign_in_second_factor"] == "totp"


@pytest.mark.parametrize("periods", [-ADJACENT, ADJACENT])
def test_a_clock_that_is_a_little_wrong_does_no_harm(firebase: Firebase, periods: int) -> None:
    secret, _ = firebase.enrolled()
    code = code_of(secret, now() + periods * PERIOD)
    asked = firebase.second_step(firebase.signed_in(), code)
    # The period may change between the two calls of the clock. Then one edge is outside.
    answer = firebase("/v2/accounts/mfaSignIn:finalize", **asked)
    assert "idToken" in answer or answer["error"]["message"] == "INVALID_CODE"


@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"mfaPendingCredential": None}, "MISSING_MFA_PENDING_CREDENTIAL"),
        ({"mfaPendingCredential": "made-up"}, "INVALID_MFA_PENDING_CREDENTIAL"),
        ({"mfaEnrollmentId": None}, "MISSING_MFA_ENROLLMENT_ID"),
        ({"mfaEnrollmentId": "another"}, "MFA_ENROLLMENT_NOT_FOUND"),
        ({"totpVerificationInfo": None}, "MISSING_CODE"),
        ({"totpVerificationInfo": {"verificationCode": WRONG}}, "INVALID_CODE"),
        ({"totpVerificationInfo": {"verificationCode": "12"}}, "INVALID_CODE"),
    ],
)
def test_a_failed_second_step_has_googles_error(firebase: Firebase, changed: dict[str, Any], refusal: str) -> None:
    firebase.enrolled()
    asked = firebase.second_step(firebase.signed_in(), WRONG) | changed
    assert firebase.refusal("/v2/accounts/mfaSignIn:finalize", **asked) == refusal


def test_a_failed_enrollment_has_googles_error(firebase: Firebase, issuer: Issuer) -> None:
    start, finalize = "/v2/accounts/mfaEnrollment:start", "/v2/accounts/mfaEnrollment:finalize"
    token = firebase.signed_in()["idToken"]
    assert firebase.refusal(start, totpEnrollmentInfo={}) == "MISSING_ID_TOKEN"
    assert firebase.refusal(start, idToken=token, phoneEnrollmentInfo={}) == "OPERATION_NOT_ALLOWED"
    session = firebase.started(token)["sessionInfo"]
    for typed, refusal in (
        ({}, "MISSING_SESSION_INFO"),
        ({"sessionInfo": token}, "INVALID_SESSION_INFO"),
        ({"sessionInfo": session}, "MISSING_CODE"),
        ({"sessionInfo": session, "verificationCode": WRONG}, "INVALID_CODE"),
    ):
        assert firebase.refusal(finalize, idToken=token, totpVerificationInfo=typed) == refusal
    old = issuer.signed_in(Identity(email=EMAIL, signed_in_ago=3_000))["id_token"]
    assert firebase.refusal(start, idToken=old, totpEnrollmentInfo={}) == "CREDENTIAL_TOO_OLD_LOGIN_AGAIN"
    issuer.accounts.change(issuer.uid_of(EMAIL), is_verified=False)
    assert firebase.refusal(start, idToken=token, totpEnrollmentInfo={}) == "UNVERIFIED_EMAIL"


def test_an_account_has_one_second_factor_and_can_remove_it(firebase: Firebase) -> None:
    _, answer = firebase.enrolled()
    token, withdraw = answer["idToken"], "/v2/accounts/mfaEnrollment:withdraw"
    asked = {"idToken": token, "totpEnrollmentInfo": {}}
    assert firebase.refusal("/v2/accounts/mfaEnrollment:start", **asked) == "SECOND_FACTOR_EXISTS"
    (factor,) = firebase("/v1/accounts:lookup", idToken=token)["users"][0]["mfaInfo"]
    assert firebase.refusal(withdraw, idToken=token) == "MISSING_MFA_ENROLLMENT_ID"
    left = firebase(withdraw, idToken=token, mfaEnrollmentId=factor["mfaEnrollmentId"])
    assert "sign_in_second_factor" not in claims_of(left["idToken"])["firebase"]
    assert "mfaInfo" not in firebase("/v1/accounts:lookup", idToken=token)["users"][0]
    assert "idToken" in firebase.signed_in()


def test_a_disabled_account_gets_no_second_step(firebase: Firebase, issuer: Issuer) -> None:
    firebase.enrolled()
    pending = firebase.signed_in()
    issuer.accounts.change(issuer.uid_of(EMAIL), disabled=True)
    asked = firebase.second_step(pending, WRONG)
    assert firebase.refusal("/v2/accounts/mfaSignIn:finalize", **asked) == "USER_DISABLED"
    asked = {"email": EMAIL, "password": "rekindle"}
    assert firebase.refusal("/v1/accounts:signInWithPassword", **asked) == "USER_DISABLED"


def test_a_restart_keeps_second_factors_and_claims(firebase: Firebase, issuer: Issuer, tmp_path: Path) -> None:
    firebase.enrolled()
    uid = issuer.uid_of(EMAIL)
    issuer.accounts.change(uid, claims={"scope": "practice:read"})
    again = Accounts(tmp_path / "accounts.json").named(uid)
    assert again == issuer.accounts.named(uid)
    assert json.loads(again.view["customAttributes"]) == {"scope": "practice:read"}


def test_a_claim_that_an_administrator_sets_is_in_the_next_token(firebase: Firebase, issuer: Issuer) -> None:
    before = firebase.signed_in()
    issuer.accounts.change(issuer.uid_of(EMAIL), claims={"scope": "practice:read"})
    assert claims_of(issuer.refreshed(before["refreshToken"])["id_token"])["scope"] == "practice:read"
    assert claims_of(firebase.signed_in()["idToken"])["scope"] == "practice:read"
