"""The stand-in's endpoints for accounts have the paths, fields and types of Google's own description of the API."""

from __future__ import annotations

import importlib.resources
import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette

from accounts.firebase import SCOPE
from local.google.identity import IDENTITY, identity_routes
from local.google.signin import Identity, Issuer
from tests.tools.browser import Browser

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT: Final = "rekindle-test"
DOCUMENTS: Final = importlib.resources.files("googleapiclient.discovery_cache.documents")
GOOGLE: Final[dict[str, Any]] = json.loads(DOCUMENTS.joinpath("identitytoolkit.v1.json").read_text(encoding="utf-8"))
ADMINS: Final = GOOGLE["resources"]["projects"]["resources"]["accounts"]["methods"]
OWNERS: Final = GOOGLE["resources"]["accounts"]["methods"]
TYPES: Final[dict[str, type]] = {"string": str, "boolean": bool, "array": list, "object": dict}

CALLS: Final = [
    (ADMINS, "lookup", {"localId": ["ada"]}),
    (ADMINS, "update", {"localId": "ada", "validSince": "1772463600", "disableUser": False}),
    (ADMINS, "delete", {"localId": "ben"}),
    (OWNERS, "lookup", {"idToken": ""}),
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


def misfits(value: Any, schema: dict[str, Any], place: str) -> Iterator[str]:
    """Yield each part of a JSON value that Google's schema does not have, or has with another type."""
    if "$ref" in schema:
        schema = GOOGLE["schemas"][schema["$ref"]] | {"type": "object"}
    if not isinstance(value, TYPES[schema["type"]]):
        yield f"{place} is no {schema['type']}"
    elif isinstance(value, list):
        for each in value:
            yield from misfits(each, schema["items"], f"{place}[]")
    elif isinstance(value, dict):
        for name, part in value.items():
            if name in schema["properties"]:
                yield from misfits(part, schema["properties"][name], f"{place}.{name}")
            else:
                yield f"{place}.{name} does not exist"


@pytest.mark.parametrize(("methods", "name", "asked"), CALLS)
def test_a_call_and_its_answer_fit_google_s_description(
    issuer: Issuer, methods: dict[str, Any], name: str, asked: dict[str, Any]
) -> None:
    method = methods[name]
    if "idToken" in asked:
        asked = {"idToken": issuer.signed_in(Identity(uid="ada"))["id_token"]}
    assert method["httpMethod"] == "POST"
    assert list(misfits(asked, method["request"], "request")) == []
    path = method["path"].replace("{+targetProjectId}", PROJECT)
    answer = Browser(Starlette(routes=identity_routes(issuer))).post(
        f"{IDENTITY}/{path}?key=local", json=asked, headers={"Authorization": "Bearer owner"}
    )
    assert answer.status_code == 200, answer.text
    assert list(misfits(answer.json(), method["response"], "answer")) == []


def test_our_credential_asks_for_a_scope_with_which_google_lets_it_change_accounts() -> None:
    for name in ("lookup", "update", "delete"):
        assert SCOPE in ADMINS[name]["scopes"]


def test_a_lookup_tells_the_rights_of_an_account_and_since_when_its_tokens_count() -> None:
    """`practice_api` reads the rights from `customAttributes`, which is JSON in a text."""
    user = GOOGLE["schemas"][
        GOOGLE["schemas"][OWNERS["lookup"]["response"]["$ref"]]["properties"]["users"]["items"]["$ref"]
    ]
    assert user["properties"]["customAttributes"]["type"] == "string"
    assert user["properties"]["validSince"]["type"] == "string"
