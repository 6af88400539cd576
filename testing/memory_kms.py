"""Wrap keys in memory as KMS does, for tests that are not about KMS."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from collections.abc import Mapping

NONCE_BYTES = 12


@dataclass(slots=True)
class MemoryKms:
    """The part of KMS that the vault uses. If `is_down` is true, KMS wraps and unwraps nothing.

    `keys` maps the ids of KMS keys to their 32 bytes.
    """

    is_down: bool = False
    keys: dict[str, bytes] = field(default_factory=dict, repr=False)

    def create_key(self) -> dict[str, Any]:
        """Return the id of a new key."""
        return {"KeyMetadata": {"KeyId": f"key-{len(self.keys)}"}}

    def generate_data_key(self, **asked: Any) -> dict[str, Any]:
        """Return a new key in two forms: unwrapped and wrapped."""
        plain, nonce = os.urandom(asked["NumberOfBytes"]), os.urandom(NONCE_BYTES)
        wrapped = self._cipher(asked["KeyId"]).encrypt(nonce, plain, _authenticated(asked["EncryptionContext"]))
        return {"Plaintext": plain, "CiphertextBlob": nonce + wrapped}

    def decrypt(self, **asked: Any) -> dict[str, Any]:
        """Return the unwrapped key. Raise ClientError if it was wrapped with a different KMS key or context."""
        nonce, wrapped = asked["CiphertextBlob"][:NONCE_BYTES], asked["CiphertextBlob"][NONCE_BYTES:]
        try:
            plain = self._cipher(asked["KeyId"]).decrypt(nonce, wrapped, _authenticated(asked["EncryptionContext"]))
        except InvalidTag as error:
            raise ClientError({"Error": {"Code": "InvalidCiphertextException", "Message": ""}}, "Decrypt") from error
        return {"Plaintext": plain}

    def _cipher(self, key_id: str) -> AESGCM:
        if self.is_down:
            raise ClientError({"Error": {"Code": "KMSInternalException", "Message": ""}}, "KMS")
        return AESGCM(self.keys.setdefault(key_id, os.urandom(32)))


def _authenticated(context: Mapping[str, str]) -> bytes:
    return json.dumps(context, sort_keys=True).encode()
