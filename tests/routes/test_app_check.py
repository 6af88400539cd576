"""Where App Check is switched on, only calls of our app are answered. Firebase's own Admin SDK is the oracle."""

from __future__ import annotations

import base64
import datetime as dt
import json
import subprocess
import sys
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from firebase_admin.app_check import _AppCheckService
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jwt.algorithms import RSAAlgorithm
from starlette.applications import Starlette

from local.google.app_check import APP, PROJECT_NUMBER, AppCheckIssuer
from rekindle.api.app_check import ASKED_EVERY, HEADER, KEPT, AppCheck
from testing import contract
from testing.apis import phones_api
from testing.builders import LONDON, a_uid, an_instant
from testing.phones import Phone, a_phone
from tests.tools.browser import Browser

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator

    from pytest_mock import MockerFixture

    from couples_api.services import Services

GOOGLE = "https://firebaseappcheck.googleapis.com"
AN_HOUR = 3600


@dataclass
class Google:
    """Google's keys, and the clock of the process that asks for them."""

    issuer: AppCheckIssuer
    asked: int = 0
    error: Exception | None = None
    now: float = 0.0
    keys: dict[str, Any] = field(default_factory=dict)

    def fetched(self) -> Any:
        self.asked += 1
        if self.error:
            raise self.error
        return self.keys or self.issuer.keys()

    def app_check(self) -> AppCheck:
        return AppCheck(PROJECT_NUMBER, GOOGLE, lambda: self.now)


@pytest.fixture(scope="module")
def issuer() -> AppCheckIssuer:
    return AppCheckIssuer(GOOGLE, rsa.generate_private_key(public_exponent=65537, key_size=2048))


@pytest.fixture
def google(issuer: AppCheckIssuer, mocker: MockerFixture) -> Google:
    google = Google(issuer)
    mocker.patch("jwt.PyJWKClient.fetch_data", autospec=True, side_effect=lambda _client: google.fetched())
    return google


def signed_at(token: str) -> dt.datetime:
    claims = jwt.decode(token, options={"verify_signature": False})
    return dt.datetime.fromtimestamp(claims["iat"], dt.UTC)


def a_token(issuer: AppCheckIssuer, headers: dict[str, Any] | None = None, **claims: Any) -> str:
    """Return a token with other claims and headers. A claim or header of None is left out."""
    usual = jwt.decode(issuer.token(), options={"verify_signature": False})
    kept = {name: value for name, value in (usual | claims).items() if value is not None}
    return jwt.encode(kept, issuer.key, algorithm="RS256", headers={"kid": "local"} | (headers or {}))


def tokens(issuer: AppCheckIssuer) -> dict[str, tuple[str, bool]]:
    """Return tokens by name, each with whether it is valid."""
    good = issuer.token()
    stranger = AppCheckIssuer(GOOGLE, rsa.generate_private_key(public_exponent=65537, key_size=2048))
    now = int(signed_at(good).timestamp())
    head, body, signature = good.split(".")
    secret = "the same secret on both sides"
    return {
        "of our app": (good, True),
        "of another app of the project": (a_token(issuer, sub="1:100000000001:ios:2"), True),
        "expired": (a_token(issuer, exp=now - 1), False),
        "of another project": (a_token(issuer, aud=["projects/200000000002"]), False),
        "without an audience": (a_token(issuer, aud=None), False),
        "with a text as audience": (a_token(issuer, aud=f"projects/{PROJECT_NUMBER}"), False),
        "of another issuer": (a_token(issuer, iss="https://securetoken.google.com/rekindle"), False),
        "without a subject": (a_token(issuer, sub=None), False),
        "of another type": (a_token(issuer, {"typ": "at+jwt"}), False),
        "of an unknown key": (a_token(issuer, {"kid": "other"}), False),
        "of no key": (a_token(issuer, {"kid": ""}), False),
        "signed by somebody else": (a_token(stranger), False),
        "signed with a shared secret": (jwt.encode({"sub": APP}, secret * 2, "HS256", {"kid": "local"}), False),
        "not signed": (jwt.encode({"sub": APP}, "", "none", {"kid": "local"}), False),
        "cut": (f"{head}.{body}", False),
        "changed": (f"{head}.{body[:-2]}AA.{signature}", False),
        "not a token": ("nonsense", False),
        "empty": ("", False),
    }


class Sdk:
    """What the Admin SDK says about a token. The app of the SDK needs no credential for this."""

    def __init__(self) -> None:
        credential = SimpleNamespace(get_credential=lambda: None)
        app = SimpleNamespace(project_id=PROJECT_NUMBER, options={}, credential=credential)
        self._service = _AppCheckService(app)

    def verifies(self, token: str) -> bool:
        try:
            self._service.verify_token(token)
        except (ValueError, jwt.PyJWTError):
            return False
        return True


