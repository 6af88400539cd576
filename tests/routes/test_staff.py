"""Staff need more than a password: a recent sign-in, a right that still stands, a second factor and a second person."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import itertools
import json
import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from practice_api.services import Services
from rekindle.accounts import PUBLISH, READ, RevokeJob
from rekindle.api.identity import Account, AccountState
from rekindle.api.sessions import CHECKED_EVERY
from rekindle.domain.ids import PackId, Uid
from rekindle.packs.audit_chain import KEPT, ChainedEntry, Link, fault_in
from rekindle.packs.lifecycle import Actor, AuditEntry, StaffAction
from rekindle.packs.notices import Notice, NoticeKind
from rekindle.push.reactions import Reaction, reaction_to
from rekindle.store import keys
from rekindle.store.audit import record
from rekindle.store.instants import to_ttl
from rekindle.store.notices import notice_row
from rekindle.store.practice_codes import PracticeCode
from rekindle.store.stream import change_in
from rekindle.store.table import Write, marshal
from testing import contract
from testing.apis import practice_handler_of as handler_of
from testing.builders import an_instant
from testing.packs import a_source
from testing.phones import Phone
from testing.push_world import CrashError, calls, first_of, watched
from testing.stored import row_in, stream_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rekindle.api.callers import Caller
    from rekindle.store.table import Item, Table
    from testing.phones import Reply

NOON: Final = an_instant("2026-03-02T12:00:00Z")
HOUR: Final = dt.timedelta(hours=1)
MILLISECOND: Final = dt.timedelta(milliseconds=1)
SECOND: Final = dt.timedelta(seconds=1)
BOTH: Final = frozenset({READ, PUBLISH})
OPERATIONS: Final = [each for each in contract.operations() if each.document == "openapi-practice.json"]
OWN: Final = {"postCheck", "postNoticesRead", "postSignOut"}
"""The operations that change nothing of others."""
CHANGES: Final = [each for each in OPERATIONS if each.method != "GET" and each.id not in OWN]
OTHERS: Final = [each for each in OPERATIONS if each not in CHANGES]


@contextlib.contextmanager
def busy_audit(table: Table, most: int = 1_000) -> Iterator[None]:
    """Let a rogue member of staff add an entry before each of the next transactions of others."""
    left = [most]

    def add_first(operation: str) -> None:
        if operation == "TransactWriteItems" and left[0] > 0:
            before, left[0] = left[0], 0  # the rogue's own transaction goes first
            record(table, AuditEntry(Actor("rogue", "rogue", NOON), StaffAction.DRAFT_SAVED))
            left[0] = before - 1

    with watched(table, add_first):
        yield


@dataclass(slots=True)
class Firebase:
    """Stands for Firebase. It gives every account this answer, and counts the questions."""

    answer: Account = field(default_factory=lambda: Account(AccountState.GOOD, BOTH))
    asked: int = 0

    def account(self, _caller: Caller) -> Account:
        self.asked += 1
        return self.answer


@pytest.fixture
def firebase() -> Firebase:
    return Firebase()


@pytest.fixture
def services(table: Table, firebase: Firebase) -> Services:
    return Services.on(table, firebase.account, review_required=False)


@pytest.fixture
def new_phone(services: Services) -> Callable[[str], Phone]:
    """Return the phones of members of staff who have just signed in."""

    def made(name: str) -> Phone:
        claims = {"email": f"{name}@practice.example", "email_verified": "true", "scope": f"{READ} {PUBLISH}"}
        return Phone(handler_of(lambda: services), Uid(name), NOON, claims)

    return made


@pytest.fixture
def ruth(new_phone: Callable[[str], Phone]) -> Phone:
    return new_phone("ruth")


@pytest.fixture
def saul(new_phone: Callable[[str], Phone]) -> Phone:
    return new_phone("saul")


def asked(phone: Phone, operation: contract.Operation, **headers: str) -> Reply:
    path = operation.template.format(pack_id="river", version=1) + "?revision=1" * (operation.method == "DELETE")
    body = contract.example_of(operation.method, operation.template)
    return phone.call(operation.method, path, body, headers=headers)


def times(signed_in: dt.datetime, issued: dt.datetime | None = None) -> dict[str, str]:
    """Return the claims of a token of a sign-in."""
    return {"auth_time": str(int(signed_in.timestamp())), "iat": str(int((issued or signed_in).timestamp()))}


@pytest.mark.parametrize("operation", CHANGES, ids=lambda each: each.id)
class TestChanges:
    """Whoever changes what others see has signed in within the hour, and Firebase says so in this very call."""

    def test_a_sign_in_of_an_hour_ago_is_not_recent(
        self, ruth: Phone, firebase: Firebase, table: Table, operation: contract.Operation
    ) -> None:
        ruth.claims |= times(NOON - HOUR - SECOND, issued=NOON)
        with calls(table) as made:
            refused = asked(ruth, operation)
        assert (refused.status, refused.problem) == (403, "sign-in-not-recent")
        assert (made, firebase.asked) == ([], 0)
        ruth.claims |= times(NOON - HOUR, issued=NOON)
        again = asked(ruth, operation)
        assert again.status < 300 or again.problem != "sign-in-not-recent"

    def test_firebase_is_asked_although_the_token_is_new(
        self, ruth: Phone, firebase: Firebase, operation: contract.Operation
    ) -> None:
        asked(ruth, operation)
        assert firebase.asked == 1

    @pytest.mark.parametrize("scopes", [frozenset(), frozenset({READ}), frozenset({"practice:publisher"})])
    def test_a_right_that_was_taken_away_ends_at_once(
        self, ruth: Phone, firebase: Firebase, table: Table, operation: contract.Operation, scopes: frozenset[str]
    ) -> None:
        firebase.answer = Account(AccountState.GOOD, scopes)
        with calls(table) as made:
            refused = asked(ruth, operation)
        assert (refused.status, refused.problem) == (403, "not-allowed")
        assert made == []

    def test_nothing_is_written_if_firebase_does_not_tell(
        self, ruth: Phone, firebase: Firebase, table: Table, operation: contract.Operation
    ) -> None:
        firebase.answer = Account(AccountState.UNKNOWN)
        with calls(table) as made:
            refused = asked(ruth, operation)
        assert (refused.status, refused.problem) == (503, "busy")
        assert refused.headers["Retry-After"] == "30"
        assert made == []


@pytest.mark.parametrize("operation", OTHERS, ids=lambda each: each.id)
class TestOtherCalls:
    """Whoever reads is asked about every five minutes, so a right that was taken away ends within five minutes."""

    def test_a_right_that_was_taken_away_ends_within_five_minutes(
        self, ruth: Phone, firebase: Firebase, operation: contract.Operation
    ) -> None:
        firebase.answer = Account(AccountState.GOOD)
        ruth.claims |= times(NOON - 2 * HOUR, issued=NOON - CHECKED_EVERY)
        reply = asked(ruth, operation)
        assert reply.status < 300 or reply.problem != "not-allowed"
        assert firebase.asked == 0
        ruth.claims |= times(NOON - 2 * HOUR, issued=NOON - CHECKED_EVERY - SECOND)
        assert asked(ruth, operation).problem == "not-allowed"

    def test_the_right_to_read_is_enough(self, ruth: Phone, firebase: Firebase, operation: contract.Operation) -> None:
        firebase.answer = Account(AccountState.GOOD, frozenset({READ}))
        ruth.claims |= {"scope": READ} | times(NOON - 2 * HOUR)
        reply = asked(ruth, operation)
        assert reply.status < 300 or reply.problem.startswith("no-such")

    def test_a_call_goes_on_if_firebase_does_not_tell(
        self, ruth: Phone, firebase: Firebase, operation: contract.Operation
    ) -> None:
        firebase.answer = Account(AccountState.UNKNOWN)
        ruth.claims |= times(NOON - 2 * HOUR)
        reply = asked(ruth, operation)
        assert reply.status < 300 or reply.problem.startswith("no-such")


def a_token(**claims: Any) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"head.{body}.signature"


WITH_FACTOR: Final = {"sign_in_provider": "password", "sign_in_second_factor": "totp"}
FLATTENED: Final = "map[identities:map[] sign_in_provider:password sign_in_second_factor:totp]"
"""API Gateway's text of the object that the token has."""


