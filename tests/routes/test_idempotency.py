"""An idempotency key is stored with the effect of its request, and never for a refused request."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pytest

from couples_api.handler import application, handler_of
from local import openapi
from rekindle.api.problems import Problem
from rekindle.domain.limits import LIMITS, Counted
from rekindle.domain.prompts import Audience
from rekindle.store import keys
from testing import contract
from testing.builders import LONDON, NEW_YORK, a_uid, give_code, prompts, publish
from testing.phones import NO_WORDS, Phone, a_phone, confirmation, pair

if TYPE_CHECKING:
    from collections.abc import Callable

    from couples_api.services import Services
    from rekindle.domain.ids import Uid
    from testing.phones import Handler

DAY = dt.timedelta(days=1)
DATE: Final = "/v1/days/2026-03-02"
KEY: Final = "tap"
WRONG: Final = {"code": "22222-22222"}
WRONG_PRACTICE: Final = {"code": "2222-2222"}
HUG: Final = {"gesture": "hug"}
RIGHT_PRACTICE: Final = {"code": "abcd-2345"}

EVERYWHERE: Final = contract.OF_THE_RESOLVER | {Problem.NO_PROMPT}
"""Refusals that come before a route reads anything, or that no wrong request causes."""


POSTS: Final[dict[str, tuple[str, Any]]] = {
    "post_invite": ("/v1/invites", None),
    "post_redeem": ("/v1/invites/redeem", WRONG),
    "post_confirm": ("/v1/invites/confirm", {"invite_id": "any", "words": NO_WORDS}),
    "post_practice_code": ("/v1/couple/practice-code", WRONG_PRACTICE),
    "post_nudge": ("/v1/nudges", HUG),
    "post_swap": (f"{DATE}/swap", None),
}
"""A path and a body for each operation with a key."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A POST request of a person."""

    phone: Phone
    path: str
    body: Any = None


@dataclass(frozen=True, slots=True)
class World:
    """Ada and Ben, a couple in New York, and others when a test wants them."""

    services: Services
    api: Handler
    ada: Phone
    ben: Phone

    def someone(self, name: str = "cai") -> Phone:
        return a_phone(self.api, name, LONDON)

    def a_code(self) -> str:
        code: str = self.someone("dee").post("/v1/invites").body["code"]
        return code

    def after(self, phone: Phone, times: int, operation: str) -> Asked:
        path, body = POSTS[operation]
        for _ in range(times):
            phone.post(path, body)
        return Asked(phone, path, body)

    def confirmed(self, redeemed: str) -> Asked:
        """Return Cai's confirmation of an invite that nobody has redeemed, or a person in a couple has."""
        cai = self.someone()
        invite = cai.post("/v1/invites").body
        if redeemed:
            dee = self.someone("dee")
            dee.post("/v1/invites/redeem", {"code": invite["code"]})
            pair(self.someone("eve"), dee)
        return Asked(cai, "/v1/invites/confirm", confirmation(cai, invite["invite_id"]))

    def confirmed_with_other_words(self) -> Asked:
        """Return Cai's confirmation of an invite, with words that Cai's phone does not show."""
        cai = self.someone()
        invite = cai.post("/v1/invites").body
        self.someone("dee").post("/v1/invites/redeem", {"code": invite["code"]})
        return Asked(cai, "/v1/invites/confirm", {"invite_id": invite["invite_id"], "words": NO_WORDS})

    def confirmed_without_a_choice(self) -> Asked:
        """Return Cai's confirmation of an invite that a former partner has redeemed."""
        cai, dee = self.someone(), self.someone("dee")
        pair(cai, dee)
        dee.delete("/v1/couple")
        invite = cai.post("/v1/invites").body
        dee.post("/v1/invites/redeem", {"code": invite["code"], "resume": True})
        return Asked(cai, "/v1/invites/confirm", confirmation(cai, invite["invite_id"]))

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

    def asked(self, operation: str, problem: Problem) -> Asked:
        """Return a request of the operation that is refused with the problem."""
        path, body = POSTS[operation]
        match problem:
            case Problem.NO_PROFILE:
                return Asked(Phone(self.api, a_uid("stranger")), path, body)
            case Problem.ACCOUNT_ERASED:
                erased = self.someone()
                self.services.people.erase(erased.uid, erased.now)
                return Asked(erased, path, body)
            case Problem.NOT_PAIRED:
                return Asked(self.someone(), path, body)
            case Problem.ALREADY_PAIRED:
                return Asked(self.ada, path, body)
            case Problem.KEY_REUSED:
                self.ada.get("/v1/today")
                assert self.ada.post("/v1/nudges", {"gesture": "miss_you"}, key=KEY).status == 201
                return Asked(self.ada, path, body)
            case _:
                return OWN_REFUSALS[operation, problem](self)


