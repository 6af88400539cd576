"""Codes in requests: how they come in, and how often a person may try one."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from couples_api.services import Services
from rekindle.api.callers import Caller
from rekindle.api.problems import Problem, ProblemError
from rekindle.store.idempotency import KeyedRequest
from rekindle.store.keys import Key

PastedCode = Annotated[str, StringConstraints(max_length=1000)]
"""A text with a code in it. It may be as long as a share sheet makes the text around a link."""


def require_try(services: Services, caller: Caller, tries: Key, request: KeyedRequest) -> None:
    """Count a try of a code, but not a repeat; a problem if there were too many."""
    if request.is_repeat:
        return
    if next_at := services.tries.admit(tries, caller.instant, request.fingerprint):
        raise ProblemError(Problem.TOO_MANY_TRIES, retry_after=caller.seconds_until(next_at))