class TestSecondFactor:
    """Where it is needed, no call of staff goes without a second factor. Only the verified token says so."""

    @pytest.fixture
    def careful(self, ruth: Phone, services: Services) -> Phone:
        needed = replace(services, sessions=replace(services.sessions, second_factor=True))
        return replace(ruth, handler=handler_of(lambda: needed))

    @pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.id)
    def test_every_route_needs_it(
        self, careful: Phone, firebase: Firebase, table: Table, operation: contract.Operation
    ) -> None:
        with calls(table) as made:
            token = a_token(sub="ruth", firebase={"sign_in_provider": "password"})
            refused = asked(careful, operation, authorization=f"Bearer {token}")
        assert (refused.status, refused.problem) == (403, "second-factor-needed")
        assert (made, firebase.asked) == ([], 0)
        token = a_token(sub="ruth", firebase=WITH_FACTOR)
        reply = asked(careful, operation, authorization=f"Bearer {token}")
        assert reply.status < 300 or reply.problem != "second-factor-needed"

    @pytest.mark.parametrize("claim", [FLATTENED, WITH_FACTOR, "map[sign_in_provider:password]"])
    @pytest.mark.parametrize(("factor", "status"), [(WITH_FACTOR, 200), ({"sign_in_provider": "password"}, 403)])
    def test_the_token_counts_and_not_the_form_that_api_gateway_gives_it(
        self, careful: Phone, claim: Any, factor: dict[str, str], status: int
    ) -> None:
        careful.claims["firebase"] = claim
        for scheme in ("Bearer ", ""):
            token = f"{scheme}{a_token(sub='ruth', firebase=factor)}"
            assert careful.call("GET", "/v1/practice/help", headers={"authorization": token}).status == status

    @pytest.mark.parametrize(
        "token",
        [
            "",
            "token-of-ruth",
            "a.b.c",
            "a.e30.c",
            a_token(sub="saul", firebase=WITH_FACTOR),
            a_token(sub="ruth", firebase=FLATTENED),
            a_token(sub="ruth", firebase={"sign_in_second_factor": ""}),
            a_token(sub="ruth", firebase={"sign_in_second_factor": None}),
            f"good.token.verified,{a_token(sub='ruth', firebase=WITH_FACTOR)}",
            f"head.{base64.urlsafe_b64encode(b'[]').decode()}.signature",
            f"head.{base64.urlsafe_b64encode(b'[' * 99_999).decode()}.signature",
        ],
    )
    def test_anything_else_is_no_second_factor(self, careful: Phone, token: str) -> None:
        refused = careful.call("GET", "/v1/practice/help", headers={"authorization": f"Bearer {token}"})
        assert refused.problem == "second-factor-needed"

    @pytest.mark.parametrize(
        "header", ["{0}", "bearer {0}", "BEARER  {0}", "Bearer {0} {1}", "Bearer {0},Bearer {1}", "{0} {1}", "{0},{1}"]
    )
    def test_a_second_token_in_the_header_is_never_read(self, careful: Phone, header: str) -> None:
        """API Gateway has verified one token, and may have taken the first one."""
        verified, forged = a_token(sub="ruth"), a_token(sub="ruth", firebase=WITH_FACTOR)
        filled = header.format(verified, forged)
        assert (
            careful.call("GET", "/v1/practice/help", headers={"authorization": filled}).problem
            == "second-factor-needed"
        )
        only = careful.call("GET", "/v1/practice/help", headers={"authorization": header.format(forged, forged)})
        assert (only.status == 200) is ("{1}" not in header)

    @pytest.mark.parametrize("operation", OTHERS, ids=lambda each: each.id)
    def test_where_it_is_not_needed_a_password_is_enough(self, ruth: Phone, operation: contract.Operation) -> None:
        reply = asked(ruth, operation)
        assert reply.status < 300 or reply.problem.startswith("no-such")


