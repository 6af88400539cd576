"""A person signs out everywhere: at the API at once, and at Firebase soon after. A new device is announced."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from testing.builders import a_token
from tests.e2e.conftest import eventually

if TYPE_CHECKING:
    from local.stack import Stack
    from rekindle.domain.ids import Uid
    from tests.e2e.conftest import NewPhone, Phone


def refresh(stack: Stack, tokens: dict[str, Any]) -> str | None:
    """Return Firebase's reason for refusing new tokens. Return None if it gives them."""
    reply = httpx.post(
        f"{stack.google_url}/securetoken.googleapis.com/v1/token?key=local",
        data={"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]},
    )
    return None if reply.is_success else str(reply.json()["error"]["message"])


def as_of(stack: Stack, tokens: dict[str, Any]) -> httpx.Client:
    """Return a client that uses these tokens."""
    headers = {"Authorization": f"Bearer {tokens['id_token']}"}
    return httpx.Client(base_url=stack.api_url, headers=headers, timeout=30)


@pytest.fixture
def ada(a_phone: NewPhone) -> Phone:
    return a_phone("Ada")


def test_after_a_sign_out_no_earlier_token_works_anywhere(stack: Stack, ada: Phone) -> None:
    stolen = stack.sign_in(uid=ada.uid, signed_in_ago=600)
    with as_of(stack, stolen) as thief:
        assert thief.get("/v1/me").status_code == 200
        ada.call("POST", "/v1/me/sign-out-everywhere", status=204)
        refused = thief.get("/v1/me")
        assert (refused.status_code, refused.json()["type"]) == (401, "urn:rekindle:problem:signed-out")
    assert eventually(lambda: refresh(stack, stolen)) == "TOKEN_EXPIRED"
    ada.call("GET", "/v1/me", status=401)


def test_a_disabled_account_is_out_although_its_token_is_valid(stack: Stack, ada: Phone) -> None:
    """The token is six minutes old. So the API asks Firebase before it answers, with the export's function too."""
    tokens = stack.sign_in(uid=ada.uid, issued_ago=360)
    disable(stack, ada.uid)
    with as_of(stack, tokens) as api:
        for refused in (api.get("/v1/me"), api.post("/v1/me/export")):
            assert (refused.status_code, refused.json()["type"]) == (401, "urn:rekindle:problem:signed-out")
        assert api.get("/v1/help").status_code == 200


def test_an_older_token_of_a_good_account_is_checked_once(stack: Stack, ada: Phone) -> None:
    tokens = stack.sign_in(uid=ada.uid, issued_ago=360)
    with as_of(stack, tokens) as api:
        assert api.get("/v1/me").status_code == 200
        disable(stack, ada.uid)
        assert api.get("/v1/me").status_code == 200, "the answer holds for five minutes"


def test_staff_whose_account_is_disabled_are_out_as_well(stack: Stack) -> None:
    staff = {"email": "leaver@practice.example", "claims": {"scope": "practice:read practice:publish"}}
    tokens = stack.sign_in(**staff, issued_ago=360)
    with as_of(stack, tokens) as api:
        assert api.get("/v1/practice/packs").status_code == 200
        disable(stack, tokens["uid"])
        for refused in (api.get("/v1/practice/packs"), api.post("/v1/practice/packs/leaving/code")):
            assert (refused.status_code, refused.json()["type"]) == (401, "urn:rekindle:problem:signed-out")


def disable(stack: Stack, uid: Uid) -> None:
    httpx.post(
        f"{stack.google_url}/identitytoolkit.googleapis.com/v1/projects/rekindle-local/accounts:update",
        json={"localId": uid, "disableUser": True},
        headers={"Authorization": "Bearer owner"},
    ).raise_for_status()


def test_a_new_device_is_announced_on_the_other(stack: Stack, ada: Phone) -> None:
    new = a_token("tablet")
    ada.call("PUT", "/v1/me/devices/tablet", {"token": new, "platform": "ios"})
    ada.await_kinds("new_device")
    assert stack.inbox(new) == []
    listed = ada.call("GET", "/v1/me/devices")["devices"]
    assert [device["id"] for device in listed] == ["phone", "tablet"]


def test_an_account_is_deleted_by_a_job(stack: Stack, ada: Phone) -> None:
    tokens = stack.sign_in(uid=ada.uid)
    body = json.dumps({"version": 1, "type": "delete", "uid": ada.uid, "pseudonym": "AAECAwQFBgcI"})
    stack.client("sqs").send_message(QueueUrl=stack.outputs["AccountQueueUrl"], MessageBody=body)
    assert eventually(lambda: refresh(stack, tokens)) == "USER_NOT_FOUND"
