"""An operator lists the staff's accounts and changes their permissions, from the command line to Google's Admin SDK.

The command line calls `accounts` in this process, and `accounts` calls the stand-in for Firebase.
"""

from __future__ import annotations

import datetime as dt
import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest

from accounts import handler as accounts
from accounts.firebase import Firebase, credential_from
from local.clock import now
from local.errors import StackError
from local.google.identity import PASSWORD
from rekindle.accounts import rights_in, staff_command_from, with_rights
from rekindle.domain.ids import Uid
from rekindle.store.audit import Audit
from rekindle.store.notices import Notices
from testing.authenticator import code_of
from testing.memory_table import MemoryTable
from testing.staff import API, Person, Service

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from local.google.place import Place
    from rekindle.store.table import Table

PROJECT = "rekindle-test"
LATER = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
ARN = "arn:aws:iam::123456789012:user/olga"
READER, WRITER, EDITOR, COUPLE = (
    "reader@practice.example",
    "writer@practice.example",
    "editor@practice.example",
    "couple@example.org",
)
CHANGE = {"type": "change-rights", "email": WRITER, "rights": "", "operator": ARN, "at": "2026-03-02T12:00:00Z"}
V1 = "/identitytoolkit.googleapis.com/v1"


@dataclass
class Function:
    """The function `accounts`, as an operator calls it."""

    firebase: Firebase
    table: Table
    arn: str = ARN
    second_factor: bool = False
    called: list[Any] = field(default_factory=list)

    def call(self, command: Mapping[str, Any]) -> Any:
        command = json.loads(json.dumps(command))
        self.called.append(command)
        instant = dt.datetime.fromtimestamp(int(now()), dt.UTC)
        asked = staff_command_from(command)
        answer = accounts.command(self.firebase, self.table, asked, instant, second_factor=self.second_factor)
        return answer.model_dump(mode="json")


@pytest.fixture
def web(place: Place) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=place.origin, timeout=30, params={"key": "local"}) as client:
        yield client


@pytest.fixture
def table() -> Table:
    return cast("Table", MemoryTable())


@pytest.fixture
def function(place: Place, table: Table, monkeypatch: pytest.MonkeyPatch, web: httpx.Client) -> Iterator[Function]:
    monkeypatch.setenv("FIREBASE_AUTH_EMULATOR_HOST", place.host)
    firebase = Firebase(credential_from(json.dumps(place.service_account())), PROJECT)
    for email, scope in (
        (READER, "practice:read"),
        (WRITER, "practice:read practice:publish"),
        (EDITOR, "practice:read practice:publish"),
        (COUPLE, ""),
    ):
        claims = {"customAttributes": json.dumps({"scope": scope} if scope else {})}
        administer(web, "update", localId=account(web, email)["localId"], disableUser=False, **claims)
    yield Function(firebase, table)
    firebase.close()


