"""Which deployment a command is for: the local stack that runs, or one by its address or by its name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx

from cli.errors import UnreachableError, UsageError
from cli.keeping import Settings

if TYPE_CHECKING:
    from cli.keeping import Keeping

LOCAL: Final = "local"
_HERE: Final = ("localhost", "127.0.0.1", "::1")
_CONSOLE: Final = "/console"


@dataclass(frozen=True, slots=True)
class Stack:
    """A deployment: the name by which the person knows it, and the base URL of its API."""

    name: str
    api: str


def stack_of(wanted: str | None, keeping: Keeping) -> Stack:
    """The stack that is meant. Raises UsageError for one that nobody knows, and UnreachableError if none runs here."""
    if wanted is None or wanted == LOCAL:
        return Stack(LOCAL, _local_api(keeping))
    if "://" in wanted:
        api = _api_of(wanted)
        names = [name for name, known in keeping.names().items() if known == api]
        return Stack(names[0] if names else api, api)
    names_known = keeping.names()
    if wanted in names_known:
        return Stack(wanted, names_known[wanted])
    near = get_close_matches(wanted, [*names_known, LOCAL], 1)
    raise UsageError(
        f"There is no stack named {wanted} here.",
        *([f"Did you mean --stack {near[0]}?"] if near else []),
        f"Name it once with its address: rekindle sign-in --stack https://… --name {wanted}",
    )


def settings_of(stack: Stack, http: httpx.Client) -> Settings:
    """What the deployment tells everybody. Raises UnreachableError if there is none of ours at that address."""
    address = f"{stack.api}{_CONSOLE}/config.json"
    try:
        answer = http.get(address)
        told = answer.raise_for_status().json()
        found = {name: told[name] for name in ("identity", "securetoken", "apiKey", "project")}
    except httpx.TransportError as error:
        raise UnreachableError(f"Nobody answers at {stack.api}.", "Check the address and your connection.") from error
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise UnreachableError(
            f"There is no Rekindle at {stack.api}.", "Take the address that the console has, up to /console."
        ) from error
    for service in (found["identity"], found["securetoken"]):
        _require_secure(str(service))
    return Settings(
        api=stack.api,
        identity=str(found["identity"]).rstrip("/"),
        securetoken=str(found["securetoken"]).rstrip("/"),
        key=str(found["apiKey"]),
        project=str(found["project"]),
    )


def _local_api(keeping: Keeping) -> str:
    # Only where it is needed: it brings all of AWS's SDK along.
    from local.errors import StackError  # noqa: PLC0415
    from local.places import STATE  # noqa: PLC0415
    from local.stack import Stack as LocalStack  # noqa: PLC0415

    try:
        return LocalStack.attached(Path(os.environ.get("REKINDLE_STATE", STATE))).api_url
    except (StackError, OSError) as error:
        elsewhere = [name for name, api in keeping.names().items() if api in keeping.signed_in()]
        raise UnreachableError(
            "No local stack is running.",
            "Start one with: make run",
            *(
                f"Or choose the one you are signed in to: --stack {name}, or REKINDLE_STACK={name}"
                for name in elsewhere
            ),
            *([] if elsewhere else ["Or choose a deployed one: --stack https://…, or REKINDLE_STACK=https://…"]),
        ) from error


def _api_of(address: str) -> str:
    parts = urlsplit(address)
    if not parts.hostname:
        raise UsageError(f"{address} is no address.", "It looks like https://abc.execute-api.eu-west-1.amazonaws.com")
    _require_secure(address)
    path = parts.path.partition(_CONSOLE)[0].rstrip("/")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}"


def _require_secure(address: str) -> None:
    """A password goes there: never in the clear, unless it stays on this machine."""
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in _HERE:
        raise UsageError(f"{address} is not encrypted.", "Take the address that begins with https://")
