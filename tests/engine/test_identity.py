"""`Identity` asks Firebase about a caller's account, here through the stand-in."""

from __future__ import annotations

import contextlib
import http.server
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local.google.place import Place
from local.stack.start import free_ports
from rekindle.api.identity import REST, TIMEOUT, Identity, Standing

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = "rekindle-test"
ADMIN = f"/identitytoolkit.googleapis.com/v1/projects/{PROJECT}"
PAGE = "https://api.example/console"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    (port,) = free_ports(1)
    place = Place(port, PROJECT, tmp_path_factory.mktemp("google"))
    place.issuer()
    with place.start(place.folder / "google.log") as server:
        server.await_answer(place.origin, 30)
        yield place


@pytest.fixture
def web(place: Place) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=place.origin, timeout=30, headers={"Authorization": "Bearer owner"}) as client:
        yield client


@pytest.fixture
def firebase(place: Place) -> Identity:
    return Identity(place.identity, "local")


def token(web: httpx.Client, uid: str, **more: Any) -> str:
    found: str = web.post("/sign-in", json={"uid": uid, **more}).raise_for_status().json()["id_token"]
    return found


def test_an_account_stands_until_it_is_disabled(web: httpx.Client, firebase: Identity) -> None:
    ada = token(web, "ada")
    assert firebase.standing(ada, PAGE) is Standing.GOOD
    web.post(f"{ADMIN}/accounts:update", json={"localId": "ada", "disableUser": True}).raise_for_status()
    assert firebase.standing(ada, PAGE) is Standing.ENDED
    web.post(f"{ADMIN}/accounts:update", json={"localId": "ada", "disableUser": False}).raise_for_status()
    assert firebase.standing(ada, PAGE) is Standing.GOOD


def test_a_deleted_account_does_not_stand(web: httpx.Client, firebase: Identity) -> None:
    ben = token(web, "ben")
    web.post(f"{ADMIN}/accounts:delete", json={"localId": "ben"}).raise_for_status()
    assert firebase.standing(ben, PAGE) is Standing.ENDED


def test_a_sign_in_that_was_revoked_does_not_stand(web: httpx.Client, firebase: Identity) -> None:
    old = token(web, "cleo", signed_in_ago=600)
    account = web.post(f"{ADMIN}/accounts:lookup", json={"localId": ["cleo"]}).json()["users"][0]
    since = int(account["validSince"]) + 300
    web.post(f"{ADMIN}/accounts:update", json={"localId": "cleo", "validSince": since}).raise_for_status()
    assert firebase.standing(old, PAGE) is Standing.ENDED
    assert firebase.standing(token(web, "cleo"), PAGE) is Standing.GOOD


def test_a_refused_key_or_token_is_no_answer_about_the_account_but_an_error(
    place: Place, web: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    """API Gateway has verified the token. So if Firebase calls it invalid, our key is of another project."""
    dora = token(web, "dora")
    assert Identity(place.identity, "").standing(dora, PAGE) is Standing.UNKNOWN
    assert Identity(place.identity, "local").standing("not.a.token", PAGE) is Standing.UNKNOWN
    lines = [vars(record) for record in caplog.records if record.levelname == "ERROR"]
    assert [(line["reason"], line["outside"]) for line in lines] == [("403", True), ("400 INVALID_ID_TOKEN", True)]
    assert dora not in str(lines)


def test_after_a_failure_nobody_waits_in_vain_for_a_while(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = [0.0]
    (port,) = free_ports(1)
    firebase = Identity(f"http://127.0.0.1:{port}", "local", lambda: clock[0])
    assert [firebase.standing("token", PAGE) for _ in range(3)] == [Standing.UNKNOWN] * 3
    assert [record.levelname for record in caplog.records if "Firebase" in record.getMessage()] == ["WARNING"]
    with answering(Good, port):
        clock[0] = REST - 0.1
        assert firebase.standing("token", PAGE) is Standing.UNKNOWN
        clock[0] = REST
        assert firebase.standing("token", PAGE) is Standing.GOOD


@contextlib.contextmanager
def answering(handler: type[http.server.BaseHTTPRequestHandler], port: int = 0) -> Iterator[str]:
    """Serve with this handler. Yield the address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class Good(http.server.BaseHTTPRequestHandler):
    """Says that every account stands."""

    def do_POST(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Write nothing."""


class Silent(http.server.BaseHTTPRequestHandler):
    """Answers only when the test is over."""

    over = threading.Event()

    def do_POST(self) -> None:
        self.over.wait(30)

    def log_message(self, *_: object) -> None:
        """Write nothing."""


def test_a_slow_firebase_costs_a_call_little_time(caplog: pytest.LogCaptureFixture) -> None:
    with answering(Silent) as address:
        slow = Identity(address, "local", timeout=TIMEOUT / 20)
        assert slow.standing("token", PAGE) is Standing.UNKNOWN
        Silent.over.set()
    assert [vars(line)["reason"] for line in caplog.records if "Firebase" in line.getMessage()] == ["ReadTimeoutError"]
