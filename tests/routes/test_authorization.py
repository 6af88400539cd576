"""Each operation answers each kind of caller as authorization.txt says. Nobody reads or changes what belongs to others.

API Gateway checks tokens and scopes before these handlers run. tests/e2e/test_tokens.py asks the gateway.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import pytest

from testing import contract
from tests.routes.authorization import LEFT, OPERATIONS, ROWS, Kind, differences, is_practice
from tests.routes.town import ALONE, CALLER_OF, FIRST, TODAY, TOMORROW, Town, a_town

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rekindle.store.table import Item
    from testing.phones import Handler, Reply
    from tests.routes.test_erasing import World

USUAL: Final[Mapping[str, object]] = {"date": TODAY, "pack_id": "river", "device_id": "phone", "version": 1}
PATHS: Final[Mapping[str, Mapping[str, object]]] = {
    "PUT /v1/couple/packs/{pack_id}": {"pack_id": "choice"},
    "DELETE /v1/couple/packs/{pack_id}": {"pack_id": "choice"},
    "GET /v1/days/{date}": {"date": FIRST},
    "PUT /v1/days/{date}/reflection": {"date": FIRST},
    "POST /v1/days/{date}/swap": {"date": TOMORROW},
    "POST /v1/solo/days/{date}/share": {"date": ALONE},
    "DELETE /v1/solo/days/{date}/share": {"date": FIRST},
    "POST /v1/practice/packs/{pack_id}/approve": {"pack_id": "harbour"},
    "POST /v1/practice/packs/{pack_id}/reject": {"pack_id": "harbour"},
}
"""The values in a path with which the request does something. Other paths have the USUAL values."""

OPENED: Final[Mapping[tuple[str, Kind], frozenset[str]]] = {
    ("PUT /v1/days/{date}/answer", Kind.PARTNER): frozenset({"ben's sealed answer"}),
    ("PUT /v1/days/{date}/answer", Kind.OTHER): frozenset({"eli's sealed answer"}),
    **{
        ("POST /v1/invites/redeem", kind): frozenset({"hal's name", "hal's invite"})
        for kind in (Kind.FORMER, Kind.UNPAIRED, Kind.BOTH)
    },
}
"""What an operation shows to a caller who did not know it before."""

MEETS: Final[Mapping[tuple[str, Kind], str]] = {
    **{("POST /v1/invites/redeem", kind): "hal" for kind in (Kind.FORMER, Kind.UNPAIRED, Kind.BOTH)},
    ("DELETE /v1/me", Kind.PARTNER): "cai",
    ("DELETE /v1/me", Kind.FORMER): "ada",
    ("DELETE /v1/me", Kind.ERASING): "kit",
}
"""Somebody whom the operation concerns beside the caller and their partner: an inviter, or a former partner."""

NOBODY: Final = "nobody"
"""A reader from whom every plant is hidden."""

NOT_IN_CLEAR: Final = frozenset(
    {
        *("solo answer", "shown solo answer", "opened answer", "sealed answer", "reflection"),
        *("key", "code", "bare code", "practice code", "draft"),
    }
)
"""The plants that no row has in clear: sealed, hashed, compressed, or written without hyphens."""

READ: Final = frozenset({"name", "opened answer", "sealed answer", "reflection", "shown solo answer", "solo answer"})
"""The plants that couples can read."""

WRITING: Final = frozenset({"GET /v1/today", "GET /v1/solo/today", "GET /v1/practice/statistics"})
"""The operations that only read, but write a row at their first call: a day that opens, or the numbers of a date."""


def request_of(town: Town, name: str) -> tuple[str, Any]:
    """Return the path and the body with which the operation does something for a caller who may call it."""
    operation = OPERATIONS[name]
    path = operation.template.format(**{**USUAL, "receipt": town.ids["jon's receipt"], **PATHS.get(name, {})})
    bodies = {
        "PUT /v1/days/{date}/answer": {"text": "Mine.", "share_first": True, "revision": None, "prompt": None},
        "POST /v1/couple/practice-code": {"code": "ABCD-2345"},
        "POST /v1/invites/redeem": {"code": town.ids["hal's code"]},
        "POST /v1/invites/confirm": {"invite_id": town.ids["fay's invite"]},
        "PUT /v1/practice/packs/{pack_id}/draft": {"source": "id: river", "revision": town.ids["revision"]},
        "POST /v1/practice/packs/{pack_id}/publish": {"revision": town.ids["revision"]},
        "POST /v1/practice/packs/{pack_id}/approve": {"revision": town.ids["proposed"]},
        "POST /v1/practice/packs/{pack_id}/restore": {"prompt": "birdsong"},
        "PUT /v1/practice/help": {"revision": 0},
    }
    query = f"?revision={town.ids['revision']}" if operation.id == "deleteDraft" else ""
    return path + query, bodies.get(name) or contract.example_of(operation.method, operation.template)


type Row = tuple[str, str, str]
"""The table, partition and sort key of a row."""


def rows_of(world: World) -> dict[Row, Item]:
    tables = (world.table, world.key_table, world.erasure_table)
    return {(table.name, row["pk"], row.get("sk", "")): row for table in tables for row in table.items()}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A reply, and each row that the request changed, before and after it."""

    reply: Reply
    changed: Mapping[Row, tuple[Item | None, Item | None]]


