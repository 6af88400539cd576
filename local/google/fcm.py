"""Stand in for FCM: serve its HTTP v1 API and an inbox for each phone, and make the faults that tests turn on.

The stand-in checks the access token and the message as FCM does, and gives FCM's answers to wrong requests.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections import Counter
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qs

import jwt
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from local.clock import now
from local.google.fcm_message import MessageError, checked_message
from local.google.inbox import Inboxes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from starlette.requests import Request

ACCESS_TOKEN_SECONDS = 3600
GOOGLE_TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
"""google-auth requests access tokens with a signed JWT. The JWT's audience is this address, even for another server."""
_FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_APNS_ERROR = "type.googleapis.com/google.firebase.fcm.v1.ApnsError"
_BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
_QUOTA_FAILURE = "type.googleapis.com/google.rpc.QuotaFailure"
_ERROR_INFO = "type.googleapis.com/google.rpc.ErrorInfo"


class FaultKind(StrEnum):
    """The faults that a test can turn on."""

    UNREGISTERED = "UNREGISTERED"
    INVALID = "INVALID"
    SENDER_ID_MISMATCH = "SENDER_ID_MISMATCH"
    QUOTA = "QUOTA"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"
    AUTH = "AUTH"
    THIRD_PARTY_AUTH = "THIRD_PARTY_AUTH"
    """Apple refuses the Firebase project's APNs key: the key is missing, expired, or of another team."""
    APNS_UNREGISTERED = "APNS_UNREGISTERED"
    """Apple says that the app is no longer on the device, and FCM answers with status 400."""
    TIMEOUT = "TIMEOUT"
    """FCM sends no push, and answers with UNAVAILABLE after `seconds`."""
    LOST_REPLY = "LOST_REPLY"
    """FCM sends the push, but answers with UNAVAILABLE after `seconds`."""


class Fault(BaseModel):
    """A fault for one `token`, or for all tokens if `token` is None.

    The fault ends after `times` sends. If `times` is None, the fault lasts until a test removes it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: FaultKind
    token: str | None = None
    times: Annotated[int, Field(ge=1)] | None = None
    retry_after: Annotated[int, Field(ge=0)] | None = None
    """Seconds in the Retry-After header. Only QUOTA and UNAVAILABLE have the header."""
    seconds: Annotated[float, Field(ge=0)] = 60


class RefusedError(Exception):
    """FCM refuses a send. `response` is FCM's answer. `/stats` counts refusals by `reason`."""

    def __init__(self, reason: str, response: Response) -> None:
        super().__init__(reason)
        self.reason = reason
        self.response = response


