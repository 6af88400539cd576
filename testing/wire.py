"""Let requests to AWS fail on the way. botocore sees the failure and may retry."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectionClosedError
from botocore.httpsession import URLLib3Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from botocore.awsrequest import AWSPreparedRequest
    from botocore.client import BaseClient

type Tap = Callable[[str, AWSPreparedRequest], AWSResponse | None]
"""Gets an operation's name and its request. Returns a response in place of AWS, or None to send the request."""

WRITES: Final = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"})
"""DynamoDB's operations that write."""

_line = URLLib3Session()


class Crash(BaseException):
    """Stands for a crash of the process. No code of ours catches it."""


class Fault(StrEnum):
    """A fault that happens to one request."""

    DIES_BEFORE = "the process dies before it is sent"
    DIES_AFTER = "the process dies when it has been carried out"
    NOT_SENT = "it does not reach AWS"
    REPLY_LOST = "it is carried out and its reply is lost"
    THROTTLED = "it is throttled"
    CONFLICT = "it meets another transaction"


@dataclass(slots=True)
class Wire:
    """Counts requests from 1, and lets `fault` happen to the request with the number `at`.

    If `only` is not empty, count only these operations.
    """

    fault: Fault
    at: int
    only: frozenset[str] = frozenset()
    seen: list[str] = field(default_factory=list)

    @property
    def struck(self) -> bool:
        """Return whether the request with the number `at` has come."""
        return len(self.seen) >= self.at

    def __call__(self, operation: str, request: AWSPreparedRequest) -> AWSResponse | None:
        if self.only and operation not in self.only:
            return None
        self.seen.append(operation)
        return strike(self.fault, operation, request) if len(self.seen) == self.at else None


@dataclass(slots=True)
class EveryOther:
    """Lets `fault` happen to the first, third, fifth request, and so on. The requests in between are the retries.

    Requests to which the fault cannot happen are not counted.
    """

    fault: Fault
    times: int = 0
    _spare: bool = False

    def __call__(self, operation: str, request: AWSPreparedRequest) -> AWSResponse | None:
        if self.fault is Fault.CONFLICT and operation not in WRITES:
            return None
        self._spare = not self._spare
        if not self._spare:
            return None
        self.times += 1
        return strike(self.fault, operation, request)


def strike(fault: Fault, operation: str, request: AWSPreparedRequest) -> AWSResponse | None:
    """Let the fault happen to this request. Return None if it cannot happen to this kind of request."""
    match fault:
        case Fault.DIES_BEFORE:
            raise Crash
        case Fault.DIES_AFTER:
            sent(request)
            raise Crash
        case Fault.NOT_SENT:
            raise ConnectionClosedError(endpoint_url=request.url)
        case Fault.REPLY_LOST:
            sent(request)
            raise ConnectionClosedError(endpoint_url=request.url)
        case Fault.THROTTLED:
            return refusal("ThrottlingException")
        case Fault.CONFLICT:
            return _conflict(operation, request)


def sent(request: AWSPreparedRequest) -> AWSResponse:
    """Send the request to AWS and return the answer."""
    response: AWSResponse = _line.send(request)
    return response


def asked_of(request: AWSPreparedRequest) -> Any:
    """Return the request's body."""
    assert isinstance(request.body, bytes)
    return json.loads(request.body)


def response(status: int, body: dict[str, Any]) -> AWSResponse:
    """Return a response in AWS's format."""
    headers = HTTPHeaders.from_dict({"Content-Type": "application/x-amz-json-1.0"})
    return AWSResponse("http://wire", status, headers, _Raw(json.dumps(body)))


def refusal(code: str, **more: Any) -> AWSResponse:
    """Return an error in AWS's format."""
    return response(400, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": code, **more})


@contextlib.contextmanager
def tapped(tap: Tap, *clients: BaseClient) -> Iterator[None]:
    """Call `tap` for every request of these clients, and again for every retry."""

    # The type stubs of boto3 allow only hooks that return None.
    def on_send(request: AWSPreparedRequest, event_name: str, **_: Any) -> Any:
        return tap(event_name.rpartition(".")[2], request)

    for client in clients:
        client.meta.events.register("before-send", on_send)
    try:
        yield
    finally:
        for client in clients:
            client.meta.events.unregister("before-send", on_send)


def _conflict(operation: str, request: AWSPreparedRequest) -> AWSResponse | None:
    if operation == "TransactWriteItems":
        count = len(asked_of(request)["TransactItems"])
        reasons = [{"Code": "None"}] * (count - 1) + [{"Code": "TransactionConflict", "Message": "ongoing"}]
        return refusal("TransactionCanceledException", CancellationReasons=reasons)
    return refusal("TransactionConflictException") if operation in WRITES else None


class _Raw:
    """A body that can be read once."""

    def __init__(self, text: str) -> None:
        self._bytes = text.encode()

    def stream(self, *_: object) -> Iterator[bytes]:
        """Yield the body in one piece."""
        yield self._bytes
