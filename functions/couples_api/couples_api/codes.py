"""Codes in requests: their form, and the limit on tries."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from couples_api.services import Services
from rekindle.api.callers import Caller
from rekindle.api.problems import Problem, ProblemError
from rekindle.store.idempotency import KeyedRequest
from rekindle.store.keys import Key

PastedCode = Annotated[str, StringConstraints(max_length=1000)]
"""Text that contains a code, at most as long as the message of a share sheet with a link."""


def require_try(services: Services, caller: Caller, tries: Key, request: KeyedRequest) -> None:
    """Count a try of a code. A repeated request is not counted. Raise ProblemError if there were too many tries."""
    if request.is_repeat:
        return
    if next_at := services.tries.admit(tries, caller.instant, request.fingerprint):
        raise ProblemError(Problem.TOO_MANY_TRIES, retry_after=caller.seconds_until(next_at))
