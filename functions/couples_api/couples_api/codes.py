"""Accept a code in a request, and limit how many codes a person may try."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from couples_api.services import Services
from rekindle.api.callers import Caller
from rekindle.api.problems import Problem, ProblemError
from rekindle.store.idempotency import KeyedRequest
from rekindle.store.keys import Key

PastedCode = Annotated[str, StringConstraints(max_length=1000)]
"""A code as a client sends it. The text may be a whole message with a link that contains the code."""


def spend_try(
    services: Services, caller: Caller, tries: Key, request: KeyedRequest, code_mac: str | None = None
) -> None:
    """Count one try of a code, unless the request is a repeat.

    `tries` is the table key of the caller's tries. A later request with the fingerprint `code_mac` is a repeat, too.
    Raise ProblemError if the caller has made too many tries.
    """
    if request.is_repeat:
        return
    if next_at := services.tries.admit(tries, caller.instant, request.fingerprint, code_mac):
        raise ProblemError(Problem.TOO_MANY_TRIES, retry_after=caller.seconds_until(next_at))
