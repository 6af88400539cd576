"""Signing in as Firebase has it: a password for tokens, and a refresh token for the next ID token."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import httpx

from cli.errors import RefusedError, SignedOutError, UnreachableError
from cli.keeping import SignIn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cli.keeping import Keeping, Settings

AGAIN: Final = "Sign in again: rekindle sign-in"
_WRONG: Final = "This email and password do not belong together."
_ENDED: Final = {"TOKEN_EXPIRED", "INVALID_REFRESH_TOKEN", "MISSING_REFRESH_TOKEN", "USER_NOT_FOUND"}
"""What Firebase says of a refresh token that is good no longer."""
_REFUSALS: Final[Mapping[str, str]] = {
    "INVALID_LOGIN_CREDENTIALS": _WRONG,
    "INVALID_PASSWORD": _WRONG,
    "EMAIL_NOT_FOUND": _WRONG,
    "INVALID_EMAIL": "That is no email address.",
    "MISSING_EMAIL": "An email address is needed.",
    "MISSING_PASSWORD": "A password is needed.",
    "USER_DISABLED": "This account is switched off.",
    "TOO_MANY_ATTEMPTS_TRY_LATER": "Too many tries. Wait a few minutes.",
    "OPERATION_NOT_ALLOWED": "This project lets nobody sign in by password.",
    "PASSWORD_LOGIN_DISABLED": "This project lets nobody sign in by password.",
}


def signed_in(http: httpx.Client, settings: Settings, email: str, password: str) -> tuple[SignIn, str]:
    """The sign-in of an account, and its ID token. Raises RefusedError."""
    asked = {"email": email, "password": password, "returnSecureToken": True}
    told = _ask(http, f"{settings.identity}/v1/accounts:signInWithPassword", settings, json=asked)
    if "idToken" not in told:  # but what goes on with a second factor
        raise RefusedError("not-signed-in", "This account asks for a second step, which this program cannot take yet.")
    return SignIn(str(told.get("email") or email), settings, str(told["refreshToken"])), str(told["idToken"])


class Tokens:
    """The ID tokens of one sign-in: kept in memory alone, got anew when asked."""

    def __init__(self, http: httpx.Client, keeping: Keeping, sign_in: SignIn) -> None:
        self._http = http
        self._keeping = keeping
        self._sign_in = sign_in
        self._token: str | None = None

    def current(self) -> str:
        """A token that was good when this command began. Raises as `fresh` does."""
        return self._token or self.fresh()

    def fresh(self) -> str:
        """A new token. Raises SignedOutError, or RefusedError for what another sign-in would not mend."""
        settings = self._sign_in.settings
        form = {"grant_type": "refresh_token", "refresh_token": self._sign_in.refresh_token}
        try:
            told = _ask(self._http, f"{settings.securetoken}/v1/token", settings, data=form)
        except RefusedError as error:
            if error.members["reason"] in _ENDED:
                raise SignedOutError("Your sign-in has ended.", AGAIN) from error
            raise
        refresh_token = str(told["refresh_token"])
        if refresh_token != self._sign_in.refresh_token:
            self._sign_in = replace(self._sign_in, refresh_token=refresh_token)
            self._keeping.remember(self._sign_in)
        self._token = str(told["id_token"])
        return self._token


def claims_of(token: str) -> dict[str, Any]:
    """What an ID token says, for showing only: whether it is genuine is for the service to judge."""
    try:
        body = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (IndexError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _ask(http: httpx.Client, address: str, settings: Settings, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - httpx's own
    try:
        # A key may be restricted to websites: then it is the console's that counts.
        referer = {"Referer": f"{settings.api}/console"}
        answer = http.post(address, params={"key": settings.key}, headers=referer, **request)
        told = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise UnreachableError("Sign-in does not answer.", "Check your connection, and try again.") from error
    if answer.is_success and isinstance(told, dict):
        return told
    # Firebase may add to its word: "TOO_MANY_ATTEMPTS_TRY_LATER : Access to this account has been ...".
    word = str((told.get("error") or {}).get("message", "")).partition(":")[0].strip() if isinstance(told, dict) else ""
    if answer.is_server_error:
        raise UnreachableError("Sign-in has trouble of its own.", "Try again in a minute.")
    raise RefusedError(
        "not-signed-in",
        _REFUSALS.get(word, f"Sign-in refuses: {word or answer.status_code}."),
        *(["If you have forgotten it, the console can send you a new one."] if _REFUSALS.get(word) == _WRONG else []),
        reason=word,
    )
