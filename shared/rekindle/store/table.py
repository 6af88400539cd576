"""Read and write a DynamoDB table with plain values. Retry with jitter, and report which conditions failed."""

from __future__ import annotations

import datetime as dt
import random
import time
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from functools import wraps
from itertools import batched
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from boto3.dynamodb.types import Binary, TypeDeserializer, TypeSerializer

from rekindle.errors import ContentionError, WriteConflictError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from botocore.exceptions import ClientError
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from rekindle.errors import RekindleError
    from rekindle.store.keys import Key

type Item = dict[str, Any]
"""An item in plain values: str, int, bool, None, bytes, list, dict, set of str."""

BATCH_GET_LIMIT: Final = 100
BATCH_WRITE_LIMIT: Final = 25
ATTEMPTS: Final = 8
"""`Table` tries one batch, write or transaction at most this many times."""
URGENT_ATTEMPTS: Final = 100
"""`Table` tries an urgent write or transaction at most this many times, with short pauses.

All attempts fit into one API call.
"""
CONFLICTS: Final = 10
"""`repeated_on_conflict` usually calls a method at most this many times, until a call has no conflict."""
FIRST_PAUSE: Final = 0.02
"""In seconds. The pause after attempt n (counted from 0) is random: from 0 to FIRST_PAUSE * 2**n (full jitter)."""

_CONDITION_FAILED: Final = "ConditionalCheckFailed"
_TEMPORARY: Final = frozenset(
    {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "TransactionInProgressException"}
)
"""Reasons why DynamoDB cancels a transaction although a new attempt may succeed.

DynamoDB's documentation does not name TransactionInProgressException as a reason, but as an error of its own.
`Table.transact` also handles this error.
"""

_serialise = TypeSerializer().serialize
_deserialise = TypeDeserializer().deserialize


def marshal(item: Mapping[str, object]) -> dict[str, Any]:
    """Return plain values as attributes with their DynamoDB types."""
    return {name: _serialise(value) for name, value in item.items()}


def unmarshal(item: Mapping[str, Any]) -> Item:
    """Return attributes with their DynamoDB types as plain values. Numbers become int."""
    return {name: _plain(_deserialise(value)) for name, value in item.items()}


def _plain(value: object) -> object:
    match value:
        case Decimal():
            return int(value)
        case Binary():
            return bytes(value)  # type: ignore[call-overload]  # the stubs leave out __bytes__
        case dict():
            return {name: _plain(each) for name, each in value.items()}
        case list():
            return [_plain(each) for each in value]
        case _:
            return value


