"""The stand-in for FCM takes pushes as FCM does, and keeps an inbox for each phone."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import google.auth.exceptions
import httpx
import jwt
import pytest
from firebase_admin import credentials

from local.google.place import Place
from local.stack.start import free_ports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

type Send = Callable[..., httpx.Response]

PROJECT = "rekindle-test"
SEND = f"/v1/projects/{PROJECT}/messages:send"


@contextlib.contextmanager
def serving(place: Place) -> Iterator[None]:
    place.folder.mkdir(parents=True, exist_ok=True)
    place.issuer()
    with place.start(place.folder / "google.log") as server:
        server.await_answer(place.origin, 30)
        yield


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    (port,) = free_ports(1)
    place = Place(port, PROJECT, tmp_path_factory.mktemp("google"))
    with serving(place):
        yield place


@pytest.fixture
def web(place: Place) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=place.origin, timeout=30) as client:
        client.delete("/faults")
        client.delete("/inbox")
        yield client
        client.delete("/faults")


@pytest.fixture(scope="module")
def bearer(place: Place) -> dict[str, str]:
    """Return the header of a request to FCM, with an access token as google-auth gets it."""
    credential = credentials.Certificate(place.service_account()).get_access_token()
    return {"Authorization": f"Bearer {credential.access_token}"}


@pytest.fixture
def send(web: httpx.Client, bearer: dict[str, str]) -> Send:
    def sent(token: str, **message: Any) -> httpx.Response:
        return web.post(SEND, headers=bearer, json={"message": {"token": token, **message}})

    return sent


def a_notification(tag: str, **aps: Any) -> dict[str, Any]:
    return {
        "notification": {"title": "Hello", "body": "It is there."},
        "android": {"notification": {"tag": tag}},
        "apns": {"headers": {"apns-collapse-id": tag}, "payload": {"aps": aps}},
    }


def test_a_push_reaches_its_phones_inbox_and_no_other(send: Send, web: httpx.Client, bearer: dict[str, str]) -> None:
    answer = send("phone-of-ana", data={"link": "x"}, **a_notification("day"))
    assert answer.json()["name"].startswith(f"projects/{PROJECT}/messages/0:")
    (push,) = web.get("/inbox/phone-of-ana").json()
    assert (push["title"], push["body"], push["data"]) == ("Hello", "It is there.", {"link": "x"})
    assert push["buzzes"]
    # An installation id is the newer name of the same address.
    web.post(SEND, headers=bearer, json={"message": {"fid": "installation-of-ben"}}).raise_for_status()
    assert web.get("/inbox").json() == {"phone-of-ana": 1, "installation-of-ben": 1}


def test_a_push_with_the_same_collapse_key_replaces_and_does_not_buzz_again(send: Send, web: httpx.Client) -> None:
    for tag in ("day", "evening", "day"):
        send("phone", **a_notification(tag))

    first, other, again = web.get("/inbox/phone").json()
    assert (first["buzzes"], other["buzzes"], again["buzzes"]) == (True, True, False)
    assert again["replaces"] == first["number"]
    assert first["replaced_by"] == again["number"]
    assert other["replaced_by"] is None


def test_a_passive_push_does_not_buzz(send: Send, web: httpx.Client) -> None:
    send("phone", **a_notification("day", **{"interruption-level": "passive"}))

    (push,) = web.get("/inbox/phone").json()
    assert push["passive"]
    assert not push["buzzes"]


def test_a_fault_is_one_phones_or_all_phones_and_passes_after_its_times(send: Send, web: httpx.Client) -> None:
    """`tests/domain/test_delivery_answers.py` has the answer to each fault."""
    web.put("/faults", json={"kind": "UNREGISTERED", "token": "phone", "times": 2}).raise_for_status()
    statuses = [send(token).status_code for token in ("phone", "another phone", "phone", "phone")]
    assert statuses == [404, 200, 404, 200]
    web.put("/faults", json={"kind": "AUTH", "times": 2})
    assert [send(token).status_code for token in "abc"] == [401, 401, 200]
    assert web.get("/inbox").json() == {"another phone": 1, "phone": 1, "c": 1}
    web.put("/faults", json={"kind": "THIRD_PARTY_AUTH"})
    assert send("phone").json()["error"]["details"][1]["reason"] == "InvalidProviderToken"


@pytest.mark.parametrize(("kind", "arrive"), [("TIMEOUT", 0), ("LOST_REPLY", 1)])
def test_a_push_that_is_not_answered_may_have_been_sent(send: Send, web: httpx.Client, kind: str, arrive: int) -> None:
    web.put("/faults", json={"kind": kind, "seconds": 0.01})
    assert send("phone").status_code == 503
    assert len(web.get("/inbox/phone").json()) == arrive


@pytest.mark.parametrize("kind", ["QUOTA", "UNAVAILABLE"])
def test_an_overload_has_a_retry_after_header(send: Send, web: httpx.Client, kind: str) -> None:
    web.put("/faults", json={"kind": kind, "retry_after": 7})
    assert send("phone").headers["Retry-After"] == "7"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ya29.9999999999.0000", "Basic abc", "Bearer ya29.x.y"])
def test_a_send_without_a_valid_access_token_is_refused(web: httpx.Client, header: str) -> None:
    answer = web.post(SEND, headers={"Authorization": header}, json={"message": {"token": "x"}})
    assert answer.status_code == 401
    assert answer.json()["error"]["status"] == "UNAUTHENTICATED"


def test_another_projects_messages_are_refused(web: httpx.Client, bearer: dict[str, str]) -> None:
    answer = web.post("/v1/projects/other/messages:send", headers=bearer, json={"message": {"token": "x"}})

    assert answer.json()["error"]["status"] == "PERMISSION_DENIED"


def test_a_service_account_with_another_key_gets_no_access_token(place: Place, tmp_path: Path) -> None:
    forged = Place(place.port, PROJECT, tmp_path).service_account()

    with pytest.raises(google.auth.exceptions.RefreshError, match="invalid_grant"):
        credentials.Certificate(forged).get_access_token()


def test_a_restart_keeps_inboxes_tokens_and_credentials(tmp_path: Path) -> None:
    """This also holds if a crash left half of a line at the end of the inboxes' file, and after the next push."""
    (port,) = free_ports(1)
    place = Place(port, PROJECT, tmp_path)
    with serving(place):
        access = credentials.Certificate(place.service_account()).get_access_token().access_token
        bearer = {"Authorization": f"Bearer {access}"}
        url = f"{place.origin}{SEND}"
        httpx.post(url, headers=bearer, json={"message": {"token": "phone"}}).raise_for_status()
        signed_in = httpx.post(f"{place.origin}/sign-in", json={"email": "ana@example.org"}).json()
    with (tmp_path / "inbox.jsonl").open("a") as inbox:
        inbox.write('{"number": 2, "na')

    with serving(place):
        httpx.post(url, headers=bearer, json={"message": {"token": "phone"}}).raise_for_status()
        assert [push["number"] for push in httpx.get(f"{place.origin}/inbox/phone").json()] == [1, 2]
        discovery = httpx.get(f"{place.origin}/{PROJECT}/.well-known/openid-configuration").json()
        (key,) = httpx.get(discovery["jwks_uri"]).json()["keys"]
        claims = jwt.decode(
            signed_in["id_token"], jwt.PyJWK(key), audience=PROJECT, issuer=discovery["issuer"], algorithms=["RS256"]
        )
        assert claims["sub"] == signed_in["uid"]
        refresh = {"grant_type": "refresh_token", "refresh_token": signed_in["refresh_token"]}
        renewed = httpx.post(f"{place.securetoken}/v1/token?key=local", data=refresh).json()
        assert renewed["user_id"] == signed_in["uid"]

    with serving(place):
        assert [push["number"] for push in httpx.get(f"{place.origin}/inbox/phone").json()] == [1, 2]


