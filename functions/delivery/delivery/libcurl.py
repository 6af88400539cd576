"""The fast way to FCM: libcurl, with hundreds of requests on a few HTTP/2 connections, driven from one thread.

A push costs most where its message is built, encoded and handed on as an object of its own. So the SDK validates and
encodes one message for a page, with a mark in place of the target, and each target is put there as bytes. libcurl's
handles and connections are kept from page to page.
"""

from __future__ import annotations

import json
import selectors
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import certifi
import pycurl
from firebase_admin import exceptions

from delivery.answers import ends_page, error_of
from delivery.gateway import AT_ONCE
from delivery.pace import Pace
from delivery.transport import Told, addressed
from rekindle.domain.models import Target, TargetKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from firebase_admin import messaging

    from delivery.transport import Answer

CONNECTIONS: Final = 4
"""The most HTTP/2 connections; each is opened only when those before it have AT_ONCE requests under way."""

REQUESTS: Final = 2
"""The most requests for one push: another one where a connection breaks without an answer."""

_MARK: Final = "\0target\0"
_OK: Final = 200
_NAME: Final = b'"name"'
_IDLE: Final = 1.0
"""The most seconds to wait for a socket where libcurl names no time."""

_READ_WRITE: Final = selectors.EVENT_READ | selectors.EVENT_WRITE
_AWAITED: Final = {
    pycurl.POLL_IN: selectors.EVENT_READ,
    pycurl.POLL_OUT: selectors.EVENT_WRITE,
    pycurl.POLL_INOUT: _READ_WRITE,
}
_READY: Final = {
    selectors.EVENT_READ: pycurl.CSELECT_IN,
    selectors.EVENT_WRITE: pycurl.CSELECT_OUT,
    _READ_WRITE: pycurl.CSELECT_IN | pycurl.CSELECT_OUT,
}

_BROKEN: Final = frozenset({pycurl.E_GOT_NOTHING, pycurl.E_HTTP2, pycurl.E_RECV_ERROR, pycurl.E_SEND_ERROR})
"""The connection was there and is no longer, like those that a frozen function kept."""
_UNREACHABLE: Final = _BROKEN | {
    pycurl.E_ABORTED_BY_CALLBACK,  # by `_Call.begun`, where each connection that it had was broken
    pycurl.E_COULDNT_CONNECT,
    pycurl.E_COULDNT_RESOLVE_HOST,
    pycurl.E_COULDNT_RESOLVE_PROXY,
    pycurl.E_PEER_FAILED_VERIFICATION,
    pycurl.E_SSL_CONNECT_ERROR,
}


class Libcurl:
    """A transport by libcurl, of `pushes_per_second` at most; `authorities` is a file of those that TLS may trust."""

    def __init__(
        self,
        endpoint: str,
        project: str,
        timeout: tuple[float, float],
        *,
        pushes_per_second: float | None = None,
        authorities: str | None = None,
    ) -> None:
        # Only over TLS do the two ends agree on HTTP/2. Without it, as on a developer's machine, each request that is
        # under way has a connection of its own.
        is_shared = endpoint.startswith("https:")
        self._at_once = AT_ONCE * CONNECTIONS if is_shared else AT_ONCE
        self._pace = Pace(pushes_per_second)
        url = f"{endpoint}/v1/projects/{project}/messages:send"
        self._line = _Line(url, timeout, authorities or certifi.where(), is_shared=is_shared)

    def close(self) -> None:
        """Let go of the connections."""
        self._line.close()

    def send(
        self, message: messaging.Message, targets: Sequence[Target], access_token: str, until: float
    ) -> list[Answer]:
        """One answer for each target, in order; see `Transport`."""
        parts = {kind: _around(message, kind) for kind in {target.kind for target in targets}}
        answers: list[Answer] = [Told.NOT_BEGUN] * len(targets)
        line, begun, end = self._line, 0, len(targets)
        line.access_token = access_token
        try:
            while begun < end or line.under_way:
                now = time.monotonic()
                if 0 < begun < end and now > until:
                    end = begun
                free = min(end - begun, self._at_once - line.under_way)
                beginning = min(free, self._pace.allowed(now))
                for number in range(begun, begun + beginning):
                    before, after = parts[targets[number].kind]
                    line.begin(number, before + json.dumps(targets[number].value).encode() + after)
                begun += beginning
                self._pace.spend(beginning)
                for number, answer in line.answered(self._pace.wait(now) if beginning < free else _IDLE):
                    answers[number] = answer
                    if answer is not Told.ACCEPTED and ends_page(answer):
                        end = begun
        finally:
            line.drop()
        return answers


@dataclass(slots=True, eq=False)
class _Call:
    """One of libcurl's handles, and the send that it is about: its number, and what has come of it."""

    handle: Any
    number: int = 0
    access_token: str = ""
    requests: int = 0
    anew: bool = False
    body: list[bytes] = field(default_factory=list)

    def begun(self, *_: object) -> int:
        """Count a request. libcurl by itself sends another one for each dead connection that it comes upon."""
        self.requests += 1
        return int(pycurl.PREREQFUNC_OK if self.requests <= REQUESTS else pycurl.PREREQFUNC_ABORT)

    def may_begin_anew(self) -> bool:
        """Whether another request may follow one that broke: the first to do so, and without a word of an answer."""
        return not self.anew and self.requests < REQUESTS and not self.handle.getinfo(pycurl.RESPONSE_CODE)


