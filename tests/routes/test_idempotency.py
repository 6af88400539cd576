"""Idempotency keys: one is remembered with what its request did, and never for a request that is refused."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from couples_api.handler import application, handler_of
from local import openapi
from rekindle.api.problems import Problem
from rekindle.domain.prompts import Audience
from rekindle.store import keys
from rekindle.store.table import Write
from testing.builders import LONDON, NEW_YORK, a_uid, prompts, publish
from testing.phones import Phone, a_phone, pair

if TYPE_CHECKING:
    from collections.abc import Callable

    from couples_api.services import Services
    from rekindle.domain.ids import Uid
    from testing.phones import Handler

DAY = dt.timedelta(days=1)
DATE: Final = "/v1/days/2026-03-02"
ANY: Final = {"invite_id": "any"}
KEY: Final = "tap"
WRONG: Final = {"code": "22222-22222"}
WRONG_PRACTICE: Final = {"code": "2222-2222"}
HUG: Final = {"gesture": "hug"}
RIGHT_PRACTICE: Final = {"code": "abcd-2345"}

EVERYWHERE: Final = {
    Problem.INTERNAL,
    Problem.BUSY,
    Problem.NO_PROMPT,
    Problem.MALFORMED_JSON,
    Problem.INVALID_FIELDS,
    Problem.BODY_TOO_LARGE,
    Problem.UNSUPPORTED_MEDIA_TYPE,
    Problem.NOT_SIGNED_IN,
}
"""What is refused before a route reads anything, or comes of no wish of the caller."""
ONLY_IN_A_RACE: Final = {("post_confirm", Problem.NOT_PAIRED)}


@dataclass(frozen=True, slots=True)
class Asked:
    """A POST by somebody."""

    phone: Phone
    path: str
    body: Any = None


@dataclass(frozen=True, slots=True)
class World:
    """Ada and Ben, a couple in New York, and others when a test wants them."""

    api: Handler
    ada: Phone
    ben: Phone

    def someone(self, name: str = "cai") -> Phone:
        return a_phone(self.api, name, LONDON)

    def stranger(self) -> Phone:
        return Phone(self.api, a_uid("stranger"))

    def a_code(self) -> str:
        code: str = self.someone("dee").post("/v1/invites").body["code"]
        return code

    def reused(self, path: str, body: Any = None) -> Asked:
        """A request by Ada under the key of a nudge that she has sent."""
        assert self.ada.post("/v1/nudges", {"gesture": "miss_you"}, key=KEY).status == 201
        return Asked(self.ada, path, body)

    def after(self, phone: Phone, times: int, path: str, body: Any) -> Asked:
        for _ in range(times):
            phone.post(path, body)
        return Asked(phone, path, body)

    def confirmed(self, redeemed: str) -> Asked:
        """Cai's confirmation of an invite that nobody, or that one of a couple, has redeemed."""
        cai = self.someone()
        invite = cai.post("/v1/invites").body
        if redeemed:
            dee = self.someone("dee")
            dee.post("/v1/invites/redeem", {"code": invite["code"]})
            pair(self.someone("eve"), dee)
        return Asked(cai, "/v1/invites/confirm", {"invite_id": invite["invite_id"]})

    def day(self, state: str) -> Asked:
        self.ada.get("/v1/today")
        match state:
            case "answered":
                assert self.ada.put(f"{DATE}/answer", {"text": "So."}).status == 200
            case "swapped":
                assert self.ben.post(f"{DATE}/swap").status == 200
            case "closed":
                self.ada.now += 3 * DAY
        return Asked(self.ada, f"{DATE}/swap")