def test_it_says_the_same_as_the_admin_sdk(google: Google, issuer: AppCheckIssuer) -> None:
    ours, sdk = google.app_check(), Sdk()
    for name, (token, is_valid) in tokens(issuer).items():
        assert ours.verifies(token, signed_at(issuer.token())) is is_valid, name
        assert sdk.verifies(token) is is_valid, name


def test_it_is_stricter_than_the_admin_sdk_in_two_points(google: Google, issuer: AppCheckIssuer) -> None:
    """The SDK takes a token without an end, and an issuer that only begins as Google's."""
    now, sdk = signed_at(issuer.token()), Sdk()
    for token in (a_token(issuer, exp=None), a_token(issuer, iss=f"{GOOGLE}/200000000002")):
        assert sdk.verifies(token)
        assert not google.app_check().verifies(token, now)


def test_a_token_ends_by_the_time_of_the_call(google: Google, issuer: AppCheckIssuer) -> None:
    token, ours = issuer.token(), google.app_check()
    signed = signed_at(token)
    assert ours.verifies(token, signed + dt.timedelta(seconds=AN_HOUR - 1))
    assert not ours.verifies(token, signed + dt.timedelta(seconds=AN_HOUR))


def test_the_keys_are_kept_for_six_hours(google: Google, issuer: AppCheckIssuer) -> None:
    token, ours = issuer.token(), google.app_check()
    for google.now, asked in ((0.0, 1), (1.0, 1), (KEPT - 1, 1), (KEPT, 2), (2 * KEPT - 1, 2)):
        assert ours.verifies(token, signed_at(token))
        assert google.asked == asked
    assert KEPT == 6 * AN_HOUR


def test_unknown_keys_cause_one_question_in_half_a_minute(google: Google, issuer: AppCheckIssuer) -> None:
    ours, now = google.app_check(), signed_at(issuer.token())
    for second in range(60):
        google.now = float(second)
        assert not ours.verifies(a_token(issuer, {"kid": f"made-up-{second}"}), now)
    assert google.asked == 60 / ASKED_EVERY


def test_a_new_key_of_google_is_found(google: Google, issuer: AppCheckIssuer) -> None:
    google.keys = {"keys": [key | {"kid": "old"} for key in issuer.keys()["keys"]]}
    ours, token = google.app_check(), issuer.token()
    assert not ours.verifies(token, signed_at(token))
    google.keys, google.now = {}, ASKED_EVERY
    assert ours.verifies(token, signed_at(token))


@pytest.mark.parametrize(
    "error", [jwt.PyJWKClientConnectionError("down"), ValueError("no JSON"), TimeoutError(), jwt.PyJWKClientError("?")]
)
def test_while_google_does_not_tell_its_keys_calls_go_on(
    error: Exception, google: Google, issuer: AppCheckIssuer, logged: io.StringIO
) -> None:
    """A token must still look like one. A process that knows a key goes on to check the tokens of this key."""
    google.error = error
    ours, now = google.app_check(), signed_at(issuer.token())
    for google.now in (0.0, 10.0, 29.0):
        assert ours.verifies(issuer.token(), now)
        for name in ("cut", "not a token", "empty", "of another type", "not signed"):
            assert not ours.verifies(tokens(issuer)[name][0], now)
    assert google.asked == 1
    (line,) = (json.loads(each) for each in logged.getvalue().splitlines())
    assert (line["level"], line["outside"], line["reason"]) == ("WARNING", True, type(error).__name__)
    google.error, google.now = None, ASKED_EVERY
    assert not ours.verifies(tokens(issuer)["signed by somebody else"][0], now)
    google.error, google.now = error, 2 * KEPT
    assert ours.verifies(issuer.token(), now)
    assert not ours.verifies(tokens(issuer)["signed by somebody else"][0], now)


odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda each: st.lists(each, max_size=2),
)
"""Values of JSON that no token should have at these places."""
ODD_TEXTS = [b"", b"{", b"[" * 100_000, b'{"alg":' + b"9" * 5_000 + b"}", b'{"kid":"\\ud800"}', b"\xff\xfe"]


def an_object(usual: dict[str, Any], *others: str) -> st.SearchStrategy[bytes]:
    """Return texts of objects in which a usual member may be missing or odd, and texts that are no such object."""
    member = {name: st.just(value) | odd for name, value in usual.items()} | dict.fromkeys(others, odd)
    objects = st.fixed_dictionaries({}, optional=member)
    return (objects | odd).map(lambda value: json.dumps(value).encode()) | st.sampled_from(ODD_TEXTS) | st.binary()


headers = an_object({"typ": "JWT", "alg": "RS256", "kid": "local"}, "crit", "b64", "zip", "jwk")
bodies = an_object({"exp": 4e9, "sub": APP, "iss": f"{GOOGLE}/{PROJECT_NUMBER}", "aud": []}, "nbf", "iat", "jti")


