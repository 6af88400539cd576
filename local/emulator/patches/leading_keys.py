"""Let policies see which partitions a DynamoDB call uses.

ministack does not know the condition key `dynamodb:LeadingKeys`. The template's policies test this key with
`ForAllValues`, which is true for an unknown key. So without the patch, the policies would allow all partitions.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ministack.core import iam_actions, iam_evaluator
from ministack.services import dynamodb

from local.emulator.patches.seams import json_of

if TYPE_CHECKING:
    from collections.abc import Iterator

type Touched = tuple[str, dict[str, Any] | None]
"""A table's name, and a key or an item of the table. The second part is None if the request has no key or item."""

LEADING_KEYS = "dynamodb:leadingkeys"
_EQUALITY = re.compile(r"(?P<name>#?\w+)\s*=\s*(?P<value>:\w+)")


class _ArnOfOneItem(str):
    """A table's ARN for one read or write of a transaction. `leading` has the partition key of the read or write."""

    __slots__ = ("leading",)
    leading: list[str]


def apply() -> None:
    """Let policies test the partition keys of a call. In a transaction, check each read or write with its own key."""
    of_tags, of_transaction = iam_actions.request_tag_context, iam_actions.dynamodb_transaction_checks
    enforce = iam_evaluator.enforce

    def context(service: str, called: str, body: bytes, parameters: dict[str, Any]) -> dict[str, Any]:
        known: dict[str, Any] = of_tags(service, called, body, parameters)
        if service == "dynamodb" and (leading := _leading_keys(_touched(json_of(body)))):
            known[LEADING_KEYS] = leading
        return known

    def checks(called: str, body: bytes, region: str, account: str) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = of_transaction(called, body, region, account)
        marked: list[tuple[str, str]] = []
        for (member_action, arn), touched in zip(found, _members(json_of(body)), strict=False):
            own_arn = _ArnOfOneItem(arn)
            own_arn.leading = _leading_keys([touched])
            marked.append((member_action, own_arn))
        return marked

    def enforced(*arguments: Any, **named: Any) -> Any:
        # Show policies only the partition key of this read or write, not all keys of the transaction.
        if isinstance(arn := named.get("resource_arn"), _ArnOfOneItem):
            named |= {
                "resource_arn": str(arn),
                "service_context": named["service_context"] | {LEADING_KEYS: arn.leading},
            }
        return enforce(*arguments, **named)

    iam_actions.request_tag_context = context
    iam_actions.dynamodb_transaction_checks = checks
    iam_evaluator.enforce = enforced


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


def _members(request: dict[str, Any]) -> Iterator[Touched]:
    for item in request.get("TransactItems") or []:
        for member in item.values():
            yield member.get("TableName", ""), member.get("Key") or member.get("Item")


def _leading_keys(touched: Any) -> list[str]:
    found = set()
    for table, item in touched:
        known = dynamodb._tables.get(dynamodb._normalize_table_name(table))
        value = (item or {}).get(known["pk_name"]) if known else None
        if value:
            found.add(str(next(iter(value.values()))))
    return sorted(found)
