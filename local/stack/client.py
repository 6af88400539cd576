"""Call the running stack: its API, its functions, and its stand-in for Google."""

from __future__ import annotations

import contextlib
import functools
import json
import ssl
import time
import urllib.parse
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

import boto3
import httpx
from botocore.config import Config

from local.errors import StackError
from local.stack.state import is_locked

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping
    from pathlib import Path

REGION = "us-east-1"
ACCOUNT = "000000000000"
PATIENCE_SECONDS = 60
"""`awaited` waits at most this long by default, because functions need time to start."""
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""A context without certificates. The stack uses plain HTTP, and loading certificates takes time."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack. `outputs` has the values of the template's outputs by name. `state` is the state folder."""

    endpoint_url: str
    google_url: str
    outputs: Mapping[str, str]
    state: Path

    @property
    def api_url(self) -> str:
        """Return the API's base URL. A path such as `/v1/me` follows this URL."""
        return f"{self.endpoint_url}/_aws/execute-api/{self.outputs['ApiId']}/$default"

    @property
    def console_url(self) -> str:
        """Return the address of the console for the practice's staff."""
        return f"{self.api_url}/console"

    @property
    def phones_url(self) -> str:
        """Return the address of the page with two phones."""
        return f"{self.google_url}/phones"

    @property
    def logs(self) -> Path:
        """Return the folder of all logs."""
        return self.state / "logs"

    def boto_env(self) -> dict[str, str]:
        """Return environment variables with which AWS tools and SDKs call this stack, and never AWS."""
        return boto_env(self.endpoint_url)

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3's clients have no common type
        """Return a boto3 client of this stack."""
        return boto_client(self.endpoint_url, service)

    def sign_in(self, **identity: Any) -> dict[str, Any]:  # noqa: ANN401 - see local.google.signin.Identity
        """Sign a person in by `email` or `uid`. Return the `id_token`, the `uid` and other values."""
        tokens: dict[str, Any] = self._google("POST", "/sign-in", json=identity).json()
        return tokens

    def phone(self, **identity: Any) -> httpx.Client:  # noqa: ANN401 - see local.google.signin.Identity
        """Return an HTTP client that is signed in as a person and calls the API."""
        token = self.sign_in(**identity)["id_token"]
        return httpx.Client(
            base_url=self.api_url, headers={"Authorization": f"Bearer {token}"}, verify=_NO_TLS, timeout=30
        )

    def inbox(self, token: str) -> list[dict[str, Any]]:
        """Return the pushes to a registration token, oldest first, as in local.google.inbox.Push."""
        pushes: list[dict[str, Any]] = self._google("GET", f"/inbox/{urllib.parse.quote(token, safe='')}").json()
        return pushes

    def fault(self, kind: str, **details: Any) -> None:  # noqa: ANN401 - see local.google.fcm.Fault
        """Turn on a fault of the stand-in for FCM. The arguments are the fields of local.google.fcm.Fault."""
        self._google("PUT", "/faults", json={"kind": kind, **details})

    def heal(self) -> None:
        """Turn off all faults of the stand-in for FCM."""
        self._google("DELETE", "/faults")

    def invoke(self, function: str, event: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a function's own result
        """Call a function (`Tick`, `React`, ...) and return its result.

        Raises:
            StackError: The function failed.
        """
        answer = self.client("lambda").invoke(FunctionName=self.function(function), Payload=json.dumps(event).encode())
        result = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer:
            raise StackError(f"{function} failed: {json.dumps(result)}\n(its log: {self.log_of(function)})")
        return result

    def log_of(self, function: str) -> Path:
        """Return the log file of a function."""
        return self.logs / "functions" / f"{function}.log"

    def begin_afresh(self, function: str) -> None:
        """Update a function's settings, which ends its processes. The next call begins with empty caches."""
        client, name = self.client("lambda"), self.function(function)
        timeout = client.get_function_configuration(FunctionName=name)["Timeout"]
        client.update_function_configuration(FunctionName=name, Timeout=timeout)

    def function(self, name: str) -> str:
        """Return a function's name in Lambda. `name` is its name in the template, such as `Tick`."""
        try:
            return self.outputs[f"{name}Function"]
        except KeyError:
            known = ", ".join(sorted(out.removesuffix("Function") for out in self.outputs if out.endswith("Function")))
            raise StackError(f"There is no function {name}; there are {known}.") from None

    def tick(self, at: dt.datetime) -> Any:  # noqa: ANN401 - the function's own result
        """Call the function `Tick` as the schedule does at the instant `at`. Return the function's result."""
        scheduler = self.client("scheduler")
        (name,) = [schedule["Name"] for schedule in scheduler.list_schedules()["Schedules"]]
        given = scheduler.get_schedule(Name=name)["Target"]["Input"]
        instant = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        return self.invoke("Tick", json.loads(given.replace("<aws.scheduler.scheduled-time>", instant)))

    def waiting(self, queue: str, *states: str) -> int:
        """Count a queue's messages in the given states, such as `NotVisible`. Without a state, count all messages.

        `queue` is the name of the output with the queue's URL.
        """
        names = [f"ApproximateNumberOfMessages{state}" for state in states or ("", "NotVisible", "Delayed")]
        asked = self.client("sqs").get_queue_attributes(QueueUrl=self.outputs[queue], AttributeNames=names)
        return sum(map(int, asked["Attributes"].values()))

    def _google(self, method: str, path: str, **request: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        answer = httpx.request(method, self.google_url + path, verify=_NO_TLS, **request)
        if answer.is_error:
            raise StackError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer

    def save(self) -> Path:
        """Write the addresses and outputs to the file that `attached` reads. Return the path of the file."""
        found = asdict(self)
        del found["state"]
        file = _file_in(self.state)
        file.write_text(json.dumps(found, indent=2), encoding="utf-8")
        return file

    @classmethod
    def attached(cls, state: Path) -> Self:
        """Return the stack that is running with this state folder.

        Raises:
            StackError: No stack is running with this folder.
        """
        with contextlib.suppress(OSError, ValueError, TypeError):
            stack = cls(**(json.loads(_file_in(state).read_text(encoding="utf-8")) | {"state": state}))
            if is_locked(state):
                return stack
        raise StackError(f"No stack is running with its state in {state}. Start one with `make run`.")


def _file_in(state: Path) -> Path:
    return state / "stack.json"


def boto_env(endpoint_url: str) -> dict[str, str]:
    """Return environment variables with which AWS tools and SDKs call this emulator, and never AWS."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        # In the emulator, the access key of an account's root user is the account's number.
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@functools.cache
def boto_client(endpoint_url: str, service: str) -> Any:  # noqa: ANN401 - boto3's clients have no common type
    """Return a boto3 client of an emulator."""
    session = boto3.Session(aws_access_key_id=ACCOUNT, aws_secret_access_key="local", region_name=REGION)  # noqa: S106 - no secret
    # Use a long timeout and no retries. A retry after a timeout would call a slow function twice.
    config = Config(retries={"total_max_attempts": 1}, read_timeout=120)
    return session.client(service, endpoint_url=endpoint_url, config=config)  # type: ignore[call-overload]


def awaited[Seen](probe: Callable[[], Seen], seconds: float = PATIENCE_SECONDS) -> Seen:
    """Call `probe` until its result is true or the time is over. Return the last result."""
    deadline = time.monotonic() + seconds
    while not (seen := probe()) and time.monotonic() < deadline:
        time.sleep(0.03)
    return seen
