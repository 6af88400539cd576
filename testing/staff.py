"""Run the command line as members of staff, in this process. An httpx transport stands in for the service.

The transport serves the console's settings, Firebase's sign-in, and the practice's API. The API's answers come from its
handler or from a test.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import httpx
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError
from rich.console import Console

from cli.application import run
from cli.config import ConfigStore
from cli.session import World
from rekindle.domain.ids import Uid
from testing.contract import require_declared
from testing.phones import http_event

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    from cli.operator import Caller
    from testing.phones import Handler

API = "https://api.practice.example"
SETTINGS = {
    "api": "",
    "identity": "https://identitytoolkit.googleapis.com",
    "securetoken": "https://securetoken.googleapis.com",
    "apiKey": "web-key",
    "project": "rekindle-test",
}
PASSWORD = "a-long-password"
REFRESH = "refresh-token-of-"
BOTH = "practice:read practice:publish"
ACCOUNTS = {
    "ruth@practice.example": BOTH,
    "saul@practice.example": BOTH,
    "rita@practice.example": "practice:read",
    "uma@practice.example": BOTH,
    "couple@example.org": "",
}
FOR_READERS = ("/practice/check", "/practice/notices/read", "/practice/sign-out")
"""The ends of the paths to which a reader may send more than a GET."""
UNVERIFIED = {"uma@practice.example"}
"""The accounts whose email address is not verified."""

type Answer = Callable[[httpx.Request], httpx.Response]
type Fault = Callable[[httpx.Request, Answer], httpx.Response]


def a_token(email: str) -> str:
    verified = str(email not in UNVERIFIED).lower()
    claims = {"sub": email.partition("@")[0], "email": email, "email_verified": verified, "scope": ACCOUNTS[email]}
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"head.{body}.signature"


@dataclass
class Service(httpx.BaseTransport):
    """Stands in for a deployment. `api` answers the requests below /v1.

    A fault has a method, a part of a path, and a function. The next request below /v1 with this method and this
    part in its path goes to the function, not to `api`. The function gets the request and `api`, and returns an answer
    or raises an error. Each fault is used once.

    `firebase` answers requests to Google. Without it, there are the accounts in ACCOUNTS, which have no second factors.
    """

    api: Answer
    faults: list[tuple[str, str, Fault]] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)
    refuses_refresh: str | None = None
    firebase: Answer | None = None
    settings: dict[str, str] = field(default_factory=lambda: dict(SETTINGS))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        request.read()
        match request.url.host:
            case "identitytoolkit.googleapis.com" | "securetoken.googleapis.com":
                return self._firebase(request)
            case "api.practice.example" if request.url.path == "/console/config.json":
                return httpx.Response(200, json=self.settings)
            case "api.practice.example" if request.url.path.startswith("/v1/"):
                return self._api(request)
            case "nowhere.example":
                raise httpx.ConnectError("no such host")
            case _:
                return httpx.Response(404, text="not here")

    def asked(self, method: str, part: str) -> list[httpx.Request]:
        """Return the requests with this method whose path contains `part`."""
        return [each for each in self.requests if each.method == method and part in each.url.path]

    def _api(self, request: httpx.Request) -> httpx.Response:
        for place, (method, part, fault) in enumerate(self.faults):
            if method == request.method and part in request.url.path:
                del self.faults[place]
                return fault(request, self.api)
        return self.api(request)

    def _firebase(self, request: httpx.Request) -> httpx.Response:
        if self.firebase:
            return self.firebase(request)
        if request.url.host.startswith("securetoken"):
            return self._refresh(parse_qs(request.content.decode()))
        return self._sign_in(json.loads(request.content))

    def _sign_in(self, asked: dict[str, Any]) -> httpx.Response:
        email = asked["email"]
        if email not in ACCOUNTS or asked["password"] != PASSWORD:
            error = {"code": 400, "message": "INVALID_LOGIN_CREDENTIALS"}
            return httpx.Response(400, json={"error": error})
        tokens = {"idToken": a_token(email), "refreshToken": REFRESH + email, "email": email, "expiresIn": "3600"}
        return httpx.Response(200, json=tokens)

    def _refresh(self, form: dict[str, list[str]]) -> httpx.Response:
        if self.refuses_refresh:
            error = {"code": 400, "message": self.refuses_refresh, "status": "INVALID"}
            return httpx.Response(400, json={"error": error})
        (token,) = form["refresh_token"]
        email = token.removeprefix(REFRESH)
        return httpx.Response(200, json={"id_token": a_token(email), "refresh_token": token, "expires_in": "3600"})


def lost(request: httpx.Request, answer: Answer) -> httpx.Response:
    """Send the request to the service, but lose the answer."""
    answer(request)
    raise httpx.ReadTimeout("no answer")


def unheard(_request: httpx.Request, _answer: Answer) -> httpx.Response:
    """Lose the request, so that the service never gets it."""
    raise httpx.ConnectTimeout("no connection")


def busy(_request: httpx.Request, _answer: Answer) -> httpx.Response:
    """Answer that the service is busy."""
    return httpx.Response(429, headers={"Retry-After": "3"}, json={"message": "Too Many Requests"})


def through(handler: Handler, now: Callable[[], dt.datetime]) -> Answer:
    """Return an API that checks a token's scopes as API Gateway does. Then it calls the handler."""

    def answer(request: httpx.Request) -> httpx.Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token.count(".") != 2:
            return httpx.Response(401, json={"message": "Unauthorized"})
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        is_for_readers = request.method == "GET" or request.url.path.endswith(FOR_READERS)
        needed = {*BOTH.split()} if is_for_readers else {BOTH.split()[1]}
        if not needed & {*claims["scope"].split()}:
            return httpx.Response(403, json={"message": "Forbidden"})
        path = request.url.raw_path.decode().removeprefix("/v1")
        content = request.content.decode() or None
        event = http_event(request.method, f"/v1{path}", Uid(claims["sub"]), now(), content)
        event["requestContext"]["authorizer"]["jwt"]["claims"] |= claims
        event["headers"]["authorization"] = f"Bearer {token}"
        answered = handler(event, None)
        require_declared(event, answered)
        return httpx.Response(answered["statusCode"], headers=answered["headers"], text=answered.get("body") or "")

    return answer


