"""Start one server for the stand-in for Google and the page with two phones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from granian.server import Server
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from local.google.app_check import AppCheckIssuer
from local.google.fcm import StandIn
from local.google.identity import identity_routes
from local.google.keys import private_key
from local.google.phones_page import page_routes
from local.google.place import Place
from local.processes import end_with_the_parent
from local.stack.client import Stack

if TYPE_CHECKING:
    from starlette.requests import Request


def application() -> Starlette:
    """Return the server's ASGI application. Its settings come from the environment variable REKINDLE_GOOGLE."""
    place = Place.of_environment()
    issuer = place.issuer()
    apps = AppCheckIssuer(place.origin, private_key(place.folder / "app-check.pem"))
    fcm = StandIn(
        project=place.project,
        token_uri=place.token_uri,
        service_account=place.service_account(),
        key=private_key(place.folder / "service-account.pem"),
        inbox_file=place.folder / "inbox.jsonl",
    )

    async def index(_: Request) -> JSONResponse:
        routes = [
            {"path": route.path, "methods": sorted((route.methods or set()) - {"HEAD"})}
            for route in starlette.routes
            if isinstance(route, Route)
        ]
        return JSONResponse({"issuer": issuer.url, "project": place.project, "routes": routes})

    state = place.folder.parent
    pages = page_routes(lambda: Stack.attached(state), place.folder / "last-tick", app_token=apps.token)
    routes = [*pages, *issuer.routes(), *identity_routes(issuer), *apps.routes(), *fcm.routes()]
    starlette = Starlette(routes=[Route("/", index), *routes])
    return starlette


def main() -> None:
    """Serve until the parent process ends. Use only one worker, because the phones' inboxes are in its memory."""
    end_with_the_parent()
    Server(
        "local.google.__main__:application",
        address="127.0.0.1",
        port=Place.of_environment().port,
        interface=Interfaces.ASGINL,
        loop=Loops.asyncio,
        workers=1,
        workers_kill_timeout=2,
        factory=True,
        log_level=LogLevels.warning,
        log_access=True,
    ).serve()


if __name__ == "__main__":
    main()
