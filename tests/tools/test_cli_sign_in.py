"""The command line sends a password only to Google, asks before a first sign-in, and asks for a second factor.

The stand-in for Google's accounts answers, in this process.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette

from cli.config import ConfigStore, Settings
from cli.errors import CliError
from cli.identity import claims_of
from cli.session import World
from cli.stacks import LOCAL, Stack, require_pinned
from local.clock import now
from local.google.identity import PASSWORD, identity_routes
from local.google.signin import Identity, Issuer
from practice_api.services import Services
from testing.apis import every_member_is_good, practice_handler_of
from testing.authenticator import code_of
from testing.builders import an_instant
from testing.staff import API, SETTINGS, Person, Service, through
from tests.tools.browser import Browser

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from rekindle.store.table import Table
    from testing.staff import Said

EMAIL = "writer@practice.example"
NOON = an_instant("2026-03-02T12:00:00Z")
WRONG = "000000"


def the_clock() -> dt.datetime:
    """Return the instant on the stand-in's clock, by which its tokens begin and end."""
    return dt.datetime.fromtimestamp(now(), dt.UTC)


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def issuer(key: RSAPrivateKey) -> Issuer:
    return Issuer("http://127.0.0.1:4580", "rekindle-test", key)


@pytest.fixture
def services(table: Table) -> Services:
    return Services.on(table, every_member_is_good, review_required=False)


@pytest.fixture
def service(issuer: Issuer, services: Services) -> Service:
    browser = Browser(Starlette(routes=identity_routes(issuer)))

    def firebase(request: httpx.Request) -> httpx.Response:
        path = f"/{request.url.host}{request.url.raw_path.decode()}"
        kind = {"Content-Type": request.headers["Content-Type"]}
        answer = browser.call(request.method, path, content=request.content, headers=kind)
        return httpx.Response(answer.status_code, content=answer.content)

    return Service(through(practice_handler_of(lambda: services), the_clock), firebase=firebase)


