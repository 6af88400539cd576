"""Send requests to FCM with libcurl. One thread has hundreds of requests under way over a few HTTP/2 connections.

It would take too much processor time to encode a message for each push. So each call of `Libcurl.send` encodes only one
message for each kind of target, with a placeholder for the target. For each push, the target's bytes replace the
placeholder. The handles and connections of libcurl stay open for the next call.
"""

from __future__ import annotations

import copy
import datetime as dt
import json
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import certifi
import pycurl

from delivery.answers import UNKNOWN, outcome_of, stops_page
from delivery.gateway import DELIVERED, NO_TIME, NO_WAIT, TIMEOUT, Fate, Outcome
from rekindle.domain.persons import Target, TargetKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from firebase_admin import messaging

AT_ONCE: Final = 100
"""At most this many requests are under way on one HTTP/2 connection or, without HTTP/2, on all connections together."""

CONNECTIONS: Final = 4
"""At most this many HTTP/2 connections are open. libcurl opens another when all open connections are full."""

REQUESTS: Final = 2
"""At most this many requests for one push. The second is sent if the connection breaks before a response begins."""

BURST: Final = 0.05
"""In seconds. After a pause, one push can begin at once, and also as many as the pace allows in this time.

For example, 1 + 5 pushes can begin at once if the pace is 100 pushes a second.
"""

_PLACEHOLDER: Final = "\0target\0"
_OK: Final = 200
_NAME: Final = b'"name"'
_IDLE: Final = 1.0
"""`Libcurl.send` waits for libcurl at most this many seconds. Then `send` looks at the clock again."""

_BROKEN: Final = frozenset({pycurl.E_GOT_NOTHING, pycurl.E_HTTP2, pycurl.E_RECV_ERROR, pycurl.E_SEND_ERROR})
"""Errors of a broken connection. Connections often break while Lambda freezes the function."""
_CODES: Final = {
    pycurl.E_OPERATION_TIMEDOUT: "DEADLINE_EXCEEDED",
    **dict.fromkeys(
        _BROKEN
        | {
            pycurl.E_ABORTED_BY_CALLBACK,  # `_Call.count` aborts a request beyond REQUESTS
            pycurl.E_COULDNT_CONNECT,
            pycurl.E_COULDNT_RESOLVE_HOST,
            pycurl.E_COULDNT_RESOLVE_PROXY,
            pycurl.E_PEER_FAILED_VERIFICATION,
            pycurl.E_SSL_CONNECT_ERROR,
        },
        "UNAVAILABLE",
    ),
}
"""Google's codes for libcurl's errors. After these errors, no complete response came. Other errors get UNKNOWN."""


class Libcurl:
    """Sends one message to many targets, on average at most `pushes_per_second` in a second.

    `authorities` is the path of a file with the certificates that TLS trusts.
    """

    def __init__(
        self,
        endpoint: str,
        project: str,
        timeout: tuple[float, float] = TIMEOUT,
        pushes_per_second: float | None = None,
        authorities: str | None = None,
    ) -> None:
        # libcurl uses HTTP/2 only with TLS. Without TLS, as on a developer's machine, each request under way needs its
        # own connection.
        is_shared = endpoint.startswith("https:")
        self._at_once = AT_ONCE * CONNECTIONS if is_shared else AT_ONCE
        self._pace = Pace(pushes_per_second)
        url = f"{endpoint}/v1/projects/{project}/messages:send"
        self._connections = _Connections(url, timeout, authorities or certifi.where(), is_shared=is_shared)

    def close(self) -> None:
        """Close all connections."""
        self._connections.close()

    def send(
        self, message: messaging.Message, targets: Sequence[Target], access_token: str, until: float
    ) -> list[Outcome]:
        """Send the message to the targets. Return one outcome for each target, in order.

        The first pushes begin even if the monotonic clock is past `until`. After `until`, or after an outcome for which
        `stops_page` is true, no further push begins. A push that was not begun has the outcome NO_TIME. `send` waits
        for the responses to all requests.
        """
        encoded = {kind: _encoded(message, kind) for kind in {target.kind for target in targets}}
        outcomes = [NO_TIME] * len(targets)
        connections, begun, end = self._connections, 0, len(targets)
        connections.authorise(access_token)
        try:
            while begun < end or connections.under_way:
                now = time.monotonic()
                if 0 < begun < end and now > until:
                    end = begun
                free = min(end - begun, self._at_once - connections.under_way)
                beginning = min(free, self._pace.allowed(now))
                for number in range(begun, begun + beginning):
                    before, after = encoded[targets[number].kind]
                    connections.begin(number, before + json.dumps(targets[number].value).encode() + after)
                begun += beginning
                self._pace.spend(beginning)
                for number, outcome in connections.outcomes(self._pace.wait(now) if beginning < free else _IDLE):
                    outcomes[number] = outcome
                    if outcome is not DELIVERED and stops_page(outcome):
                        end = begun
        finally:
            connections.drop()
        return outcomes


