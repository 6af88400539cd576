"""Call an ASGI application as a browser does, without a socket."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from starlette.applications import Starlette


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser of one application."""

    app: Starlette

    def get(self, path: str) -> httpx.Response:
        return self.call("GET", path)

    def post(self, path: str, **request: Any) -> httpx.Response:
        return self.call("POST", path, **request)

    def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        async def called() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.request(method, path, **request)

        return asyncio.run(called())