@pytest.fixture
def wren(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    monkeypatch.setenv("REKINDLE_STACK", API)
    return Person(service, tmp_path / "config", lambda: NOON)


def sign_in(person: Person, *typed: Any, options: tuple[str, ...] = ("--yes",)) -> Said:
    person.answers[:] = [*typed]
    return person("sign-in", "--email", EMAIL, *options)


def code_for(shown: str) -> str:
    """Return the code of an app to which a person has added the secret that the command shows."""
    (secret,) = re.findall(r"Secret +(\w+)", shown)
    return code_of(secret, now())


def with_second_factor(person: Person, issuer: Issuer) -> str:
    """Sign in and add a second factor. Return its secret."""
    assert sign_in(person, PASSWORD).status == 0
    person.answers[:] = [code_for]
    said = person("second-factor", "add")
    assert said.status == 0, said.err
    (factor,) = issuer.accounts.named(issuer.uid_of(EMAIL)).factors
    return factor.secret


def passwords_sent(service: Service) -> set[str]:
    """Return the hosts that got the password."""
    return {each.url.host for each in service.requests if PASSWORD.encode() in each.content + str(each.url).encode()}


class TestPins:
    """Passwords and tokens go to Google and nowhere else."""

    @pytest.mark.parametrize(
        "changed",
        [
            {"identity": "https://identitytoolkit.googleapis.com.evil.example"},
            {"identity": "https://identitytoolkit.googleapis.com@evil.example"},
            {"identity": "https://identitytoolkit.googleapis.com/evil"},
            {"identity": "https://evil.example/identitytoolkit.googleapis.com"},
            {"identity": "https://identitytoolkit.googleapis.com:8443"},
            {"identity": "http://identitytoolkit.googleapis.com"},
            {"identity": "https://securetoken.googleapis.com"},
            {"identity": "https://127.0.0.1"},
            {"securetoken": "https://evil.example"},
            {"identity": ""},
        ],
    )
    def test_a_foreign_host_gets_no_password_and_the_person_is_not_even_asked(
        self, wren: Person, service: Service, changed: dict[str, str]
    ) -> None:
        service.settings |= changed
        said = sign_in(wren, "y", PASSWORD, options=())
        assert said.status in {1, 2}
        assert wren.answers == ["y", PASSWORD]
        assert passwords_sent(service) == set()

    def test_google_alone_gets_the_password(self, wren: Person, service: Service) -> None:
        assert sign_in(wren, "y", PASSWORD, options=()).status == 0
        assert passwords_sent(service) == {"identitytoolkit.googleapis.com"}

    def test_google_that_answers_with_another_address_is_not_followed(self, wren: Person, service: Service) -> None:
        moved = {"Location": "https://evil.example/v1/accounts:signInWithPassword"}
        service.firebase = lambda _request: httpx.Response(307, headers=moved)
        assert sign_in(wren, PASSWORD).status == 4
        assert passwords_sent(service) == {"identitytoolkit.googleapis.com"}
        assert World().network().follow_redirects is False

    def test_a_saved_sign_in_with_another_host_is_not_used(self, wren: Person, service: Service) -> None:
        sign_in(wren, PASSWORD)
        config = ConfigStore(wren.folder, lambda: None)
        saved = config.sign_in(API)
        assert saved
        config.remember(replace(saved, settings=replace(saved.settings, securetoken="https://evil.example")))
        before = len(service.requests)
        said = wren("packs", "list")
        assert said.status == 1
        assert "which is not Google" in said.err
        assert len(service.requests) == before

    @pytest.mark.parametrize(
        ("address", "is_pinned"), [("http://127.0.0.1:4580/x", True), ("https://evil.example", False)]
    )
    def test_the_local_stack_signs_in_on_this_machine(self, address: str, *, is_pinned: bool) -> None:
        settings = Settings("http://127.0.0.1:4566", address, address, "local", "rekindle-local")
        with contextlib.nullcontext() if is_pinned else pytest.raises(CliError, match="not Google"):
            require_pinned(Stack(LOCAL, settings.api), settings)


class TestFirstSignIn:
    """A deployment that this machine has not met gets a password only after a person has agreed."""

    def test_the_address_and_the_project_are_shown_before_the_password_is_asked_for(
        self, wren: Person, service: Service
    ) -> None:
        said = sign_in(wren, "n", PASSWORD, options=())
        assert said.status == 1
        assert API in said.err
        assert SETTINGS["project"] in said.err
        assert wren.answers == [PASSWORD]
        assert passwords_sent(service) == set()

    def test_the_answer_is_remembered(self, wren: Person) -> None:
        assert sign_in(wren, "y", "wrong", options=()).status == 3
        assert sign_in(wren, PASSWORD, options=()).status == 0

    def test_a_script_needs_yes_and_the_address(self, wren: Person, service: Service) -> None:
        wren.is_there = False
        assert sign_in(wren, PASSWORD, options=()).status == 2
        ConfigStore(wren.folder).put_name("prod", API)
        assert sign_in(wren, PASSWORD, options=("--yes", "--stack", "prod")).status == 2
        assert passwords_sent(service) == set()
        assert sign_in(wren, PASSWORD, options=("--yes", "--stack", API)).status == 0
        assert sign_in(wren, PASSWORD, options=("--stack", "prod")).status == 0

    @pytest.mark.parametrize("changed", [{"project": "another-project"}, {"apiKey": "another-key"}])
    def test_a_changed_project_or_key_is_asked_about_again_with_a_warning(
        self, wren: Person, service: Service, changed: dict[str, str]
    ) -> None:
        sign_in(wren, PASSWORD)
        service.settings |= changed
        service.requests.clear()
        said = sign_in(wren, "n", PASSWORD)
        assert said.status == 1
        assert "Warning" in said.err
        wren.is_there = False
        assert sign_in(wren, PASSWORD).status == 2, "--yes does not answer for a person"
        assert passwords_sent(service) == set()
        wren.is_there = True
        assert sign_in(wren, "y", PASSWORD).status == 0
        assert sign_in(wren, PASSWORD, options=()).status == 0


class TestSecondFactor:
    """An account with a second factor signs in with a code of its authenticator app."""

    def test_a_second_factor_is_added_and_asked_for_from_then_on(
        self, wren: Person, issuer: Issuer, service: Service
    ) -> None:
        secret = with_second_factor(wren, issuer)
        assert wren("packs", "list").status == 0
        said = sign_in(wren, PASSWORD, f" {code_of(secret, now())[:3]} {code_of(secret, now())[3:]} ")
        assert said.status == 0, said.err
        assert "Six-digit code" in said.err
        wren("packs", "list")
        token = service.asked("GET", "/packs")[-1].headers["Authorization"].removeprefix("Bearer ")
        assert claims_of(token)["firebase"]["sign_in_second_factor"] == "totp"

    def test_the_secret_is_an_address_for_an_app_and_a_code_on_a_terminal(self, wren: Person) -> None:
        sign_in(wren, PASSWORD)
        wren.answers[:] = [code_for]
        said = wren("second-factor", "add")
        uri = f"otpauth://totp/Rekindle%20{quote(API, safe='')}:{EMAIL}?secret="
        assert uri in said.err
        assert "█" not in said.err
        assert said.out.startswith("✓")

    def test_the_sign_in_that_added_it_has_it(self, wren: Person, issuer: Issuer, service: Service) -> None:
        with_second_factor(wren, issuer)
        wren("packs", "list")
        token = service.asked("GET", "/packs")[-1].headers["Authorization"].removeprefix("Bearer ")
        assert claims_of(token)["firebase"]["sign_in_second_factor"] == "totp"

    def test_three_wrong_codes_end_the_sign_in(self, wren: Person, issuer: Issuer) -> None:
        secret = with_second_factor(wren, issuer)
        said = sign_in(wren, PASSWORD, WRONG, WRONG, code_of(secret, now()))
        assert said.status == 0, said.err
        said = sign_in(wren, PASSWORD, WRONG, WRONG, WRONG, "never typed")
        assert (said.status, wren.answers) == (3, ["never typed"])
        assert "not the code that your authenticator app shows" in said.err

    def test_a_script_gives_the_code_as_an_option(self, wren: Person, issuer: Issuer) -> None:
        secret = with_second_factor(wren, issuer)
        wren.is_there = False
        assert sign_in(wren, PASSWORD).status == 2
        assert sign_in(wren, PASSWORD, options=("--code", code_of(secret, now()))).status == 0
        assert sign_in(wren, PASSWORD, options=("--code", WRONG)).status == 3

    def test_neither_secret_nor_code_is_saved(self, wren: Person, issuer: Issuer) -> None:
        secret = with_second_factor(wren, issuer)
        code = code_of(secret, now())
        sign_in(wren, PASSWORD, code)
        for kept in wren.folder.iterdir():
            assert secret not in kept.read_text()
            assert f'"{code}"' not in kept.read_text()

    def test_a_second_factor_is_removed_after_a_question(self, wren: Person, issuer: Issuer) -> None:
        with_second_factor(wren, issuer)
        wren.answers[:] = ["n"]
        assert wren("second-factor", "remove").status == 1
        assert wren("second-factor", "remove", "--yes").status == 0
        assert sign_in(wren, PASSWORD).status == 0
        said = wren("second-factor", "remove", "--yes")
        assert (said.status, "no second factor" in said.err) == (1, True)

    def test_a_second_one_and_an_old_sign_in_are_refused_with_what_to_do(self, wren: Person, issuer: Issuer) -> None:
        with_second_factor(wren, issuer)
        wren.answers[:] = [code_for]
        assert "rekindle second-factor remove" in wren("second-factor", "add").err
        config = ConfigStore(wren.folder, lambda: None)
        saved = config.sign_in(API)
        assert saved
        old = issuer.signed_in(Identity(email=EMAIL, signed_in_ago=3_000))["refresh_token"]
        config.remember(replace(saved, refresh_token=old))
        said = wren("second-factor", "remove", "--yes")
        assert said.status == 3
        assert "Sign in again: rekindle sign-in" in said.err

    def test_nobody_can_add_one_without_a_terminal(self, wren: Person) -> None:
        sign_in(wren, PASSWORD)
        assert wren("second-factor", "add").status == 2

    def test_a_deployment_that_asks_for_one_is_named_at_sign_in_and_in_each_refusal(
        self, wren: Person, issuer: Issuer, table: Table, service: Service
    ) -> None:
        strict = Services.on(table, every_member_is_good, review_required=False, second_factor=True)
        service.api = through(practice_handler_of(lambda: strict), the_clock)
        said = sign_in(wren, PASSWORD)
        assert said.status == 0
        assert f"rekindle second-factor add --stack {API}" in said.err
        said = wren("packs", "list")
        assert said.status == 3
        assert "rekindle second-factor add" in said.err
        secret = with_second_factor(wren, issuer)
        assert wren("packs", "list").status == 0
        assert sign_in(wren, PASSWORD, code_of(secret, now())).err.count("second-factor") == 0

    def test_a_phone_number_as_second_factor_is_refused_with_the_reason(self, wren: Person, service: Service) -> None:
        pending = {"mfaPendingCredential": "x", "mfaInfo": [{"mfaEnrollmentId": "y", "phoneInfo": "+*******99"}]}
        service.firebase = lambda _request: httpx.Response(200, json=pending)
        said = sign_in(wren, PASSWORD)
        assert said.status == 3
        assert "second factor is a phone number" in said.err