@pytest.mark.parametrize("error", [None, TimeoutError()])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(header=headers, body=bodies, signature=st.none() | st.binary(max_size=300))
def test_every_malformed_token_is_refused(
    google: Google, header: bytes, body: bytes, signature: bytes | None, error: Exception | None
) -> None:
    """No token of this family has the project's audience, even if Google's key has signed it (None).

    While Google does not tell its keys, the answer may be yes, but there is one.
    """
    google.error = error
    signed = f"{base64url(header)}.{base64url(body)}"
    if signature is None:
        signature = RSAAlgorithm(RSAAlgorithm.SHA256).sign(signed.encode(), google.issuer.key)
    verified = google.app_check().verifies(f"{signed}.{base64url(signature)}", signed_at(google.issuer.token()))
    assert verified is False or error


@given(st.text() | st.text("ab.=\ud800\u00e9\0"))
def test_every_other_text_is_refused(text: str) -> None:
    """Google is not asked: none of these texts is a token."""
    assert AppCheck(PROJECT_NUMBER, GOOGLE).verifies(text, an_instant()) is False


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@pytest.fixture
def checked(google: Google, own_services: Services) -> Services:
    """Return services with App Check switched on."""
    return replace(own_services, app_check=google.app_check())


def calls() -> Iterator[tuple[contract.Operation, str]]:
    in_paths = {"device_id": "phone", "date": "2026-03-02", "pack_id": "starter", "receipt": "22222-22222-22222-22222"}
    for operation in contract.operations():
        if operation.document == "openapi.json":
            yield operation, operation.template.format(**in_paths)


def test_every_operation_but_help_and_receipts_needs_a_token_of_our_app(
    checked: Services, issuer: AppCheckIssuer
) -> None:
    """Help must always be one tap away. Whoever asks about a receipt may have removed the app."""
    api, open_to_all = phones_api(lambda: checked), set()
    for operation, path in calls():
        stranger = Phone(api, a_uid(), signed_at(issuer.token()))
        body = contract.example_of(operation.method, operation.template)
        without = stranger.call(operation.method, path, body)
        false = stranger.call(operation.method, path, body, headers={HEADER: "made-up"})
        true = stranger.call(operation.method, path, body, headers={HEADER: issuer.token()})
        if without.status == 403:
            assert (without.problem, false.problem) == ("app-not-verified", "app-not-verified"), operation
        else:
            open_to_all.add(operation.id)
        assert true.status < 400 or true.problem != "app-not-verified"
    assert open_to_all == {"getHelp", "getErasure"}


@pytest.mark.parametrize("header", [{"typ": "JWT"}, {"typ": "JWT", "alg": None}, {"alg": "RS256"}, []])
def test_a_token_without_its_usual_header_is_a_refusal_and_no_failure(
    checked: Services, header: object, logged: io.StringIO
) -> None:
    ada = Phone(phones_api(lambda: checked), a_uid())
    token = f"{base64url(json.dumps(header).encode())}.e30.eA"
    refused = ada.call("GET", "/v1/me", headers={HEADER: token})
    assert (refused.status, refused.problem) == (403, "app-not-verified")
    assert {json.loads(line)["level"] for line in logged.getvalue().splitlines()} <= {"INFO"}


def test_a_refused_call_changes_nothing(checked: Services) -> None:
    ada = a_phone(phones_api(lambda: replace(checked, app_check=None)), "ada", LONDON)
    before = checked.people.person(ada.uid)
    thief = Phone(phones_api(lambda: checked), ada.uid, ada.now)
    assert thief.put("/v1/me", {"display_name": "Other", "zone": LONDON}).problem == "app-not-verified"
    assert thief.delete("/v1/me").problem == "app-not-verified"
    assert checked.people.person(ada.uid) == before


@pytest.mark.parametrize("function", ["couples_api", "privacy"])
def test_without_app_check_its_library_is_not_imported(function: str) -> None:
    code = f"import sys, {function}.handler; sys.exit('jwt' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path), "PATH": ""})  # noqa: S603


def test_the_stand_in_gives_tokens_that_its_keys_verify(issuer: AppCheckIssuer) -> None:
    """Its addresses are those of Google's REST API."""
    browser = Browser(Starlette(routes=issuer.routes()))
    exchanged = browser.post(f"/v1/projects/rekindle-local/apps/{APP}:exchangeDebugToken", json={"debugToken": "any"})
    assert exchanged.json()["ttl"] == "3600s"
    (key,) = jwt.PyJWKSet.from_dict(browser.get("/v1/jwks").json()).keys
    claims = jwt.decode(exchanged.json()["token"], key, audience=f"projects/{PROJECT_NUMBER}")
    assert claims["iss"] == f"{GOOGLE}/{PROJECT_NUMBER}"