class StandIn:
    """FCM for one project. Only `service_account` gets access tokens. `key` is the account's private key."""

    def __init__(
        self, *, project: str, token_uri: str, service_account: dict[str, str], key: RSAPrivateKey, inbox_file: Path
    ) -> None:
        self._project = project
        self._token_uri = token_uri
        self._account = service_account["client_email"]
        self._key = key.public_key()
        self._secret = hashlib.sha256(service_account["private_key"].encode()).digest()
        self._inboxes = Inboxes(inbox_file)
        self._faults: dict[str | None, Fault] = {}
        self._sends: Counter[str] = Counter()

    def routes(self) -> list[Route]:
        """Return FCM's routes, and the tests' routes for inboxes, faults and counts."""
        return [
            Route("/v1/projects/{project}/messages:send", self._send, methods=["POST"]),
            Route("/token", self._token, methods=["POST"]),
            Route("/faults", self._faults_route, methods=["GET", "PUT", "DELETE"]),
            Route("/inbox", self._all_inboxes, methods=["GET", "DELETE"]),
            Route("/inbox/{token:path}/stream", self._stream),
            Route("/inbox/{token:path}", self._inbox),
            Route("/stats", self._stats),
        ]

    async def _send(self, request: Request) -> Response:
        self._sends["attempts"] += 1
        try:
            return await self._accepted(request)
        except RefusedError as refusal:
            self._sends[refusal.reason] += 1
            return refusal.response

    async def _accepted(self, request: Request) -> Response:
        if not self._is_access_token(request.headers.get("authorization", "")):
            raise _refusal(FaultKind.AUTH)
        if request.path_params["project"] != self._project:
            resource = f"//cloudresourcemanager.googleapis.com/projects/{request.path_params['project']}"
            denied = (
                f"Permission 'cloudmessaging.messages.create' denied on resource '{resource}' (or it may not exist)."
            )
            raise RefusedError("WRONG_PROJECT", _error(403, "PERMISSION_DENIED", denied))
        try:
            message = checked_message(await request.body())
        except MessageError as error:
            raise _malformed(error) from error
        fault = self._fault_of(message["token"])
        if fault and fault.kind not in {FaultKind.TIMEOUT, FaultKind.LOST_REPLY}:
            raise _refusal(fault.kind, fault.retry_after)
        name = f"projects/{self._project}/messages/0:{int(now() * 1_000_000)}%31bd1c96f9fd7ecd"
        if fault and fault.kind is FaultKind.TIMEOUT:
            await asyncio.sleep(fault.seconds)
            raise _refusal(FaultKind.UNAVAILABLE)
        self._inboxes.deliver(name, message)
        self._sends["delivered"] += 1
        if fault:
            await asyncio.sleep(fault.seconds)
            raise _refusal(FaultKind.UNAVAILABLE)
        return JSONResponse({"name": name})

    def _fault_of(self, token: str) -> Fault | None:
        for whose in (token, None):
            fault = self._faults.get(whose)
            if fault is None:
                continue
            if fault.times == 1:
                del self._faults[whose]
            elif fault.times is not None:
                self._faults[whose] = fault.model_copy(update={"times": fault.times - 1})
            return fault
        return None

    async def _token(self, request: Request) -> JSONResponse:
        """Exchange a service account's assertion for an access token (OAuth 2's JWT bearer grant)."""
        form = parse_qs((await request.body()).decode("utf-8", "replace"))
        if form.get("grant_type") != ["urn:ietf:params:oauth:grant-type:jwt-bearer"]:
            return _no_grant("unsupported_grant_type", "Invalid grant_type")
        try:
            jwt.decode(
                form.get("assertion", [""])[0],
                self._key,
                algorithms=["RS256"],
                audience=[self._token_uri, GOOGLE_TOKEN_URI],
                issuer=self._account,
                options={"require": ["exp", "iat"]},
            )
        except jwt.InvalidTokenError as error:
            return _no_grant("invalid_grant", f"Invalid JWT: {error}")
        token = self._access_token(int(now()) + ACCESS_TOKEN_SECONDS)
        return JSONResponse({"access_token": token, "expires_in": ACCESS_TOKEN_SECONDS, "token_type": "Bearer"})

    def _access_token(self, expires: int) -> str:
        # Sign the token and do not store it. So the token stays valid after a restart, as Google's tokens do.
        return f"ya29.{expires}.{hmac.digest(self._secret, str(expires).encode(), 'sha256').hex()}"

    def _is_access_token(self, authorization: str) -> bool:
        expires = authorization.removeprefix("Bearer ya29.").partition(".")[0]
        return (
            expires.isdecimal()
            and hmac.compare_digest(authorization, f"Bearer {self._access_token(int(expires))}")
            and int(expires) > now()
        )

    async def _faults_route(self, request: Request) -> JSONResponse:
        if request.method == "PUT":
            try:
                fault = Fault.model_validate_json(await request.body())
            except ValidationError as error:
                return JSONResponse({"error": error.errors(include_url=False, include_input=False)}, 400)
            self._faults[fault.token] = fault
        elif request.method == "DELETE":
            self._faults.clear()
        return JSONResponse([fault.model_dump(mode="json") for fault in self._faults.values()])

    async def _inbox(self, request: Request) -> Response:
        return JSONResponse([asdict(push) for push in self._inboxes.of(request.path_params["token"])])

    async def _all_inboxes(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._inboxes.clear()
            return Response(status_code=204)
        return JSONResponse(self._inboxes.counts())

    async def _stream(self, request: Request) -> StreamingResponse:
        after = request.headers.get("last-event-id", "")
        return StreamingResponse(
            self._inboxes.stream(request.path_params["token"], int(after) if after.isdecimal() else 0),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "Access-Control-Allow-Origin": "*"},
        )

    async def _stats(self, _: Request) -> JSONResponse:
        return JSONResponse({"sends": dict(self._sends), "inboxes": self._inboxes.counts()})


