"""`Identity` asks Firebase about a caller's account, here through the stand-in."""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from local.stack.start import free_ports
from rekindle.api.callers import Caller
from rekindle.api.identity import REST, TIMEOUT, Account, AccountState, Identity
from rekindle.domain.ids import Uid
from testing.builders import an_instant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.google.place import Place

PROJECT = "rekindle-test"
ADMIN = f"/identitytoolkit.googleapis.com/v1/projects/{PROJECT}"
PAGE = "https://api.example/console"


@pytest.fixture
def web(place: Place) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=place.origin, timeout=30, headers={"Authorization": "Bearer owner"}) as client:
        yield client


@pytest.fixture
def firebase(place: Place) -> Identity:
    return Identity(place.identity, "local")


def caller(uid: str = "ada", token: str = "a.b.c") -> Caller:  # noqa: S107 - no secret
    return Caller(Uid(uid), an_instant(), token=token, page=PAGE)


def signed_in(web: httpx.Client, uid: str, **more: Any) -> Caller:
    reply = web.post("/sign-in", json={"uid": uid, **more}).raise_for_status()
    return caller(uid, reply.json()["id_token"])


def test_an_account_stands_until_it_is_disabled(web: httpx.Client, firebase: Identity) -> None:
    ada = signed_in(web, "ada")
    assert firebase.account_state(ada) is AccountState.GOOD
    web.post(f"{ADMIN}/accounts:update", json={"localId": "ada", "disableUser": True}).raise_for_status()
    assert firebase.account_state(ada) is AccountState.ENDED
    web.post(f"{ADMIN}/accounts:update", json={"localId": "ada", "disableUser": False}).raise_for_status()
    assert firebase.account_state(ada) is AccountState.GOOD


def test_a_deleted_account_does_not_stand(web: httpx.Client, firebase: Identity) -> None:
    ben = signed_in(web, "ben")
    web.post(f"{ADMIN}/accounts:delete", json={"localId": "ben"}).raise_for_status()
    assert firebase.account_state(ben) is AccountState.ENDED


def test_a_sign_in_that_was_revoked_does_not_stand(web: httpx.Client, firebase: Identity) -> None:
    old = signed_in(web, "cleo", signed_in_ago=600)
    account = web.post(f"{ADMIN}/accounts:lookup", json={"localId": ["cleo"]}).json()["users"][0]
    since = int(account["validSince"]) + 300
    web.post(f"{ADMIN}/accounts:update", json={"localId": "cleo", "validSince": since}).raise_for_status()
    assert firebase.account_state(old) is AccountState.ENDED
    assert firebase.account_state(signed_in(web, "cleo")) is AccountState.GOOD


def test_somebody_elses_account_does_not_count(web: httpx.Client, firebase: Identity) -> None:
    assert firebase.account_state(caller("mallory", signed_in(web, "ada").token)) is AccountState.ENDED


