"""Issue ID tokens with the same claims as Firebase's tokens, and serve OpenID Connect discovery."""

from __future__ import annotations

import hashlib
import json
import string
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Self

import jwt
from jwt.algorithms import RSAAlgorithm
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, ValidationError, model_validator
from starlette.responses import JSONResponse
from starlette.routing import Route

from local.clock import now
from local.google.accounts import DISABLED, Accounts, RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from starlette.requests import Request

    from local.google.accounts import Account

LIFETIME_SECONDS = 3600
"""Firebase's ID tokens have the same lifetime."""

_RESERVED = frozenset({"aud", "auth_time", "exp", "firebase", "iat", "iss", "sub", "user_id"})


class Identity(BaseModel):
    """A person who signs in, by email or by uid. Without a uid, the issuer makes the uid from the email.

    Attributes:
        claims: Custom claims, which administrators can set in Firebase. If they are given, the account keeps them.
        second_factor: Whether the person also proves a second factor.
        signed_in_ago: Seconds since the sign-in. A test sets this number for a sign-in that is not recent.
        issued_ago: Seconds since the token was issued. A test sets this number for a token that is not new.
        lifetime: Seconds until the token expires. A negative number makes an expired token.
        ended: Whether the sign-in has ended, for example because of a new password. Then the refresh token has expired.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    uid: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None
    name: str | None = None
    claims: dict[str, JsonValue] = Field(default_factory=dict)
    second_factor: bool = False
    signed_in_ago: Annotated[int, Field(ge=0)] = 0
    issued_ago: Annotated[int, Field(ge=0)] = 0
    lifetime: int = LIFETIME_SECONDS
    ended: bool = False

    @model_validator(mode="after")
    def _identifies_someone(self) -> Self:
        if self.email is None and self.uid is None:
            raise ValueError("email or uid is needed")
        if reserved := _RESERVED & self.claims.keys():
            raise ValueError(f"claims may not set {', '.join(sorted(reserved))}")
        return self


@dataclass(frozen=True, slots=True)
class Issuer:
    """Signs the ID tokens of `project` with RS256. Phones and API Gateway's authorizer reach the issuer at `origin`."""

    origin: str
    project: str
    key: RSAPrivateKey
    accounts: Accounts = field(default_factory=Accounts)

    @property
    def url(self) -> str:
        """Return the issuer's address: the claim `iss` of all tokens. The discovery document is below this address."""
        return f"{self.origin}/{self.project}"

    @property
    def key_id(self) -> str:
        """Return the key's id, which is a digest of the key."""
        return hashlib.sha256(str(self.key.public_key().public_numbers().n).encode()).hexdigest()[:40]

    def signed_in(self, identity: Identity) -> dict[str, Any]:
        """Sign a person in. Return an ID token, a refresh token, the lifetime and the uid.

        Raise RefusedError if the account is disabled.
        """
        uid = identity.uid or self.uid_of(identity.email or "")
        auth_time = int(now()) - identity.signed_in_ago
        self.accounts.sign_in(uid, identity.email, auth_time)
        if "claims" in identity.model_fields_set:
            self.accounts.change(uid, claims=identity.claims)
        session = {"email": identity.email, "name": identity.name, "auth_time": auth_time}
        return self.tokens(
            uid,
            session | ({"second_factor": "factor"} if identity.second_factor else {}),
            identity.lifetime,
            issued_ago=identity.issued_ago,
            ended=identity.ended,
        )

    def uid_of(self, email: str) -> str:
        """Return the uid of the account with this email, or the uid that the account would get."""
        return _uid_of(email, self.accounts.times_deleted(email))

    def refreshed(self, refresh_token: str) -> dict[str, Any]:
        """Return new tokens for the same sign-in, with the claims that the account has now.

        Raise jwt.InvalidTokenError if the refresh token is not valid. Raise RefusedError as `account_of` does.
        """
        session = self.read(refresh_token, "refresh")
        self.account_of(session["sub"], session["session"]["auth_time"])
        return self.tokens(session["sub"], session["session"], LIFETIME_SECONDS)

    def claims_of(self, id_token: str) -> dict[str, Any]:
        """Return the claims of an ID token. Raise jwt.InvalidTokenError if the token is not valid."""
        return self.read(id_token, self.project)

    def read(self, token: str, audience: str) -> dict[str, Any]:
        """Return the claims of a token for this audience. Raise jwt.InvalidTokenError if the token is not valid."""
        claims: dict[str, Any] = jwt.decode(
            token, self.key.public_key(), algorithms=["RS256"], audience=audience, issuer=self.url
        )
        return claims

    def write(self, audience: str, uid: str, lifetime: int | None, **more: Any) -> str:  # noqa: ANN401 - JSON
        """Return a token of an account for this audience. It expires after `lifetime` seconds, or never."""
        ends = {} if lifetime is None else {"exp": int(now()) + lifetime}
        return self._signed({"iss": self.url, "aud": audience, "sub": uid} | ends | more)

    def account_of(self, uid: str, auth_time: int) -> Account:
        """Return the account of a sign-in.

        Raise RefusedError if the account is deleted or disabled, or if the sign-in is older than `valid_since`.
        """
        account = self.accounts.named(uid)
        if account.disabled:
            raise RefusedError(DISABLED)
        if auth_time < account.valid_since:
            raise RefusedError("TOKEN_EXPIRED")
        return account

    def tokens(
        self, uid: str, session: Mapping[str, Any], lifetime: int, *, issued_ago: int = 0, ended: bool = False
    ) -> dict[str, Any]:
        """Return the tokens of a sign-in.

        `session` has the account's email, the person's name, and the time of the sign-in. `second_factor` in it is the
        id of the second factor that the person has proved.
        """
        account, email = self.accounts.named(uid), session["email"]
        firebase = {
            "identities": {"email": [email]} if email else {},
            "sign_in_provider": "password" if email else "custom",
        }
        if factor := session.get("second_factor"):
            firebase |= {"sign_in_second_factor": "totp", "second_factor_identifier": factor}
        identity = {
            "iss": self.url,
            "aud": self.project,
            "auth_time": session["auth_time"],
            "user_id": uid,
            "sub": uid,
            "iat": min(int(now()) - issued_ago, int(now()) + lifetime),
            "exp": int(now()) + lifetime,
            "firebase": firebase,
        }
        if session["name"]:
            identity["name"] = session["name"]
        if email:
            identity |= {"email": email, "email_verified": account.is_verified}
        return {
            "id_token": self._signed({**(account.claims or {}), **identity}),
            "refresh_token": self.write("refresh", uid, -1 if ended else None, session=session),
            "expires_in": lifetime,
            "uid": uid,
        }

    def _signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": self.key_id})

    def routes(self) -> list[Route]:
        """Return the issuer's routes."""

        async def discovery(_: Request) -> JSONResponse:
            return JSONResponse(
                {
                    "issuer": self.url,
                    "jwks_uri": f"{self.url}/.well-known/jwks.json",
                    "response_types_supported": ["id_token"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["RS256"],
                }
            )

        async def keys(_: Request) -> JSONResponse:
            key = json.loads(RSAAlgorithm.to_jwk(self.key.public_key()))
            return JSONResponse({"keys": [key | {"kid": self.key_id, "use": "sig", "alg": "RS256"}]})

        async def sign_in(request: Request) -> JSONResponse:
            try:
                identity = Identity.model_validate_json(await request.body())
            except ValidationError as error:
                return JSONResponse({"error": _sentence(error)}, 400)
            try:
                return JSONResponse(self.signed_in(identity))
            except RefusedError as error:
                return JSONResponse({"error": str(error)}, 400)

        below = f"/{self.project}/.well-known"
        return [
            Route(f"{below}/openid-configuration", discovery),
            Route(f"{below}/jwks.json", keys),
            Route("/sign-in", sign_in, methods=["POST"]),
        ]


def _uid_of(email: str, deleted: int) -> str:
    """Return a uid of 28 letters and digits, as in Firebase.

    The same email always gets the same uid, until its account is deleted. `deleted` is the number of deleted accounts
    with this email.
    """
    alphabet = string.ascii_letters + string.digits
    number = int.from_bytes(hashlib.sha256((email.casefold() + "~" * deleted).encode()).digest())
    symbols = []
    for _ in range(28):
        number, symbol = divmod(number, len(alphabet))
        symbols.append(alphabet[symbol])
    return "".join(symbols)


def _sentence(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, each['loc'])) or 'body'}: {each['msg'].removeprefix('Value error, ')}"
        for each in error.errors()
    )