class TestSignOut:
    """A member of staff ends all their sign-ins, here at once and at Firebase by a job."""

    def test_a_token_from_before_is_refused_at_once(self, ruth: Phone, saul: Phone) -> None:
        ruth.claims |= times(NOON - HOUR / 2, issued=NOON)
        assert ruth.post("/v1/practice/sign-out").status == 204
        for operation in OPERATIONS:
            assert asked(ruth, operation).problem == "signed-out", operation.id
        assert saul.get("/v1/practice/help").status == 200
        ruth.now += SECOND
        ruth.claims |= times(ruth.now)
        assert ruth.get("/v1/practice/help").status == 200

    def test_an_old_sign_in_can_be_ended_while_firebase_is_silent(self, ruth: Phone, firebase: Firebase) -> None:
        firebase.answer = Account(AccountState.UNKNOWN)
        ruth.claims |= times(NOON - 9 * HOUR)
        assert ruth.post("/v1/practice/sign-out").status == 204

    def test_the_stream_leads_to_firebase(self, ruth: Phone, table: Table) -> None:
        ruth.post("/v1/practice/sign-out")
        row = row_in(table, keys.staff_sign_out("ruth"))
        reaction = reaction_to(change_in(stream_record(None, marshal(row))))
        assert reaction == Reaction(accounts=(RevokeJob(uid=Uid("ruth"), signed_out_at=NOON + SECOND),))

    def test_reading_notices_is_no_change_for_the_stream(self, ruth: Phone, table: Table) -> None:
        ruth.post("/v1/practice/notices/read", {"until": f"{1:013}-{0:012x}"})
        assert change_in(stream_record(None, marshal(row_in(table, keys.notices_read("ruth"))))) is None

    def test_it_is_in_the_audit(self, ruth: Phone) -> None:
        ruth.post("/v1/practice/sign-out")
        ruth.now += SECOND
        (entry,) = ruth.get("/v1/practice/audit").body["entries"]
        assert (entry["who"], entry["action"]) == ("ruth@practice.example", "signed_out")

    def test_it_does_not_wait_for_an_audit_that_somebody_keeps_busy(
        self, ruth: Phone, table: Table, caplog: pytest.LogCaptureFixture
    ) -> None:
        with busy_audit(table):
            assert ruth.post("/v1/practice/sign-out").status == 204
        assert ruth.get("/v1/practice/help").problem == "signed-out"
        assert "a sign-out of staff is not in the audit" in caplog.messages

    def test_a_sign_out_that_is_written_late_makes_no_sign_in_valid_again(self, services: Services) -> None:
        for minutes in (10, 5):
            services.sign_outs.sign_out(Actor("ruth", "ruth", NOON + minutes * 60 * SECOND))
        assert services.sign_outs.signed_out_at(Uid("ruth")) == NOON + 601 * SECOND


