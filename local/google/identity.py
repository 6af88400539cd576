"""Serve Firebase's endpoints for sign-ins, second factors, tokens, new passwords and accounts.

The console and the command line call these endpoints, and so do the functions that ask about accounts or change them.
Bodies, errors and paths are Firebase's. The name of Firebase's host comes before each path, as in Firebase's own
emulator. There are four fixed accounts: a reader, a writer and an editor of the practice, and a person of a couple.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

import jwt
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from local.clock import now
from local.google import second_factor
from local.google.accounts import (
    DISABLED,
    OWNER,
    Account,
    Accounts,
    RefusedError,
    deleted,
    downloaded,
    looked_up,
    updated,
)
from local.google.second_factor import challenge, owner_of
from local.google.signin import Identity

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request
    from starlette.routing import BaseRoute

    from local.google.signin import Issuer

IDENTITY: Final = "/identitytoolkit.googleapis.com"
SECURE_TOKEN: Final = "/securetoken.googleapis.com"  # noqa: S105 - a path
PASSWORD: Final = "rekindle"  # noqa: S105 - the accounts exist on this machine only
ACCOUNTS: Final[Mapping[str, Mapping[str, str]]] = {
    "reader@practice.example": {"scope": "practice:read"},
    "writer@practice.example": {"scope": "practice:read practice:publish"},
    "editor@practice.example": {"scope": "practice:read practice:publish"},
    "couple@example.org": {},
}
"""Maps the email of each account to the account's custom claims."""

_INVALID: Final = "INVALID_ARGUMENT"
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")


type Answer[Content] = Callable[[Request], Awaitable[Content]]


def error_answer(refusal: RefusedError) -> JSONResponse:
    """Return the error in Google's format: with `status` in the new APIs, with `errors` in the old APIs."""
    error: dict[str, Any] = {"code": refusal.code, "message": str(refusal)}
    if refusal.status:
        error["status"] = refusal.status
    else:
        error["errors"] = [{"message": str(refusal), "domain": "global", "reason": "invalid"}]
    return JSONResponse({"error": error}, refusal.code)


