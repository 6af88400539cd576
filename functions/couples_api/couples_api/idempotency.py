"""Recognize a repeated POST by its `Idempotency-Key`. A client repeats a request if the reply was lost."""

from __future__ import annotations

import hashlib
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Header

from couples_api.services import ID_BYTES, Services
from rekindle.api.callers import Caller
from rekindle.errors import KeyReusedError
from rekindle.store.idempotency import KeyedRequest

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="idempotency-key",
        min_length=1,
        max_length=128,
        description="Any text that is new for each request. Send the same text when you repeat the request.",
    ),
]


def keyed_request(services: Services, caller: Caller, idempotency_key: str | None, request: str) -> KeyedRequest:
    """Return whether the request is a repeat, and the writes that store its key.

    `request` is a text that differs for different requests, such as `POST /v1/invites`. Execute the writes in the
    request's transaction, so that a refused request stores no key. A repeat, or a request without a key, has no writes.
    Raise KeyReusedError if the caller has used the key for a different request.
    """
    if idempotency_key is None:
        return KeyedRequest()
    fingerprint = services.vault.mac(request)
    keyed = services.idempotency_keys.request(caller.uid, idempotency_key, fingerprint, caller.instant)
    if keyed is None:
        raise KeyReusedError("the key was used for another request")
    return keyed


def request_id(services: Services, caller: Caller, idempotency_key: str | None) -> str:
    """Return an id for the request. A repeat with the same key gets the same id.

    So the id shows that the second request is a repeat. Without a key, the id is random.
    """
    if idempotency_key is None:
        return services.new_id()
    return hashlib.sha256(f"{caller.uid} {idempotency_key}".encode()).hexdigest()[: 2 * ID_BYTES]
