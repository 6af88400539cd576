"""Which problems a route can answer with, read from its handler's own code: what cannot be forgotten in a list."""

from __future__ import annotations

import dis
import inspect
from itertools import pairwise
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, Final

from rekindle.api.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_OURS: Final = ("couples_api", "practice_api", "privacy", "rekindle")
_ERRORS: Final = {
    "UnknownZoneError": Problem.UNKNOWN_ZONE,
    "NoPromptError": Problem.NO_PROMPT,
    "KeyReusedError": Problem.KEY_REUSED,
    "NotACodeError": Problem.NOT_A_CODE,
}
"""Errors of the rules that `rekindle.api.resolver` turns into a problem of their own."""


def problems_of(handler: Callable[..., Any]) -> frozenset[Problem]:
    """The problems that the handler, and every function of ours that it names, can raise.

    Whatever any route may meet (something busy, a body that is not JSON) is not among them.
    """
    found: set[Problem] = set()
    pending = [*_functions_in(handler)]
    seen: set[FunctionType] = set()
    while pending:
        function = pending.pop()
        if function in seen:
            continue
        seen.add(function)
        for code in _codes(function.__code__):
            for name, attribute in _globals_named(code):
                if name in _ERRORS:
                    found.add(_ERRORS[name])
                value = function.__globals__.get(name)
                if value is Problem:
                    found.add(Problem[attribute])
                pending.extend(_functions_in(value))
    return frozenset(found)


def _globals_named(code: CodeType) -> Iterator[tuple[str, str]]:
    """Each global that the code reads, with what the next instruction is about: its attribute, if it takes one."""
    for here, after in pairwise(dis.get_instructions(code)):
        if here.opname == "LOAD_GLOBAL":
            yield here.argval, str(after.argval)


def _codes(code: CodeType) -> Iterator[CodeType]:
    """The code and all that is defined within it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _functions_in(value: object) -> Iterator[FunctionType]:
    """The function that a global is, or the methods of the class that it is, if it is ours."""
    if not str(getattr(value, "__module__", "")).startswith(_OURS):
        return
    members: Iterable[Any] = vars(value).values() if isinstance(value, type) else (value,)
    for member in members:
        accessed: Any = member.fget if isinstance(member, property) else member
        function = inspect.unwrap(accessed)
        if isinstance(function, FunctionType):
            yield function