class TestBusyAudit:
    """Whoever keeps adding to the audit keeps nobody else from adding to it."""

    @pytest.mark.parametrize("faster", [1, 50])
    def test_a_pack_is_withdrawn_after_many_faster_actions(
        self, ruth: Phone, services: Services, table: Table, faster: int
    ) -> None:
        assert ruth.put("/v1/practice/packs/river/draft", {"source": a_source(), "revision": 0}).status == 200
        assert ruth.post("/v1/practice/packs/river/publish", {"revision": 1, "announce": False}).status == 200
        with busy_audit(table, faster):
            assert ruth.post("/v1/practice/packs/river/withdraw", {}).status == 200
        assert services.packs.head(PackId("river")).withdrawn
        assert services.audit.page(None, 100, NOON).intact

    def test_nobody_else_s_audit_means_busy(self, ruth: Phone, table: Table) -> None:
        with busy_audit(table):
            refused = ruth.put("/v1/practice/help", {"revision": 0})
        assert (refused.status, refused.problem) == (503, "busy")
        assert ruth.get("/v1/practice/help").body["proposal"] is None


def help_of(number: int) -> dict[str, Any]:
    booking = {"url": f"https://practice.example/{number}", "words": {"en": "Book"}}
    return {"booking": booking, "lines": [], "revision": 0}


def a_notice(number: int) -> Notice:
    return Notice(NoticeKind.CODE_USED_WIDELY, NOON - number * HOUR, pack=PackId("river"), couples=50)


