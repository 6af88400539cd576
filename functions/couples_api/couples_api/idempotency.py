"""Idempotent requests: a POST that is repeated under one `Idempotency-Key` is done once."""

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
    Header(alias="idempotency-key", min_length=1, max_length=128, description="The same request again, if repeated."),
]


def keyed_request(services: Services, caller: Caller, idempotency_key: str | None, request: str) -> KeyedRequest:
    """Return the request under its key. A request that is refused leaves its key free.

    Raise KeyReusedError if the key belongs to another request.
    """
    if idempotency_key is None:
        return KeyedRequest()
    fingerprint = services.vault.mac(request)
    found = services.idempotency_keys.request(caller.uid, idempotency_key, fingerprint, caller.instant)
    if found is None:
        raise KeyReusedError("the key stands for another request")
    return found


def request_id(services: Services, caller: Caller, idempotency_key: str | None) -> str:
    """Return an id that a repeat of the request has too, or a random one without a key.

    So a write whose reply was lost is recognised when the client library sends it again.
    """
    if idempotency_key is None:
        return services.new_id()
    return hashlib.sha256(f"{caller.uid} {idempotency_key}".encode()).hexdigest()[: 2 * ID_BYTES]
