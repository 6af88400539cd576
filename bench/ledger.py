"""The ledger: what each method of a store took, each time that a function called it."""

from __future__ import annotations

import functools
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from testing.meter import Cost

if TYPE_CHECKING:
    from testing.meter import Meter


@dataclass(frozen=True, slots=True)
class Pattern:
    """An access pattern: a method by its name `Class.method`, who calls it, and what its calls took."""

    method: str
    functions: frozenset[str]
    costs: tuple[Cost, ...]


class Ledger:
    """Notes the calls of the stores that it watches; a method that a store calls on itself belongs to the outer one."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._costs: defaultdict[str, list[Cost]] = defaultdict(list)
        self._functions: defaultdict[str, set[str]] = defaultdict(set)

    def watched[T](self, store: T, function: str) -> T:
        """The same store, in the hands of a function."""
        return cast("T", _Watched(self, store, function))

    def patterns(self) -> list[Pattern]:
        """Every method that asked AWS for anything, by name."""
        return [
            Pattern(method, frozenset(self._functions[method]), tuple(costs))
            for method, costs in sorted(self._costs.items())
            if any(cost != Cost() for cost in costs)
        ]

    def note(self, method: str, function: str, cost: Cost) -> None:
        """One call."""
        self._costs[method].append(cost)
        self._functions[method].add(function)

    @property
    def meter(self) -> Meter:
        """What counts for it."""
        return self._meter


class _Watched:
    """A store's stand-in, whose methods are noted."""

    def __init__(self, ledger: Ledger, store: object, function: str) -> None:
        self._ledger, self._store, self._function = ledger, store, function

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  as the store has it
        found = getattr(self._store, name)
        if not callable(found):
            return found

        @functools.wraps(found)
        def noted(*args: Any, **named: Any) -> Any:  # noqa: ANN401  as the method has them
            result, cost = self._ledger.meter.cost_of(lambda: found(*args, **named))
            self._ledger.note(f"{type(self._store).__name__}.{name}", self._function, cost)
            return result

        return noted