@dataclass(slots=True)
class Trial:
    """Sends an operation's request as a kind of caller, each time in the same town."""

    town: Town
    rows: Mapping[Row, Item] = field(init=False)
    world: World = field(init=False)
    """A copy of the town's world. A request that changes a row is the last one on its copy."""
    handler: Handler = field(init=False)
    outcomes: dict[tuple[str, Kind], Outcome] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rows = rows_of(self.town.world)
        self.begin()

    def begin(self) -> None:
        self.world = self.town.world.copy()
        self.handler = self.town.on(self.world)

    def outcome(self, name: str, kind: Kind) -> Outcome:
        if (name, kind) not in self.outcomes:
            self.outcomes[name, kind] = self.tried(name, kind, lambda event: event)
        return self.outcomes[name, kind]

    def tried(self, name: str, kind: Kind, change: Callable[[Event], Event]) -> Outcome:
        """Send the request. `change` changes its event."""
        phone = self.town.caller(kind, is_staff=is_practice(name))
        phone.handler = lambda event, context: self.handler(change(event), context)
        path, body = request_of(self.town, name)
        reply = phone.call(OPERATIONS[name].method, path, body)
        after = rows_of(self.world)
        rows = {**self.rows, **after}
        changed = {row: (self.rows.get(row), after.get(row)) for row in rows if self.rows.get(row) != after.get(row)}
        if changed:
            self.begin()
        return Outcome(reply, changed)

    def shown(self, outcome: Outcome, reader: str) -> set[str]:
        """Return the names of the plants in the reply that are hidden from the reader. NOBODY may read any."""
        text = outcome.reply.text + repr(outcome.reply.headers)
        return {each.name for each in self.town.hidden_from(reader) if each.text in text}


@pytest.fixture(scope="module")
def trial() -> Trial:
    return Trial(a_town())


def test_every_operation_has_a_row_and_every_row_an_operation() -> None:
    assert differences({*OPERATIONS}, {*ROWS}) == []


def test_a_new_operation_or_a_row_too_many_is_named() -> None:
    new, gone = differences({"GET /v1/new", "GET /v1/me"}, {"GET /v1/me", "GET /v1/old"})
    assert new.startswith("GET /v1/new has no row in tests/routes/authorization.txt. Add one: ")
    assert gone == "GET /v1/old is no operation any more. Remove its row from authorization.txt."


ASKED: Final = [name for name in OPERATIONS if name in ROWS]
SIGNED_IN: Final = [kind for kind in Kind if kind is not Kind.NO_TOKEN]


@pytest.mark.parametrize("name", ASKED)
def test_somebody_may_do_what_the_request_asks_for(name: str) -> None:
    """Otherwise the refusals of the others would show nothing."""
    assert {200, 201, 202, 204} & {*ROWS[name].values()}


