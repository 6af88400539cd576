"""Find the caller of an API Gateway event. API Gateway's authorizer has already verified the caller's token."""

from __future__ import annotations

import base64
import datetime as dt
import json
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from rekindle.api.problems import Problem, ProblemError
from rekindle.domain.ids import Uid
from rekindle.store.instants import from_millis

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rekindle.api.app_check import AppCheck

CLOCKS_DIFFER: Final = dt.timedelta(minutes=5)
"""The clock of the token's issuer may be ahead of ours by at most this much.

If a sign-in is later than the call by more than this, the sign-in does not count as recent. A call that needs no recent
sign-in still works.
"""
_AUTHORIZATION: Final = re.compile(r"\s*(?:bearer\s+)?([^\s,]+)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Caller:
    """The verified caller of an API. `instant` is when the call reached API Gateway.

    `signed_in_at` is when the caller last signed in, or None if the token has no valid time of sign-in. A renewed token
    has the same time of sign-in as the old one. `token` is the caller's ID token, issued at `token_issued_at`. `page`
    is the address of the console behind the same API.
    """

    uid: Uid
    instant: dt.datetime
    signed_in_at: dt.datetime | None = None
    token_issued_at: dt.datetime | None = None
    token: str = field(default="", repr=False)  # so that no log line can contain the token
    page: str = ""

    def has_signed_in_within(self, time: dt.timedelta) -> bool:
        """Return whether the caller signed in at most `time` before or CLOCKS_DIFFER after the call."""
        return self.signed_in_at is not None and -CLOCKS_DIFFER <= self.instant - self.signed_in_at <= time

    def has_second_factor(self) -> bool:
        """Return whether the caller signed in with a second factor.

        Firebase puts it into an object of the token (`firebase.sign_in_second_factor`). API Gateway's event does not
        have the objects of a token in a form that can be read. So this reads the token, which API Gateway has verified.
        """
        claims = _claims_in(self.token)
        firebase = claims.get("firebase")
        factor = firebase.get("sign_in_second_factor") if isinstance(firebase, dict) else None
        return claims.get("sub") == self.uid and isinstance(factor, str) and bool(factor)

    def seconds_until(self, instant: dt.datetime) -> int:
        """Return the seconds from the call to `instant`, rounded up."""
        return math.ceil((instant - self.instant).total_seconds())


def caller_of(event: Mapping[str, Any]) -> Caller:
    """Return the caller of an HTTP API event. Raise ProblemError if the event has no verified token."""
    claims = claims_of(event)
    return Caller(
        uid=Uid(claims["sub"]),
        instant=called_at(event),
        signed_in_at=_instant_of(claims.get("auth_time")),
        token_issued_at=_instant_of(claims.get("iat")),
        token=_token_in(event.get("headers", {}).get("authorization", "")),
        page=f"https://{event['requestContext'].get('domainName', '')}/console",
    )


def app_check_of(project: str, endpoint: str) -> AppCheck | None:
    """Return App Check of a Firebase project, by its number. Return None for an empty number: it is switched off."""
    if not project:
        return None
    from rekindle.api.app_check import AppCheck  # noqa: PLC0415  without App Check, PyJWT need not be imported

    return AppCheck(project, endpoint)


def claims_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims of the verified token. Raise ProblemError if the event has no verified token that is valid.

    API Gateway already refuses calls without a valid token. This is a second check, in case a route is deployed without
    its authorizer, or the authorizer accepts a token that never ends.
    """
    claims: Any = event["requestContext"]
    for name in ("authorizer", "jwt", "claims"):
        claims = claims.get(name) if isinstance(claims, dict) else None
    uid = claims.get("sub") if isinstance(claims, dict) else None
    if not (isinstance(uid, str) and uid and _are_valid(claims, called_at(event))):
        raise ProblemError(Problem.NOT_SIGNED_IN)
    verified: dict[str, Any] = claims
    return verified


def called_at(event: Mapping[str, Any]) -> dt.datetime:
    """Return the instant at which the call reached API Gateway."""
    return from_millis(event["requestContext"]["timeEpoch"])


def _are_valid(claims: Mapping[str, Any], instant: dt.datetime) -> bool:
    """Return whether the token ends after `instant`, and was not issued after it or after its own end."""
    expires_at, issued_at = _instant_of(claims.get("exp")), _instant_of(claims.get("iat"))
    # API Gateway compares `exp` with its own clock, from which `instant` comes too. So no difference of clocks counts.
    # The issuer's clock may be ahead, and a phone may use a new token at once.
    if expires_at is None or expires_at <= instant:
        return False
    return issued_at is None or issued_at < min(expires_at, instant + CLOCKS_DIFFER)


def _token_in(header: str) -> str:
    """Return the token in a header `TOKEN` or `Bearer TOKEN`. Return no token if the header has anything else.

    API Gateway does not say which token of several it verifies. So another one must never be read here.
    """
    found = _AUTHORIZATION.fullmatch(header)
    return found[1] if found else ""


def _claims_in(token: str) -> dict[str, Any]:
    """Return the claims of a token. Return no claims if the text is not exactly one token."""
    try:
        _, body, _ = token.split(".")
        claims: Any = json.loads(base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _instant_of(seconds: object) -> dt.datetime | None:
    # The token has the claim as a number, but API Gateway's event has it as text.
    try:
        return from_millis(int(float(str(seconds)) * 1000))
    except (ValueError, OverflowError):
        return None
