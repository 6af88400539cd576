"""Ask Firebase about the account of a caller, with the caller's own ID token and the public web key.

This needs no credential of ours, because with a token one can ask only about the token's own account.
"""

from __future__ import annotations

import json
import ssl
import time
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import urllib3
from urllib3.exceptions import HTTPError

from rekindle.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rekindle.api.callers import Caller
    from rekindle.domain.ids import Uid

TIMEOUT: Final = 2.0
"""In seconds, for both attempts together. Meanwhile the phone waits."""
REST: Final = 30.0
"""In seconds. After Firebase has failed, this process does not ask again for this long.

Otherwise every call would wait. An error about one caller never begins this rest, because during the rest nobody's
account is checked.
"""

_ENDED: Final = frozenset({"TOKEN_EXPIRED", "USER_DISABLED", "USER_NOT_FOUND"})
"""Firebase's error codes for an account that is disabled or deleted, or whose sign-ins have ended."""
_INVALID: Final = frozenset({"INVALID_ID_TOKEN", "MISSING_ID_TOKEN"})
"""Firebase's error codes for a token that is no longer valid, or whose project is not the web key's project."""

_SILENT: Final = "Firebase does not say whether accounts stand"


class AccountState(StrEnum):
    """State of an account, as Firebase reports it."""

    GOOD = "good"
    ENDED = "ended"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Account:
    """An account as Firebase reports it now. `scopes` are the rights in its custom claims, and empty for a couple."""

    state: AccountState
    scopes: frozenset[str] = frozenset()


_UNKNOWN: Final = Account(AccountState.UNKNOWN)


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
        self._monotonic = monotonic
        self._timeout = timeout
        self._rests_until = 0.0
        self._key_works = False

    @cached_property
    def _http(self) -> urllib3.PoolManager:
        # Reading the trusted certificates takes about as long as a request. So read them once, at the first request.
        return urllib3.PoolManager(retries=False, ssl_context=ssl.create_default_context())

    def account_state(self, caller: Caller) -> AccountState:
        """Return the state of the caller's account. Return UNKNOWN if Firebase does not tell."""
        return self.account(caller).state

    def account(self, caller: Caller) -> Account:
        """Return the caller's account. Its state is UNKNOWN if Firebase does not tell."""
        if self._monotonic() < self._rests_until:
            return _UNKNOWN
        try:
            answer = self._lookup(caller)
        except HTTPError as error:
            return self._rest(type(error).__name__)
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            return self._rest(_reason_of(answer))
        account = _account_in(answer, caller.uid)
        if account.state is AccountState.GOOD:
            self._key_works = True
        if account.state is not AccountState.UNKNOWN:
            return account
        if self._key_works and _code_in(answer) in _INVALID:
            return Account(AccountState.ENDED)
        # Perhaps our key is wrong. ENDED would then sign everybody out.
        logger.error(_SILENT, extra={"reason": _reason_of(answer), "outside": True})
        return _UNKNOWN

    def _lookup(self, caller: Caller) -> urllib3.BaseHTTPResponse:
        """Return Firebase's response. Try again if the first attempt fails early. Raise HTTPError if all fail."""
        until = self._monotonic() + self._timeout
        try:
            return self._asked(caller, self._timeout)
        except HTTPError:
            if (left := until - self._monotonic()) <= 0:
                raise
            return self._asked(caller, left)

    def _asked(self, caller: Caller, seconds: float) -> urllib3.BaseHTTPResponse:
        try:
            return self._http.request(
                "POST",
                self._address,
                json={"idToken": caller.token},
                # The web key may be limited to requests from our pages.
                headers={"Referer": caller.page, "Connection": "close"},
                timeout=urllib3.Timeout(total=seconds),
            )
        finally:
            # Keep no connection. Firebase may close it while Lambda freezes this process, and nobody would notice.
            self._http.clear()

    def _rest(self, reason: str) -> Account:
        self._rests_until = self._monotonic() + REST
        logger.warning(_SILENT, extra={"reason": reason, "outside": True})
        return _UNKNOWN


def _account_in(answer: urllib3.BaseHTTPResponse, uid: Uid) -> Account:
    """Return the account in a response with a status below 500. Its state is UNKNOWN if the response does not tell."""
    if answer.status != HTTPStatus.OK:
        return Account(AccountState.ENDED if _code_in(answer) in _ENDED else AccountState.UNKNOWN)
    try:
        # Google's JSON leaves out an empty list, and a field that is false.
        users: Any = answer.json().get("users", [])
        stands = bool(users) and users[0]["localId"] == uid and not users[0].get("disabled")
    except (ValueError, LookupError, AttributeError, TypeError):
        return _UNKNOWN
    return Account(AccountState.GOOD, _scopes_in(users[0])) if stands else Account(AccountState.ENDED)


def _scopes_in(user: Mapping[str, Any]) -> frozenset[str]:
    """Return the rights in the account's custom claims (JSON in a text). An account without claims has no rights."""
    try:
        scope = json.loads(user["customAttributes"])["scope"]
    except (ValueError, LookupError, TypeError):
        return frozenset()
    return frozenset(scope.split()) if isinstance(scope, str) else frozenset()


def _reason_of(answer: urllib3.BaseHTTPResponse) -> str:
    return f"{answer.status} {_code_in(answer)}".rstrip()


def _code_in(answer: urllib3.BaseHTTPResponse) -> str:
    """Return the error's code, such as USER_DISABLED. Firebase may add a text after a colon."""
    try:
        found: Any = answer.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        return ""
    code = str(found).partition(":")[0].strip()
    return code if code.replace("_", "").isalpha() and code.isupper() else ""
