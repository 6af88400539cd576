"""The stand-in for FCM gives firebase-admin the same answers as FCM."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

import firebase_admin
import google.auth.exceptions
import httpx
import jwt
import pytest
from firebase_admin import credentials, exceptions, messaging
from google.auth.credentials import CredentialsWithRegionalAccessBoundary

from local.google.place import Place
from local.stack.start import free_ports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_mock import MockerFixture

# Tokens and installation ids are the same to FCM; phones still send tokens.
pytestmark = pytest.mark.filterwarnings("ignore:Message.token is deprecated:DeprecationWarning")

PROJECT = "rekindle-test"
ATTEMPTS_OF_THE_SDK = 5
"""The SDK retries a send four times after a 500 or 503."""


@contextlib.contextmanager
def serving(place: Place) -> Iterator[None]:
    place.folder.mkdir(parents=True, exist_ok=True)
    place.issuer()
    with place.started(place.folder / "google.log") as server:
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


@pytest.fixture
def app(place: Place, mocker: MockerFixture) -> Iterator[firebase_admin.App]:
    """Make the SDK with the stand-in's service account and address."""
    mocker.patch.object(messaging._MessagingService, "FCM_URL", f"{place.origin}/v1/projects/{{0}}/messages:send")
    # Once a process, in the background, google-auth would ask Google itself where the account may be used.
    seam = "_is_regional_access_boundary_lookup_required"
    mocker.patch.object(CredentialsWithRegionalAccessBoundary, seam, autospec=True, return_value=False)
    credential = credentials.Certificate(place.service_account())
    app = firebase_admin.initialize_app(credential, {"projectId": PROJECT, "httpTimeout": 2}, name="stand-in")
    # Its pauses between attempts are not what is tested.
    adapter = messaging._get_messaging_service(app)._client.session.get_adapter("http://")
    mocker.patch.object(adapter.max_retries, "backoff_factor", 0)
    yield app
    messaging._get_messaging_service(app)._client.close()
    firebase_admin.delete_app(app)


@pytest.fixture
def send(app: firebase_admin.App) -> Callable[..., str]:
    def send(token: str, **message: Any) -> str:
        name: str = messaging.send(messaging.Message(token=token, **message), app=app)
        return name

    return send


@pytest.fixture
def bearer(place: Place) -> dict[str, str]:
    """Return the header of a request to FCM that does not use the SDK."""
    credential = credentials.Certificate(place.service_account()).get_access_token()
    return {"Authorization": f"Bearer {credential.access_token}"}


def a_notification(tag: str, **aps: Any) -> dict[str, Any]:
    return {
        "notification": messaging.Notification(title="Hello", body="It is there."),
        "android": messaging.AndroidConfig(notification=messaging.AndroidNotification(tag=tag)),
        "apns": messaging.APNSConfig(
            headers={"apns-collapse-id": tag}, payload=messaging.APNSPayload(messaging.Aps(**aps))
        ),
    }


def test_a_push_reaches_its_phones_inbox_and_no_other(send: Callable[..., str], web: httpx.Client) -> None:
    name = send("phone-of-ana", data={"link": "x"}, **a_notification("day"))

    assert name.startswith(f"projects/{PROJECT}/messages/0:")
    (push,) = web.get("/inbox/phone-of-ana").json()
    assert (push["title"], push["body"], push["data"]) == ("Hello", "It is there.", {"link": "x"})
    assert push["buzzes"]
    assert web.get("/inbox").json() == {"phone-of-ana": 1}


def test_a_push_with_the_same_collapse_key_replaces_and_does_not_buzz_again(
    send: Callable[..., str], web: httpx.Client
) -> None:
    for tag in ("day", "evening", "day"):
        send("phone", **a_notification(tag))

    first, other, again = web.get("/inbox/phone").json()
    assert (first["buzzes"], other["buzzes"], again["buzzes"]) == (True, True, False)
    assert again["replaces"] == first["number"]
    assert first["replaced_by"] == again["number"]
    assert other["replaced_by"] is None


def test_a_passive_push_does_not_buzz(send: Callable[..., str], web: httpx.Client) -> None:
    send("phone", **a_notification("day", custom_data={"interruption-level": "passive"}))

    (push,) = web.get("/inbox/phone").json()
    assert push["passive"]
    assert not push["buzzes"]


