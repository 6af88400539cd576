"""The running stack: where it is, what one can do with it, and how it starts and ends."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import json
import os
import shutil
import socket
import sys
import tempfile
import time
import urllib.parse
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import boto3
import httpx
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from local import seed
from local.build import UNPACKED, built
from local.deployment import APP_LINK, architecture, deployed, put_credential
from local.errors import StackError
from local.google import Place
from local.places import EMULATOR_PYTHON, ROOT, SAM, STATE, TEMPLATE
from local.processes import Child
from local.push import Pusher

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Mapping

REGION = "us-east-1"
ACCOUNT = "000000000000"
PROJECT = "rekindle-local"
SAVE_EVERY_SECONDS = 2
START_SECONDS = 60
UNREADABLE_STATE = 3
"""The emulator's exit status for it."""
PORT_PATIENCE_SECONDS = 8
"""A stack whose terminal was killed still saves its data before it lets go of its ports."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where a stack listens and keeps what it has.

    `keep` is False for a stack whose data nobody will ask for again. `beat` is False to leave the schedule's tick to
    `Stack.tick`.
    """

    state: Path = STATE
    emulator_port: int = 4566
    google_port: int = 4580
    keep: bool = True
    beat: bool = True

    @property
    def logs(self) -> Path:
        """The folder of all logs."""
        return self.state / "logs"


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack that runs. `outputs` are the template's, by name."""

    endpoint_url: str
    google_url: str
    outputs: Mapping[str, str]
    state: Path

    @property
    def api_url(self) -> str:
        """The base URL that phones use; `/v1/me` and the others come after it."""
        return f"{self.endpoint_url}/_aws/execute-api/{self.outputs['ApiId']}/$default"

    @property
    def console_url(self) -> str:
        """The page for the practice's staff."""
        return f"{self.api_url}/console"

    @property
    def phones_url(self) -> str:
        """The page with two phones."""
        return f"{self.google_url}/phones"

    @property
    def logs(self) -> Path:
        """The folder of all logs."""
        return self.state / "logs"

    def boto_env(self) -> dict[str, str]:
        """The environment with which AWS tools and SDKs reach this stack and nothing else."""
        return _boto_env(self.endpoint_url)

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3's clients have no common type
        """A boto3 client of this stack."""
        return _client(self.endpoint_url, service)

    def sign_in(self, **identity: Any) -> dict[str, Any]:  # noqa: ANN401 - see local.signin.Identity
        """Sign someone in (`email` or `uid`, `name`, `claims`, ...) and return their `id_token`, `uid` and the rest."""
        tokens: dict[str, Any] = self._google("POST", "/sign-in", json=identity).json()
        return tokens

    def phone(self, **identity: Any) -> httpx.Client:  # noqa: ANN401 - see local.signin.Identity
        """An HTTP client of the API, signed in as that person."""
        token = self.sign_in(**identity)["id_token"]
        return httpx.Client(base_url=self.api_url, headers={"Authorization": f"Bearer {token}"}, timeout=30)

    def inbox(self, token: str) -> list[dict[str, Any]]:
        """What FCM sent to that registration token, oldest first; see local.inbox.Push."""
        pushes: list[dict[str, Any]] = self._google("GET", f"/inbox/{urllib.parse.quote(token, safe='')}").json()
        return pushes

    def fault(self, kind: str, **details: Any) -> None:  # noqa: ANN401 - see local.fcm.Fault
        """Make FCM fail; see local.fcm.Fault."""
        self._google("PUT", "/faults", json={"kind": kind, **details})

    def heal(self) -> None:
        """Take back all faults."""
        self._google("DELETE", "/faults")

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a function's own result
        """Call a function (`Tick`, `React`, ...) and return its result; raises StackError if it fails."""
        client = self.client("lambda")
        answer = client.invoke(FunctionName=self.function(function), Payload=json.dumps(event).encode())
        result = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer:
            raise StackError(f"{function} failed: {json.dumps(result)}\n(its log: {self.log_of(function)})")
        return result

    def function(self, name: str) -> str:
        """The name under which Lambda knows a function of the template."""
        try:
            return self.outputs[f"{name}Function"]
        except KeyError:
            known = ", ".join(sorted(out.removesuffix("Function") for out in self.outputs if out.endswith("Function")))
            raise StackError(f"There is no function {name}; there are {known}.") from None

    def tick(self, at: dt.datetime) -> Any:  # noqa: ANN401 - the function's own result
        """Let the schedule's beat of instant `at` happen now, with the input that the template gives it."""
        scheduler = self.client("scheduler")
        (name,) = [schedule["Name"] for schedule in scheduler.list_schedules()["Schedules"]]
        given = scheduler.get_schedule(Name=name)["Target"]["Input"]
        instant = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        return self.invoke("Tick", json.loads(given.replace("<aws.scheduler.scheduled-time>", instant)))

    def log_of(self, function: str) -> Path:
        """The file with what a function printed."""
        return self.logs / "functions" / f"{function}.log"

    def _google(self, method: str, path: str, **request: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        answer = httpx.request(method, self.google_url + path, **request)
        if answer.is_error:
            raise StackError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer

    @classmethod
    def attached(cls, state: Path) -> Self:
        """The stack that runs with that state folder; raises StackError if none does."""
        with contextlib.suppress(OSError, ValueError, TypeError):
            found = json.loads((state / "stack.json").read_text(encoding="utf-8"))
            stack = cls(**(found | {"state": state}))
            if _is_locked(state):
                return stack
        raise StackError(f"No stack is running with its state in {state}. Start one with `make run`.")

    @classmethod
    @contextlib.contextmanager
    def temporary(
        cls, progress: Progress = contextlib.nullcontext, *, beat: bool = False, seeded: bool = True
    ) -> Iterator[Self]:
        """A stack of one's own on free ports, gone with its data at the end; its schedule only ticks if `beat`."""
        with tempfile.TemporaryDirectory(prefix="rekindle-", ignore_cleanup_errors=True) as folder:
            emulator_port, google_port = free_ports(2)
            settings = Settings(Path(folder), emulator_port, google_port, keep=False, beat=beat)
            with running(settings, progress, seeded=seeded) as (stack, _):
                yield cls(**{name: getattr(stack, name) for name in cls.__dataclass_fields__})


type Progress = Callable[[str], contextlib.AbstractContextManager[object]]
"""Shows what is being done for as long as it is being done."""


@contextlib.contextmanager
def running(settings: Settings, progress: Progress, *, seeded: bool = True) -> Iterator[tuple[Stack, list[Child]]]:
    """Start a stack, with the processes that it consists of, and end them all afterwards.

    Raises StackError for whatever stands in its way.
    """
    _require_tools()
    with _state_lock(settings.state), contextlib.ExitStack() as ending:
        for port, option in ((settings.google_port, "GOOGLE_PORT"), (settings.emulator_port, "EMULATOR_PORT")):
            _require_port(port, option)
        place = Place(settings.google_port, PROJECT, settings.state / "google")
        with progress("Starting sign-in, FCM and the emulator"):
            google = ending.enter_context(_google(settings, place))
            emulator = ending.enter_context(emulator_process(settings))
        with progress("Building the functions"):
            fingerprint = built(settings.logs / "build.log")
        endpoint_url = f"http://127.0.0.1:{settings.emulator_port}"
        with progress("Waiting for the emulator"):
            google.await_answer(place.origin, START_SECONDS)
            try:
                emulator.await_answer(f"{endpoint_url}/_ministack/health", START_SECONDS)
            except StackError as error:
                if emulator.exit_status == UNREADABLE_STATE:
                    raise StackError(f"{error}\n{_way_out(settings.state)}") from None
                raise

        def client(service: str) -> Any:  # noqa: ANN401 - boto3's clients have no common type
            return _client(endpoint_url, service)

        parameters = {
            "Stage": "local",
            "Architecture": architecture(),
            "FirebaseProject": PROJECT,
            "JwtIssuer": place.issuer().url,
            "JwtAudience": PROJECT,
            "IdentityEndpoint": place.identity,
            "SecureTokenEndpoint": place.securetoken,
            "FcmEndpoint": place.origin,
            "AppLink": APP_LINK,
        }
        try:
            with progress("Deploying the template"):
                deploy_log = settings.logs / "deploy.log"
                deployment = deployed(client, _boto_env(endpoint_url), fingerprint, parameters, deploy_log)
                stack = Stack(endpoint_url, place.origin, deployment.outputs, settings.state)
                put_credential(client, stack.outputs["FcmSecretArn"], place.service_account())
                if deployment.is_first:
                    Pusher(stack).remember()
                else:
                    # What was pushed after the last deployment runs now, whatever the template's build says.
                    Pusher(stack).settle()
            if seeded:
                with progress("Publishing the prompt packs"):
                    seed.seed(client("dynamodb"), stack.outputs["TableName"])
        except (BotoCoreError, ClientError) as error:
            if emulator.exit_status is not None:
                raise StackError(f"The emulator ended meanwhile.\n{emulator.last_words()}") from error
            raise StackError(f"The emulator refused: {error}\n{emulator.last_words()}") from error
        _publish(stack)
        ending.callback((settings.state / "stack.json").unlink, missing_ok=True)
        yield stack, [google, emulator]


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
        raise StackError(f"A key in {place.folder} cannot be read: {error}\n{_way_out(settings.state)}") from error
    return Child(
        "The stand-in for Google",
        [sys.executable, "-m", "local.google"],
        {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", **place.environment()},
        ROOT,
        settings.logs / "google.log",
    )


def emulator_process(settings: Settings) -> Child:
    """The emulator, just started; its folder of logs has to exist."""
    temporary = settings.state / "tmp"
    temporary.mkdir(exist_ok=True)
    return Child(
        "The emulator",
        [str(EMULATOR_PYTHON), "-m", "local.emulator"],
        # Nothing else of this environment: functions inherit the emulator's.
        {
            "PATH": os.defpath,
            "HOME": str(temporary),
            "TMPDIR": str(temporary),
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
            "REKINDLE_BEAT": "1" if settings.beat else "0",
        },
        ROOT,
        settings.logs / "emulator.log",
    )


def _boto_env(endpoint_url: str) -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        # Under the emulator's authorization the account's own number is its root user.
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@functools.cache
def _client(endpoint_url: str, service: str) -> Any:  # noqa: ANN401 - boto3's clients have no common type
    session = boto3.Session(aws_access_key_id=ACCOUNT, aws_secret_access_key="local", region_name=REGION)  # noqa: S106 - as above
    # A function may take its whole timeout, and is not to be called twice for it.
    config = Config(retries={"total_max_attempts": 1}, read_timeout=120)
    return session.client(service, endpoint_url=endpoint_url, config=config)  # type: ignore[call-overload]


def _publish(stack: Stack) -> None:
    found = asdict(stack)
    del found["state"]
    (stack.state / "stack.json").write_text(json.dumps(found, indent=2), encoding="utf-8")


@contextlib.contextmanager
def _state_lock(state: Path) -> Iterator[None]:
    try:
        (state / "logs").mkdir(parents=True, exist_ok=True)
        lock = (state / "lock").open("a+", encoding="ascii")
    except OSError as error:
        raise StackError(f"The state folder cannot be used: {error}\n{_way_out(state)}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise StackError(
                f"A stack is already running with its state in {state} (process {lock.read().strip() or 'unknown'}).\n"
                "Use that one, end it with Ctrl-C in its terminal, or give this one a folder and ports of its own:\n"
                "REKINDLE_STATE=DIR EMULATOR_PORT=N GOOGLE_PORT=N make run"
            ) from None
        lock.seek(0)
        lock.truncate()
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _is_locked(state: Path) -> bool:
    with (state / "lock").open("a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


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
    """Ports that nothing listens on just now."""
    with contextlib.ExitStack() as probes:
        sockets = [probes.enter_context(socket.socket()) for _ in range(count)]
        for probe in sockets:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in sockets]


def _way_out(state: Path) -> str:
    return f"`make reset` makes a fresh start: it deletes {state}, with all local data."


def reset(state: Path) -> None:
    """Delete a stack's state; raises StackError while it runs, or for a folder that is no stack's."""
    if not state.exists():
        return
    if not (state / "lock").exists():
        raise StackError(f"{state} holds no stack's state: it is left alone.")
    if _is_locked(state):
        raise StackError(f"The stack in {state} is running: end it first, with Ctrl-C in its terminal.")
    shutil.rmtree(state)
