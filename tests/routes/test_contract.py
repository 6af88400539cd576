"""Each refusal that a phones' route declares can happen, and matches the OpenAPI document.

`bench/tests/test_costs.py` checks the routes' other answers against the document.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from local import openapi
from rekindle.domain.erasures import RECEIPTS
from rekindle.domain.limits import LIMITS, Counted
from testing import contract
from testing.apis import phones_api
from testing.builders import NEW_YORK, a_uid, an_instant, publish_choices
from testing.phones import Phone, Reply, a_phone, pair
from tests.routes.test_limits import DOINGS

if TYPE_CHECKING:
    from couples_api.services import Services
    from testing.phones import Handler

DOCUMENT = openapi.document(openapi.PHONES)


class Witness:
    """A handler that checks each answer against the OpenAPI document and records the refusals."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self.refused: set[tuple[str, str]] = set()

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        answer = self._handler(event, context)
        method = event["requestContext"]["http"]["method"]
        operation = contract.operation_of(method, event["rawPath"])
        assert operation
        reply = Reply(answer["statusCode"], answer["headers"], answer.get("body") or "")
        contract.require_documented(method, operation.template, reply)
        if refusal := contract.refusal(event, answer):
            self.refused.add(refusal)
        return answer


@pytest.fixture
def witness(own_services: Services) -> Witness:
    table = own_services.people.table
    publish_choices(table)
    return Witness(phones_api(lambda: own_services))


def test_every_declared_refusal_comes(witness: Witness) -> None:
    """A declared refusal that no request causes is as wrong as a refusal that is not declared."""
    _refuse_everybody_without_a_partner(witness)
    _refuse_one_by_one(witness)
    _refuse_answers(witness)
    _refuse_exports_pauses_and_devices(witness)
    _refuse_before_the_first_pack(witness)
    _refuse_what_comes_too_often(witness)
    assert _declared() - witness.refused == set()


def _declared() -> set[tuple[str, str]]:
    """Return every declared refusal, except for operations with an idempotency key. test_idempotency causes those."""
    keyed = {operation.id for operation in contract.operations() if operation.takes_key}
    return {each for each in contract.declared("openapi.json") if each[0] not in keyed}


def _refuse_everybody_without_a_partner(witness: Witness) -> None:
    """Call each route that needs a profile or a partner as somebody who has none."""
    stranger, alone = Phone(witness, a_uid("nobody")), a_phone(witness, "alone", NEW_YORK)
    erased = a_phone(witness, "erased", NEW_YORK)
    assert erased.delete("/v1/me").status == 202
    path_of = {"date": "2026-03-02", "pack_id": "choice", "device_id": "other", "receipt": "22222-22222-22222-22222"}
    callers = ((stranger, "no-profile"), (alone, "not-paired"), (erased, "account-erased"), (alone, "no-such-erasure"))
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            body = contract.example_of(method, path)
            for phone, problem in callers:
                if (operation["operationId"], problem) in _declared():
                    said = phone.call(method.upper(), path.format(**path_of), body)
                    assert said.problem == problem, operation["operationId"]


def _refuse_one_by_one(witness: Witness) -> None:
    stranger, ada = Phone(witness, a_uid("stranger")), a_phone(witness, "ada", NEW_YORK)
    day = "/v1/days/2026-03-02"
    assert stranger.put("/v1/me", {"display_name": "S", "zone": "Mars/Olympus"}).problem == "unknown-zone"
    assert stranger.call("PUT", "/v1/me", raw="{").problem == "malformed-json"
    assert stranger.call("PUT", "/v1/me", raw='"' + "x" * 100_000 + '"').problem == "body-too-large"
    assert ada.put("/v1/me", {"display_name": "Ada"}).problem == "invalid-fields"
    assert ada.get("/v1/invites").problem == "no-invite"
    assert ada.get("/v1/days?limit=1000").problem == "invalid-fields"
    assert ada.post("/v1/invites/redeem", {"code": "22222-22222"}).problem == "invite-not-usable"
    for _ in range(4):
        ada.post("/v1/invites/redeem", {"code": "22222-22222"})
    assert ada.post("/v1/invites/redeem", {"code": "22222-22222"}).problem == "too-many-tries"
    solo = "/v1/solo/days/2026-03-02"
    ada.get("/v1/solo/today")
    ben = a_phone(witness, "ben", NEW_YORK)
    pair(ada, ben)
    assert ada.get("/v1/solo/today").problem == "already-paired"
    assert ada.post(f"{solo}/share").problem == "nothing-to-share"
    assert ben.post(f"{solo}/share").problem == "no-such-day"
    assert ada.get("/v1/recap?week=2026-03-03").problem == "invalid-fields"
    assert ada.get("/v1/recap").problem == "no-such-week"
    assert ada.put(f"{day}/reflection", {"kind": "heard"}).problem == "invalid-fields"
    assert ada.call("PUT", "/v1/couple/packs/nothing").problem == "no-such-pack"
    assert ada.get("/v1/help?country=nowhere").problem == "unknown-country"
    assert ada.get("/v1/days/2020-01-01").problem == "no-such-day"
    assert ada.get("/v1/days/yesterday").problem == "invalid-fields"