class Pace:
    """Limits how many pushes one worker begins in a second: its part of FCM's limit for all workers together.

    If `per_second` is None, `Pace` sets no limit. `now` is in seconds of the monotonic clock.
    """

    def __init__(self, per_second: float | None = None) -> None:
        self._apart = 1 / per_second if per_second else 0.0
        self._next = 0.0

    def allowed(self, now: float) -> int:
        """Return how many pushes may begin now."""
        if not self._apart:
            return sys.maxsize
        self._next = max(self._next, now - BURST)
        return int((now - self._next) / self._apart) + 1 if now >= self._next else 0

    def spend(self, sends: int) -> None:
        """Count pushes that have begun."""
        self._next += sends * self._apart

    def wait(self, now: float) -> float:
        """Return the seconds until the next push may begin."""
        return max(self._next - now, 0.0)


@dataclass(slots=True, eq=False)
class _Call:
    """One handle of libcurl, and the push that it sends."""

    handle: Any
    number: int = 0
    requests: int = 0
    is_repeat: bool = False
    body: list[bytes] = field(default_factory=list)

    def count(self, *_: object) -> int:
        """Count a request for the push. If the push already had REQUESTS requests, abort this request.

        libcurl calls this method before each request. Sometimes libcurl repeats a request whose connection broke.
        """
        self.requests += 1
        return int(pycurl.PREREQFUNC_OK if self.requests <= REQUESTS else pycurl.PREREQFUNC_ABORT)

    def may_repeat(self) -> bool:
        """Return whether to repeat the request after its connection broke.

        If a part of a response came, do not repeat the request, because FCM may have sent the push.
        """
        return not self.is_repeat and self.requests < REQUESTS and not self.handle.getinfo(pycurl.RESPONSE_CODE)

    def outcome(self) -> Outcome:
        """Return the outcome of the push, from FCM's response."""
        status = self.handle.getinfo(pycurl.RESPONSE_CODE)
        if status == _OK and len(self.body) == 1 and _NAME in self.body[0]:
            return DELIVERED
        # libcurl finds the Retry-After header. If Python read all headers, each push would take a tenth more time.
        wait = self.handle.getinfo(pycurl.RETRY_AFTER)
        return outcome_of(status, b"".join(self.body), dt.timedelta(seconds=wait) if wait > 0 else NO_WAIT)


