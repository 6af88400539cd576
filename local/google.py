"""Google's side of the wall in one server: the sign-in issuer and the FCM stand-in; beside them the two phones.

`python -m local.google` serves it until told to end, or until the parent process is gone.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from granian.server import Server
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from local.fcm import StandIn
from local.identity import IDENTITY, SECURE_TOKEN, identity_routes
from local.keys import pem, private_key
from local.lifeline import end_with_the_parent
from local.phones_page import page_routes
from local.signin import Issuer

if TYPE_CHECKING:
    from starlette.requests import Request


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server listens, what project it plays, and where it keeps its keys and inboxes."""

    port: int
    project: str
    folder: Path

    @property
    def origin(self) -> str:
        """The server's base URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def token_uri(self) -> str:
        """Where a service account's assertion becomes an access token."""
        return f"{self.origin}/token"

    @property
    def identity(self) -> str:
        """Where accounts sign in, under the path that Firebase's own emulator has it at."""
        return self.origin + IDENTITY

    @property
    def securetoken(self) -> str:
        """Where a refresh token becomes an ID token."""
        return self.origin + SECURE_TOKEN

    def issuer(self) -> Issuer:
        """The sign-in issuer with its kept key."""
        return Issuer(self.origin, self.project, private_key(self.folder / "sign-in.pem"))

    def service_account(self) -> dict[str, str]:
        """The service account's JSON, as the Firebase console hands it out, but for this server."""
        key = private_key(self.folder / "service-account.pem")
        email = f"firebase-adminsdk@{self.project}.iam.gserviceaccount.com"
        return {
            "type": "service_account",
            "project_id": self.project,
            "private_key_id": "local",
            "private_key": pem(key).decode(),
            "client_email": email,
            "client_id": "100000000000000000001",
            "auth_uri": f"{self.origin}/auth",
            "token_uri": self.token_uri,
        }

    def environment(self) -> dict[str, str]:
        """What `python -m local.google` is told by."""
        return {
            "REKINDLE_GOOGLE_PORT": str(self.port),
            "REKINDLE_GOOGLE_PROJECT": self.project,
            "REKINDLE_GOOGLE_FOLDER": str(self.folder),
        }

    @classmethod
    def of_environment(cls) -> Place:
        """The place that `environment` describes; raises KeyError for a variable that is missing."""
        return cls(
            int(os.environ["REKINDLE_GOOGLE_PORT"]),
            os.environ["REKINDLE_GOOGLE_PROJECT"],
            Path(os.environ["REKINDLE_GOOGLE_FOLDER"]),
        )


def application() -> Starlette:
    """The server's ASGI application, for the place that the environment describes."""
    from local.stack import Stack  # noqa: PLC0415 - the stack starts this server, and so imports it

    place = Place.of_environment()
    issuer = place.issuer()
    fcm = StandIn(
        project=place.project,
        token_uri=place.token_uri,
        service_account=place.service_account(),
        key=private_key(place.folder / "service-account.pem"),
        inbox_file=place.folder / "inbox.jsonl",
    )

    async def index(_: Request) -> JSONResponse:
        routes: list[dict[str, Any]] = [
            {"path": route.path, "methods": sorted((route.methods or set()) - {"HEAD"})}
            for route in starlette.routes
            if isinstance(route, Route)
        ]
        return JSONResponse({"issuer": issuer.url, "project": place.project, "routes": routes})

    state = place.folder.parent
    pages = page_routes(lambda: Stack.attached(state), place.folder / "last-beat")
    starlette = Starlette(routes=[Route("/", index), *pages, *issuer.routes(), *identity_routes(issuer), *fcm.routes()])
    return starlette


def main() -> None:
    """Serve, with one worker, since the inboxes live in its memory."""
    place = Place.of_environment()
    end_with_the_parent()
    Server(
        "local.google:application",
        address="127.0.0.1",
        port=place.port,
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
