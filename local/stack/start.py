"""Start and end a stack: the stand-in for Google, and the emulator with the deployed template."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from local.deploy.build import UNPACKED, build_functions
from local.deploy.deployment import APP_LINK, architecture, deploy, put_credential
from local.errors import StackError
from local.google.app_check import PROJECT_NUMBER
from local.google.place import Place
from local.places import EMULATOR_PYTHON, ROOT, SAM, STATE, TEMPLATE
from local.processes import Child
from local.stack import seed
from local.stack.client import REGION, Stack, boto_client, boto_env
from local.stack.reload import Reloader
from local.stack.state import locked, reset_advice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROJECT = "rekindle-local"
SAVE_EVERY_SECONDS = 2
START_SECONDS = 60
UNREADABLE_STATE = 3
"""The emulator's exit status if it cannot read its saved state."""
PORT_PATIENCE_SECONDS = 8
"""A start waits at most this long for a port, because an ending stack uses its ports until its data is saved."""

type Progress = Callable[[str], contextlib.AbstractContextManager[object]]
"""Shows the name of a step while the step runs."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The folder, the ports and the options of a stack.

    If `keep` is False, the emulator saves nothing. If `tick` is False, the schedule never fires by itself. If
    `app_check` is True, the API refuses calls without a token of the stand-in for App Check.
    """

    state: Path = STATE
    emulator_port: int = 4566
    google_port: int = 4580
    keep: bool = True
    tick: bool = True
    app_check: bool = False

    @property
    def logs(self) -> Path:
        """Return the folder of all logs."""
        return self.state / "logs"


@contextlib.contextmanager
def temporary(
    progress: Progress = contextlib.nullcontext, *, tick: bool = False, seeded: bool = True
) -> Iterator[Stack]:
    """Run a stack on free ports, in a temporary folder. Its schedule fires by itself only if `tick` is true."""
    with tempfile.TemporaryDirectory(prefix="rekindle-", ignore_cleanup_errors=True) as folder:
        emulator_port, google_port = free_ports(2)
        settings = Settings(Path(folder), emulator_port, google_port, keep=False, tick=tick)
        with started_stack(settings, progress, seeded=seeded) as (stack, _):
            yield stack


@contextlib.contextmanager
def started_stack(
    settings: Settings, progress: Progress, *, seeded: bool = True
) -> Iterator[tuple[Stack, list[Child]]]:
    """Start a stack. Yield the stack and its processes. End the processes afterwards.

    Raises:
        StackError: The stack cannot start.
    """
    _require_tools()
    with locked(settings.state), contextlib.ExitStack() as ending:
        for port, option in ((settings.google_port, "GOOGLE_PORT"), (settings.emulator_port, "EMULATOR_PORT")):
            _require_port(port, option)
        place = Place(settings.google_port, PROJECT, settings.state / "google")
        with progress("Starting sign-in, FCM and the emulator"):
            google = ending.enter_context(_google(settings, place))
            emulator = ending.enter_context(emulator_process(settings))
        with progress("Building the functions"):
            fingerprint = build_functions(settings.logs / "build.log")
        with progress("Waiting for the emulator"):
            google.await_answer(place.origin, START_SECONDS)
            _await_emulator(emulator, settings)
        try:
            with progress("Deploying the template"):
                stack = _deployed(settings, place, fingerprint)
            if seeded:
                with progress("Publishing the prompt packs"):
                    seed.seed(stack.client("dynamodb"), stack.outputs["TableName"])
        except (BotoCoreError, ClientError) as error:
            reason = f"refused: {error}" if emulator.exit_status is None else "ended during the start."
            raise StackError(f"The emulator {reason}\n{emulator.last_words()}") from error
        saved = stack.save()
        ending.callback(saved.unlink, missing_ok=True)
        yield stack, [google, emulator]


def _await_emulator(emulator: Child, settings: Settings) -> None:
    try:
        emulator.await_answer(f"{_endpoint_of(settings)}/_ministack/health", START_SECONDS)
    except StackError as error:
        if emulator.exit_status == UNREADABLE_STATE:
            raise StackError(f"{error}\n{reset_advice(settings.state)}") from None
        raise