REFUSED: Final[dict[tuple[str, Problem], Callable[[World], Asked]]] = {
    ("post_invite", Problem.NO_PROFILE): lambda world: Asked(world.stranger(), "/v1/invites"),
    ("post_invite", Problem.ALREADY_PAIRED): lambda world: Asked(world.ada, "/v1/invites"),
    ("post_invite", Problem.KEY_REUSED): lambda world: world.reused("/v1/invites"),
    ("post_redeem", Problem.NO_PROFILE): lambda world: Asked(world.stranger(), "/v1/invites/redeem", WRONG),
    ("post_redeem", Problem.NOT_A_CODE): lambda world: Asked(world.someone(), "/v1/invites/redeem", {"code": "O"}),
    ("post_redeem", Problem.ALREADY_PAIRED): lambda world: Asked(world.ada, "/v1/invites/redeem", WRONG),
    ("post_redeem", Problem.KEY_REUSED): lambda world: world.reused("/v1/invites/redeem", WRONG),
    ("post_redeem", Problem.INVITE_NOT_USABLE): lambda world: Asked(world.someone(), "/v1/invites/redeem", WRONG),
    ("post_redeem", Problem.TOO_MANY_TRIES): lambda world: world.after(world.someone(), 5, "/v1/invites/redeem", WRONG),
    ("post_confirm", Problem.NO_PROFILE): lambda world: Asked(
        world.stranger(), "/v1/invites/confirm", ANY
    ),
    ("post_confirm", Problem.ALREADY_PAIRED): lambda world: Asked(world.ada, "/v1/invites/confirm", ANY),
    ("post_confirm", Problem.KEY_REUSED): lambda world: world.reused("/v1/invites/confirm", ANY),
    ("post_confirm", Problem.NO_INVITE): lambda world: Asked(
        world.someone(), "/v1/invites/confirm", ANY
    ),
    ("post_confirm", Problem.NOT_REDEEMED_YET): lambda world: world.confirmed(""),
    ("post_confirm", Problem.INVITE_NOT_USABLE): lambda world: world.confirmed("by somebody who has paired since"),
    ("post_practice_code", Problem.NO_PROFILE): lambda world: Asked(
        world.stranger(), "/v1/couple/practice-code", WRONG_PRACTICE
    ),
    ("post_practice_code", Problem.NOT_PAIRED): lambda world: Asked(
        world.someone(), "/v1/couple/practice-code", WRONG_PRACTICE
    ),
    ("post_practice_code", Problem.NOT_A_CODE): lambda world: Asked(
        world.ada, "/v1/couple/practice-code", {"code": "?"}
    ),
    ("post_practice_code", Problem.KEY_REUSED): lambda world: world.reused("/v1/couple/practice-code", RIGHT_PRACTICE),
    ("post_practice_code", Problem.CODE_NOT_USABLE): lambda world: Asked(
        world.ada, "/v1/couple/practice-code", WRONG_PRACTICE
    ),
    ("post_practice_code", Problem.TOO_MANY_TRIES): lambda world: world.after(
        world.ada, 5, "/v1/couple/practice-code", WRONG_PRACTICE
    ),
    ("post_nudge", Problem.NO_PROFILE): lambda world: Asked(world.stranger(), "/v1/nudges", HUG),
    ("post_nudge", Problem.NOT_PAIRED): lambda world: Asked(world.someone(), "/v1/nudges", HUG),
    ("post_nudge", Problem.KEY_REUSED): lambda world: world.reused("/v1/nudges", HUG),
    ("post_nudge", Problem.TOO_MANY_NUDGES): lambda world: world.after(world.ada, 3, "/v1/nudges", HUG),
    ("post_swap", Problem.NO_PROFILE): lambda world: Asked(world.stranger(), f"{DATE}/swap"),
    ("post_swap", Problem.NOT_PAIRED): lambda world: Asked(world.someone(), f"{DATE}/swap"),
    ("post_swap", Problem.NO_SUCH_DAY): lambda world: Asked(world.ada, "/v1/days/2020-01-01/swap"),
    ("post_swap", Problem.KEY_REUSED): lambda world: world.reused(world.day("opened").path),
    ("post_swap", Problem.DAY_CLOSED): lambda world: world.day("closed"),
    ("post_swap", Problem.SWAP_TOO_LATE): lambda world: world.day("answered"),
    ("post_swap", Problem.SWAPPED_ALREADY): lambda world: world.day("swapped"),
    ("post_swap", Problem.NOTHING_TO_SWAP): lambda world: world.day("opened"),
}  # fmt: skip
"""By operation and reason, how a request comes to be refused."""