def _error(
    code: int, status: str, message: str, *details: dict[str, Any], retry_after: int | None = None
) -> JSONResponse:
    error = {"code": code, "message": message, "status": status} | ({"details": details} if details else {})
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return JSONResponse({"error": error}, code, headers)


def _fcm_error(code: str) -> dict[str, Any]:
    return {"@type": _FCM_ERROR, "errorCode": code}


def _apns_error(status: int, reason: str) -> dict[str, Any]:
    return {"@type": _APNS_ERROR, "statusCode": status, "reason": reason}


def _violations(*violations: tuple[str, str]) -> dict[str, Any]:
    return {
        "@type": _BAD_REQUEST,
        "fieldViolations": [{"field": where, "description": what} for where, what in violations],
    }


def _malformed(error: MessageError) -> RefusedError:
    details = [_fcm_error("INVALID_ARGUMENT")] if error.by_fcm else []
    if error.violations:
        details.append(_violations(*error.violations))
    return RefusedError("MALFORMED", _error(400, "INVALID_ARGUMENT", str(error), *details))


def _refusal(kind: FaultKind, retry_after: int | None = None) -> RefusedError:
    """Return FCM's refusal for this fault."""
    has_header = kind in {FaultKind.QUOTA, FaultKind.UNAVAILABLE, FaultKind.TIMEOUT, FaultKind.LOST_REPLY}
    answer = _REFUSALS.get(kind, _REFUSALS[FaultKind.UNAVAILABLE])
    return RefusedError(kind, _error(*answer, retry_after=retry_after if has_header else None))


_UNAUTHORIZED = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid"
)
_REFUSALS: Mapping[FaultKind, tuple[int, str, str, *tuple[dict[str, Any], ...]]] = {
    FaultKind.UNREGISTERED: (404, "NOT_FOUND", "Requested entity was not found.", _fcm_error("UNREGISTERED")),
    FaultKind.INVALID: (
        *(400, "INVALID_ARGUMENT", "The registration token is not a valid FCM registration token"),
        *(_fcm_error("INVALID_ARGUMENT"), _violations(("message.token", "Invalid registration token"))),
    ),
    FaultKind.SENDER_ID_MISMATCH: (403, "PERMISSION_DENIED", "SenderId mismatch", _fcm_error("SENDER_ID_MISMATCH")),
    FaultKind.QUOTA: (
        *(429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'Send requests'.", _fcm_error("QUOTA_EXCEEDED")),
        {"@type": _QUOTA_FAILURE, "violations": [{"subject": "project", "description": "Message rate"}]},
    ),
    FaultKind.UNAVAILABLE: (503, "UNAVAILABLE", "The service is currently unavailable.", _fcm_error("UNAVAILABLE")),
    FaultKind.INTERNAL: (500, "INTERNAL", "Internal error encountered.", _fcm_error("INTERNAL")),
    FaultKind.AUTH: (
        *(401, "UNAUTHENTICATED", f"{_UNAUTHORIZED} authentication credential."),
        {"@type": _ERROR_INFO, "reason": "ACCESS_TOKEN_INVALID", "domain": "googleapis.com"},
    ),
    FaultKind.THIRD_PARTY_AUTH: (
        *(401, "UNAUTHENTICATED", "Auth error from APNS or Web Push Service"),
        *(_fcm_error("THIRD_PARTY_AUTH_ERROR"), _apns_error(403, "InvalidProviderToken")),
    ),
    FaultKind.APNS_UNREGISTERED: (
        *(400, "INVALID_ARGUMENT", "APNs device token is disabled."),
        *(_fcm_error("INVALID_ARGUMENT"), _apns_error(410, "Unregistered")),
    ),
}
"""FCM's answer to each of these faults: the HTTP status, the gRPC status, the message, and the details."""


def _no_grant(error: str, description: str) -> JSONResponse:
    return JSONResponse({"error": error, "error_description": description}, 400)
