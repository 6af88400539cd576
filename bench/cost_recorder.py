"""Record the cost of each call of a store's method, and the function that calls it."""

from __future__ import annotations

import functools
from collections import defaultdict
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from testing.meter import Cost

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from testing.meter import Meter

_STORES = ("rekindle.store", "rekindle.crypto")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A store's method, named `Class.method`, with the functions that call it and the cost of each call."""

    method: str
    functions: frozenset[str]
    costs: tuple[Cost, ...]


class CostRecorder:
    """Records calls of stores' methods. If a method calls another method of its store, the two count as one call."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self._costs: defaultdict[str, list[Cost]] = defaultdict(list)
        self._functions: defaultdict[str, set[str]] = defaultdict(set)

    def recorded[T: DataclassInstance](self, services: T, function: str) -> T:
        """Return the function's services. A wrapper around each store records the calls of its methods."""
        found = {field.name: getattr(services, field.name) for field in fields(services)}
        stores = {name: each for name, each in found.items() if type(each).__module__.startswith(_STORES)}
        recorded: dict[str, Any] = {name: _Recorded(self, each, function) for name, each in stores.items()}
        return replace(services, **recorded)

    def record(self, method: str, function: str, cost: Cost) -> None:
        """Add one call of a method by a function, with its cost."""
        self._costs[method].append(cost)
        self._functions[method].add(function)

    def patterns(self) -> list[Pattern]:
        """Return all methods that have sent a request, ordered by name."""
        return [
            Pattern(method, frozenset(self._functions[method]), tuple(costs))
            for method, costs in sorted(self._costs.items())
            if any(cost != Cost() for cost in costs)
        ]


class _Recorded:
    """Wraps a store and records the calls of its methods."""

    def __init__(self, recorder: CostRecorder, store: object, function: str) -> None:
        self._recorder, self._store, self._function = recorder, store, function

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  any attribute of the store
        found = getattr(self._store, name)
        if not callable(found):
            return found

        @functools.wraps(found)
        def recorded(*args: Any, **named: Any) -> Any:  # noqa: ANN401  any arguments of the method
            result, cost = self._recorder.meter.cost_of(lambda: found(*args, **named))
            self._recorder.record(f"{type(self._store).__name__}.{name}", self._function, cost)
            return result

        return recorded
