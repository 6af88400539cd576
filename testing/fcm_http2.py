"""Stand in for FCM over TLS and HTTP/2. `/seen` lists clients' addresses and HTTP versions, and counts sends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import threading
from typing import TYPE_CHECKING, Any, Final

from testing.fcm_server import delay_of, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from granian._granian import RSGIHTTPProtocol
    from granian.rsgi import Scope

LAST_WORDS: Final = b"last-words"
"""If a request's body contains these bytes, the server process kills itself."""

CUT_AFTER: Final = 0.25
"""Seconds from the start of a connection until `cut_wire` cuts it."""

_seen: dict[str, Any] = {"peers": [], "versions": [], "sends": 0}


async def application(scope: Scope, protocol: RSGIHTTPProtocol) -> None:
    body = await protocol()
    if scope.path == "/seen":
        protocol.response_bytes(200, [("content-type", "application/json")], json.dumps(_seen).encode())
        return
    if scope.path != "/":
        _seen["sends"] += 1
        for name, value in (("peers", scope.client), ("versions", scope.http_version)):
            _seen[name] = sorted({*_seen[name], value})
        if LAST_WORDS in body:
            os.kill(os.getpid(), signal.SIGKILL)
        await asyncio.sleep(delay_of(scope.path))
    protocol.response_bytes(200, [("content-type", "application/json")], b'{"name": "projects/p/messages/1"}')


@contextlib.contextmanager
def cut_wire(port: int, cuts: int) -> Iterator[int]:
    """Forward a new port to `port`. Yield the new port. Cut each of the first `cuts` connections after CUT_AFTER."""
    door = socket.create_server(("127.0.0.1", 0))
    wires: list[_Wire] = []

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = door.accept()
                wires.append(_Wire(client, socket.create_connection(("127.0.0.1", port))))
                if len(wires) <= cuts:
                    threading.Timer(CUT_AFTER, wires[-1].cut).start()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield door.getsockname()[1]
    finally:
        door.shutdown(socket.SHUT_RDWR)
        thread.join()
        door.close()
        for wire in wires:
            wire.close()


class _Wire:
    """Passes bytes on between two sockets, in both directions."""

    def __init__(self, *ends: socket.socket) -> None:
        self._ends = ends
        self._threads = [threading.Thread(target=self._pass_on, args=pair) for pair in (ends, ends[::-1])]
        for thread in self._threads:
            thread.start()

    def cut(self) -> None:
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.cut()
        for thread in self._threads:
            thread.join()
        for end in self._ends:
            end.close()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        self.cut()


if __name__ == "__main__":
    serve("testing.fcm_http2:application")
