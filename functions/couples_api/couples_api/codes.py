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
"""A text that contains a code. A whole message that shares a link fits in."""


def spend_try(services: Services, caller: Caller, tries: Key, request: KeyedRequest) -> None:
    """Count one try of a code. Do not count a repeated request. Raise ProblemError if there were too many tries."""
    if request.is_repeat:
        return
    if next_at := services.tries.admit(tries, caller.instant, request.fingerprint):
        raise ProblemError(Problem.TOO_MANY_TRIES, retry_after=caller.seconds_until(next_at))