@pytest.fixture(scope="module")
def services(new_services: Callable[[], Services]) -> Services:
    made = new_services()
    publish(made.people.table, prompts("group"), audience=Audience.CODE)
    made.people.table.write(Write("Put", keys.practice_code("ABCD2345"), item={"pack": "group"}))
    return made


@pytest.fixture
def world(services: Services) -> World:
    return _world(services)


def _world(services: Services) -> World:
    api = handler_of(lambda: services)
    # At depth 3 there is another prompt of every theme, also without touch.
    ada, ben = (a_phone(api, name, NEW_YORK, depth=3) for name in ("ada", "ben"))
    pair(ada, ben)
    return World(api, ada, ben)


def remembered_keys(services: Services, *uids: Uid) -> list[dict[str, Any]]:
    """The rows that remember idempotency keys of these persons."""
    table = services.people.table
    return [item for uid in uids for item in table.query(keys.person(uid).pk, between=("ONCE#", "ONCE#~")).items]


def test_every_operation_with_a_key_is_tried_with_every_reason_to_refuse_it() -> None:
    app = application()
    keyed = [
        route
        for route in [*app._static_routes, *app._dynamic_routes]
        if "idempotency-key" in {each.alias for each in route.dependant.header_params}
    ]
    reasons = {(route.func.__name__, problem) for route in keyed for problem in openapi.problems_of(route) - EVERYWHERE}
    assert len(keyed) == 6
    assert reasons - ONLY_IN_A_RACE == REFUSED.keys()


@pytest.mark.parametrize(("operation", "problem"), REFUSED, ids=lambda part: getattr(part, "name", part))
def test_a_refused_request_leaves_no_key(
    services: Services, new_services: Callable[..., Services], operation: str, problem: Problem
) -> None:
    if problem is Problem.NOTHING_TO_SWAP:
        services = new_services({entry.theme: (entry, text) for entry, text in reversed(list(prompts()))}.values())
    asked = REFUSED[operation, problem](_world(services))
    before = remembered_keys(services, asked.phone.uid)
    for _ in range(2):
        reply = asked.phone.post(asked.path, asked.body, key=KEY)
        assert reply.problem == problem.type.rpartition(":")[2]
    assert remembered_keys(services, asked.phone.uid) == before


def test_a_key_that_was_refused_is_free_for_another_request(world: World) -> None:
    cai, code = world.someone(), world.a_code()
    assert cai.post("/v1/invites/redeem", {"code": "K7MP2-QRX9O"}, key=KEY).problem == "not-a-code"
    assert cai.post("/v1/invites/redeem", WRONG, key=KEY).problem == "invite-not-usable"
    redeemed = cai.post("/v1/invites/redeem", {"code": code}, key=KEY)
    assert redeemed.status == 200
    assert cai.post("/v1/invites/redeem", WRONG, key=KEY).problem == "key-reused"
    assert cai.post("/v1/invites/redeem", {"code": code}, key=KEY) == redeemed


def test_what_was_done_already_is_remembered_under_a_new_key_too(world: World) -> None:
    cai, dee = world.someone(), world.someone("dee")
    invite = cai.post("/v1/invites").body
    dee.post("/v1/invites/redeem", {"code": invite["code"]})
    body = {"invite_id": invite["invite_id"]}
    assert [cai.post("/v1/invites/confirm", body, key=key).status for key in (None, "a", "b")] == [200] * 3
    assert [cai.post("/v1/couple/practice-code", RIGHT_PRACTICE, key=key).status for key in (None, "c")] == [200] * 2
    for key in ("a", "b", "c"):
        assert cai.post("/v1/nudges", HUG, key=key).problem == "key-reused"


