"""An account that is disabled or deleted at Firebase is out within five minutes."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import pytest

from practice_api.services import Services as PracticeServices
from rekindle.accounts import PUBLISH, READ
from rekindle.api.callers import caller_of
from rekindle.api.identity import Account, AccountState
from rekindle.api.sessions import CHECKED_EVERY, Sessions
from rekindle.store import keys
from testing import contract
from testing.apis import phones_api, practice_handler_of
from testing.builders import LONDON, a_uid, an_instant
from testing.phones import Phone, a_phone, http_event
from testing.push_world import calls
from testing.stored import person_of, row_in

if TYPE_CHECKING:
    from couples_api.services import Services
    from rekindle.api.callers import Caller
    from rekindle.store.table import Table
    from testing.phones import Handler

SECOND = dt.timedelta(seconds=1)
MINUTE = dt.timedelta(minutes=1)


@dataclass(slots=True)
class Firebase:
    """Stands for Firebase. It gives every account this state, and remembers the tokens."""

    given: AccountState = AccountState.GOOD
    asked: list[str] = field(default_factory=list)

    def account_state(self, caller: Caller) -> AccountState:
        assert caller.page.startswith("https://")
        self.asked.append(caller.token)
        return self.given

    def account(self, caller: Caller) -> Account:
        return Account(self.account_state(caller), frozenset({READ, PUBLISH}))


@pytest.fixture
def firebase() -> Firebase:
    return Firebase()


@pytest.fixture
def checked(services: Services, firebase: Firebase) -> Services:
    return replace(services, sessions=Sessions(firebase.account_state, services.people))


@pytest.fixture
def everything(checked: Services) -> Handler:
    return phones_api(lambda: checked)


@pytest.fixture
def ada(everything: Handler) -> Phone:
    """Return a phone that keeps the token of its first call."""
    ada = a_phone(everything, "ada", LONDON)
    ada.claims = dict.fromkeys(("auth_time", "iat"), str(int(ada.now.timestamp())))
    return ada


def test_a_new_token_needs_no_check(ada: Phone, firebase: Firebase) -> None:
    ada.now += CHECKED_EVERY
    assert ada.get("/v1/me").status == 200
    assert firebase.asked == []


@pytest.mark.parametrize("account_state", [AccountState.GOOD, AccountState.UNKNOWN])
def test_an_older_token_is_checked_with_itself(ada: Phone, firebase: Firebase, account_state: AccountState) -> None:
    firebase.given = account_state
    ada.now += CHECKED_EVERY + SECOND
    assert ada.get("/v1/me").status == 200
    assert firebase.asked == [f"token-of-{ada.uid}"]


def test_a_good_answer_holds_for_five_minutes_and_for_every_process(
    ada: Phone, firebase: Firebase, services: Services
) -> None:
    ada.now += 20 * MINUTE
    for _ in range(3):
        assert ada.get("/v1/me").status == 200
    assert len(firebase.asked) == 1
    assert person_of(services, ada).checked_at == ada.now
    ada.now += CHECKED_EVERY
    ada.get("/v1/me")
    assert len(firebase.asked) == 1
    ada.now += SECOND
    ada.get("/v1/me")
    assert len(firebase.asked) == 2


def test_without_an_answer_the_next_call_asks_again(ada: Phone, firebase: Firebase, services: Services) -> None:
    firebase.given = AccountState.UNKNOWN
    ada.now += 20 * MINUTE
    for _ in range(2):
        assert ada.get("/v1/me").status == 200
    assert len(firebase.asked) == 2
    assert person_of(services, ada).checked_at is None


CALLS: Final = [
    ("GET", "/v1/me", None),
    ("PUT", "/v1/me", {"display_name": "A", "zone": LONDON}),
    ("GET", "/v1/me/devices", None),
    ("PUT", "/v1/me/devices/phone", {"token": "other", "platform": "ios"}),
    ("DELETE", "/v1/me/devices/phone", None),
    ("PUT", "/v1/me/reminders", {}),
    ("POST", "/v1/me/sign-out-everywhere", None),
    ("POST", "/v1/me/export", None),
    ("DELETE", "/v1/invites", None),
    ("GET", "/v1/solo/today", None),
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: " ".join(call[:2]))
def test_an_account_that_does_not_stand_is_refused_and_changes_nothing(
    ada: Phone, firebase: Firebase, services: Services, call: tuple[str, str, object]
) -> None:
    firebase.given = AccountState.ENDED
    before = person_of(services, ada)
    ada.now += 6 * MINUTE
    said = ada.call(*call)
    assert (said.status, said.problem) == (401, "signed-out")
    assert person_of(services, ada) == before
    assert ada.get("/v1/help").status == 200


def test_such_an_account_makes_no_new_profile(everything: Handler, firebase: Firebase, services: Services) -> None:
    firebase.given = AccountState.ENDED
    nobody = Phone(everything, a_uid("nobody"))
    nobody.claims = {"iat": str(int((nobody.now - 6 * MINUTE).timestamp()))}
    assert nobody.put("/v1/me", {"display_name": "G", "zone": LONDON}).problem == "signed-out"
    assert services.people.person(nobody.uid) is None


def test_a_check_costs_one_write_and_disturbs_no_other(ada: Phone, services: Services) -> None:
    revision = person_of(services, ada).revision
    ada.now += 6 * MINUTE
    with calls(services.people.table) as made:
        ada.get("/v1/me")
    assert made == ["GetItem", "UpdateItem"]
    assert person_of(services, ada).revision == revision


def test_a_check_of_somebody_who_is_gone_makes_no_row(services: Services) -> None:
    gone = a_uid("gone")
    services.people.note_check(gone, an_instant())
    assert services.people.table.get(keys.person(gone)) is None


def test_a_change_keeps_the_time_of_the_check(services: Services, ada: Phone) -> None:
    ada.now += 6 * MINUTE
    assert ada.get("/v1/me").status == 200
    checked_at = row_in(services.people.table, keys.person(ada.uid))["checked_at"]
    ada.now += MINUTE
    assert ada.put("/v1/me", {"display_name": "Ada Two", "zone": LONDON}).status == 200
    assert row_in(services.people.table, keys.person(ada.uid))["checked_at"] == checked_at


@pytest.mark.parametrize(
    "call",
    [
        ("PUT", "/v1/me", {"display_name": "Ada Two", "zone": LONDON}),
        ("PUT", "/v1/me/reminders", {"prompt_time": "09:00"}),
        ("PUT", "/v1/me/devices/phone", {"token": "other", "platform": "ios"}),
        ("DELETE", "/v1/me/devices/phone", None),
        ("POST", "/v1/invites", None),
        ("POST", "/v1/me/sign-out-everywhere", None),
    ],
    ids=lambda call: " ".join(call[:2]),
)
def test_a_change_that_was_checked_itself_keeps_the_time_of_the_check(
    ada: Phone, firebase: Firebase, services: Services, call: tuple[str, str, object]
) -> None:
    revision = person_of(services, ada).revision
    ada.now += 6 * MINUTE
    assert ada.call(*call).status < 300
    assert len(firebase.asked) == 1
    assert person_of(services, ada).revision == revision + 1
    assert person_of(services, ada).checked_at == ada.now


def test_a_checked_change_that_changes_nothing_writes_only_the_time(ada: Phone, services: Services) -> None:
    before = person_of(services, ada)
    ada.now += 6 * MINUTE
    assert ada.delete("/v1/me/devices/unknown").status == 204
    assert person_of(services, ada) == replace(before, checked_at=ada.now)


STAFFS: Final = [each for each in contract.operations() if each.document == "openapi-practice.json"]


@pytest.fixture
def ruth(table: Table, firebase: Firebase) -> Phone:
    """Return the phone of a member of staff, with a token that is older than five minutes."""
    services = PracticeServices.on(table, firebase.account, review_required=False)
    ruth = Phone(practice_handler_of(lambda: services), a_uid("ruth"))
    issued_at = int((ruth.now - CHECKED_EVERY - SECOND).timestamp())
    ruth.claims = {"scope": "practice:read practice:publish", "iat": str(issued_at)}
    return ruth


@pytest.mark.parametrize("operation", STAFFS, ids=lambda each: each.id)
def test_staff_whose_account_does_not_stand_are_refused_too(
    ruth: Phone, firebase: Firebase, table: Table, operation: contract.Operation
) -> None:
    """A member of staff who was dismissed may publish nothing, although their token is valid for an hour."""
    firebase.given = AccountState.ENDED
    path = operation.template.format(pack_id="river", version=1) + "?revision=1" * (operation.method == "DELETE")
    with calls(table) as made:
        said = ruth.call(operation.method, path, contract.example_of(operation.method, operation.template))
    assert (said.status, said.problem) == (401, "signed-out")
    assert made == []


@pytest.mark.parametrize("account_state", [AccountState.GOOD, AccountState.UNKNOWN])
def test_staff_are_checked_whenever_their_token_is_older(
    ruth: Phone, firebase: Firebase, account_state: AccountState
) -> None:
    firebase.given = account_state
    for _ in range(2):
        assert ruth.get("/v1/practice/help").status == 200
    assert firebase.asked == [f"token-of-{ruth.uid}"] * 2
    ruth.claims["iat"] = str(int((ruth.now - CHECKED_EVERY).timestamp()))
    assert ruth.get("/v1/practice/help").status == 200
    assert len(firebase.asked) == 2


def test_a_caller_shows_no_token() -> None:
    event = http_event("GET", "/v1/me", "ada", an_instant(), None)
    event["headers"]["authorization"] = "Bearer secret-token"
    caller = caller_of(event)
    assert caller.token == "secret-token"
    assert "secret-token" not in repr(caller)
