"""Let policies see which partitions and which attributes a DynamoDB call names.

ministack does not know the condition keys `dynamodb:LeadingKeys` and `dynamodb:ReturnValues`. For
`dynamodb:Attributes`, it sees only the attributes of a projection. The template's policies test `dynamodb:LeadingKeys`
and `dynamodb:Attributes` with `ForAllValues`, which is true for a condition key without a value. So without the patch,
the policies would allow all partitions and attributes. They also deny attributes with `ForAnyValue`, which is false for
a condition key without a value.

AWS documents these keys under "Using IAM policy conditions for fine-grained access control". `dynamodb:Attributes` has
all names of attributes in the request: in the key, in the item, and in each expression. A path such as `a.b` counts as
its first name, `a`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ministack.core import iam_actions, iam_evaluator
from ministack.services import dynamodb

from local.emulator.patches.seams import json_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

type Touched = tuple[str, dict[str, Any] | None]
"""A table's name, and a key or an item of the table. The second part is None if the request has no key or item."""
type Context = dict[str, Any]
"""Values that policies can test, by the name of their condition key."""

_EQUALITY = re.compile(r"(?P<name>#?\w+)\s*=\s*(?P<value>:\w+)")
_NAME = re.compile(r"(?<![\w:#.])#?[A-Za-z_]\w*(?!\w|\s*\()")
"""Matches the first name of a path in an expression, and keywords. A name before a parenthesis is a function."""
_KEYWORDS = frozenset({"SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "BETWEEN", "IN"})
_EXPRESSIONS = (
    "ConditionExpression",
    "FilterExpression",
    "KeyConditionExpression",
    "ProjectionExpression",
    "UpdateExpression",
)
_BY_NAME = ("Key", "Item", "AttributeUpdates", "Expected", "KeyConditions", "QueryFilter", "ScanFilter")
"""Parts of a request that map names of attributes to values. Most of them are older forms of the expressions."""


class _ArnOfOneItem(str):
    """A table's ARN for one read or write of a transaction. `context` has what policies can test about this part."""

    __slots__ = ("context",)
    context: Context


def apply() -> None:
    """Add the partition keys and attributes of a call, and of each part of a transaction, for policies."""
    of_request, of_transaction = iam_actions.dynamodb_service_context, iam_actions.dynamodb_transaction_checks
    enforce = iam_evaluator.enforce

    def context(body: bytes) -> Context:
        request = json_of(body)
        known: Context = of_request(body)
        return known | _context(_touched(request), [request, *_parts_of_batches(request)])

    def checks(called: str, body: bytes, region: str, account: str) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = of_transaction(called, body, region, account)
        marked: list[tuple[str, str]] = []
        for (member_action, arn), member in zip(found, _members(json_of(body)), strict=True):
            own_arn = _ArnOfOneItem(arn)
            own_arn.context = _context([_touched_by(member)], [member])
            marked.append((member_action, own_arn))
        return marked

    def enforced(*arguments: Any, **named: Any) -> Any:
        # Show policies only this read or write, not all parts of the transaction.
        if isinstance(arn := named.get("resource_arn"), _ArnOfOneItem):
            named |= {"resource_arn": str(arn), "service_context": named["service_context"] | arn.context}
        return enforce(*arguments, **named)

    iam_actions.dynamodb_service_context = context
    iam_actions.dynamodb_transaction_checks = checks
    iam_evaluator.enforce = enforced


def _context(touched: Iterable[Touched], requests: Iterable[dict[str, Any]]) -> Context:
    """Return what policies can test about requests that touch these keys and items."""
    found: Context = {}
    names: set[str] = set()
    for request in requests:
        names |= set(_attributes(request))
        if returned := request.get("ReturnValues"):
            found["dynamodb:ReturnValues"] = returned
    if leading := _leading_keys(touched):
        found["dynamodb:LeadingKeys"] = leading
    if names:
        found["dynamodb:Attributes"] = sorted(names)
    return found


def _attributes(request: dict[str, Any]) -> Iterator[str]:
    """Yield the names of the attributes in a request, or in a part of a transaction."""
    for part in _BY_NAME:
        yield from request.get(part) or {}
    yield from request.get("AttributesToGet") or []
    names = request.get("ExpressionAttributeNames") or {}
    for expression in _EXPRESSIONS:
        for name in _NAME.findall(request.get(expression) or ""):
            if name.upper() not in _KEYWORDS:
                yield names.get(name, name)


def _parts_of_batches(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the reads and writes of a batch, each in the form of a single request."""
    for batch in (request.get("RequestItems") or {}).values():
        if isinstance(batch, dict):
            yield batch
            yield from ({"Key": key} for key in batch["Keys"])
        else:
            yield from (part for member in batch for part in member.values())


def _touched(request: dict[str, Any]) -> Iterator[Touched]:
    """Yield the tables and keys in a call that is not a transaction."""
    table = request.get("TableName")
    if isinstance(table, str):
        if condition := request.get("KeyConditionExpression"):
            names, values = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
            for equality in _EQUALITY.finditer(condition):
                name = names.get(equality["name"], equality["name"])
                yield table, {name: values.get(equality["value"], {})}
        elif key := request.get("Key") or request.get("Item"):
            yield table, key
    for table, batch in (request.get("RequestItems") or {}).items():
        for member in batch["Keys"] if isinstance(batch, dict) else batch:
            request_of_member = member.get("PutRequest", {}).get("Item") or member.get("DeleteRequest", {}).get("Key")
            yield table, request_of_member or member


def _members(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in request.get("TransactItems") or []:
        yield from item.values()


def _touched_by(member: dict[str, Any]) -> Touched:
    return member.get("TableName", ""), member.get("Key") or member.get("Item")


def _leading_keys(touched: Iterable[Touched]) -> list[str]:
    found = set()
    for table, item in touched:
        known = dynamodb._tables.get(dynamodb._normalize_table_name(table))
        value = (item or {}).get(known["pk_name"]) if known else None
        if value:
            found.add(str(next(iter(value.values()))))
    return sorted(found)
