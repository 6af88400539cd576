"""Verify that a call comes from our app, by the token of Firebase App Check in the call's header.

This module needs PyJWT, and is imported only where App Check is switched on (`rekindle.api.callers.app_check_of`).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import jwt
from jwt import PyJWKClient

from rekindle.api.callers import called_at
from rekindle.api.problems import Problem, ProblemError
from rekindle.telemetry import logger

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping

HEADER: Final = "x-firebase-appcheck"
TIMEOUT: Final = 2.0
"""In seconds, for one request for Google's keys. Meanwhile the phone waits."""
KEPT: Final = 21_600.0
"""In seconds. Google's guide says to keep its keys for at most six hours."""
ASKED_EVERY: Final = 30.0
"""In seconds. A process asks for new keys at most this often, whatever keys the tokens name."""

_ALGORITHM: Final = "RS256"


class AppCheck:
    """Firebase App Check of one project, by the project's number.

    `endpoint` is the base address of App Check. `monotonic` returns seconds of a clock that never goes back.
    """

    def __init__(self, project: str, endpoint: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._issuer = f"{endpoint}/{project}"
        self._audience = f"projects/{project}"
        self._client = PyJWKClient(f"{endpoint}/v1/jwks", cache_jwk_set=False, timeout=TIMEOUT)
        self._monotonic = monotonic
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._kept_until = self._asks_from = float("-inf")
        self._is_silent = False

    def require(self, event: Mapping[str, Any]) -> None:
        """Raise APP_NOT_VERIFIED if the call of an HTTP API event has no valid token of App Check."""
        if not self.verifies(event["headers"].get(HEADER, ""), called_at(event)):
            raise ProblemError(Problem.APP_NOT_VERIFIED)

    def verifies(self, token: str, instant: dt.datetime) -> bool:
        """Return whether the token shows that a call at `instant` comes from one of the project's apps.

        If our last request for Google's keys failed, a token that names a key which we do not have counts as valid,
        unchecked. If Google answered and has no such key, the token is not valid.
        """
        try:
            header = jwt.get_unverified_header(token)
            if header.get("typ") != "JWT" or header.get("alg") != _ALGORITHM:
                return False
            key = self._key(header.get("kid"))
            if key is None:
                return self._is_silent
            claims = jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                audience=self._audience,
                issuer=self._issuer,
                # PyJWT would compare these claims with the machine's clock. Time comes with the event.
                options={"require": ["exp", "sub"], "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
        except (jwt.InvalidTokenError, UnicodeEncodeError):
            # PyJWT first encodes the token as UTF-8, which fails for a lone surrogate.
            return False
        # Google gives a list of audiences. PyJWT would take a single text too.
        is_valid = isinstance(claims["aud"], list) and isinstance(claims["exp"], int | float)
        return is_valid and instant.timestamp() < claims["exp"]

    def _key(self, name: str | None) -> jwt.PyJWK | None:
        """Return Google's key with this name, perhaps from an earlier answer. Return None if we have no such key."""
        now = self._monotonic()
        if now >= self._asks_from and (now >= self._kept_until or name not in self._keys):
            self._asks_from = now + ASKED_EVERY
            try:
                self._keys = {key.key_id: key for key in self._client.get_signing_keys() if key.key_id}
            except (jwt.PyJWTError, ValueError, OSError) as error:
                # Keep the old keys. Google changes its keys rarely.
                self._is_silent = True
                logger.warning(
                    "App Check does not return its keys", extra={"reason": type(error).__name__, "outside": True}
                )
            else:
                self._is_silent, self._kept_until = False, now + KEPT
        return self._keys.get(name or "")
