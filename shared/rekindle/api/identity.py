"""Ask Firebase about the account of a caller, with the caller's own ID token and the public web key.

This needs no credential of ours: a token shows nothing but its own account.
"""

from __future__ import annotations

import time
from enum import StrEnum
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import urllib3
from urllib3.exceptions import HTTPError

from rekindle.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT: Final = 2.0
"""In seconds, with the connection. A phone waits for the answer."""
REST: Final = 30.0
"""In seconds. After a failure, this process does not ask again for this long, so that not every call waits in vain."""

_ENDED: Final = frozenset({"TOKEN_EXPIRED", "USER_DISABLED", "USER_NOT_FOUND"})
"""Firebase's codes for an account that is disabled or deleted, or has ended its sign-ins."""
_PASSING: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})


class Standing(StrEnum):
    """Firebase's answer about an account."""

    GOOD = "good"
    ENDED = "ended"
    UNKNOWN = "unknown"


class Identity:
    """Firebase's sign-in service of one project.

    `monotonic` returns seconds of a clock that never goes back. Tests replace it, and the timeout.
    """

    def __init__(
        self,
        endpoint: str,
        api_key: str,
        monotonic: Callable[[], float] = time.monotonic,
        timeout: float = TIMEOUT,
    ) -> None:
        self._address = f"{endpoint}/v1/accounts:lookup?key={api_key}"
        self._http = urllib3.PoolManager(timeout=urllib3.Timeout(total=timeout), retries=False)
        self._monotonic = monotonic
        self._rests_until = 0.0

    def standing(self, token: str, referer: str) -> Standing:
        """Return the standing of the token's account. Return UNKNOWN if Firebase gives no answer about it.

        `referer` is a page of ours, because the web key may be limited to requests from our pages.
        """
        if self._monotonic() < self._rests_until:
            return Standing.UNKNOWN
        try:
            answer = self._http.request("POST", self._address, json={"idToken": token}, headers={"Referer": referer})
        except HTTPError as error:
            return self._unknown(type(error).__name__, passing=True)
        code = _code_in(answer)
        if answer.status == HTTPStatus.OK:
            return Standing.GOOD
        if code in _ENDED:
            return Standing.ENDED
        passing = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status in _PASSING
        return self._unknown(f"{answer.status} {code}".rstrip(), passing=passing)

    def _unknown(self, reason: str, *, passing: bool) -> Standing:
        self._rests_until = self._monotonic() + REST
        say = logger.warning if passing else logger.error
        say("Firebase does not say whether accounts stand", extra={"reason": reason, "outside": True})
        return Standing.UNKNOWN


def _code_in(answer: urllib3.BaseHTTPResponse) -> str:
    """Return the error's code, such as USER_DISABLED. Firebase may add a text after a colon."""
    try:
        found: Any = answer.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        return ""
    code = str(found).partition(":")[0].strip()
    return code if code.replace("_", "").isalpha() and code.isupper() else ""