class TestNotices:
    """All staff get the same notices, and each of them reads on their own."""

    def test_a_notice_about_a_code_is_seen_from_the_second_midnight_on(self, ruth: Phone, table: Table) -> None:
        """Otherwise it would tell the minute in which one couple joined."""
        code = PracticeCode("ABCD2345", PackId("river"), expected=10, couples=10)
        table.transact([code.use(NOON)[-1]])
        midnight = an_instant("2026-03-04T00:00:00Z")
        for at, seen in ((NOON, 0), (midnight - MILLISECOND, 0), (midnight, 1), (midnight + HOUR, 1)):
            ruth.now = at
            page = ruth.get("/v1/practice/notices").body
            assert (len(page["notices"]), page["unread"]) == (seen, seen)
        (notice,) = ruth.get("/v1/practice/notices").body["notices"]
        assert notice["at"] == "2026-03-04T00:00:00Z"
        assert notice["id"].startswith(str(int(midnight.timestamp() * 1000)))

    def test_every_step_of_a_change_of_the_help_is_a_notice_to_all(self, ruth: Phone, saul: Phone) -> None:
        steps = (
            (ruth, "PUT", "", {"revision": 0}),
            (saul, "POST", "/reject", {"proposal": 1, "note": "No."}),
            (ruth, "PUT", "", {"revision": 0}),
            (saul, "POST", "/approve", {"proposal": 3}),
        )
        for number, (phone, method, route, body) in enumerate(steps):
            phone.now = NOON + number * HOUR
            assert phone.call(method, f"/v1/practice/help{route}", body).status == 200
        ruth.now = saul.now
        page = ruth.get("/v1/practice/notices").body
        assert [(each["kind"], each["who"].partition("@")[0], each["note"]) for each in page["notices"]] == [
            ("help-changed", "saul", None),
            ("help-proposed", "ruth", None),
            ("help-rejected", "saul", "No."),
            ("help-proposed", "ruth", None),
        ]
        assert (page["unread"], page["before"]) == (4, None)

    @pytest.mark.parametrize(
        "call",
        [
            ("PUT", "/v1/practice/help", {"lines": [], "revision": 0}),
            ("POST", "/v1/practice/help/approve", {"proposal": 1}),
            ("POST", "/v1/practice/help/reject", {"proposal": 1, "note": "No."}),
        ],
    )
    def test_a_crash_leaves_an_action_with_its_entry_and_notice_or_nothing(
        self, ruth: Phone, saul: Phone, table: Table, call: tuple[str, str, dict[str, Any]]
    ) -> None:
        if call[0] == "POST":
            assert ruth.put("/v1/practice/help", {"revision": 0}).status == 200
        before = table.items()  # type: ignore[attr-defined]  # a table in memory
        replies: list[Reply] = []
        entries, notices = (len(table.query(pk).items) for pk in (keys.AUDIT, keys.NOTICES))
        numbers, added = itertools.count(), {0}
        while not replies:
            with contextlib.suppress(CrashError), calls(table, crash_at=next(numbers)):
                replies.append(saul.call(*call))
            added = {len(table.query(keys.AUDIT).items) - entries, len(table.query(keys.NOTICES).items) - notices}
            assert added in ({0}, {1})
            assert (table.items() == before) is (added == {0})  # type: ignore[attr-defined]
        assert added == {1}

    def test_reading_is_for_the_caller_alone_and_never_goes_back(self, ruth: Phone, saul: Phone, table: Table) -> None:
        for number in range(3):
            table.write(notice_row(a_notice(number)))
        first, second, third = (each["id"] for each in ruth.get("/v1/practice/notices").body["notices"])
        for until, unread in ((third, 2), (first, 0), (second, 0)):
            assert ruth.post("/v1/practice/notices/read", {"until": until}).status == 204
            page = ruth.get("/v1/practice/notices").body
            assert (page["unread"], [each["unread"] for each in page["notices"]].count(True)) == (unread, unread)
        assert saul.get("/v1/practice/notices").body["unread"] == 3

    def test_no_mark_hides_a_later_notice(self, ruth: Phone, table: Table) -> None:
        assert ruth.post("/v1/practice/notices/read", {"until": f"{'9' * 13}-{'f' * 12}"}).status == 204
        table.write(notice_row(a_notice(0)))
        assert ruth.get("/v1/practice/notices").body["unread"] == 0
        table.write(notice_row(replace(a_notice(0), at=NOON + MILLISECOND)))
        ruth.now += MILLISECOND
        assert ruth.get("/v1/practice/notices").body["unread"] == 1

    def test_a_notice_that_is_written_late_comes_after_all_that_was_read(self, saul: Phone, table: Table) -> None:
        def others() -> None:
            saul.now = NOON + SECOND
            assert saul.put("/v1/practice/help", {"revision": 0}).status == 200
            latest = saul.get("/v1/practice/notices").body["notices"][0]["id"]
            saul.now = NOON + 2 * SECOND
            assert saul.post("/v1/practice/notices/read", {"until": latest}).status == 204

        with watched(table, first_of("TransactWriteItems", others)):
            record(
                table,
                AuditEntry(Actor("operator", "operator", NOON), StaffAction.RIGHTS_GRANTED),
                notice=Notice(NoticeKind.RIGHTS_GRANTED, NOON),
            )
        page = saul.get("/v1/practice/notices").body
        assert [(each["kind"], each["unread"]) for each in page["notices"]] == [
            ("rights-granted", True),
            ("help-proposed", False),
        ]
        assert page["unread"] == 1

    def test_an_own_proposal_in_place_of_a_waiting_one_is_no_second_notice(self, ruth: Phone, saul: Phone) -> None:
        for number in range(3):
            ruth.now += SECOND
            assert ruth.put("/v1/practice/help", help_of(number)).status == 200
        saul.now = ruth.now
        (notice,) = saul.get("/v1/practice/notices").body["notices"]
        assert notice["kind"] == "help-proposed"
        assert saul.post("/v1/practice/help/reject", {"proposal": 3, "note": None}).status == 200
        ruth.now += SECOND
        assert ruth.put("/v1/practice/help", help_of(0)).status == 200
        saul.now = ruth.now
        kinds = [each["kind"] for each in saul.get("/v1/practice/notices").body["notices"]]
        assert kinds == ["help-proposed", "help-rejected", "help-proposed"]

    def test_an_account_proposes_help_thirty_times_in_a_day(self, ruth: Phone, saul: Phone, table: Table) -> None:
        for number in range(30):
            ruth.now += SECOND
            assert ruth.put("/v1/practice/help", help_of(number)).status == 200
            if number % 2:
                body = {"proposal": ruth.get("/v1/practice/help").body["proposal"]["id"], "note": None}
                assert ruth.post("/v1/practice/help/reject", body).status == 200
        before = table.items()  # type: ignore[attr-defined]  # a table in memory
        refused = ruth.put("/v1/practice/help", help_of(30))
        assert (refused.status, refused.problem) == (429, "too-many-changes")
        assert refused.headers["Retry-After"] == str(24 * 3600 - 29)
        assert table.items() == before  # type: ignore[attr-defined]
        assert saul.put("/v1/practice/help", help_of(31)).status == 200
        assert saul.post("/v1/practice/help/reject", {"proposal": 46, "note": None}).status == 200
        ruth.now = NOON + SECOND + 24 * HOUR
        ruth.claims |= times(ruth.now)
        assert ruth.put("/v1/practice/help", help_of(32)).status == 200

    def test_they_are_read_page_by_page(self, ruth: Phone, table: Table) -> None:
        for number in range(105):
            table.write(notice_row(a_notice(number)))
        found: list[str] = []
        before = ""
        while True:
            page = ruth.get(f"/v1/practice/notices?limit=30{before}").body
            assert page["unread"] == 100, "more are not counted"
            found += [each["at"] for each in page["notices"]]
            if page["before"] is None:
                break
            before = f"&before={page['before']}"
        assert found == sorted(found, reverse=True)
        assert len(found) == 105
        with calls(table) as made:
            ruth.get("/v1/practice/notices")
        assert made == ["GetItem", "GetItem", "Query", "Query"]

    def test_a_notice_that_is_written_twice_is_one(self, ruth: Phone, table: Table) -> None:
        for _ in range(2):
            table.write(notice_row(a_notice(0)))
        (notice,) = ruth.get("/v1/practice/notices").body["notices"]
        assert (notice["kind"], notice["who"], notice["pack"], notice["couples"]) == (
            "code-used-widely",
            None,
            "river",
            50,
        )

    def test_a_notice_ends_after_a_year(self) -> None:
        assert notice_row(a_notice(0)).item["ttl"] == to_ttl(NOON + dt.timedelta(days=365))

    def test_a_mark_ends_after_a_year_and_a_sign_out_after_a_month(self, ruth: Phone, table: Table) -> None:
        ruth.post("/v1/practice/notices/read", {"until": f"{1:013}-{0:012x}"})
        ruth.post("/v1/practice/sign-out")
        assert row_in(table, keys.notices_read("ruth"))["ttl"] == to_ttl(NOON + dt.timedelta(days=365))
        assert row_in(table, keys.staff_sign_out("ruth"))["ttl"] == to_ttl(NOON + SECOND + dt.timedelta(days=30))