def test_the_live_stream_shows_earlier_and_new_pushes(place: Place, send: Send, web: httpx.Client) -> None:
    send("phone", **a_notification("first"))

    with httpx.stream("GET", f"{place.origin}/inbox/phone/stream", timeout=10) as stream:
        lines = stream.iter_lines()
        shown = [_next_push(lines)]
        send("phone", **a_notification("second"))
        shown.append(_next_push(lines))

    assert [push["collapse_key"] for push in shown] == ["first", "second"]
    after_the_first = {"Last-Event-ID": str(shown[0]["number"])}
    with httpx.stream("GET", f"{place.origin}/inbox/phone/stream", headers=after_the_first, timeout=10) as stream:
        assert _next_push(stream.iter_lines())["collapse_key"] == "second"
    assert web.get("/stats").json()["inboxes"] == {"phone": 2}


def _next_push(lines: Iterator[str]) -> dict[str, Any]:
    push: dict[str, Any] = json.loads(next(line for line in lines if line.startswith("data: "))[6:])
    return push


@pytest.mark.parametrize(
    ("message", "field", "by_fcm"),
    [
        ({}, None, True),
        ({"token": "x", "colour": "red"}, "message", False),
        ({"token": "x", "data": {"n": 5}}, "message.data[0].value", False),
        ({"token": "x", "data": {"from": "me"}}, "message.data", True),
        (
            {"token": "x", "android": {"notification": {"visibility": "HIDDEN"}}},
            "message.android.notification.visibility",
            False,
        ),
        ({"token": "x", "android": {"ttl": "2419201s"}}, "message.android.ttl", True),
        ({"token": "x", "data": {"text": "x" * 4096}}, "message", True),
    ],
)
def test_an_invalid_message_is_refused_with_its_field(
    web: httpx.Client, bearer: dict[str, str], message: dict[str, Any], field: str | None, *, by_fcm: bool
) -> None:
    answer = web.post(SEND, headers=bearer, json={"message": message})

    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["status"] == "INVALID_ARGUMENT"
    violations = [each["field"] for detail in error.get("details", []) for each in detail.get("fieldViolations", [])]
    assert violations == ([field] if field else [])
    assert by_fcm == any(detail.get("errorCode") == "INVALID_ARGUMENT" for detail in error.get("details", []))


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b'{"massage": {}}', b'{"message": 5}'])
def test_an_invalid_body_is_refused(web: httpx.Client, bearer: dict[str, str], body: bytes) -> None:
    answer = web.post(SEND, headers=bearer, content=body)

    assert answer.status_code == 400


@pytest.mark.parametrize("fault", [{}, {"kind": "RAIN"}, {"kind": "QUOTA", "times": 0}, {"kind": "QUOTA", "toke": "x"}])
def test_an_unknown_fault_is_refused(web: httpx.Client, fault: dict[str, Any]) -> None:
    assert web.put("/faults", json=fault).status_code == 400
    assert web.get("/faults").json() == []
