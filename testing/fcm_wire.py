"""Stand in for FCM on this machine. A test sets the answers for each target."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from delivery.credential import credential_from

if TYPE_CHECKING:
    from collections.abc import Iterator

    from google.auth.credentials import Credentials

PROJECT = "rekindle-test"
_FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_APNS_ERROR = "type.googleapis.com/google.firebase.fcm.v1.ApnsError"
_BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"


@cache
def _pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, format_ = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, format_, serialization.NoEncryption()).decode()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the server. The server waits `after` seconds before it sends the answer.

    With status 0, the server closes the connection without an answer. With `cut_off`, it closes the connection after
    half of the answer. If `taken` is true, the server accepts the message although it answers with an error.
    """

    status: int
    body: dict[str, Any] | bytes
    headers: dict[str, str] = field(default_factory=dict)
    after: float = 0.0
    cut_off: bool = False
    taken: bool = False

    @property
    def content(self) -> bytes:
        """Return the body's bytes."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def failure(status: int, code: str, *details: dict[str, Any], fcm: str | None = None, **headers: str) -> Answer:
    listed = [*([{"@type": _FCM_ERROR, "errorCode": fcm}] if fcm else []), *details]
    error = {"code": status, "message": "As the test wants it.", "status": code, "details": listed}
    return Answer(status, {"error": error}, {name.replace("_", "-"): value for name, value in headers.items()})


def apns(status: int, reason: str) -> dict[str, Any]:
    """Return the detail that reports Apple's answer to FCM."""
    return {"@type": _APNS_ERROR, "statusCode": status, "reason": reason}


UNREGISTERED = failure(404, "NOT_FOUND", fcm="UNREGISTERED")
OTHER_SENDER = failure(403, "PERMISSION_DENIED", fcm="SENDER_ID_MISMATCH")
MALFORMED_TOKEN = failure(
    400,
    "INVALID_ARGUMENT",
    {"@type": _BAD_REQUEST, "fieldViolations": [{"field": "message.token", "description": "Invalid token"}]},
    fcm="INVALID_ARGUMENT",
)
OUR_MISTAKE = failure(400, "INVALID_ARGUMENT", fcm="INVALID_ARGUMENT")
QUOTA = failure(429, "RESOURCE_EXHAUSTED", fcm="QUOTA_EXCEEDED", Retry_After="120")
UNAVAILABLE = failure(503, "UNAVAILABLE", fcm="UNAVAILABLE", Retry_After="30")
INTERNAL = failure(500, "INTERNAL", fcm="INTERNAL")
UNAUTHENTICATED = failure(401, "UNAUTHENTICATED")
APPLE_SAYS_NO = failure(401, "UNAUTHENTICATED", apns(403, "InvalidProviderToken"), fcm="THIRD_PARTY_AUTH_ERROR")
OTHER_ENVIRONMENT = failure(401, "UNAUTHENTICATED", apns(403, "BadEnvironmentKeyInToken"), fcm="THIRD_PARTY_AUTH_ERROR")
GONE_AT_APPLE = failure(400, "INVALID_ARGUMENT", apns(410, "Unregistered"), fcm="INVALID_ARGUMENT")
NO_DEVICE_OF_APPLE = failure(400, "INVALID_ARGUMENT", apns(400, "BadDeviceToken"), fcm="INVALID_ARGUMENT")
A_PROXY_S_PAGE = Answer(502, b"<html><body>Bad Gateway</body></html>", {"Content-Type": "text/html"})
HANGS_UP = Answer(0, {})
NEVER: Final = 3600.0
"""More seconds than any test waits."""


@dataclass
class FcmWire:
    """Controls the server and records what it gets.

    `script` maps a target to the answers for messages to this target. The server gives these answers one after another.
    When none is left, the server accepts each message.

    `bearers` are the access tokens that the server got. The server refuses the tokens in `refused_bearers`.
    """

    url: str = ""
    script: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    messages: list[dict[str, Any]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)
    bearers: list[str] = field(default_factory=list)
    refused_bearers: set[str] = field(default_factory=set)
    connections: set[tuple[str, int]] = field(default_factory=set)
    attempts: Counter[str] = field(default_factory=Counter)
    token_requests: int = 0
    token_answer: Answer = field(
        default_factory=lambda: Answer(200, {"access_token": "access", "expires_in": 3600, "token_type": "Bearer"})
    )
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def secret(self) -> str:
        """Return the JSON of a service account whose tokens this server issues."""
        return json.dumps(
            {
                "type": "service_account",
                "project_id": PROJECT,
                "client_email": f"push@{PROJECT}.iam.gserviceaccount.com",
                "token_uri": f"{self.url}/token",
                "private_key": _pem(),
            }
        )

    @property
    def credential(self) -> Credentials:
        """Return the credential of `secret`. All servers share the parsed private key, because parsing is slow."""
        credential: Credentials = _credential().with_token_uri(f"{self.url}/token")
        return credential

    def delivered_to(self, target: str) -> list[dict[str, Any]]:
        """Return the messages that the server accepted for a target, in order."""
        return [message for message in self.messages if target_of(message) == target]

    def answer(self, path: str, body: bytes, authorization: str) -> Answer:
        with self.lock:
            if path == "/token":
                self.token_requests += 1
                return self.token_answer
            self.paths.add(path)
            self.bodies.append(body)
            message = json.loads(body)["message"]
            target, bearer = target_of(message), authorization.removeprefix("Bearer ")
            self.attempts[target] += 1
            self.bearers.append(bearer)
            if bearer in self.refused_bearers:
                return UNAUTHENTICATED
            if self.script[target]:
                answer = self.script[target].pop(0)
                if answer.taken:
                    self.messages.append(message)
                return answer
            self.messages.append(message)
            return Answer(200, {"name": f"projects/{PROJECT}/messages/{len(self.messages)}"})


@cache
def _credential() -> Any:
    return credential_from(FcmWire().secret)


def target_of(message: dict[str, Any]) -> str:
    """Return the token or the installation id to which a message is addressed."""
    return str(message.get("token") or message["fid"])


@contextlib.contextmanager
def fcm_wire() -> Iterator[FcmWire]:
    wire = FcmWire()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            wire.connections.add(self.client_address)
            answer = wire.answer(self.path, body, self.headers.get("Authorization", ""))
            time.sleep(answer.after)
            if not answer.status:
                self.close_connection = True
                return
            content = answer.content
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.close_connection = answer.cut_off
            self.wfile.write(content[: len(content) // 2] if answer.cut_off else content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name is the library's
            """Log nothing, because `FcmWire` records the requests."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 256
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Ignore a client that closed its connection, because some tests do that."""

    with Server(("127.0.0.1", 0), Handler) as server:
        wire.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield wire
        finally:
            server.shutdown()
            thread.join()