OWN_REFUSALS: Final[dict[tuple[str, Problem], Callable[[World], Asked]]] = {
    ("post_invite", Problem.TOO_MANY_CHANGES): lambda world: world.after(
        world.someone(), LIMITS[Counted.INVITES].count, "post_invite"
    ),
    ("post_redeem", Problem.NOT_A_CODE): lambda world: Asked(world.someone(), "/v1/invites/redeem", {"code": "O"}),
    ("post_redeem", Problem.INVITE_NOT_USABLE): lambda world: world.after(world.someone(), 0, "post_redeem"),
    ("post_redeem", Problem.TOO_MANY_TRIES): lambda world: world.after(world.someone(), 5, "post_redeem"),
    ("post_confirm", Problem.NO_INVITE): lambda world: world.after(world.someone(), 0, "post_confirm"),
    ("post_confirm", Problem.NOT_REDEEMED_YET): lambda world: world.confirmed(""),
    ("post_confirm", Problem.INVITE_NOT_USABLE): lambda world: world.confirmed("by somebody who has paired since"),
    ("post_confirm", Problem.OTHER_WORDS): lambda world: world.confirmed_with_other_words(),
    ("post_confirm", Problem.CHOICE_MISSING): lambda world: world.confirmed_without_a_choice(),
    ("post_practice_code", Problem.NOT_A_CODE): lambda world: Asked(
        world.ada, "/v1/couple/practice-code", {"code": "?"}
    ),
    ("post_practice_code", Problem.CODE_NOT_USABLE): lambda world: world.after(world.ada, 0, "post_practice_code"),
    ("post_practice_code", Problem.TOO_MANY_TRIES): lambda world: world.after(world.ada, 5, "post_practice_code"),
    ("post_nudge", Problem.TOO_MANY_NUDGES): lambda world: world.after(world.ada, 3, "post_nudge"),
    ("post_swap", Problem.NO_SUCH_DAY): lambda world: Asked(world.ada, "/v1/days/2020-01-01/swap"),
    ("post_swap", Problem.DAY_CLOSED): lambda world: world.day("closed"),
    ("post_swap", Problem.SWAP_TOO_LATE): lambda world: world.day("answered"),
    ("post_swap", Problem.SWAPPED_ALREADY): lambda world: world.day("swapped"),
    ("post_swap", Problem.NOTHING_TO_SWAP): lambda world: world.day("opened"),
}
"""Requests by operation and problem. The operation itself refuses each request."""


def _reasons() -> list[tuple[str, Problem]]:
    app = application()
    return [
        (route.func.__name__, problem)
        for route in [*app._static_routes, *app._dynamic_routes]
        if "idempotency-key" in {each.alias for each in route.dependant.header_params}
        for problem in Problem
        if problem in openapi.problems_of(route) - EVERYWHERE
    ]


REASONS: Final = _reasons()
"""Each operation that takes a key, with each problem that the operation declares."""


@pytest.fixture(scope="module")
def services(new_services: Callable[[], Services]) -> Services:
    made = new_services()
    publish(made.people.table, prompts("group"), audience=Audience.CODE)
    give_code(made.people.table, "group")
    return made


@pytest.fixture
def world(services: Services) -> World:
    return _world(services)


def _world(services: Services) -> World:
    api = handler_of(lambda: services)
    # At depth 3 each theme has another prompt, also for a couple without touch.
    ada, ben = (a_phone(api, name, NEW_YORK, depth=3) for name in ("ada", "ben"))
    pair(ada, ben)
    return World(services, api, ada, ben)