@dataclass(frozen=True, slots=True)
class Said:
    """The exit status and the output of a command."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        return json.loads(self.err)["error"]


class MemoryKeyring(KeyringBackend):
    """A desktop's keyring in memory. If `refuses` is true, each call fails, as with a locked keyring."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.passwords: dict[tuple[str, str], str] = {}
        self.refuses = False

    def get_password(self, service: str, username: str) -> str | None:
        self._require_open()
        return self.passwords.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._require_open()
        self.passwords[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._require_open()
        if self.passwords.pop((service, username), None) is None:
            raise PasswordDeleteError("no such password")

    def _require_open(self) -> None:
        if self.refuses:
            raise KeyringLocked("the keyring is locked")


@dataclass
class Person:
    """A person at their own terminal. `answers` are the lines that the person types.

    An answer can be a function. It gets what the command has printed on stderr, and returns the line. If `answers` is
    empty or `is_there` is false, the command cannot ask a person.
    """

    service: Service
    folder: Path
    now: Callable[[], dt.datetime]
    answers: list[str | Callable[[str], str]] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    width: int = 200
    is_there: bool = True
    keyring: KeyringBackend | None = None
    caller: Caller | None = None

    def __call__(self, *arguments: str) -> Said:
        out, err = io.StringIO(), io.StringIO()

        def typed(_asked: str = "") -> str:
            answer = self.answers.pop(0)
            return answer if isinstance(answer, str) else answer(err.getvalue())

        world = World(
            out=Console(file=out, width=self.width, highlight=False, markup=False, emoji=False),
            err=Console(file=err, width=self.width, highlight=False, markup=False, emoji=False),
            config=ConfigStore(self.folder, lambda: self.keyring),
            network=lambda: httpx.Client(transport=self.service),
            now=self.now,
            pause=self.waited.append,
            is_interactive=lambda: self.is_there and bool(self.answers),
            line=typed,
            hidden=typed,
            caller=lambda _stack: self._operator(),
        )
        status = run([*arguments], world)
        return Said(status, out.getvalue(), err.getvalue())

    def signed_in(self, name: str) -> Person:
        self.answers[:] = [PASSWORD]
        said = self("sign-in", "--yes", "--stack", API, "--name", "test", "--email", f"{name}@practice.example")
        assert said.status == 0, said.err
        assert not self.answers
        return self

    def _operator(self) -> Caller:
        assert self.caller
        return self.caller