class _Line:
    """libcurl's connections to one address, which requests share or not, and the requests that are under way."""

    def __init__(self, url: str, timeout: tuple[float, float], authorities: str, *, is_shared: bool) -> None:
        self.access_token = ""
        self._url, self._timeout, self._authorities, self._is_shared = url, timeout, authorities, is_shared
        self._calls: dict[Any, _Call] = {}
        self._free: list[_Call] = []
        self._selector = selectors.DefaultSelector()
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_MULTIPLEX)
        self._multi.setopt(pycurl.M_MAX_CONCURRENT_STREAMS, AT_ONCE)
        self._multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, CONNECTIONS if is_shared else AT_ONCE)
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch)

    @property
    def under_way(self) -> int:
        """How many requests have no answer yet."""
        return len(self._calls) - len(self._free)

    def begin(self, number: int, body: bytes) -> None:
        """Let a request be sent; what comes of it goes by that number."""
        call = self._free.pop() if self._free else self._new_call()
        call.number, call.requests = number, 0
        if call.access_token is not self.access_token:
            call.access_token = self.access_token
            call.handle.setopt(
                pycurl.HTTPHEADER,
                [
                    "content-type: application/json",
                    f"authorization: Bearer {call.access_token}",
                    "x-goog-api-format-version: 2",
                ],
            )
        call.handle.setopt(pycurl.POSTFIELDS, body)
        self._multi.add_handle(call.handle)

    def answered(self, seconds: float) -> Iterator[tuple[int, Answer]]:
        """What has come by the next time that something happens, or after so many seconds."""
        due = self._multi.timeout()
        events = self._selector.select(seconds if due < 0 else min(seconds, due / 1000))
        for key, mask in events:
            self._multi.socket_action(key.fd, _READY[mask])
        if not events:
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        _, done, failed = self._multi.info_read()
        for handle in done:
            call = self._calls[handle]
            status = handle.getinfo(pycurl.RESPONSE_CODE)
            if status == _OK and len(call.body) == 1 and _NAME in call.body[0]:
                yield call.number, Told.ACCEPTED
            else:
                yield call.number, _answer(handle, status, b"".join(call.body))
            self._put_back(call)
        for handle, code, reason in failed:
            call = self._calls[handle]
            if code in _BROKEN and call.may_begin_anew():
                self._begin_anew(call)
            else:
                yield call.number, _failure(code, reason)
                self._put_back(call)

    def drop(self) -> None:
        """Forget what is under way, if an exception has left anything so."""
        if self.under_way:
            for call in set(self._calls.values()).difference(self._free):
                self._put_back(call)

    def close(self) -> None:
        """Let go of the connections."""
        self.drop()
        for handle in self._calls:
            handle.close()
        self._multi.close()
        self._selector.close()

    def _new_call(self) -> _Call:
        handle = pycurl.Curl()
        call = self._calls[handle] = _Call(handle)
        connect, answer = self._timeout
        for option, value in {
            pycurl.URL: self._url,
            pycurl.POST: 1,
            pycurl.CAINFO: self._authorities,
            pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_2TLS,
            pycurl.PIPEWAIT: 1,
            pycurl.CONNECTTIMEOUT_MS: int(connect * 1000),
            pycurl.TIMEOUT_MS: int((connect + answer) * 1000),
            pycurl.NOSIGNAL: 1,
            pycurl.PREREQFUNCTION: call.begun,
            pycurl.WRITEFUNCTION: call.body.append,
        }.items():
            handle.setopt(option, value)
        return call

    def _begin_anew(self, call: _Call) -> None:
        self._multi.remove_handle(call.handle)
        call.anew = True
        # The broken connection is gone already. A hundred requests that shared it share the next one too, but one that
        # had it alone could come upon another that is as old.
        if not self._is_shared:
            call.handle.setopt(pycurl.FRESH_CONNECT, 1)
        self._multi.add_handle(call.handle)

    def _put_back(self, call: _Call) -> None:
        self._multi.remove_handle(call.handle)
        call.body.clear()
        if call.anew:
            call.anew = False
            call.handle.setopt(pycurl.FRESH_CONNECT, 0)
        self._free.append(call)

    def _watch(self, event: int, descriptor: int, *_: object) -> None:
        """Libcurl says what it awaits of a socket."""
        is_watched = descriptor in self._selector.get_map()
        if event == pycurl.POLL_REMOVE:
            if is_watched:
                self._selector.unregister(descriptor)
        elif is_watched:
            self._selector.modify(descriptor, _AWAITED[event])
        else:
            self._selector.register(descriptor, _AWAITED[event])


def _around(message: messaging.Message, kind: TargetKind) -> tuple[bytes, bytes]:
    """What a request says before and after its target, as the SDK validates and encodes it."""
    before, after = str(addressed(message, Target(kind, _MARK))).split(json.dumps(_MARK))
    return b'{"message": ' + before.encode(), after.encode() + b"}"


def _answer(handle: Any, status: int, body: bytes) -> Answer:  # noqa: ANN401  pycurl has no types
    # Of the headers libcurl keeps the one that matters; to be told of each would cost a push a tenth more.
    wait = handle.getinfo(pycurl.RETRY_AFTER)
    return error_of(status, body, {"Retry-After": str(wait)} if wait > 0 else {}) or Told.ACCEPTED


def _failure(code: int, reason: str) -> exceptions.FirebaseError:
    """A failure without an answer, as the SDK tells of it."""
    cause = pycurl.error(code, reason)
    if code == pycurl.E_OPERATION_TIMEDOUT:
        return exceptions.DeadlineExceededError(f"Timed out while making an API call: {reason}", cause=cause)
    if code in _UNREACHABLE:
        return exceptions.UnavailableError(f"Failed to establish a connection: {reason}", cause=cause)
    return exceptions.UnknownError(f"Unknown error while making a remote service call: {reason}", cause=cause)
