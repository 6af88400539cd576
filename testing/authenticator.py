"""Show the codes of an authenticator app, as RFC 6238 describes them."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP


def code_of(secret: str, at: float) -> str:
    """Return the code that an app with this secret (in base 32) shows, `at` seconds since 1970."""
    return TOTP(base64.b32decode(secret), 6, SHA1(), 30).generate(int(at)).decode()  # noqa: S303 - RFC 6238's algorithm
