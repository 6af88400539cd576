"""The stand-in's endpoints for accounts have the paths, fields and types of Google's own description of the API."""

from __future__ import annotations

import importlib.resources
import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette

from accounts.firebase import SCOPE
from local.clock import now
from local.google.identity import IDENTITY, identity_routes
from local.google.signin import Identity, Issuer
from testing.authenticator import code_of
from tests.tools.browser import Browser

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT: Final = "rekindle-test"
DOCUMENTS: Final = importlib.resources.files("googleapiclient.discovery_cache.documents")
V1, V2 = (
    json.loads(DOCUMENTS.joinpath(f"identitytoolkit.{version}.json").read_text(encoding="utf-8"))
    for version in ("v1", "v2")
)
ADMINS: Final = V1["resources"]["projects"]["resources"]["accounts"]["methods"]
OWNERS: Final = V1["resources"]["accounts"]["methods"]
ENROLLMENT: Final = V2["resources"]["accounts"]["resources"]["mfaEnrollment"]["methods"]
SECOND_SIGN_IN: Final = V2["resources"]["accounts"]["resources"]["mfaSignIn"]["methods"]
TYPES: Final[dict[str, Any]] = {"string": str, "boolean": bool, "array": list, "object": dict, "integer": int}
EDITOR: Final = {"email": "editor@practice.example", "password": "rekindle", "returnSecureToken": True}

CALLS: Final = [
    (ADMINS, "lookup", {"localId": ["ada"]}),
    (ADMINS, "lookup", {"email": ["editor@practice.example"]}),
    (ADMINS, "update", {"localId": "ada", "validSince": "1772463600", "disableUser": False}),
    (ADMINS, "update", {"localId": "ada", "customAttributes": '{"scope": "practice:read"}'}),
    (ADMINS, "delete", {"localId": "ben"}),
    (OWNERS, "lookup", {"idToken": ""}),
    (OWNERS, "signInWithPassword", EDITOR),
]
"""The requests that our code makes, itself or through the Admin SDK.

The SDK writes `validSince` as a number. Google's JSON has an int64 as text, and takes a number too.
"""


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    issuer = Issuer("http://127.0.0.1:4580", PROJECT, rsa.generate_private_key(public_exponent=65537, key_size=2048))
    for uid in ("ada", "ben"):
        issuer.signed_in(Identity(uid=uid, email=f"{uid}@example.org"))
    return issuer


def misfits(value: Any, schema: dict[str, Any], place: str, google: dict[str, Any] = V1) -> Iterator[str]:
    """Yield each part of a JSON value that Google's schema does not have, or has with another type."""
    if "$ref" in schema:
        schema = google["schemas"][schema["$ref"]] | {"type": "object"}
    if not isinstance(value, TYPES[schema["type"]]):
        yield f"{place} is no {schema['type']}"
    elif isinstance(value, list):
        for each in value:
            yield from misfits(each, schema["items"], f"{place}[]", google)
    elif isinstance(value, dict):
        for name, part in value.items():
            if name in schema.get("properties", {}):
                yield from misfits(part, schema["properties"][name], f"{place}.{name}", google)
            else:
                yield f"{place}.{name} does not exist"


def called(issuer: Issuer, method: dict[str, Any], asked: dict[str, Any], google: dict[str, Any] = V1) -> Any:
    """Send a request to the stand-in. Return its answer. Check both with Google's description."""
    assert method["httpMethod"] == "POST"
    assert list(misfits(asked, method["request"], "request", google)) == []
    path = method["path"].replace("{+targetProjectId}", PROJECT)
    answer = Browser(Starlette(routes=identity_routes(issuer))).post(
        f"{IDENTITY}/{path}?key=local", json=asked, headers={"Authorization": "Bearer owner"}
    )
    assert answer.status_code == 200, answer.text
    assert list(misfits(answer.json(), method["response"], "answer", google)) == []
    return answer.json()


@pytest.mark.parametrize(("methods", "name", "asked"), CALLS)
def test_a_call_and_its_answer_fit_google_s_description(
    issuer: Issuer, methods: dict[str, Any], name: str, asked: dict[str, Any]
) -> None:
    if "idToken" in asked:
        asked = {"idToken": issuer.signed_in(Identity(uid="ada"))["id_token"]}
    called(issuer, methods[name], asked)


def test_the_list_of_all_accounts_fits_google_s_description_page_by_page(issuer: Issuer) -> None:
    method = ADMINS["batchGet"]
    browser, found, more = Browser(Starlette(routes=identity_routes(issuer))), [], "&"
    while more:
        path = method["path"].replace("{+targetProjectId}", PROJECT)
        answer = browser.call("GET", f"{IDENTITY}/{path}?maxResults=2{more}", headers={"Authorization": "Bearer owner"})
        assert list(misfits(answer.json(), method["response"], "answer")) == []
        found += [each["localId"] for each in answer.json().get("users", [])]
        more = f"&nextPageToken={answer.json()['nextPageToken']}" if "nextPageToken" in answer.json() else ""
    assert {"maxResults", "nextPageToken"} < {*method["parameters"]}
    assert found == sorted({*found})
    assert "ada" in found


def test_each_call_about_second_factors_fits_google_s_description(issuer: Issuer) -> None:
    token = called(issuer, OWNERS["signInWithPassword"], EDITOR)["idToken"]
    asked: dict[str, Any] = {"idToken": token, "totpEnrollmentInfo": {}}
    session = called(issuer, ENROLLMENT["start"], asked, V2)["totpSessionInfo"]
    code = code_of(session["sharedSecretKey"], now())
    typed = {"sessionInfo": session["sessionInfo"], "verificationCode": code}
    called(issuer, ENROLLMENT["finalize"], {"idToken": token, "displayName": "App", "totpVerificationInfo": typed}, V2)

    pending = called(issuer, OWNERS["signInWithPassword"], EDITOR)
    factor = pending["mfaInfo"][0]["mfaEnrollmentId"]
    asked = {"mfaPendingCredential": pending["mfaPendingCredential"], "mfaEnrollmentId": factor}
    asked["totpVerificationInfo"] = {"verificationCode": code}
    token = called(issuer, SECOND_SIGN_IN["finalize"], asked, V2)["idToken"]
    assert called(issuer, OWNERS["lookup"], {"idToken": token})["users"][0]["mfaInfo"] == pending["mfaInfo"]
    called(issuer, ENROLLMENT["withdraw"], {"idToken": token, "mfaEnrollmentId": factor}, V2)
    assert "idToken" in called(issuer, OWNERS["signInWithPassword"], EDITOR)


def test_our_credential_asks_for_a_scope_with_which_google_lets_it_change_accounts() -> None:
    for name in ("lookup", "update", "delete", "batchGet"):
        assert SCOPE in ADMINS[name]["scopes"]


def test_a_lookup_tells_the_rights_of_an_account_and_since_when_its_tokens_count() -> None:
    """`practice_api` reads the rights from `customAttributes`, which is JSON in a text."""
    schemas = V1["schemas"]
    user = schemas[schemas[OWNERS["lookup"]["response"]["$ref"]]["properties"]["users"]["items"]["$ref"]]
    assert user["properties"]["customAttributes"]["type"] == "string"
    assert user["properties"]["validSince"]["type"] == "string"
