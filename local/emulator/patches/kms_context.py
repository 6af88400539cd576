"""Let policies see the encryption context of a KMS call.

ministack does not know the condition key `kms:EncryptionContext:...`. The template's policies test this key with
`StringEquals`, which is false for an unknown key. So without the patch, the policies would refuse the calls.
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_actions

from local.emulator.patches.seams import json_of


def apply() -> None:
    """Add each KMS call's encryption context to the values that policies can test."""
    original = iam_actions.request_tag_context

    def context(service: str, called: str, body: bytes, parameters: dict[str, Any]) -> dict[str, Any]:
        known: dict[str, Any] = original(service, called, body, parameters)
        if service == "kms":
            encryption_context = json_of(body).get("EncryptionContext") or {}
            known |= {f"kms:encryptioncontext:{name}".lower(): value for name, value in encryption_context.items()}
        return known

    iam_actions.request_tag_context = context