class _Connections:
    """libcurl's connections to one address, and the requests under way.

    If `is_shared`, several requests may be under way on one connection.
    """

    def __init__(self, url: str, timeout: tuple[float, float], authorities: str, *, is_shared: bool) -> None:
        self._headers = ["content-type: application/json", "x-goog-api-format-version: 2"]
        self._url, self._timeout, self._authorities = url, timeout, authorities
        self._calls: dict[Any, _Call] = {}
        self._free: list[_Call] = []
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_MULTIPLEX)
        self._multi.setopt(pycurl.M_MAX_CONCURRENT_STREAMS, AT_ONCE)
        self._multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, CONNECTIONS if is_shared else AT_ONCE)

    @property
    def under_way(self) -> int:
        """The number of requests that still wait for their response."""
        return len(self._calls) - len(self._free)

    def authorise(self, access_token: str) -> None:
        """Send this access token with all requests that begin after this call."""
        bearer = f"authorization: Bearer {access_token}"
        if bearer != self._headers[-1]:
            self._headers = [*self._headers[:2], bearer]
            for handle in self._calls:
                handle.setopt(pycurl.HTTPHEADER, self._headers)

    def begin(self, number: int, body: bytes) -> None:
        """Begin the request of the push with this number."""
        call = self._free.pop() if self._free else self._new_call()
        call.number, call.requests = number, 0
        call.handle.setopt(pycurl.POSTFIELDS, body)
        self._multi.add_handle(call.handle)

    def outcomes(self, seconds: float) -> Iterator[tuple[int, Outcome]]:
        """Wait for libcurl at most `seconds`. Yield the number and the outcome of each push that has finished."""
        due = self._multi.timeout()
        wait = seconds if due < 0 else min(seconds, due / 1000)
        if self.under_way:
            self._multi.select(wait)
        else:
            time.sleep(wait)  # until the pace allows another push
        self._multi.perform()
        _, done, failed = self._multi.info_read()
        for handle in done:
            call = self._calls[handle]
            yield call.number, call.outcome()
            self._put_back(call)
        for handle, error, _ in failed:
            call = self._calls[handle]
            if error in _BROKEN and call.may_repeat():
                # The requests that are repeated here share a new connection.
                self._multi.remove_handle(handle)
                call.is_repeat = True
                self._multi.add_handle(handle)
            else:
                yield call.number, Outcome(Fate.LATER, _CODES.get(error, UNKNOWN))
                self._put_back(call)

    def drop(self) -> None:
        """Give up the requests that are still under way because `Libcurl.send` raised an error."""
        if self.under_way:
            for call in set(self._calls.values()).difference(self._free):
                self._put_back(call)

    def close(self) -> None:
        """Close all connections."""
        self.drop()
        for handle in self._calls:
            handle.close()
        self._multi.close()

    def _new_call(self) -> _Call:
        handle = pycurl.Curl()
        call = self._calls[handle] = _Call(handle)
        connect, answer = self._timeout
        for option, value in {
            pycurl.URL: self._url,
            pycurl.POST: 1,
            pycurl.HTTPHEADER: self._headers,
            pycurl.CAINFO: self._authorities,
            pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_2TLS,
            pycurl.PIPEWAIT: 1,
            pycurl.CONNECTTIMEOUT_MS: int(connect * 1000),
            pycurl.TIMEOUT_MS: int((connect + answer) * 1000),
            pycurl.NOSIGNAL: 1,
            pycurl.PREREQFUNCTION: call.count,
            pycurl.WRITEFUNCTION: call.body.append,
        }.items():
            handle.setopt(option, value)
        return call

    def _put_back(self, call: _Call) -> None:
        self._multi.remove_handle(call.handle)
        call.body.clear()
        call.is_repeat = False
        self._free.append(call)


def _encoded(message: messaging.Message, kind: TargetKind) -> tuple[bytes, bytes]:
    """Let firebase-admin encode a request's body. Return the parts before and after the target."""
    before, after = str(addressed(message, Target(kind, _PLACEHOLDER))).split(json.dumps(_PLACEHOLDER))
    return b'{"message": ' + before.encode(), after.encode() + b"}"


def addressed(message: messaging.Message, target: Target) -> messaging.Message:
    """Return a copy of the message with a target."""
    # Set the attribute on a copy. The constructor would warn at each call that `token` is deprecated.
    copied = copy.copy(message)
    setattr(copied, target.kind, target.value)
    return copied