@dataclass(frozen=True, slots=True)
class Write:
    """One write, alone or in a transaction.

    `table` is the name of a DynamoDB table. If `table` is None, the write goes to the table of the `Table` object that
    executes the write. If the condition fails, `Table` raises the error that `otherwise` returns. If `otherwise` is
    None, `Table` raises WriteConflictError.
    """

    kind: Literal["Put", "Update", "Delete", "ConditionCheck"]
    key: Key
    item: Mapping[str, object] = field(default_factory=dict)
    update: str = ""
    condition: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, object] = field(default_factory=dict)
    table: str | None = None
    otherwise: Callable[[], RekindleError] | None = None

    @classmethod
    def new(cls, key: Key, item: Mapping[str, object], table: str | None = None) -> Self:
        """Return the write of a new item. The write fails if an item with this key exists."""
        return cls("Put", key, item=item, condition="attribute_not_exists(pk)", table=table)

    @classmethod
    def replacing(cls, key: Key, item: Mapping[str, object], **read: object) -> Self:
        """Return the write that replaces an item. The write fails if the attribute in `read` has changed.

        `read` is one attribute with the value that the caller has read, for example `count=3`. The value is None if
        there was no item.
        """
        ((name, value),) = read.items()
        if value is None:
            return cls.new(key, item)
        return cls("Put", key, item=item, condition="#read = :read", names={"#read": name}, values={":read": value})

    @classmethod
    def versioned(cls, key: Key, item: Mapping[str, object], read: int) -> Self:
        """Return the write of an item with the revision `read` + 1.

        `read` is the revision that the caller has read, or 0 if there is no item yet. The write fails if the current
        revision is not `read`. So a write never overwrites a change that the caller has not read.
        """
        return cls.replacing(key, {**item, "revision": read + 1}, revision=read or None)

    @classmethod
    def check(cls, key: Key, condition: str, values: Mapping[str, object]) -> Self:
        """Return the part of a transaction that changes nothing, but fails if the item does not meet the condition."""
        return cls("ConditionCheck", key, condition=condition, values=values)

    @classmethod
    def expiring(cls, key: Key, ttl: int, condition: str = "", table: str | None = None) -> Self:
        """Return the write that makes an item expire at `ttl`, in seconds since 1970.

        DynamoDB deletes the item some time after `ttl`.
        """
        names, values = {"#ttl": "ttl"}, {":ttl": ttl}
        return cls(
            "Update", key, update="SET #ttl = :ttl", condition=condition, names=names, values=values, table=table
        )

    def request(self, default_table: str) -> dict[str, Any]:
        """Return the parameters of the request to DynamoDB."""
        request: dict[str, Any] = {"TableName": self.table or default_table}
        key = self.key.attributes
        if self.kind == "Put":
            request["Item"] = marshal({**key, **self.item})
        else:
            request["Key"] = marshal(key)
        if self.update:
            request["UpdateExpression"] = self.update
        if self.condition:
            request["ConditionExpression"] = self.condition
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if self.names:
            request["ExpressionAttributeNames"] = dict(self.names)
        if self.values:
            request["ExpressionAttributeValues"] = marshal(self.values)
        return request


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a query. The next page begins after the sort key `last`, which is None on the last page."""

    items: list[Item]
    last: str | None


@dataclass(frozen=True, slots=True)
class Table:
    """One DynamoDB table.

    `pause` waits for a number of seconds, and `jitter` returns a random number from 0 to 1. Tests replace both.
    """

    client: DynamoDBClient
    name: str
    pause: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def get(self, key: Key, *, consistent: bool = True) -> Item | None:
        """Return the item. Return None if there is none.

        The read is strongly consistent, unless `consistent` is false.
        """
        reply = self.client.get_item(TableName=self.name, Key=marshal(key.attributes), ConsistentRead=consistent)
        return unmarshal(reply["Item"]) if "Item" in reply else None

    def get_many(self, keys: Iterable[Key], *, consistent: bool = False) -> list[Item]:
        """Return the existing items with these keys, in any order.

        Each request has at most a hundred keys. The reads are eventually consistent, unless `consistent` is true.
        """
        items: list[Item] = []
        for batch in batched(dict.fromkeys(keys), BATCH_GET_LIMIT, strict=False):
            wanted: list[dict[str, Any]] = [marshal(key.attributes) for key in batch]
            for attempt in range(ATTEMPTS):
                reply = self.client.batch_get_item(
                    RequestItems={self.name: {"Keys": wanted, "ConsistentRead": consistent}}
                )
                items.extend(unmarshal(item) for item in reply["Responses"].get(self.name, []))
                unprocessed = reply.get("UnprocessedKeys", {}).get(self.name)
                if unprocessed is None:
                    break
                wanted = list(unprocessed["Keys"])
                self.back_off(attempt)
            else:
                raise ContentionError("DynamoDB left keys of a batch unprocessed")
        return items

    def query(  # noqa: PLR0913  each argument is a parameter of DynamoDB's query
        self,
        pk: str,
        *,
        between: tuple[str, str] | None = None,
        after: str | None = None,
        limit: int | None = None,
        descending: bool = False,
        consistent: bool = True,
    ) -> Page:
        """Return one page of a partition's items, in the order of their sort keys.

        If `between` is set, the page has only items whose sort keys are in this range (inclusive). If `after` is set,
        the page begins after this sort key. If `descending` is true, the greatest sort key comes first.
        """
        request: dict[str, Any] = {
            "TableName": self.name,
            "KeyConditionExpression": "pk = :pk" + (" AND sk BETWEEN :from AND :to" if between else ""),
            "ExpressionAttributeValues": marshal(
                {":pk": pk, **({":from": between[0], ":to": between[1]} if between else {})}
            ),
            "ScanIndexForward": not descending,
            "ConsistentRead": consistent,
        }
        if after is not None:
            request["ExclusiveStartKey"] = marshal({"pk": pk, "sk": after})
        if limit is not None:
            request["Limit"] = limit
        reply = self.client.query(**request)
        last = reply.get("LastEvaluatedKey")
        return Page([unmarshal(item) for item in reply["Items"]], unmarshal(last)["sk"] if last else None)

    def write(self, write: Write, returned: Literal["ALL_NEW", "NONE"] = "ALL_NEW", *, urgent: bool = False) -> Item:
        """Execute one write. After an update, return the changed item. Otherwise return an empty item.

        If `returned` is "NONE", DynamoDB sends no item back: not after an update, and not if the condition fails. A
        transaction of somebody else on the same item makes the write wait. If `urgent` is true, the pauses do not grow,
        so that even many transactions in a row cannot hold the write up for long.

        Raise WriteConflictError if the condition fails. The error has the current item. If the write has an
        `otherwise`, raise the error of `otherwise` instead.
        """
        request = write.request(self.name)
        if returned == "NONE":
            request.pop("ReturnValuesOnConditionCheckFailure", None)
        for attempt in range(URGENT_ATTEMPTS if urgent else ATTEMPTS):
            try:
                match write.kind:
                    case "Put":
                        self.client.put_item(**request)
                        return {}
                    case "Delete":
                        self.client.delete_item(**request)
                        return {}
                    case "Update":
                        written = self.client.update_item(**request, ReturnValues=returned)
                        return unmarshal(written.get("Attributes", {}))
                    case "ConditionCheck":
                        raise ValueError("a check is part of a transaction")
            except self.client.exceptions.ConditionalCheckFailedException as error:
                existing: Mapping[str, Any] | None = error.response.get("Item")  # type: ignore[assignment]
                raise conflict_of([write], {0: unmarshal(existing) if existing else None}) from error
            except self.client.exceptions.TransactionConflictException:
                self.back_off(0 if urgent else attempt)
        raise ContentionError(f"a write to {write.key.sk.partition('#')[0]} kept meeting other transactions")

    def commit(self, writes: Sequence[Write]) -> None:
        """Execute all writes or none of them.

        Execute a single write without a transaction, because a transaction costs twice as much.
        """
        if len(writes) == 1:
            self.write(writes[0])
        elif writes:
            self.transact(writes)

    def put_many(self, items: Iterable[tuple[Key, Mapping[str, object]]]) -> None:
        """Put items without conditions, in any order, and not in a transaction.

        After a crash or an error, some of the items may be missing. A request has at most BATCH_WRITE_LIMIT items.
        """
        for batch in batched(items, BATCH_WRITE_LIMIT, strict=False):
            wanted: list[Any] = [{"PutRequest": {"Item": marshal({**key.attributes, **item})}} for key, item in batch]
            for attempt in range(ATTEMPTS):
                reply = self.client.batch_write_item(RequestItems={self.name: wanted})
                wanted = list(reply.get("UnprocessedItems", {}).get(self.name, []))
                if not wanted:
                    break
                self.back_off(attempt)
            else:
                raise ContentionError("DynamoDB left items of a batch unprocessed")

    def transact(self, writes: Sequence[Write], *, urgent: bool = False) -> None:
        """Execute all writes in one transaction, or none of them. `urgent` means the same as for `write`.

        Raise WriteConflictError if a condition fails. For each write whose condition failed, the error has the write's
        index and the current item. If such a write has an `otherwise`, raise the error of `otherwise` instead.
        """
        requests: list[TransactWriteItemTypeDef] = [
            {write.kind: write.request(self.name)}  # type: ignore[misc]  # the kinds have similar parameters
            for write in writes
        ]
        for attempt in range(URGENT_ATTEMPTS if urgent else ATTEMPTS):
            try:
                self.client.transact_write_items(TransactItems=requests)
            except self.client.exceptions.TransactionCanceledException as error:
                _raise_if_final(error, writes)
                self.back_off(0 if urgent else attempt)
            except self.client.exceptions.TransactionInProgressException:
                self.back_off(0 if urgent else attempt)
            else:
                return
        raise ContentionError("a transaction kept meeting other transactions")

    def back_off(self, attempt: int) -> None:
        """Wait for a random time after attempt `attempt`, counted from 0 (see FIRST_PAUSE)."""
        self.pause(FIRST_PAUSE * 2**attempt * self.jitter())


def repeated_on_conflict[**P, T](message: str, most: int = CONFLICTS) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Return a decorator that calls a method again after a WriteConflictError.

    Use the decorator for a method that reads and then writes. If `most` calls in a row raise WriteConflictError, the
    decorated method raises ContentionError with `message`.
    """

    def decorated(method: Callable[P, T]) -> Callable[P, T]:
        @wraps(method)
        def repeated(*args: P.args, **named: P.kwargs) -> T:
            for _ in range(most):
                with suppress(WriteConflictError):
                    return method(*args, **named)
            raise ContentionError(message)

        return repeated

    return decorated


