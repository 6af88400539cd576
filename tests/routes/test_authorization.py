"""Each operation answers each kind of caller as authorization.txt says. Nobody reads or changes what belongs to others.

API Gateway checks tokens and scopes before these handlers run. tests/e2e/test_tokens.py asks the gateway.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import pytest

from tests.routes.authorization import LEFT, OPERATIONS, ROWS, Kind, differences, is_practice
from tests.routes.town import CALLER_OF, NOW, a_town
from tests.routes.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.routes.trial import Event


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
        *("key", "code", "bare code", "practice code", "draft", "words"),
    }
)
"""The plants that no row has in clear: sealed, hashed, compressed, or written without hyphens."""

READ: Final = frozenset({"name", "opened answer", "sealed answer", "reflection", "shown solo answer", "solo answer"})
"""The plants that couples can read."""

WRITING: Final = frozenset({"GET /v1/today", "GET /v1/solo/today", "GET /v1/practice/statistics"})
"""The operations that only read, but write a row at their first call: a day that opens, or the numbers of a date."""


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
    "a token without an end": with_claims(exp=None),
    "a token that has ended": with_claims(exp=str(int(NOW.timestamp()))),
    "a token whose end is no number": with_claims(exp="never"),
}
"""Events that API Gateway sends to a function only if a route lacks its authorizer by mistake."""


@pytest.mark.parametrize("kind", [Kind.PARTNER, Kind.PUBLISHER])
@pytest.mark.parametrize("fault", UNVERIFIED)
def test_without_verified_claims_nobody_reads_or_changes_anything(trial: Trial, fault: str, kind: Kind) -> None:
    for name in ASKED:
        outcome = trial.tried(name, kind, UNVERIFIED[fault])
        assert (name, outcome.reply.status) == (name, ROWS[name][Kind.NO_TOKEN])
        assert (trial.shown(outcome, NOBODY), outcome.changed) == (set(), {}), name
