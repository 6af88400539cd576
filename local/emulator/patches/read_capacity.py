"""Count read capacity units by the bytes that a request reads, as AWS does. ministack ignores the bytes."""

from __future__ import annotations

import contextvars
import json
import math
from typing import TYPE_CHECKING, Any

from ministack.services import dynamodb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

type Read = tuple[str, dict[str, Any], bool]
"""A table, a key, and whether the read is strongly consistent."""

UNIT_BYTES = 4096

_page_bytes: contextvars.ContextVar[int] = contextvars.ContextVar("page_bytes", default=0)


def apply() -> None:
    """Count the units of GetItem, Query, Scan, BatchGetItem and TransactGetItems by the bytes that they read."""
    original_page, original_capacity = dynamodb._paginate_evaluated_items, dynamodb._add_consumed_capacity

    def page(items: Any, limit: Any, table: Any, index_name: str | None = None) -> Any:
        result = original_page(items, limit, table, index_name)
        read = (dynamodb._apply_index_projection(i, table, index_name) if index_name else i for i in result[0])
        _page_bytes.set(sum(map(_size, read)))
        return result

    def capacity(result: dict[str, Any], request: dict[str, Any], table: str, **named: Any) -> None:
        original_capacity(result, request, table, **named)
        consumed = result.get("ConsumedCapacity")
        if not consumed or named.get("write"):
            return
        size = _size(_item(table, request["Key"])) if "Key" in request else _page_bytes.get()
        units = _units(size, consistent=bool(request.get("ConsistentRead")))
        indexes = (consumed.get(kind) or {} for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"))
        for part in (consumed, consumed.get("Table") or {}, *(part for index in indexes for part in index.values())):
            if part.get("CapacityUnits"):
                part["CapacityUnits"] = units

    dynamodb._paginate_evaluated_items = page
    dynamodb._add_consumed_capacity = capacity
    # A read in a transaction costs twice as much as a strongly consistent read.
    dynamodb._transact_get_items = _counted(dynamodb._transact_get_items, _transactional_reads, factor=2)
    dynamodb._batch_get_item = _counted(dynamodb._batch_get_item, _batch_reads, factor=1)


def _transactional_reads(request: dict[str, Any]) -> Iterable[Read]:
    for member in request["TransactItems"]:
        yield member["Get"]["TableName"], member["Get"]["Key"], True


def _batch_reads(request: dict[str, Any]) -> Iterable[Read]:
    for table, wanted in request["RequestItems"].items():
        for key in wanted["Keys"]:
            yield table, key, bool(wanted.get("ConsistentRead"))


def _counted(
    original: Callable[[dict[str, Any]], Any], reads: Callable[[dict[str, Any]], Iterable[Read]], *, factor: int
) -> Callable[[dict[str, Any]], Any]:
    def run(request: dict[str, Any]) -> Any:
        result = original(request)
        detail = request.get("ReturnConsumedCapacity", "NONE")
        if result[0] != 200 or detail == "NONE":  # noqa: PLR2004 - an HTTP status
            return result
        units: dict[str, float] = {}
        for table, key, consistent in reads(request):
            size = _size(_item(dynamodb._normalize_table_name(table), key))
            units[table] = units.get(table, 0) + factor * _units(size, consistent=consistent)
        body = json.loads(result[2])
        body["ConsumedCapacity"] = [
            {"TableName": table, "CapacityUnits": used}
            | ({"Table": {"CapacityUnits": used}} if detail == "INDEXES" else {})
            for table, used in units.items()
        ]
        return dynamodb.json_response(body)

    return run


def _item(table: str, key: dict[str, Any]) -> Any:
    return dynamodb._get_item_by_key(dynamodb._tables[table], key)


def _size(item: dict[str, Any] | None) -> int:
    return int(dynamodb._item_size_bytes(item)) if item else 0


def _units(size: int, *, consistent: bool) -> float:
    return max(1, math.ceil(size / UNIT_BYTES)) * (1.0 if consistent else 0.5)