def _refuse_answers(witness: Witness) -> None:
    ada, ben = (a_phone(witness, name, NEW_YORK) for name in ("ada", "ben"))
    solo, day = "/v1/solo/days/2026-03-02", "/v1/days/2026-03-02"
    _refuse_answers_to(solo, "/v1/solo/days/2026-02-02", ada)
    pair(ada, ben)
    assert ada.put(f"{solo}/answer", {"text": "One."}).problem == "already-paired"
    _refuse_answers_to(day, "/v1/days/2020-01-01", ada)
    assert ada.put("/v1/days/2020-01-01/reflection", {"kind": "heard", "text": "One."}).problem == "no-such-day"
    assert ada.put(f"{day}/answer", {"text": None, "revision": 1}).problem == "text-missing"
    assert ada.put(f"{day}/answer", {"text": "Two.", "revision": 1, "prompt": "other/one"}).problem == "prompt-changed"
    assert ada.put(f"{day}/reflection", {"kind": "thank_you"}).problem == "not-open-yet"
    assert ben.put(f"{day}/answer", {"text": "Three."}).status == 200
    assert ada.put(f"{day}/reflection", {"kind": "thank_you"}).status == 200
    assert ada.put(f"{day}/reflection", {"kind": "tell_me_more"}).problem == "reflected-already"
    assert ada.put(f"{day}/answer", {"text": "Two.", "revision": 1}).problem == "answers-are-open"


def _refuse_answers_to(day: str, no_day: str, ada: Phone) -> None:
    """Cause the refusals of an answer to the day. One answer remains."""
    assert ada.put(f"{no_day}/answer", {"text": "One."}).problem == "no-such-day"
    assert ada.put(f"{day}/answer", {"text": "One.", "revision": 1}).problem == "nothing-to-edit"
    assert ada.put(f"{day}/answer", {"text": "One."}).status == 200
    assert ada.put(f"{day}/answer", {"text": "Two."}).problem == "answered-already"
    assert ada.put(f"{day}/answer", {"text": "Two.", "revision": 7}).problem == "edited-since"
    ada.now += dt.timedelta(days=3)
    assert ada.put(f"{day}/answer", {"text": "Two.", "revision": 1}).problem == "day-closed"
    ada.now -= dt.timedelta(days=3)


def _refuse_before_the_first_pack(witness: Witness) -> None:
    ada, ben, cai = (Phone(witness, a_uid(name), now=an_instant("2019-01-01T15:00:00Z")) for name in ("a", "b", "c"))
    for phone in (ada, ben, cai):
        assert phone.put("/v1/me", {"display_name": "A", "zone": NEW_YORK}).status == 200
    pair(ada, ben)
    answer = {"text": "One."}
    assert ada.get("/v1/today").problem == "no-prompt"
    assert ada.get("/v1/days/2019-01-01").problem == "no-prompt"
    assert ada.put("/v1/days/2019-01-01/answer", answer).problem == "no-prompt"
    assert cai.get("/v1/solo/today").problem == "no-prompt"
    assert cai.put("/v1/solo/days/2019-01-01/answer", answer).problem == "no-prompt"


def _refuse_what_comes_too_often(witness: Witness) -> None:
    ada, ben = (a_phone(witness, name, NEW_YORK) for name in ("ada", "ben"))
    pair(ada, ben)
    for kind, do in DOINGS.items():
        if kind is not Counted.INVITES:  # its request has an idempotency key
            *_, last = (do(ada, number) for number in range(LIMITS[kind].count + 1))
            assert last.problem == "too-many-changes"
    begun, ended = (ada.put("/v1/me/notifications", {"paused": paused}) for paused in (True, False))
    assert (begun.status, ended.problem) == (200, "too-many-changes")
    *_, last = (ben.delete("/v1/me") for _ in range(RECEIPTS.count + 1))
    assert last.problem == "too-many-changes"


def _refuse_exports_pauses_and_devices(witness: Witness) -> None:
    ada, ben = (a_phone(witness, name, NEW_YORK) for name in ("ada", "ben"))
    ada.claims["auth_time"] = str(int(ada.now.timestamp()) - 1000)
    assert ada.post("/v1/me/export").problem == "sign-in-not-recent"
    assert ada.delete("/v1/me").problem == "sign-in-not-recent"
    assert ada.get("/v1/erasures/22222").problem == "not-a-code"
    assert ada.put("/v1/me/devices/new", {"token": "new", "platform": "ios"}).problem == "sign-in-not-recent"
    del ada.claims["auth_time"]
    assert ada.post("/v1/me/export", {"next": "nowhere"}).problem == "invalid-fields"
    pair(ada, ben)
    assert ada.patch("/v1/couple", {"pause": {"until": "2020-01-01"}}).problem == "pause-out-of-range"
    again = {"pause": {"until": "2026-03-09"}}
    assert ada.patch("/v1/couple", again).status == 200
    assert ben.delete("/v1/couple/pause").status == 204
    assert ada.patch("/v1/couple", again).problem == "pause-too-soon"
    assert ada.patch("/v1/couple", {}).problem == "invalid-fields"
    said = [ada.put(f"/v1/me/devices/d{at}", {"token": f"t{at}{a_uid()}", "platform": "ios"}) for at in range(30)]
    assert said[-1].problem == "too-many-devices"