def _deployed(settings: Settings, place: Place, fingerprint: str) -> Stack:
    endpoint_url = _endpoint_of(settings)
    client = partial(boto_client, endpoint_url)
    parameters = {
        "Stage": "local",
        "Architecture": architecture(),
        "FirebaseProject": PROJECT,
        "JwtIssuer": place.issuer().url,
        "JwtAudience": PROJECT,
        "IdentityEndpoint": place.identity,
        "SecureTokenEndpoint": place.securetoken,
        "FcmEndpoint": place.origin,
        "AuthEmulatorHost": place.host,
        "AppCheckEndpoint": place.origin,
        "AppLink": APP_LINK,
    }
    if settings.app_check:
        parameters["AppCheckProject"] = PROJECT_NUMBER  # SAM takes no empty value
    deployment = deploy(client, boto_env(endpoint_url), fingerprint, parameters, settings.logs / "deploy.log")
    stack = Stack(endpoint_url, place.origin, deployment.outputs, settings.state)
    for secret in ("FcmSecretArn", "AccountSecretArn"):
        put_credential(client, stack.outputs[secret], place.service_account())
    reloader = Reloader(stack)
    if deployment.is_first:
        reloader.record()
    else:
        # `deploy` installs nothing if the sources are as at its last deployment. But a later `make reload` may have
        # installed other code. So compare the running code with the sources, and update what differs.
        reloader.update()
    return stack


def _endpoint_of(settings: Settings) -> str:
    return f"http://127.0.0.1:{settings.emulator_port}"


def _require_tools() -> None:
    for tool in (EMULATOR_PYTHON, SAM):
        if not tool.exists():
            raise StackError(f"{tool} is missing. `make setup` installs it.")
    if not TEMPLATE.exists():
        raise StackError(f"{TEMPLATE} is missing.")


def _google(settings: Settings, place: Place) -> Child:
    try:
        place.issuer()
        place.service_account()
    except (OSError, ValueError) as error:
        raise StackError(f"A key in {place.folder} cannot be read: {error}\n{reset_advice(settings.state)}") from error
    return place.start(settings.logs / "google.log")


def emulator_process(settings: Settings) -> Child:
    """Start an emulator. The state folder and its subfolder `logs` must exist."""
    temporary_files = settings.state / "tmp"
    temporary_files.mkdir(exist_ok=True)
    return Child(
        "The emulator",
        [str(EMULATOR_PYTHON), "-m", "local.emulator"],
        # Pass only these variables, because the functions inherit all variables of the emulator.
        {
            "PATH": os.defpath,
            "HOME": str(temporary_files),
            "TMPDIR": str(temporary_files),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            "GATEWAY_PORT": str(settings.emulator_port),
            "BIND_HOST": "127.0.0.1",
            "AUTH": "true",
            "PERSIST_STATE": "1" if settings.keep else "0",
            "STATE_DIR": str(settings.state / "emulator"),
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "MINISTACK_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "REKINDLE_LOGS": str(settings.logs),
            "REKINDLE_UNPACKED": str(UNPACKED),
            "REKINDLE_SAVE_EVERY": str(SAVE_EVERY_SECONDS if settings.keep else 0),
            "REKINDLE_TICK": "1" if settings.tick else "0",
        },
        ROOT,
        settings.logs / "emulator.log",
    )


def _require_port(port: int, option: str) -> None:
    deadline = time.monotonic() + PORT_PATIENCE_SECONDS
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                if time.monotonic() > deadline:
                    raise StackError(
                        f"Port {port} cannot be used ({error.strerror}).\n"
                        f"End the program that listens there, or choose another port: make run {option}={port + 100}"
                    ) from error
            else:
                return
        time.sleep(0.2)


def free_ports(count: int) -> list[int]:
    """Return ports that no program uses at this moment."""
    with contextlib.ExitStack() as probes:
        sockets = [probes.enter_context(socket.socket()) for _ in range(count)]
        for probe in sockets:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in sockets]