class TestChain:
    """A changed, inserted or removed entry of the audit shows."""

    @pytest.fixture
    def kept(self, ruth: Phone, table: Table) -> list[Item]:
        """Let Ruth save seven drafts. Return the rows of the audit, latest first."""
        for revision in range(7):
            ruth.now += HOUR
            body = {"source": a_source() + f"# {revision}\n", "revision": revision}
            assert ruth.put("/v1/practice/packs/river/draft", body).status == 200
        return table.query(keys.AUDIT, descending=True).items

    def pages(self, phone: Phone, limit: int) -> list[Any]:
        found, before = [], ""
        while True:
            found.append(phone.get(f"/v1/practice/audit?limit={limit}{before}").body)
            if found[-1]["before"] is None:
                return found
            before = f"&before={found[-1]['before']}"

    def whole(self, phone: Phone) -> bool:
        """Return what the API says of the chain, whatever the size of its pages."""
        (said,) = {all(page["intact"] for page in self.pages(phone, limit)) for limit in (1, 2, 3, 7, 100)}
        return said

    def verified(self, phone: Phone, instant: dt.datetime = NOON + 8 * HOUR) -> str | None:
        """Verify the whole chain from the API's pages, as the command line does."""
        entries = []
        for page in self.pages(phone, 3):
            for each in page["entries"]:
                actor = Actor(each["uid"], each["who"], an_instant(each["at"]))
                about = {name: each[name] for name in ("pack", "version", "prompt", "note", "account", "scope")}
                entry = AuditEntry(actor, StaffAction(each["action"]), **about)
                previous_at = each["previous_at"] and an_instant(each["previous_at"])
                entries.append(ChainedEntry(entry, Link(each["number"], each["digest"], each["previous"], previous_at)))
        return fault_in(entries, instant, complete=True)

    @pytest.mark.usefixtures("kept")
    def test_a_chain_that_nobody_touched_is_whole(self, ruth: Phone) -> None:
        assert self.whole(ruth)
        assert self.verified(ruth) is None
        assert [each["number"] for page in self.pages(ruth, 3) for each in page["entries"]] == [7, 6, 5, 4, 3, 2, 1]

    @pytest.mark.parametrize("place", range(7))
    def test_a_removed_entry_shows(self, ruth: Phone, table: Table, kept: list[Item], place: int) -> None:
        table.write(Write("Delete", keys.Key(keys.AUDIT, kept[place]["sk"])))
        assert not self.whole(ruth)
        # Of the latest entry, only the head and the logs know.
        assert (self.verified(ruth) is None) is (place == 0)

    @pytest.mark.parametrize("place", range(7))
    @pytest.mark.parametrize("change", [{"note": "Never happened."}, {"pack": "lake"}, {"number": 9}, {"digest": "0"}])
    def test_a_changed_entry_shows(
        self, ruth: Phone, table: Table, kept: list[Item], place: int, change: dict[str, Any]
    ) -> None:
        table.write(Write("Put", keys.Key(keys.AUDIT, kept[place]["sk"]), item=kept[place] | change))
        assert not self.whole(ruth)
        assert self.verified(ruth)

    def test_an_inserted_entry_shows(self, ruth: Phone, table: Table, kept: list[Item]) -> None:
        millis, _, number = kept[3]["sk"].partition("-")
        table.write(Write("Put", keys.Key(keys.AUDIT, f"{int(millis) + 1:013}-{number}"), item=kept[3]))
        assert not self.whole(ruth)
        assert self.verified(ruth)

    def test_a_head_that_is_gone_shows(self, ruth: Phone, table: Table, kept: list[Item]) -> None:
        assert kept
        table.write(Write("Delete", keys.AUDIT_HEAD))
        assert not self.whole(ruth)

    def test_the_entries_that_ended_after_ten_years_are_not_missing(
        self, ruth: Phone, table: Table, kept: list[Item]
    ) -> None:
        table.write(Write("Delete", keys.Key(keys.AUDIT, kept[-1]["sk"])))
        ended = an_instant(ruth.get("/v1/practice/audit").body["entries"][-1]["previous_at"]) + KEPT
        assert self.verified(ruth, ended - SECOND)
        assert self.verified(ruth, ended) is None

    @pytest.mark.parametrize("place", range(1, 7))
    def test_ended_entries_may_be_deleted_in_any_order(
        self, ruth: Phone, services: Services, table: Table, kept: list[Item], place: int
    ) -> None:
        """DynamoDB deletes rows some time after their `ttl`, in no order."""
        table.write(Write("Delete", keys.Key(keys.AUDIT, kept[place]["sk"])))
        ended = NOON + (7 - place) * HOUR + KEPT
        for limit in (3, 100):
            assert not services.audit.page(None, 100, ended - SECOND).intact
            assert self.verified(ruth, ended - SECOND)
            assert services.audit.page(None, limit, ended).intact
            assert self.verified(ruth, ended) is None

    def test_an_audit_whose_last_entry_has_ended_is_whole(
        self, services: Services, table: Table, kept: list[Item]
    ) -> None:
        for each in kept:
            table.write(Write("Delete", keys.Key(keys.AUDIT, each["sk"])))
        assert not services.audit.page(None, 1, NOON + 7 * HOUR + KEPT - SECOND).intact
        assert services.audit.page(None, 1, NOON + 7 * HOUR + KEPT).intact

    @pytest.mark.parametrize("limit", [1, 2, 100])
    @pytest.mark.parametrize("earlier", [0, 2])
    def test_actions_while_a_page_is_read_are_no_fault(
        self, ruth: Phone, saul: Phone, table: Table, limit: int, earlier: int
    ) -> None:
        def act() -> None:
            for _ in range(2):
                saul.post("/v1/practice/sign-out")

        for _ in range(earlier):
            act()
        with calls(table) as made:
            ruth.get(f"/v1/practice/audit?limit={limit}")
        for number in range(len(made)):
            requests = itertools.count()

            def at_request(_operation: str, place: int = number, seen: Iterator[int] = requests) -> None:
                if next(seen) == place:
                    act()

            with watched(table, at_request):
                assert ruth.get(f"/v1/practice/audit?limit={limit}").body["intact"], number

    def test_a_slow_action_of_before_comes_after_the_faster_one(self, ruth: Phone, saul: Phone, table: Table) -> None:
        """An action has the instant at which its request came. The chain has the order of the writes."""
        saul.now += HOUR
        for phone in (saul, ruth):
            phone.post("/v1/practice/sign-out")
        entries = table.query(keys.AUDIT).items
        assert [(each["number"], each["done"]["uid"]) for each in entries] == [(1, "saul"), (2, "ruth")]
        saul.now += HOUR
        assert self.whole(saul)

    def test_two_simultaneous_actions_follow_each_other(self, ruth: Phone, saul: Phone, table: Table) -> None:
        faster = first_of("TransactWriteItems", lambda: saul.put("/v1/practice/help", {"revision": 0}))
        with watched(table, faster):
            saved = ruth.put("/v1/practice/packs/river/draft", {"source": a_source(), "revision": 0})
        assert saved.status == 200
        entries = table.query(keys.AUDIT).items
        assert [(each["number"], each["done"]["uid"]) for each in entries] == [(1, "saul"), (2, "ruth")]
        assert self.whole(ruth)

    def test_the_log_is_a_witness_outside_of_the_table(
        self, ruth: Phone, table: Table, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.INFO):
            ruth.put("/v1/practice/help", {"revision": 0})
        (line,) = [vars(each) for each in caplog.records if each.message == "audited"]
        head = row_in(table, keys.AUDIT_HEAD)
        assert (line["number"], line["digest"]) == (head["number"], head["digest"])

    def test_accounts_can_add_to_it(self, ruth: Phone, table: Table) -> None:
        by = Actor("operator", "operator", NOON)
        entry = AuditEntry(by, StaffAction.RIGHTS_GRANTED, account="saul@practice.example", scope=READ)
        notice = Notice(NoticeKind.RIGHTS_GRANTED, NOON, by.name, account=entry.account, scope=entry.scope)
        record(table, entry, [notice_row(notice)])
        (shown,) = ruth.get("/v1/practice/audit").body["entries"]
        assert (shown["account"], shown["scope"], shown["number"]) == ("saul@practice.example", READ, 1)
        assert self.whole(ruth)