@pytest.fixture
def olga(function: Function, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    monkeypatch.setenv("REKINDLE_STACK", API)
    instant = dt.datetime.fromtimestamp(int(now()), dt.UTC)
    service = Service(lambda _request: httpx.Response(404))
    return Person(service, tmp_path / "config", lambda: instant, caller=function)


def administer(web: httpx.Client, what: str, **asked: Any) -> Any:
    headers = {"Authorization": "Bearer owner"}
    reply = web.post(f"{V1}/projects/{PROJECT}/accounts:{what}", json=asked, headers=headers)
    return reply.raise_for_status().json()


def account(web: httpx.Client, email: str) -> Any:
    (found,) = administer(web, "lookup", email=[email])["users"]
    return found


def scope_of(web: httpx.Client, email: str) -> str:
    return str(json.loads(account(web, email).get("customAttributes", "{}")).get("scope", ""))


def sign_in(web: httpx.Client, email: str) -> Any:
    asked = {"email": email, "password": PASSWORD}
    return web.post(f"{V1}/accounts:signInWithPassword", json=asked).raise_for_status().json()


@contextmanager
def second_factor(web: httpx.Client, email: str) -> Iterator[None]:
    """Let an account have a second factor."""
    enrollment = "/identitytoolkit.googleapis.com/v2/accounts/mfaEnrollment"
    token = sign_in(web, email)["idToken"]
    session = web.post(f"{enrollment}:start", json={"idToken": token, "totpEnrollmentInfo": {}}).json()
    secret, name = (session["totpSessionInfo"][each] for each in ("sharedSecretKey", "sessionInfo"))
    typed = {"sessionInfo": name, "verificationCode": code_of(secret, now())}
    web.post(f"{enrollment}:finalize", json={"idToken": token, "totpVerificationInfo": typed}).raise_for_status()
    (factor,) = account(web, email)["mfaInfo"]
    try:
        yield
    finally:
        asked = {"idToken": token, "mfaEnrollmentId": factor["mfaEnrollmentId"]}
        web.post(f"{enrollment}:withdraw", json=asked).raise_for_status()


def is_refreshed(web: httpx.Client, tokens: Any) -> bool:
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refreshToken"]}
    return web.post("/securetoken.googleapis.com/v1/token", data=form).is_success


def actions(table: Table) -> list[tuple[str, str | None, str | None]]:
    page = Audit(table).page(None, 100, dt.datetime.fromtimestamp(now(), dt.UTC))
    assert page.intact
    return [(each.entry.action, each.entry.account, each.entry.scope) for each in page.entries]


def test_a_list_shows_permissions_second_factors_and_sign_ins_of_staff_alone(olga: Person, web: httpx.Client) -> None:
    administer(web, "update", localId=account(web, EDITOR)["localId"], disableUser=True)

    with second_factor(web, READER):
        said = olga("staff", "list", "--json")

    assert said.status == 0, said.err
    found = {each["name"]: each for each in said.document["accounts"]}
    assert [*found] == [EDITOR, READER, WRITER]
    assert (found[READER]["scope"], found[READER]["second_factor"]) == ("practice:read", True)
    assert found[READER]["last_sign_in"]
    assert (found[EDITOR]["disabled"], found[EDITOR]["second_factor"]) == (True, False)
    page = olga("staff", "list").out
    assert "write and publish packs" in page
    assert "turned off" in page


def test_a_list_reads_every_page_of_all_accounts(olga: Person, function: Function) -> None:
    """A project has the accounts of all couples, too, and staff can be on any page."""

    class Small(Function):
        def call(self, command: Mapping[str, Any]) -> Any:
            self.called.append(command)
            return self.firebase.staff(command["after"], most=2).model_dump(mode="json")

    olga.caller = small = Small(function.firebase, function.table)
    found = olga("staff", "list", "--json").document["accounts"]
    assert [each["name"] for each in found] == [EDITOR, READER, WRITER]
    assert len(small.called) > 1


def test_granted_permissions_are_recorded_and_told_to_all_staff(olga: Person, web: httpx.Client, table: Table) -> None:
    olga.answers[:] = ["y"]
    said = olga("staff", "grant", COUPLE, "read")
    assert said.status == 0, said.err
    assert scope_of(web, COUPLE) == "practice:read"
    assert actions(table) == [("rights_granted", COUPLE, "practice:read")]
    (notice,) = Notices(table).page(Uid("ruth"), None, 10, LATER).notices
    assert (notice.notice.kind, notice.notice.account) == ("rights-granted", COUPLE)
    assert notice.notice.who == f"operator {ARN} (as told)"
    assert olga("staff", "grant", COUPLE, "read", "--yes", "--json").document["outcome"] == "unchanged"
    assert len(actions(table)) == 1


def test_revoked_permissions_end_the_sign_ins_at_once(olga: Person, web: httpx.Client, table: Table) -> None:
    administer(web, "update", localId=account(web, WRITER)["localId"], validSince=1)
    tokens = web.post("/sign-in", json={"email": WRITER, "signed_in_ago": 60}).json()
    tokens = {"refreshToken": tokens["refresh_token"]}
    assert is_refreshed(web, tokens)
    said = olga("staff", "revoke", WRITER, "--yes", "--json")
    assert said.status == 0, said.err
    assert (said.document["before"], said.document["now"]) == ("practice:read practice:publish", "")
    assert scope_of(web, WRITER) == ""
    assert not is_refreshed(web, tokens)
    assert actions(table) == [("rights_revoked", WRITER, "")]


def test_an_operator_whose_clock_is_slow_makes_no_revoked_sign_in_valid_again(olga: Person, web: httpx.Client) -> None:
    later = int(now()) + 3_600
    administer(web, "update", localId=account(web, WRITER)["localId"], validSince=later)
    assert olga("staff", "revoke", WRITER, "--yes").status == 0
    assert account(web, WRITER)["validSince"] == str(later)
    administer(web, "update", localId=account(web, WRITER)["localId"], validSince=1)


def test_a_publisher_who_may_only_read_from_now_on_loses_a_permission(
    olga: Person, web: httpx.Client, table: Table
) -> None:
    assert olga("staff", "grant", WRITER, "read", "--yes").status == 0
    assert scope_of(web, WRITER) == "practice:read"
    assert actions(table) == [("rights_revoked", WRITER, "practice:read")]


@pytest.mark.parametrize("command", [("revoke", EDITOR), ("grant", EDITOR, "read")])
def test_the_last_publisher_stays_unless_the_operator_insists(
    olga: Person, web: httpx.Client, command: tuple[str, ...]
) -> None:
    administer(web, "update", localId=account(web, WRITER)["localId"], disableUser=True)
    said = olga("staff", *command, "--yes", "--json")
    assert (said.status, said.error["type"]) == (1, "urn:rekindle:problem:last-publisher")
    assert scope_of(web, EDITOR) == "practice:read practice:publish"
    assert olga("staff", *command, "--yes", "--force").status == 0
    assert "publish" not in scope_of(web, EDITOR)


def test_an_unknown_account_is_named_and_changes_nothing(olga: Person, table: Table) -> None:
    said = olga("staff", "grant", "nobody@practice.example", "read", "--yes")
    assert said.status == 1
    assert "Add user" in said.err
    assert actions(table) == []


def test_an_operator_is_asked_first(olga: Person, table: Table) -> None:
    olga.answers[:] = ["n"]
    assert olga("staff", "revoke", WRITER).status == 1
    olga.is_there = False
    assert olga("staff", "revoke", WRITER).status == 2
    assert actions(table) == []


class Down:
    """A table that does not answer."""

    def get(self, *_: object) -> None:
        raise StackError("The table does not answer.")


def test_without_a_row_in_the_audit_nobody_gets_a_permission(
    olga: Person, web: httpx.Client, function: Function
) -> None:
    function.table = cast("Table", Down())
    assert olga("staff", "grant", COUPLE, "read", "--yes").status == 1
    assert scope_of(web, COUPLE) == ""


@pytest.mark.parametrize("command", [("revoke", WRITER), ("grant", WRITER, "read")])
def test_a_permission_is_taken_away_although_the_audit_does_not_answer(
    olga: Person, web: httpx.Client, function: Function, command: tuple[str, ...]
) -> None:
    function.table = cast("Table", Down())
    assert olga("staff", *command, "--yes").status == 1, "so the operator repeats the command"
    assert "publish" not in scope_of(web, WRITER)


def test_a_repeated_revocation_is_recorded(olga: Person, web: httpx.Client, function: Function, table: Table) -> None:
    function.table = cast("Table", Down())
    assert olga("staff", "revoke", WRITER, "--yes").status == 1
    assert scope_of(web, WRITER) == ""
    function.table = table
    assert olga("staff", "revoke", WRITER, "--yes", "--json").document["outcome"] == "unchanged"
    assert actions(table) == [("rights_revoked", WRITER, "")]
    assert len(Notices(table).page(Uid("ruth"), None, 10, LATER).notices) == 1


@pytest.mark.parametrize("minutes", [-6, -4, 4, 6])
@pytest.mark.parametrize("command", [("revoke", WRITER), ("grant", COUPLE, "read")])
def test_an_operator_whose_clock_is_wrong_changes_nothing(
    olga: Person, web: httpx.Client, table: Table, command: tuple[str, ...], minutes: int
) -> None:
    """An entry or a notice of another time could hide, or end at once, or hide all later ones."""
    olga.now = lambda: dt.datetime.fromtimestamp(int(now()), dt.UTC) + dt.timedelta(minutes=minutes)
    before = scope_of(web, command[1])
    said = olga("staff", *command, "--yes")
    is_wrong = abs(minutes) > 5
    assert said.status == int(is_wrong), said.err
    assert ("clock" in said.err) is is_wrong
    assert (scope_of(web, command[1]) == before) is is_wrong
    assert len(table.items()) == (0 if is_wrong else 3)  # type: ignore[attr-defined]  # a table in memory


def test_an_account_without_a_second_factor_gets_no_permission_where_staff_need_one(
    olga: Person, web: httpx.Client, function: Function, table: Table
) -> None:
    """Whoever knows the password could sign in, and add their own second factor."""
    function.second_factor = True
    said = olga("staff", "grant", COUPLE, "publish", "--yes", "--json")
    assert (said.status, said.error["type"]) == (1, "urn:rekindle:problem:no-second-factor")
    assert (scope_of(web, COUPLE), actions(table)) == ("", [])
    assert olga("staff", "grant", WRITER, "read", "--yes").status == 0, "less than before needs no second factor"
    with second_factor(web, COUPLE):
        said = olga("staff", "grant", COUPLE, "publish", "--yes")
    assert said.status == 0
    assert "second factor" not in said.err


def test_an_operator_may_insist_and_is_warned(olga: Person, web: httpx.Client, function: Function) -> None:
    for needed, options in ((False, ()), (True, ("--without-second-factor",))):
        function.second_factor = needed
        said = olga("staff", "grant", COUPLE, "read", "--yes", *options)
        assert said.status == 0
        assert "has no second factor" in said.err
        assert scope_of(web, COUPLE) == "practice:read"
        assert olga("staff", "revoke", COUPLE, "--yes").status == 0


def test_a_refusal_of_aws_is_a_sentence(olga: Person) -> None:
    class Refusing:
        arn = ARN

        def call(self, _command: Mapping[str, Any]) -> Any:
            raise StackError("AWS refused: AccessDenied")

    olga.caller = Refusing()
    said = olga("staff", "list", "--json")
    assert (said.status, said.error["title"]) == (1, "AWS refused: AccessDenied")


@pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": []}, {"outcome": "failed", "reason": "NOT_FOUND"}])
def test_a_function_that_fails_or_is_older_is_a_sentence(olga: Person, answer: Any) -> None:
    class Older:
        arn = ARN

        def call(self, _command: Mapping[str, Any]) -> Any:
            return answer

    olga.caller = Older()
    said = olga("staff", "list")
    assert said.status == 1
    assert "fault" not in said.err


def test_other_claims_of_an_account_stay() -> None:
    claims = {"scope": "practice:read other", "plan": "large"}
    assert rights_in(claims) == "practice:read"
    assert with_rights(claims, "practice:read practice:publish") == {
        "scope": "other practice:read practice:publish",
        "plan": "large",
    }
    assert with_rights(claims, "") == {"scope": "other", "plan": "large"}
    assert with_rights({"scope": "practice:read"}, "") == {}


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"type": "delete", "uid": "ada", "pseudonym": "p"},
        CHANGE | {"rights": "practice:admin"},
        CHANGE | {"operator": "olga"},
        CHANGE | {"at": None},
        {"type": "list-staff", "more": 1},
    ],
)
def test_an_event_that_is_no_command_is_refused(event: Mapping[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        staff_command_from(event)
