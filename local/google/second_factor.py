"""Answer Identity Platform's requests about second factors. A second factor is an authenticator app (RFC 6238).

Paths, bodies and errors are those of Google's API `identitytoolkit` version 2. Google also has codes by SMS, which this
stand-in refuses.
"""

from __future__ import annotations

import base64
import datetime as dt
import secrets
import uuid
from typing import TYPE_CHECKING, Any, Final

import jwt
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from local.clock import now
from local.google.accounts import Factor, RefusedError
from local.google.signin import LIFETIME_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.google.accounts import Account
    from local.google.signin import Issuer

DIGITS: Final = 6
PERIOD: Final = 30
"""In seconds. A code is shown for this long."""
ADJACENT: Final = 5
"""Google accepts the codes of this many periods before and after the present one, if a project sets nothing else."""
PATIENCE: Final = 300
"""In seconds. A person has this long to type a code, and to add or remove a second factor after a sign-in."""
_SECRET_BYTES: Final = 20
_PENDING: Final = "mfa-pending"
_ENROLLING: Final = "mfa-enrolling"


def challenge(issuer: Issuer, account: Account) -> dict[str, Any]:
    """Return the part of the response to a right password that asks for the second factor."""
    credential = issuer.write(_PENDING, account.uid, PATIENCE, auth_time=int(now()))
    return {"mfaPendingCredential": credential, "mfaInfo": [factor.view for factor in account.factors]}


def signed_in(issuer: Issuer, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the response of `mfaSignIn:finalize`. Raise RefusedError if Google would refuse the request."""
    credential = _required(asked, "mfaPendingCredential", "MISSING_MFA_PENDING_CREDENTIAL")
    try:
        pending = issuer.read(credential, _PENDING)
    except jwt.InvalidTokenError as error:
        raise RefusedError("INVALID_MFA_PENDING_CREDENTIAL") from error
    factor_id = _required(asked, "mfaEnrollmentId", "MISSING_MFA_ENROLLMENT_ID")
    account = issuer.account_of(pending["sub"], pending["auth_time"])
    factor = account.factor(factor_id)
    _require_code(asked, factor.secret)
    issuer.accounts.sign_in(account.uid, account.email, pending["auth_time"])
    return _tokens(issuer, account, pending["auth_time"], factor.id)


def started(issuer: Issuer, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the response of `mfaEnrollment:start`. Raise RefusedError if Google would refuse the request."""
    _, account = _recent_owner(issuer, asked)
    if not account.is_verified:
        raise RefusedError("UNVERIFIED_EMAIL : Need to verify email first before enrolling second factors.")
    if "totpEnrollmentInfo" not in asked:
        raise RefusedError("OPERATION_NOT_ALLOWED : SMS based MFA not enabled.")
    _require_no_factor(account)
    secret = base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    ends = dt.datetime.fromtimestamp(int(now()) + PATIENCE, dt.UTC)
    return {
        "totpSessionInfo": {
            "sharedSecretKey": secret,
            "verificationCodeLength": DIGITS,
            "hashingAlgorithm": "SHA1",
            "periodSec": PERIOD,
            "sessionInfo": issuer.write(_ENROLLING, account.uid, PATIENCE, secret=secret),
            "finalizeEnrollmentTime": f"{ends:%Y-%m-%dT%H:%M:%SZ}",
        }
    }


def enrolled(issuer: Issuer, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the response of `mfaEnrollment:finalize`. Raise RefusedError if Google would refuse the request."""
    claims, account = _recent_owner(issuer, asked)
    try:
        session = issuer.read(_required(_typed(asked), "sessionInfo", "MISSING_SESSION_INFO"), _ENROLLING)
    except jwt.ExpiredSignatureError as error:
        raise RefusedError("SESSION_EXPIRED") from error
    except jwt.InvalidTokenError as error:
        raise RefusedError("INVALID_SESSION_INFO") from error
    if session["sub"] != account.uid:
        raise RefusedError("INVALID_SESSION_INFO")
    _require_no_factor(account)
    _require_code(asked, session["secret"])
    factor = Factor(str(uuid.uuid4()), str(asked.get("displayName", "")), session["secret"], int(now()))
    issuer.accounts.change(account.uid, factors=(*account.factors, factor))
    return _tokens(issuer, account, claims["auth_time"], factor.id) | {"totpAuthInfo": {}}


def withdrawn(issuer: Issuer, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the response of `mfaEnrollment:withdraw`. Raise RefusedError if Google would refuse the request."""
    claims, account = _recent_owner(issuer, asked)
    gone = account.factor(_required(asked, "mfaEnrollmentId", "MISSING_MFA_ENROLLMENT_ID"))
    issuer.accounts.change(account.uid, factors=tuple(each for each in account.factors if each != gone))
    return _tokens(issuer, account, claims["auth_time"], None)


def owner_of(issuer: Issuer, asked: Mapping[str, Any]) -> tuple[dict[str, Any], Account]:
    """Return the claims of the ID token in a request, and the token's account.

    Raise RefusedError if Firebase would refuse the token.
    """
    try:
        claims = issuer.claims_of(asked.get("idToken", ""))
    except jwt.InvalidTokenError as error:
        raise RefusedError("INVALID_ID_TOKEN") from error
    return claims, issuer.account_of(claims["sub"], claims["auth_time"])


def _recent_owner(issuer: Issuer, asked: Mapping[str, Any]) -> tuple[dict[str, Any], Account]:
    _required(asked, "idToken", "MISSING_ID_TOKEN")
    claims, account = owner_of(issuer, asked)
    if now() - claims["auth_time"] > PATIENCE:
        raise RefusedError("CREDENTIAL_TOO_OLD_LOGIN_AGAIN")
    return claims, account


def _tokens(issuer: Issuer, account: Account, auth_time: int, factor_id: str | None) -> dict[str, Any]:
    session = {"email": account.email, "name": None, "auth_time": auth_time, "second_factor": factor_id}
    tokens = issuer.tokens(account.uid, session, LIFETIME_SECONDS)
    return {"idToken": tokens["id_token"], "refreshToken": tokens["refresh_token"]}


def _typed(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    typed = asked.get("totpVerificationInfo")
    return typed if isinstance(typed, dict) else {}


def _required(asked: Mapping[str, Any], name: str, refusal: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str) or not value:
        raise RefusedError(refusal)
    return value


def _require_no_factor(account: Account) -> None:
    if account.factors:
        raise RefusedError("SECOND_FACTOR_EXISTS : A user can have only one TOTP second factor.")


def _require_code(asked: Mapping[str, Any], secret: str) -> None:
    typed, totp = _required(_typed(asked), "verificationCode", "MISSING_CODE"), _totp(secret)
    for period in range(-ADJACENT, ADJACENT + 1):
        try:
            return totp.verify(typed.encode(), int(now()) + period * PERIOD)
        except InvalidToken:
            continue
    raise RefusedError("INVALID_CODE")


def _totp(secret: str) -> TOTP:
    return TOTP(base64.b32decode(secret), DIGITS, SHA1(), PERIOD)  # noqa: S303 - the algorithm of authenticator apps