def every_item(table: Table, pk: str, *, between: tuple[str, str] | None = None) -> Iterator[Item]:
    """Yield the items of a partition, or only those with sort keys in the range `between` (inclusive)."""
    last = None
    while True:
        page = table.query(pk, between=between, after=last)
        yield from page.items
        if page.last is None:
            return
        last = page.last


def first_items(  # noqa: PLR0913  each argument is a parameter of DynamoDB's query
    table: Table,
    pk: str,
    *,
    between: tuple[str, str],
    limit: int,
    after: str | None = None,
    descending: bool = False,
) -> list[Item]:
    """Return the first `limit` items of a partition in a range of sort keys.

    `between` is the range (inclusive). If `after` is set, begin after this sort key. If `descending` is true, begin
    with the greatest sort key and continue with smaller ones.
    """
    items: list[Item] = []
    first, last = between
    if after is not None and (after <= first if descending else after >= last):
        return items  # DynamoDB refuses a start key at or beyond the end of the range
    while len(items) < limit:
        page = table.query(pk, between=between, after=after, limit=limit - len(items), descending=descending)
        items += page.items
        after = page.last
        if after is None:
            break
    return items


def dated_items(
    table: Table, key_of: Callable[[dt.date], Key], beyond: dt.date | None, limit: int, *, descending: bool = False
) -> list[Item]:
    """Return the first `limit` dated items of a partition, such as a couple's days.

    `key_of` returns the key of a date's item. The items are in the order of their dates, or in the reverse order if
    `descending` is true. If `beyond` is a date, begin with the item that comes after this date in that order.
    """
    first, last = key_of(dt.date.min), key_of(dt.date.max)
    after = key_of(beyond).sk if beyond else None
    return first_items(table, first.pk, between=(first.sk, last.sk), after=after, limit=limit, descending=descending)


def conflict_of(writes: Sequence[Write], existing: Mapping[int, Mapping[str, Any] | None]) -> RekindleError:
    """Return the error for failed conditions. `existing` maps the index of each failed write to the current item."""
    for index in existing:
        if otherwise := writes[index].otherwise:
            return otherwise()
    return WriteConflictError(existing)


def _raise_if_final(error: ClientError, writes: Sequence[Write]) -> None:
    """Raise an error if a new attempt at the canceled transaction cannot succeed."""
    reasons: Sequence[Mapping[str, Any]] = error.response.get("CancellationReasons", [])
    failed = {
        index: unmarshal(reason["Item"]) if reason.get("Item") else None
        for index, reason in enumerate(reasons)
        if reason.get("Code") == _CONDITION_FAILED
    }
    if failed:
        raise conflict_of(writes, failed) from error
    if not any(reason.get("Code") in _TEMPORARY for reason in reasons):
        raise error