def remembered_keys(services: Services, *uids: Uid) -> list[dict[str, Any]]:
    """Return the rows that store idempotency keys of these persons."""
    table = services.people.table
    return [item for uid in uids for item in table.query(keys.person(uid).pk, between=("ONCE#", "ONCE#~")).items]


def test_every_operation_with_a_key_is_tried() -> None:
    assert POSTS.keys() == {operation for operation, _ in REASONS}
    assert OWN_REFUSALS.keys() <= {*REASONS}


@pytest.mark.parametrize(("operation", "problem"), REASONS, ids=lambda part: getattr(part, "name", part))
def test_a_refused_request_leaves_no_key(
    services: Services, new_services: Callable[..., Services], operation: str, problem: Problem
) -> None:
    if problem is Problem.NOTHING_TO_SWAP:
        services = new_services({entry.theme: (entry, text) for entry, text in reversed(list(prompts()))}.values())
    asked = _world(services).asked(operation, problem)
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


def test_a_repeat_of_a_finished_request_stores_no_new_key(services: Services, world: World) -> None:
    """Such a repeat counts for no limit. If it stored its key, a person could store any number of rows."""
    cai, dee = world.someone(), world.someone("dee")
    invite = cai.post("/v1/invites").body
    code = {"code": invite["code"]}
    for body in (code, code | {"resume": True}, code | {"resume": False}):
        assert dee.post("/v1/invites/redeem", body, key=f"redeem {body}").status == 200
    confirming = confirmation(cai, invite["invite_id"])
    for key in ("confirm", "again", "and again"):
        assert cai.post("/v1/invites/confirm", confirming, key=key).status == 200
        assert cai.post("/v1/couple/practice-code", RIGHT_PRACTICE, key=f"join {key}").status == 200
    assert len(remembered_keys(services, dee.uid)) == 1
    assert len(remembered_keys(services, cai.uid)) == 2
    for key in ("confirm", "join confirm"):
        assert cai.post("/v1/nudges", HUG, key=key).problem == "key-reused"


class TestTries:
    """Only a new well-formed code counts as a try. A typing error or a repeat does not."""

    @pytest.mark.parametrize("slip", ["K7MP2-QRX9O", "K7MP2-QRX9", "", "hello", "https://app.example/join"])
    def test_a_malformed_code_does_not_count_as_a_try(self, services: Services, world: World, slip: str) -> None:
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

    @pytest.mark.parametrize("operation", ["post_redeem", "post_practice_code"])
    def test_a_repeat_under_one_key_is_no_new_try_whether_its_code_works_or_not(
        self, world: World, operation: str
    ) -> None:
        path, wrong = POSTS[operation]
        phone, right = world.ada, RIGHT_PRACTICE
        if operation == "post_redeem":
            phone, right = world.someone(), {"code": world.a_code()}
        for body, status in ((right, 200), (wrong, 404)):
            key = f"key of {status}"
            assert [phone.post(path, body, key=key).status for _ in range(7)] == [status] * 7
        for _ in range(3):
            assert phone.post(path, wrong).status == 404
        assert phone.post(path, wrong).problem == "too-many-tries"
        assert phone.post(path, right, key="key of 200").status == 200
        assert phone.post(path, wrong, key="key of 404").status == 404
        assert phone.post(path, wrong, key="key of 200").problem == "key-reused"

    def test_the_same_code_written_otherwise_is_the_same_request(self, world: World) -> None:
        cai, code = world.someone(), world.a_code()
        assert cai.post("/v1/invites/redeem", {"code": code}, key=KEY).status == 200
        for text in (code.lower(), f"\u201c{code}\u201d.", f"https://app.example/join#{code}"):
            assert cai.post("/v1/invites/redeem", {"code": text}, key=KEY).status == 200

    def test_the_link_of_an_invite_is_read_as_its_code(self, world: World) -> None:
        link = world.someone("dee").post("/v1/invites").body["link"]
        text = f"Join me on Rekindle: {link} See you there!"
        assert world.someone().post("/v1/invites/redeem", {"code": text}).status == 200
