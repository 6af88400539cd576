"""Show the codes of an authenticator app, as RFC 6238 describes them."""

from __future__ import annotations

import base64
import hashlib
import hmac


def code_of(secret: str, at: float) -> str:
    """Return the code that an app with this secret (in base 32) shows, `at` seconds since 1970."""
    counter = int(at // 30).to_bytes(8)
    digest = hmac.digest(base64.b32decode(secret), counter, hashlib.sha1)
    place = digest[-1] & 0xF
    number = int.from_bytes(digest[place : place + 4]) & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"