class TestTries:
    """A try is a code that could be one; neither a slip nor a repeat is."""

    @pytest.mark.parametrize("slip", ["K7MP2-QRX9O", "K7MP2-QRX9", "", "hello", "https://app.example/join"])
    def test_what_cannot_be_a_code_costs_no_try(self, services: Services, world: World, slip: str) -> None:
        cai, code = world.someone(), world.a_code()
        for _ in range(6):
            refused = cai.post("/v1/invites/redeem", {"code": slip})
            assert (refused.status, refused.problem) == (422, "not-a-code")
            refused = world.ada.post("/v1/couple/practice-code", {"code": slip})
            assert (refused.status, refused.problem) == (422, "not-a-code")
        assert services.people.table.get(keys.tries(cai.uid)) is None
        assert services.people.table.get(keys.practice_code_tries(world.ada.uid)) is None
        assert cai.post("/v1/invites/redeem", {"code": code}).status == 200
        assert world.ada.post("/v1/couple/practice-code", RIGHT_PRACTICE).status == 200

    def test_the_refusal_says_what_is_wrong(self, world: World) -> None:
        reply = world.someone().post("/v1/invites/redeem", {"code": "K7MP2-QRX9O"})
        assert reply.body["detail"].startswith("A code never contains O.")
        reply = world.ada.post("/v1/couple/practice-code", {"code": "K7MP-2QR"})
        assert reply.body["detail"] == "A code has 8 letters and digits. This has 7."

    def test_a_repeat_under_one_key_is_no_new_try_whether_its_code_works_or_not(self, world: World) -> None:
        cai, code = world.someone(), world.a_code()
        for body, status in (({"code": code}, 200), (WRONG, 404)):
            key = f"key of {status}"
            assert [cai.post("/v1/invites/redeem", body, key=key).status for _ in range(7)] == [status] * 7
        for _ in range(3):
            assert cai.post("/v1/invites/redeem", WRONG).status == 404
        assert cai.post("/v1/invites/redeem", WRONG).problem == "too-many-tries"
        assert cai.post("/v1/invites/redeem", {"code": code}, key="key of 200").status == 200
        assert cai.post("/v1/invites/redeem", WRONG, key="key of 404").status == 404
        assert cai.post("/v1/invites/redeem", WRONG, key="key of 200").problem == "key-reused"

    def test_the_same_holds_for_the_codes_of_a_practice(self, world: World) -> None:
        for body, status in ((RIGHT_PRACTICE, 200), (WRONG_PRACTICE, 404)):
            key = f"key of {status}"
            replies = [world.ada.post("/v1/couple/practice-code", body, key=key) for _ in range(7)]
            assert [reply.status for reply in replies] == [status] * 7
        for _ in range(3):
            assert world.ada.post("/v1/couple/practice-code", WRONG_PRACTICE).status == 404
        assert world.ada.post("/v1/couple/practice-code", WRONG_PRACTICE).problem == "too-many-tries"
        assert world.ada.post("/v1/couple/practice-code", RIGHT_PRACTICE, key="key of 200").status == 200
        assert world.ada.post("/v1/couple/practice-code", WRONG_PRACTICE, key="key of 200").problem == "key-reused"

    def test_the_same_code_written_otherwise_is_the_same_request(self, world: World) -> None:
        cai, code = world.someone(), world.a_code()
        assert cai.post("/v1/invites/redeem", {"code": code}, key=KEY).status == 200
        for text in (code.lower(), f"\u201c{code}\u201d.", f"https://app.example/join#{code}"):
            assert cai.post("/v1/invites/redeem", {"code": text}, key=KEY).status == 200

    def test_the_link_of_an_invite_is_read_as_its_code(self, world: World) -> None:
        link = world.someone("dee").post("/v1/invites").body["link"]
        text = f"Join me on Rekindle: {link} See you there!"
        assert world.someone().post("/v1/invites/redeem", {"code": text}).status == 200
