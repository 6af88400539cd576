"""Sign in with Firebase: exchange a password for tokens, and a refresh token for a new ID token.

An account can have a second factor: an authenticator app, which shows a new code every half minute.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import httpx

from cli.config import SignIn
from cli.errors import RefusedError, SignedOutError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cli.config import ConfigStore, Settings

AGAIN: Final = "Sign in again: rekindle sign-in"
_WRONG: Final = "Wrong email or password."
_FORGOT: Final = "Forgot the password? The console can send you an email to set a new one."
_ENDED: Final = {"TOKEN_EXPIRED", "INVALID_REFRESH_TOKEN", "MISSING_REFRESH_TOKEN", "USER_NOT_FOUND"}
"""Firebase answers with one of these errors if a refresh token is no longer valid."""
_REFUSALS: Final[Mapping[str, str]] = {
    "INVALID_LOGIN_CREDENTIALS": _WRONG,
    "INVALID_PASSWORD": _WRONG,
    "EMAIL_NOT_FOUND": _WRONG,
    "INVALID_EMAIL": "This is not an email address.",
    "MISSING_EMAIL": "Type an email address.",
    "MISSING_PASSWORD": "Type a password.",
    "USER_DISABLED": "This account is turned off.",
    "TOO_MANY_ATTEMPTS_TRY_LATER": "Too many attempts. Wait a few minutes.",
    "OPERATION_NOT_ALLOWED": "Sign-in with a password is turned off here.",
    "PASSWORD_LOGIN_DISABLED": "Sign-in with a password is turned off here.",
    "INVALID_CODE": "This is not the code that your authenticator app shows now.",
    "MISSING_CODE": "Type the six digits that your authenticator app shows.",
    "INVALID_MFA_PENDING_CREDENTIAL": "It took too long to type the code.",
    "SESSION_EXPIRED": "It took too long to type the code.",
    "SECOND_FACTOR_EXISTS": "Your account has a second factor already.",
    "MFA_ENROLLMENT_NOT_FOUND": "Your account has no such second factor any more.",
    "UNVERIFIED_EMAIL": "Your account's email address is not verified yet.",
    "CREDENTIAL_TOO_OLD_LOGIN_AGAIN": "Your sign-in is older than a few minutes.",
}
_TO_DO: Final[Mapping[str, str]] = {
    _WRONG: _FORGOT,
    _REFUSALS["INVALID_CODE"]: "Wait for the next code. If it is wrong too, check the clock of your phone.",
    _REFUSALS["SESSION_EXPIRED"]: "Start again.",
    _REFUSALS["SECOND_FACTOR_EXISTS"]: "To use another app, first remove it: rekindle second-factor remove",
    _REFUSALS["UNVERIFIED_EMAIL"]: "Set a new password with the console's mail. This verifies the address.",
    _REFUSALS["CREDENTIAL_TOO_OLD_LOGIN_AGAIN"]: AGAIN,
}


@dataclass(frozen=True, slots=True)
class Account:
    """The requests of one account to Firebase, with the ID token of its sign-in.

    Each method may raise RefusedError or UnreachableError.
    """

    http: httpx.Client
    settings: Settings
    token: str = field(repr=False)

    def second_factors(self) -> list[str]:
        """Return the ids of the account's second factors."""
        (account,) = self._ask("v1/accounts:lookup")["users"]
        return [str(factor["mfaEnrollmentId"]) for factor in account.get("mfaInfo", [])]

    def start_second_factor(self) -> Enrollment:
        """Get a new secret for an authenticator app. The account does not have the second factor yet."""
        answered = self._ask("v2/accounts/mfaEnrollment:start", totpEnrollmentInfo={})["totpSessionInfo"]
        return Enrollment(str(answered["sharedSecretKey"]), str(answered["sessionInfo"]))

    def finish_second_factor(self, enrollment: Enrollment, codes: Iterable[str]) -> Mapping[str, Any]:
        """Add the second factor, once one of the codes is right. Return the new tokens."""

        def tried(code: str) -> Mapping[str, Any]:
            typed = {"sessionInfo": enrollment.session, "verificationCode": code}
            asked = {"displayName": "Authenticator app", "totpVerificationInfo": typed}
            return self._ask("v2/accounts/mfaEnrollment:finalize", **asked)

        return _with_right_code(codes, tried)

    def remove_second_factor(self, factor: str) -> Mapping[str, Any]:
        """Remove the second factor. Return the new tokens."""
        return self._ask("v2/accounts/mfaEnrollment:withdraw", mfaEnrollmentId=factor)

    def _ask(self, path: str, **asked: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        address = f"{self.settings.identity}/{path}"
        return _ask(self.http, address, self.settings, json={"idToken": self.token, **asked})


@dataclass(frozen=True, slots=True)
class Enrollment:
    """A second factor that is not added yet: its secret, and Firebase's name for the enrollment in progress."""

    secret: str = field(repr=False)
    session: str = field(repr=False)

    def uri(self, account: str, issuer: str) -> str:
        """Return the address that an authenticator app reads from a QR code."""
        label = f"{quote(issuer, safe='')}:{quote(account, safe='@')}"
        return f"otpauth://totp/{label}?secret={self.secret}&issuer={quote(issuer, safe='')}"


def signed_in(
    http: httpx.Client, settings: Settings, email: str, password: str, codes: Iterable[str]
) -> tuple[SignIn, str]:
    """Sign in to an account. Return the sign-in and its ID token.

    If the account has a second factor, try the `codes` until one is right. Raise RefusedError or UnreachableError.
    """
    asked = {"email": email, "password": password, "returnSecureToken": True}
    answered: Mapping[str, Any] = _ask(
        http, f"{settings.identity}/v1/accounts:signInWithPassword", settings, json=asked
    )
    email = str(answered.get("email") or email)
    if "idToken" not in answered:
        pending, factor = answered["mfaPendingCredential"], _app_in(answered["mfaInfo"])

        def tried(code: str) -> Mapping[str, Any]:
            address = f"{settings.identity}/v2/accounts/mfaSignIn:finalize"
            asked = {"mfaPendingCredential": pending, "mfaEnrollmentId": factor}
            return _ask(http, address, settings, json=asked | {"totpVerificationInfo": {"verificationCode": code}})

        answered = _with_right_code(codes, tried)
    return SignIn(email, settings, str(answered["refreshToken"])), str(answered["idToken"])


def _app_in(factors: list[dict[str, Any]]) -> str:
    """Return the id of the authenticator app among an account's second factors."""
    for factor in factors:
        if "totpInfo" in factor:
            return str(factor["mfaEnrollmentId"])
    raise RefusedError(
        "not-signed-in",
        "This account's second factor is a phone number, and this program asks for codes of an authenticator app only.",
        "Sign in at the console, and change the second factor there.",
    )


def _with_right_code(codes: Iterable[str], tried: Callable[[str], Mapping[str, Any]]) -> Mapping[str, Any]:
    """Try the codes one after another. Return the answer to the first right one, or raise the last refusal."""
    refusal = RefusedError("not-signed-in", _REFUSALS["MISSING_CODE"])
    for code in codes:
        try:
            return tried(code)
        except RefusedError as error:
            if error.members.get("reason") not in {"INVALID_CODE", "MISSING_CODE"}:
                raise
            refusal = error
    raise refusal


class Tokens:
    """The ID tokens of one sign-in, in memory only."""

    def __init__(self, http: httpx.Client, config: ConfigStore, sign_in: SignIn, token: str | None = None) -> None:
        self._http = http
        self._config = config
        self._sign_in = sign_in
        self._token = token

    def current(self) -> str:
        """Return the latest ID token, which may have expired. If there is none yet, get one from Firebase."""
        return self._token or self.fresh()

    def fresh(self) -> str:
        """Get a new ID token from Firebase.

        Raises:
            SignedOutError: the sign-in has ended, so the person has to sign in again.
            RefusedError: Firebase refused for any other reason.
            UnreachableError: Firebase gives no usable answer.
        """
        settings = self._sign_in.settings
        form = {"grant_type": "refresh_token", "refresh_token": self._sign_in.refresh_token}
        try:
            answered = _ask(self._http, f"{settings.securetoken}/v1/token", settings, data=form)
        except RefusedError as error:
            if error.members["reason"] in _ENDED:
                raise SignedOutError("Your sign-in has ended.", AGAIN) from error
            raise
        return self.put(str(answered["id_token"]), str(answered["refresh_token"]))

    def put(self, token: str, refresh_token: str) -> str:
        """Use these tokens from now on, and save the refresh token. Return the ID token."""
        if refresh_token != self._sign_in.refresh_token:
            self._sign_in = replace(self._sign_in, refresh_token=refresh_token)
            self._config.remember(self._sign_in)
        self._token = token
        return token


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of an ID token. They are not verified, so never use them to grant a permission."""
    try:
        body = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _ask(http: httpx.Client, address: str, settings: Settings, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - httpx's own
    try:
        # A project can restrict Firebase's key to requests from the console. So send the console's address.
        referer = {"Referer": f"{settings.api}/console"}
        answer = http.post(address, params={"key": settings.key}, headers=referer, **request)
        answered = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise UnreachableError("Sign-in does not answer.", "Check your connection, and try again.") from error
    if answer.is_success and isinstance(answered, dict):
        return answered
    # Firebase may add a text to the error code: "TOO_MANY_ATTEMPTS_TRY_LATER : Access to this account has been ...".
    error_of = answered.get("error") if isinstance(answered, dict) else None
    code = str((error_of or {}).get("message", "")).partition(":")[0].strip()
    if answer.is_server_error:
        raise UnreachableError("Sign-in has a problem.", "Try again in a minute.")
    sentence = _REFUSALS.get(code, f"Sign-in refused: {code or answer.status_code}.")
    raise RefusedError("not-signed-in", sentence, *([_TO_DO[sentence]] if sentence in _TO_DO else []), reason=code)