def test_a_key_that_never_worked_signs_nobody_out(
    place: Place, web: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    """API Gateway has verified the token. So if Firebase calls it invalid, perhaps our key is of another project."""
    dora = signed_in(web, "dora")
    assert Identity(place.identity, "").account_state(dora) is AccountState.UNKNOWN
    assert Identity(place.identity, "local").account_state(caller(token="not.a.token")) is AccountState.UNKNOWN
    lines = [vars(record) for record in caplog.records if record.levelname == "ERROR"]
    assert [(line["reason"], line["outside"]) for line in lines] == [("403", True), ("400 INVALID_ID_TOKEN", True)]
    assert dora.token not in str(lines)


def test_once_the_key_has_worked_an_invalid_token_ends_this_callers_sign_in_alone(
    web: httpx.Client, firebase: Identity
) -> None:
    dora = signed_in(web, "dora")
    assert firebase.account_state(dora) is AccountState.GOOD
    for token in ("not.a.token", ""):
        assert firebase.account_state(caller("mallory", token)) is AccountState.ENDED
    assert firebase.account_state(dora) is AccountState.GOOD


@contextlib.contextmanager
def answering(handler: type[http.server.BaseHTTPRequestHandler], port: int = 0) -> Iterator[str]:
    """Serve with this handler. Yield the address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class Handler(http.server.BaseHTTPRequestHandler):
    """Says that Ada's account stands, and keeps the connection open."""

    protocol_version = "HTTP/1.1"
    status = 200
    said: object = {"users": [{"localId": "ada"}]}

    def do_POST(self) -> None:
        body = self.said if isinstance(self.said, bytes) else json.dumps(self.said).encode()
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write nothing."""


def saying(status: int, said: object) -> type[Handler]:
    return type("Saying", (Handler,), {"status": status, "said": said})


@pytest.mark.parametrize(
    ("said", "account_state"),
    [
        ({"users": [{"localId": "ada", "disabled": False}]}, AccountState.GOOD),
        ({"users": [{"localId": "ada", "disabled": True}]}, AccountState.ENDED),
        ({"users": [{"localId": "ben"}]}, AccountState.ENDED),
        ({"users": []}, AccountState.ENDED),
        ({}, AccountState.ENDED),
        ({"users": [{}]}, AccountState.UNKNOWN),
        ({"users": "ada"}, AccountState.UNKNOWN),
        ({"users": {"localId": "ada"}}, AccountState.UNKNOWN),
        ([], AccountState.UNKNOWN),
        (b"<html>", AccountState.UNKNOWN),
        (b"", AccountState.UNKNOWN),
    ],
    ids=str,
)
def test_only_the_callers_own_account_that_is_not_disabled_is_good(said: object, account_state: AccountState) -> None:
    with answering(saying(200, said)) as address:
        assert Identity(address, "local").account_state(caller()) is account_state


@pytest.mark.parametrize(
    ("attributes", "scopes"),
    [
        ('{"scope": "practice:read practice:publish"}', "practice:read practice:publish"),
        ('{"scope": "practice:read", "other": 1}', "practice:read"),
        ('{"scope": ""}', ""),
        ("{}", ""),
        ('{"scope": ["practice:read"]}', ""),
        ('"practice:read"', ""),
        ("practice:read", ""),
        ("", ""),
        (None, ""),
        ({"scope": "practice:read"}, ""),
    ],
    ids=str,
)
def test_an_account_has_the_rights_of_its_custom_claims_and_none_without(attributes: object, scopes: str) -> None:
    with answering(saying(200, {"users": [{"localId": "ada", "customAttributes": attributes}]})) as address:
        assert Identity(address, "local").account(caller()) == Account(AccountState.GOOD, frozenset(scopes.split()))
    with answering(saying(200, {"users": [{"localId": "ada"}]})) as address:
        assert Identity(address, "local").account(caller()).scopes == frozenset()


def test_an_account_that_is_disabled_has_no_rights() -> None:
    claims = '{"scope": "practice:read"}'
    user = {"localId": "ada", "disabled": True, "customAttributes": claims}
    with answering(saying(200, {"users": [user]})) as address:
        assert Identity(address, "local").account(caller()) == Account(AccountState.ENDED)


@pytest.mark.parametrize(
    ("status", "said", "rests"),
    [
        (200, {}, False),
        (200, b"", False),
        (400, {"error": {"message": "INVALID_ID_TOKEN"}}, False),
        (400, {"error": {"message": "API key not valid. Please pass a valid API key."}}, False),
        (403, {"error": {"message": "Requests from referer <empty> are blocked."}}, False),
        (408, b"", False),
        (429, {"error": {"message": "QUOTA_EXCEEDED"}}, True),
        (500, b"", True),
        (503, {"error": {"message": "USER_DISABLED"}}, True),
    ],
)
def test_an_answer_about_one_caller_never_ends_the_checks_of_others(
    status: int, said: object, *, rests: bool, caplog: pytest.LogCaptureFixture
) -> None:
    (port,) = free_ports(1)
    firebase = Identity(f"http://127.0.0.1:{port}", "local")
    with answering(saying(status, said), port):
        firebase.account_state(caller("mallory"))
    with answering(Handler, port):
        assert firebase.account_state(caller()) is (AccountState.UNKNOWN if rests else AccountState.GOOD)
    levels = {record.levelname for record in caplog.records if "Firebase" in record.getMessage()}
    assert levels == ({"WARNING"} if rests else {"ERROR"} if said != {} else set())


class Forgetful(Handler):
    """Closes a connection without an answer when a second request comes on this connection."""

    answered = False

    def do_POST(self) -> None:
        if self.answered:
            self.close_connection = True
            return
        self.answered = True
        super().do_POST()


def test_a_connection_that_was_closed_meanwhile_is_never_used(caplog: pytest.LogCaptureFixture) -> None:
    """Lambda freezes a process between two calls, so the process does not hear that Firebase closes a connection."""
    with answering(Forgetful) as address:
        firebase = Identity(address, "local")
        assert [firebase.account_state(caller()) for _ in range(3)] == [AccountState.GOOD] * 3
    assert not caplog.records


def failing(times: int) -> type[Handler]:
    """Return a handler that closes this many connections without an answer."""
    left = [times]

    class Failing(Handler):
        def do_POST(self) -> None:
            if left[0]:
                left[0] -= 1
                self.close_connection = True
            else:
                super().do_POST()

    return Failing


@pytest.mark.parametrize(("times", "account_state"), [(1, AccountState.GOOD), (2, AccountState.UNKNOWN)])
def test_a_failed_connection_gets_one_more_attempt(times: int, account_state: AccountState) -> None:
    with answering(failing(times)) as address:
        firebase = Identity(address, "local")
        assert firebase.account_state(caller()) is account_state
        assert firebase.account_state(caller()) is account_state  # after two failures, the process rests


def test_after_a_failure_nobody_waits_in_vain_for_a_while(caplog: pytest.LogCaptureFixture) -> None:
    clock = [0.0]
    (port,) = free_ports(1)
    firebase = Identity(f"http://127.0.0.1:{port}", "local", lambda: clock[0])
    assert [firebase.account_state(caller()) for _ in range(3)] == [AccountState.UNKNOWN] * 3
    assert [record.levelname for record in caplog.records if "Firebase" in record.getMessage()] == ["WARNING"]
    with answering(Handler, port):
        clock[0] = REST - 0.1
        assert firebase.account_state(caller()) is AccountState.UNKNOWN
        clock[0] = REST
        assert firebase.account_state(caller()) is AccountState.GOOD


class Silent(Handler):
    """Answers only when the test is over."""

    over = threading.Event()
    asked = 0

    def do_POST(self) -> None:
        Silent.asked += 1
        self.over.wait(30)


def test_a_slow_firebase_costs_a_call_little_time(caplog: pytest.LogCaptureFixture) -> None:
    with answering(Silent) as address:
        slow = Identity(address, "local", timeout=TIMEOUT / 20)
        assert slow.account_state(caller()) is AccountState.UNKNOWN
        Silent.over.set()
    assert Silent.asked == 1
    assert [vars(line)["reason"] for line in caplog.records if "Firebase" in line.getMessage()] == ["ReadTimeoutError"]
