"""FCM as the cloud has it, over TLS and HTTP/2, for what only that can show; `/seen` says who has come, and how."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from typing import TYPE_CHECKING, Any, Final

from bench.fcm_server import delay_of, serve

if TYPE_CHECKING:
    from granian._granian import RSGIHTTPProtocol
    from granian.rsgi import Scope

LAST_WORDS: Final = b"last-words"
"""What a target contains at which the server dies on the spot."""

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


if __name__ == "__main__":
    serve("tests.integration.fcm_http2:application")
