"""Count requests and capacity units of clients, with hooks on botocore's events."""

from __future__ import annotations

import math
import operator
import threading
from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

WRITE_UNIT_BYTES: Final = 1024
_READS: Final = frozenset({"GetItem", "BatchGetItem", "Query", "TransactGetItems"})
_WRITES: Final = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"})
_SCANS: Final = frozenset({"Scan", "ExecuteStatement", "BatchExecuteStatement"})


class ScanError(Exception):
    """A request could read a whole table. Rekindle must send no such request."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a piece of work.

    `read` and `write` are capacity units. `written` counts the requests that write; a transaction counts as one.

    `trips` counts round trips. A request that begins while another request is running adds no round trip.
    """

    dynamodb: int = 0
    read: float = 0
    write: float = 0
    written: int = 0
    kms: int = 0
    sqs: int = 0
    trips: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(*map(operator.add, astuple(self), astuple(other)))

    def __sub__(self, other: Cost) -> Cost:
        return Cost(*map(operator.sub, astuple(self), astuple(other)))


class Meter:
    """Counts the requests of the attached clients, and the capacity units in DynamoDB's answers."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._total = Cost()
        self._under_way = 0

    def attach(self, client: Any) -> Any:
        """Count the client's requests from now on. Return the client."""
        service = client.meta.service_model.service_id.hyphenize()
        events = client.meta.events
        events.register(f"provide-client-params.{service}", _asking_for_capacity)
        events.register(f"before-call.{service}", self._begin)
        events.register(f"after-call.{service}", self._end)
        events.register(f"after-call-error.{service}", self._end)
        return client

    def cost_of[T](self, work: Callable[[], T]) -> tuple[T, Cost]:
        """Do the work. Return its result and its cost. The work may call this method for a part of itself."""
        before = self._total
        result = work()
        return result, self._total - before

    def _begin(self, model: Any, **_: Any) -> None:
        if model.name in _SCANS:
            raise ScanError(f"{model.name} reads a whole table")
        with self._lock:
            # Requests that run at the same time count as one round trip.
            self._total += replace(_request(model), trips=0 if self._under_way else 1)
            self._under_way += 1

    def _end(self, model: Any, parsed: Mapping[str, Any] | None = None, **_: Any) -> None:
        with self._lock:
            self._under_way -= 1
            if parsed and model.service_model.service_name == "dynamodb":
                self._total += _capacity(model.name, parsed)


def _asking_for_capacity(params: dict[str, Any], model: Any, **_: Any) -> dict[str, Any]:
    if "ReturnConsumedCapacity" in model.input_shape.members:
        return params | {"ReturnConsumedCapacity": "TOTAL"}
    return params


def _request(model: Any) -> Cost:
    match model.service_model.service_name:
        case "dynamodb":
            return Cost(dynamodb=1, written=int(model.name in _WRITES))
        case "kms":
            return Cost(kms=1)
        case "sqs":
            return Cost(sqs=1)
        case other:
            raise ValueError(f"requests to {other} are not counted yet")


def _capacity(operation: str, answer: Mapping[str, Any]) -> Cost:
    if "Error" in answer:
        return Cost(write=_refused(answer))
    consumed = answer.get("ConsumedCapacity", [])
    units = sum(each["CapacityUnits"] for each in (consumed if isinstance(consumed, list) else [consumed]))
    return Cost(read=units) if operation in _READS else Cost(write=units)


def _refused(answer: Mapping[str, Any]) -> float:
    """Return the units of a write whose condition failed. DynamoDB bills for the existing item without saying so."""
    if answer["Error"]["Code"] != "ConditionalCheckFailedException":
        return 0
    return write_units(answer.get("Item", {}))


def write_units(item: Mapping[str, Any]) -> float:
    """Return the units for writing an item outside of a transaction. A transaction takes twice as many."""
    return float(max(1, math.ceil(item_bytes(item) / WRITE_UNIT_BYTES)))


def item_bytes(item: Mapping[str, Any]) -> int:
    """Return the size for which DynamoDB bills an item. DynamoDB's developer guide has the rules."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(typed: Mapping[str, Any]) -> int:
    ((kind, value),) = typed.items()
    sizes: dict[str, Callable[[], int]] = {
        "S": lambda: len(value.encode()),
        "B": lambda: len(value),
        # A number takes one byte for each two significant digits, and one more. Our numbers are whole.
        "N": lambda: math.ceil(len(value.strip("-0")) / 2) + 1,
        "BOOL": lambda: 1,
        "NULL": lambda: 1,
        "SS": lambda: sum(len(each.encode()) for each in value),
        "L": lambda: 3 + sum(1 + _value_bytes(each) for each in value),
        "M": lambda: 3 + sum(1 + len(name.encode()) + _value_bytes(each) for name, each in value.items()),
    }
    return sizes[kind]()