@pytest.mark.parametrize(
    ("kind", "expected", "code"),
    [
        ("UNREGISTERED", messaging.UnregisteredError, exceptions.NOT_FOUND),
        ("INVALID", exceptions.InvalidArgumentError, exceptions.INVALID_ARGUMENT),
        ("SENDER_ID_MISMATCH", messaging.SenderIdMismatchError, exceptions.PERMISSION_DENIED),
        ("QUOTA", messaging.QuotaExceededError, exceptions.RESOURCE_EXHAUSTED),
        ("UNAVAILABLE", exceptions.UnavailableError, exceptions.UNAVAILABLE),
        ("INTERNAL", exceptions.InternalError, exceptions.INTERNAL),
        ("AUTH", exceptions.UnauthenticatedError, exceptions.UNAUTHENTICATED),
        ("THIRD_PARTY_AUTH", messaging.ThirdPartyAuthError, exceptions.UNAUTHENTICATED),
        ("APNS_UNREGISTERED", exceptions.InvalidArgumentError, exceptions.INVALID_ARGUMENT),
        ("TIMEOUT", exceptions.UnavailableError, exceptions.UNAVAILABLE),
    ],
)
def test_each_fault_is_the_sdks_error_for_it(
    send: Callable[..., str], web: httpx.Client, kind: str, expected: type[exceptions.FirebaseError], code: str
) -> None:
    web.put("/faults", json={"kind": kind, "token": "phone"}).raise_for_status()

    with pytest.raises(expected) as caught:
        send("phone")

    assert type(caught.value) is expected
    assert caught.value.code == code
    assert web.get("/inbox/phone").json() == []
    assert send("another phone")


def test_a_refusal_by_apple_has_apples_own_reason(send: Callable[..., str], web: httpx.Client) -> None:
    """FCM answers HTTP 401, with its own code and Apple's answer."""
    web.put("/faults", json={"kind": "THIRD_PARTY_AUTH"}).raise_for_status()
    with pytest.raises(messaging.ThirdPartyAuthError) as caught:
        send("phone")
    details = caught.value.http_response.json()["error"]["details"]
    assert [(each["@type"].rpartition(".")[2], each.get("reason")) for each in details] == [
        ("FcmError", None),
        ("ApnsError", "InvalidProviderToken"),
    ]


def test_a_fault_for_all_phones_passes_after_its_times(send: Callable[..., str], web: httpx.Client) -> None:
    web.put("/faults", json={"kind": "UNREGISTERED", "times": 2})

    for token in ("a", "b"):
        with pytest.raises(messaging.UnregisteredError):
            send(token)

    assert send("a")


def test_a_retry_of_the_sdk_succeeds_after_the_fault(send: Callable[..., str], web: httpx.Client) -> None:
    web.put("/faults", json={"kind": "UNAVAILABLE", "token": "phone", "times": ATTEMPTS_OF_THE_SDK - 1})

    assert send("phone")


@pytest.mark.parametrize("kind", ["QUOTA", "UNAVAILABLE"])
def test_an_overload_has_a_retry_after_header(web: httpx.Client, bearer: dict[str, str], kind: str) -> None:
    web.put("/faults", json={"kind": kind, "retry_after": 7})

    answer = web.post(f"/v1/projects/{PROJECT}/messages:send", headers=bearer, json={"message": {"token": "phone"}})

    assert answer.headers["Retry-After"] == "7"


def test_a_lost_reply_is_a_push_that_was_sent(send: Callable[..., str], web: httpx.Client) -> None:
    """The SDK sends it again, and on the phone it replaces the first."""
    web.put("/faults", json={"kind": "LOST_REPLY", "token": "phone", "times": 1, "seconds": 5})

    send("phone", **a_notification("day"))

    assert [push["buzzes"] for push in web.get("/inbox/phone").json()] == [True, False]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ya29.9999999999.0000", "Basic abc", "Bearer ya29.x.y"])
def test_a_send_without_a_valid_access_token_is_refused(web: httpx.Client, header: str) -> None:
    answer = web.post(
        f"/v1/projects/{PROJECT}/messages:send", headers={"Authorization": header}, json={"message": {"token": "x"}}
    )

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
    """Also after a crash that cut off the last line of the inboxes."""
    (port,) = free_ports(1)
    place = Place(port, PROJECT, tmp_path)
    with serving(place):
        access = credentials.Certificate(place.service_account()).get_access_token().access_token
        bearer = {"Authorization": f"Bearer {access}"}
        url = f"{place.origin}/v1/projects/{PROJECT}/messages:send"
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


def test_the_live_stream_shows_earlier_and_new_pushes(
    place: Place, send: Callable[..., str], web: httpx.Client
) -> None:
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
    answer = web.post(f"/v1/projects/{PROJECT}/messages:send", headers=bearer, json={"message": message})

    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["status"] == "INVALID_ARGUMENT"
    violations = [each["field"] for detail in error.get("details", []) for each in detail.get("fieldViolations", [])]
    assert violations == ([field] if field else [])
    assert by_fcm == any(detail.get("errorCode") == "INVALID_ARGUMENT" for detail in error.get("details", []))


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b'{"massage": {}}', b'{"message": 5}'])
def test_an_invalid_body_is_refused(web: httpx.Client, bearer: dict[str, str], body: bytes) -> None:
    answer = web.post(f"/v1/projects/{PROJECT}/messages:send", headers=bearer, content=body)

    assert answer.status_code == 400


@pytest.mark.parametrize("fault", [{}, {"kind": "RAIN"}, {"kind": "QUOTA", "times": 0}, {"kind": "QUOTA", "toke": "x"}])
def test_an_unknown_fault_is_refused(web: httpx.Client, fault: dict[str, Any]) -> None:
    assert web.put("/faults", json=fault).status_code == 400
    assert web.get("/faults").json() == []