def signed_in(issuer: Issuer, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the response of `accounts:signInWithPassword`. Raise RefusedError if Firebase would refuse the request."""
    email, password = _email_in(asked), asked.get("password")
    if not password:
        raise RefusedError("MISSING_PASSWORD")
    if email not in ACCOUNTS or password != PASSWORD:
        # An unknown email and a wrong password get the same error. So nobody can find out who has an account.
        raise RefusedError("INVALID_LOGIN_CREDENTIALS")
    account = fixed_account(issuer, email)
    answer = {
        "kind": "identitytoolkit#VerifyPasswordResponse",
        "localId": account.uid,
        "email": email,
        "displayName": "",
        "registered": True,
    }
    if account.disabled:
        raise RefusedError(DISABLED)
    if account.factors:
        return answer | challenge(issuer, account)
    tokens = issuer.signed_in(Identity(email=email))
    return answer | {
        "idToken": tokens["id_token"],
        "refreshToken": tokens["refresh_token"],
        "expiresIn": str(tokens["expires_in"]),
    }


def fixed_account(issuer: Issuer, email: str) -> Account:
    """Return the fixed account with this email, and make it if it does not exist."""
    account = issuer.accounts.make(issuer.uid_of(email), email, int(now()), ACCOUNTS[email])
    if account.claims is None:  # an older version of this program has saved the account
        account = issuer.accounts.change(account.uid, claims=ACCOUNTS[email])
    return account


def refreshed(issuer: Issuer, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return new tokens in the form of Firebase's response. Raise RefusedError if Firebase would refuse the request."""
    if (grant := asked.get("grant_type")) != "refresh_token":
        raise RefusedError("MISSING_GRANT_TYPE" if grant is None else "INVALID_GRANT_TYPE", _INVALID)
    if not (token := asked.get("refresh_token")):
        raise RefusedError("MISSING_REFRESH_TOKEN", _INVALID)
    try:
        tokens = issuer.refreshed(token)
    except jwt.ExpiredSignatureError as error:
        raise RefusedError("TOKEN_EXPIRED", _INVALID) from error
    except jwt.InvalidTokenError as error:
        raise RefusedError("INVALID_REFRESH_TOKEN", _INVALID) from error
    return {
        "access_token": tokens["id_token"],
        "expires_in": str(tokens["expires_in"]),
        "token_type": "Bearer",
        "refresh_token": tokens["refresh_token"],
        "id_token": tokens["id_token"],
        "user_id": tokens["uid"],
        "project_id": issuer.project,
    }


def password_reset(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the response of `accounts:sendOobCode`. Raise RefusedError if Firebase would refuse the request.

    The response is the same for a known and an unknown email.
    """
    if asked.get("requestType") != "PASSWORD_RESET":
        raise RefusedError("INVALID_REQ_TYPE" if asked.get("requestType") else "MISSING_REQ_TYPE")
    return {"kind": "identitytoolkit#GetOobConfirmationCodeResponse", "email": _email_in(asked)}


def own_account(issuer: Issuer, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the response of `accounts:lookup` for a person's own ID token.

    Raise RefusedError if Firebase would refuse the token.
    """
    _, account = owner_of(issuer, asked)
    return {"kind": "identitytoolkit#GetAccountInfoResponse", "users": [account.view]}


def identity_routes(issuer: Issuer) -> list[BaseRoute]:
    """Make the fixed accounts, and return the routes. As in Firebase, a page of any origin may call these routes."""
    for email in ACCOUNTS:
        fixed_account(issuer, email)

    async def send_code(request: Request) -> dict[str, Any]:
        return password_reset(await _json_of(request))

    async def token(request: Request) -> dict[str, Any]:
        _require_key(request)
        form = parse_qs((await request.body()).decode(errors="replace"))
        return refreshed(issuer, {name: values[0] for name, values in form.items()})

    async def download(request: Request) -> dict[str, Any]:
        _require_owner(request, issuer.project)
        return downloaded(issuer.accounts, request.query_params)

    def owning(answer: Callable[[Issuer, Mapping[str, Any]], dict[str, Any]]) -> Answer[JSONResponse]:
        async def own(request: Request) -> dict[str, Any]:
            return answer(issuer, await _json_of(request))

        return _answering(own)

    def administering(answer: Callable[[Accounts, Mapping[str, Any]], dict[str, Any]]) -> Answer[JSONResponse]:
        async def administer(request: Request) -> dict[str, Any]:
            _require_owner(request, issuer.project)
            return answer(issuer.accounts, await _body_of(request))

        return _answering(administer)

    admin = "/v1/projects/{project}"
    administration = [
        Route(f"{admin}/accounts:lookup", administering(looked_up), methods=["POST"]),
        Route(f"{admin}/accounts:update", administering(updated), methods=["POST"]),
        Route(f"{admin}/accounts:delete", administering(deleted), methods=["POST"]),
        Route(f"{admin}/accounts:batchGet", _answering(download), methods=["GET"]),
    ]
    open_to_all = [Middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["POST"], allow_headers=["*"])]
    accounts = [
        Route("/v1/accounts:signInWithPassword", owning(signed_in), methods=["POST"]),
        Route("/v1/accounts:sendOobCode", _answering(send_code), methods=["POST"]),
        Route("/v1/accounts:lookup", owning(own_account), methods=["POST"]),
        Route("/v2/accounts/mfaSignIn:finalize", owning(second_factor.signed_in), methods=["POST"]),
        Route("/v2/accounts/mfaEnrollment:start", owning(second_factor.started), methods=["POST"]),
        Route("/v2/accounts/mfaEnrollment:finalize", owning(second_factor.enrolled), methods=["POST"]),
        Route("/v2/accounts/mfaEnrollment:withdraw", owning(second_factor.withdrawn), methods=["POST"]),
    ]
    return [
        Mount(IDENTITY, routes=[*accounts, *administration], middleware=open_to_all),
        Mount(SECURE_TOKEN, routes=[Route("/v1/token", _answering(token), methods=["POST"])], middleware=open_to_all),
    ]


def _answering(answer: Answer[dict[str, Any]]) -> Answer[JSONResponse]:
    async def endpoint(request: Request) -> JSONResponse:
        try:
            return JSONResponse(await answer(request))
        except RefusedError as error:
            return error_answer(error)

    return endpoint


def _email_in(asked: Mapping[str, Any]) -> str:
    email = asked.get("email")
    if email is None:
        raise RefusedError("MISSING_EMAIL")
    if not isinstance(email, str) or not _EMAIL.fullmatch(email):
        raise RefusedError("INVALID_EMAIL")
    return email.casefold()


async def _json_of(request: Request) -> Mapping[str, Any]:
    _require_key(request)
    return await _body_of(request)


async def _body_of(request: Request) -> Mapping[str, Any]:
    try:
        asked = json.loads(await request.body())
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise RefusedError("Invalid JSON payload received.", _INVALID)
    return asked


def _require_owner(request: Request, project: str) -> None:
    if request.headers.get("authorization") != OWNER:
        raise RefusedError("Request had invalid authentication credentials.", "UNAUTHENTICATED", 401)
    if request.path_params["project"] != project:
        raise RefusedError("The caller does not have permission", "PERMISSION_DENIED", 403)


def _require_key(request: Request) -> None:
    if not request.query_params.get("key"):
        raise RefusedError("The request is missing a valid API key.", "PERMISSION_DENIED", 403)
