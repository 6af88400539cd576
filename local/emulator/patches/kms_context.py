"""ministack's policies do not know `kms:EncryptionContext:...`, so a statement with it never applies."""

from __future__ import annotations

from typing import Any

from ministack.core import iam_actions

from local.emulator.patches.leading_keys import json_of


def apply() -> None:
    """Give policies the encryption context of a KMS call."""
    original = iam_actions.request_tag_context

    def context(service: str, called: str, body: bytes, parameters: dict[str, Any]) -> dict[str, Any]:
        known: dict[str, Any] = original(service, called, body, parameters)
        if service == "kms":
            purpose = json_of(body).get("EncryptionContext") or {}
            known |= {f"kms:encryptioncontext:{name}".lower(): value for name, value in purpose.items()}
        return known

    iam_actions.request_tag_context = context
