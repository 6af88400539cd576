"""Stand in for Firebase App Check: give tokens to apps, and show the key with which the tokens are signed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import jwt
from jwt.algorithms import RSAAlgorithm
from starlette.responses import JSONResponse
from starlette.routing import Route

from local.clock import now

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from starlette.requests import Request

PROJECT_NUMBER: Final = "100000000001"
"""The number of the local Firebase project. Google gives each project an id and a number."""
APP: Final = f"1:{PROJECT_NUMBER}:android:1"
LIFETIME_SECONDS: Final = 3600
_KEY_ID: Final = "local"


@dataclass(frozen=True, slots=True)
class AppCheckIssuer:
    """Signs tokens for the apps of the local project. `origin` is the address at which App Check is reached."""

    origin: str
    key: RSAPrivateKey

    def token(self, **changes: object) -> str:
        """Return a token as App Check gives it to an app. `changes` replaces claims."""
        claims = {
            "iss": f"{self.origin}/{PROJECT_NUMBER}",
            "aud": [f"projects/{PROJECT_NUMBER}", "projects/rekindle-local"],
            "sub": APP,
            "iat": int(now()),
            "exp": int(now()) + LIFETIME_SECONDS,
        }
        return jwt.encode(claims | changes, self.key, algorithm="RS256", headers={"kid": _KEY_ID})

    def keys(self) -> dict[str, Any]:
        """Return the key set with which tokens are verified."""
        key = json.loads(RSAAlgorithm.to_jwk(self.key.public_key()))
        return {"keys": [key | {"kid": _KEY_ID, "use": "sig", "alg": "RS256"}]}

    def routes(self) -> list[Route]:
        """Return the routes of App Check: its keys, and the exchange of any debug token for a token."""

        async def keys(_: Request) -> JSONResponse:
            return JSONResponse(self.keys())

        async def exchange(_: Request) -> JSONResponse:
            return JSONResponse({"token": self.token(), "ttl": f"{LIFETIME_SECONDS}s"})

        return [
            Route("/v1/jwks", keys),
            Route("/v1/projects/{project}/apps/{app}:exchangeDebugToken", exchange, methods=["POST"]),
        ]