def test_everybody_has_something_to_hide(trial: Trial) -> None:
    """Otherwise the tests below would show nothing. Each plant can be read by its owner, or is in a row."""
    text = repr(list(trial.rows.values()))
    owners = {each.owner for each in trial.town.plants}
    assert owners >= {"ada", "ben", "cai", "dee", "eli", "fay", "gus", "hal", "jon", "kit", "lou", "saul", "uma"}
    kinds = {each.what for each in trial.town.plants}
    assert {each.what for each in trial.town.plants if each.text in text} == kinds - NOT_IN_CLEAR
    seen = "".join(
        trial.outcome(name, kind).reply.text for name in ASKED for kind in (Kind.PARTNER, Kind.FORMER, Kind.OTHER)
    )
    assert {each.what for each in trial.town.plants if each.text in seen} >= READ


@pytest.mark.parametrize("name", ASKED)
def test_each_caller_gets_the_status_of_the_table(trial: Trial, name: str) -> None:
    assert {kind: trial.outcome(name, kind).reply.status for kind in SIGNED_IN} == {
        kind: ROWS[name][kind] for kind in SIGNED_IN
    }


@pytest.mark.parametrize("name", ASKED)
def test_no_reply_has_a_byte_that_is_hidden_from_its_caller(trial: Trial, name: str) -> None:
    for kind in SIGNED_IN:
        outcome = trial.outcome(name, kind)
        is_refused = outcome.reply.status >= HTTPStatus.BAD_REQUEST
        as_staff = kind in LEFT and is_practice(name)
        reader = NOBODY if is_refused else "ruth" if as_staff else CALLER_OF[kind]
        assert trial.shown(outcome, reader) == OPENED.get((name, kind), set()), kind


@pytest.mark.parametrize("name", ASKED)
def test_a_refusal_changes_no_row_and_a_read_changes_none_but_its_own_day(trial: Trial, name: str) -> None:
    for kind in SIGNED_IN:
        outcome = trial.outcome(name, kind)
        if outcome.reply.status >= HTTPStatus.BAD_REQUEST or (name.startswith("GET ") and name not in WRITING):
            assert outcome.changed == {}, kind


@pytest.mark.parametrize("name", ASKED)
def test_no_changed_row_names_a_stranger(trial: Trial, name: str) -> None:
    for kind in SIGNED_IN:
        concerned = {*trial.town.concerned(CALLER_OF[kind]), MEETS.get((name, kind), "")}
        own = trial.town.traces_of(concerned)
        strangers = trial.town.traces_of(trial.town.traces.keys() - concerned)
        changed = repr(trial.outcome(name, kind).changed)
        assert [trace for trace in strangers - own if trace in changed] == [], kind


type Event = dict[str, Any]


def with_authorizer(authorizer: object) -> Callable[[Event], Event]:
    def change(event: Event) -> Event:
        return {**event, "requestContext": {**event["requestContext"], "authorizer": authorizer}}

    return change


def with_claims(**changes: object) -> Callable[[Event], Event]:
    """Return a function that changes the token's claims. None removes a claim."""

    def change(event: Event) -> Event:
        jwt = event["requestContext"]["authorizer"]["jwt"]
        claims = {name: value for name, value in {**jwt["claims"], **changes}.items() if value is not None}
        return with_authorizer({"jwt": {**jwt, "claims": claims}})(event)

    return change


UNVERIFIED: Final[Mapping[str, Callable[[Event], Event]]] = {
    "no authorizer": with_authorizer(None),
    "an empty authorizer": with_authorizer({}),
    "an authorizer of another kind": with_authorizer({"iam": {"userId": "uid-of-ada"}}),
    "an empty token": with_authorizer({"jwt": {}}),
    "no claims": with_authorizer({"jwt": {"claims": None, "scopes": None}}),
    "empty claims": with_authorizer({"jwt": {"claims": {}, "scopes": ["practice:publish"]}}),
    "no person": with_claims(sub=None),
    "a person without a name": with_claims(sub=""),
}
"""Events that API Gateway sends to a function only if a route lacks its authorizer by mistake."""


@pytest.mark.parametrize("kind", [Kind.PARTNER, Kind.PUBLISHER])
@pytest.mark.parametrize("fault", UNVERIFIED)
def test_without_verified_claims_nobody_reads_or_changes_anything(trial: Trial, fault: str, kind: Kind) -> None:
    for name in ASKED:
        outcome = trial.tried(name, kind, UNVERIFIED[fault])
        assert (name, outcome.reply.status) == (name, ROWS[name][Kind.NO_TOKEN])
        assert (trial.shown(outcome, NOBODY), outcome.changed) == (set(), {}), name
