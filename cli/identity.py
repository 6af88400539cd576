"""Sign in with Firebase: exchange a password for tokens, and a refresh token for a new ID token."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import httpx

from cli.config import SignIn
from cli.errors import RefusedError, SignedOutError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Mapping

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
}


def signed_in(http: httpx.Client, settings: Settings, email: str, password: str) -> tuple[SignIn, str]:
    """Sign in to an account. Return the sign-in and its ID token. Raise RefusedError or UnreachableError."""
    asked = {"email": email, "password": password, "returnSecureToken": True}
    answered = _ask(http, f"{settings.identity}/v1/accounts:signInWithPassword", settings, json=asked)
    if "idToken" not in answered:  # the account has a second factor
        message = "This account needs a second step to sign in, which this program does not have yet."
        raise RefusedError("not-signed-in", message)
    return SignIn(str(answered.get("email") or email), settings, str(answered["refreshToken"])), str(
        answered["idToken"]
    )


class Tokens:
    """The ID tokens of one sign-in, in memory only."""

    def __init__(self, http: httpx.Client, config: ConfigStore, sign_in: SignIn) -> None:
        self._http = http
        self._config = config
        self._sign_in = sign_in
        self._token: str | None = None

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
        refresh_token = str(answered["refresh_token"])
        if refresh_token != self._sign_in.refresh_token:
            self._sign_in = replace(self._sign_in, refresh_token=refresh_token)
            self._config.remember(self._sign_in)
        self._token = str(answered["id_token"])
        return self._token


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
    raise RefusedError("not-signed-in", sentence, *([_FORGOT] if sentence == _WRONG else []), reason=code)
