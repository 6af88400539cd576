"""Find the stack that a command uses, by name or address. The default is the local stack."""

from __future__ import annotations

import os
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx

from cli.config import Settings
from cli.errors import CliError, UnreachableError, UsageError

if TYPE_CHECKING:
    from cli.config import ConfigStore

LOCAL: Final = "local"
_HERE: Final = ("localhost", "127.0.0.1", "::1")
_CONSOLE: Final = "/console"
_GOOGLE: Final = "https://identitytoolkit.googleapis.com", "https://securetoken.googleapis.com"
"""The addresses of Firebase's sign-in and tokens. Passwords and refresh tokens go to no other address."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A deployment: the person's name for it, and the base URL of its API."""

    name: str
    api: str


def stack_of(wanted: str | None, config: ConfigStore) -> Stack:
    """Return the stack for the option --stack.

    Raises:
        UsageError: no stack has this name, or the option is an address that is malformed or not encrypted.
        UnreachableError: no local stack is running.
    """
    if wanted is None or wanted == LOCAL:
        return Stack(LOCAL, _local_api(config))
    if "://" in wanted:
        api = _api_of(wanted)
        names = [name for name, known in config.names().items() if known == api]
        return Stack(names[0] if names else api, api)
    names_known = config.names()
    if wanted in names_known:
        return Stack(wanted, names_known[wanted])
    near = get_close_matches(wanted, [*names_known, LOCAL], 1)
    raise UsageError(
        f"No stack is named {wanted}.",
        *([f"Did you mean --stack {near[0]}?"] if near else []),
        f"To give a stack this name: rekindle sign-in --stack https://… --name {wanted}",
    )


def settings_of(stack: Stack, http: httpx.Client) -> Settings:
    """Read a stack's public settings.

    Raise UnreachableError if no Rekindle answers at the stack's address. Raise UsageError if the address for sign-in is
    not encrypted, and CliError if it is not Google's.
    """
    address = f"{stack.api}{_CONSOLE}/config.json"
    try:
        answer = http.get(address)
        public = answer.raise_for_status().json()
        found = {name: public[name] for name in ("identity", "securetoken", "apiKey", "project")}
    except httpx.TransportError as error:
        raise UnreachableError(f"Nobody answers at {stack.api}.", "Check the address and your connection.") from error
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise UnreachableError(
            f"There is no Rekindle at {stack.api}.", "Copy the console's address, up to /console."
        ) from error
    for service in (found["identity"], found["securetoken"]):
        _require_secure(str(service))
    settings = Settings(
        api=stack.api,
        identity=str(found["identity"]).rstrip("/"),
        securetoken=str(found["securetoken"]).rstrip("/"),
        key=str(found["apiKey"]),
        project=str(found["project"]),
    )
    require_pinned(stack, settings)
    return settings


def require_pinned(stack: Stack, settings: Settings) -> None:
    """Raise CliError if passwords or refresh tokens would go to another place than Google.

    For the local stack, the place must be this machine.
    """
    addresses = settings.identity, settings.securetoken
    if stack.name == LOCAL:
        wrong = [each for each in addresses if urlsplit(each).hostname not in _HERE]
    else:
        wrong = [each for each, pinned in zip(addresses, _GOOGLE, strict=True) if each != pinned]
    if wrong:
        raise CliError(
            f"{stack.api} wants your password or your sign-in for {wrong[0]}, which is not Google. Nothing was sent.",
            "Check the address of the deployment, and tell the people who run the service.",
        )


def _local_api(config: ConfigStore) -> str:
    # These imports are slow, because they also import AWS's SDK. Only the local stack needs them.
    from local.errors import StackError  # noqa: PLC0415
    from local.places import STATE  # noqa: PLC0415
    from local.stack import Stack as LocalStack  # noqa: PLC0415

    try:
        return LocalStack.attached(Path(os.environ.get("REKINDLE_STATE", STATE))).api_url
    except (StackError, OSError) as error:
        elsewhere = [name for name, api in config.names().items() if api in config.signed_in()]
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
        raise UsageError(
            f"{address} is not an address.", "It looks like https://abc.execute-api.eu-west-1.amazonaws.com"
        )
    _require_secure(address)
    path = parts.path.partition(_CONSOLE)[0].rstrip("/")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}"


def _require_secure(address: str) -> None:
    """Raise UsageError if a password would leave this machine unencrypted."""
    parts = urlsplit(address)
    if parts.scheme != "https" and parts.hostname not in _HERE:
        raise UsageError(f"{address} is not encrypted.", "Use the address that begins with https://")
