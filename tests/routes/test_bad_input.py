"""A wrong request gets a clear answer, never a 500, and writes nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from couples_api.handler import application
from rekindle.api.problems import Problem
from testing.apis import handler_of
from testing.builders import LONDON, NEW_YORK, a_token, a_uid
from testing.phones import NO_WORDS, Phone, Reply, a_couple, a_phone, whole
from testing.stored import every_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from couples_api.services import Services
    from testing.phones import Handler

PROFILE = {"display_name": "Ada", "zone": NEW_YORK}
DEVICE = {"token": "token", "platform": "android"}
REMINDERS = {"prompt_time": "08:30"}
ANSWER = {"text": "The way you hum."}
DATE = "/v1/days/2026-03-02"
SOLO_DATE = "/v1/solo/days/2026-03-02"


class Route(NamedTuple):
    """A route that takes a body, with a valid body."""

    method: str
    path: str
    body: dict[str, Any]


BODIES = {
    "me": Route("PUT", "/v1/me", PROFILE),
    "device": Route("PUT", "/v1/me/devices/phone", DEVICE),
    "reminders": Route("PUT", "/v1/me/reminders", REMINDERS),
    "redeem": Route("POST", "/v1/invites/redeem", {"code": "22222-22222"}),
    "confirm": Route("POST", "/v1/invites/confirm", {"invite_id": "any", "words": NO_WORDS}),
    "answer": Route("PUT", f"{DATE}/answer", ANSWER),
    "reflection": Route("PUT", f"{DATE}/reflection", {"kind": "thank_you"}),
    "solo answer": Route("PUT", f"{SOLO_DATE}/answer", ANSWER),
    "nudge": Route("POST", "/v1/nudges", {"gesture": "hug"}),
    "pause": Route("PATCH", "/v1/couple", {"pause": {"until": "2026-03-09"}}),
    "practice code": Route("POST", "/v1/couple/practice-code", {"code": "2222-2222"}),
}
OUT_OF_BOUNDS: dict[str, dict[str, list[Any]]] = {
    "me": {
        "display_name": ["", " \t\n", "a" * 51, "Ada\nLovelace", "\N{ZERO WIDTH SPACE}"],
        "zone": ["a" * 65],
        "language": ["english", "EN", "e1", ""],
        "depth": [0, 4, "2", 1.0, True],
        "touch_comfort": [-1, 4, 10**40],
        "barriers": [["stress", "weather"], "stress", {"stress": 1}, ["stress"] * 5],
        "streak_hidden": ["yes", 1],
        "uid": ["another"],
        "paired": [False],
    },
    "reminders": {
        "prompt_time": [None, "8:30", "24:00", "08:32", "08:30\n", "٠٨:٣٠", "08:30:00"],
        "evening_time": ["", "20:60", False],
        "quiet_hours": [
            *({"start": "22:00", "end": end} for end in ("22:00", "25:00")),
            *({"start": "22:00"}, {"start": "22:00", "end": "07:00", "zone": "UTC"}),
            *(["22:00", "07:00"], "22:00-07:00"),
        ],
    },
    "device": {
        "token": ["", "a b", "töken", "token\n", "t" * 1025],
        "platform": ["windows", "Android", None],
    },
    "answer": {
        "revision": [0, -1, "1", 1.0, True, 2**31, 10**40],
        "share_first": ["true", None, 1],
        "text": ["a" * 2001, "", "\n\t ", "\N{ZERO WIDTH SPACE}", ["a"]],
    },
    "nudge": {"gesture": ["", "HUG", "hug ", "kiss", "thinking-of-you", "thank_you\n", "h\u00fcg", "hug" * 1_000]},
}
"""Refused values by route and field."""
UNSEEN = "Nothing in this text can be seen."
each_body = pytest.mark.parametrize("route", BODIES.values(), ids=BODIES.keys())


@pytest.fixture(scope="module")
def services(new_services: Callable[[], Services]) -> Services:
    """Make tables for this module, so that a test can check that nothing was written."""
    return new_services()


@pytest.fixture(scope="module")
def api(services: Services) -> Handler:
    return handler_of(lambda: services)


@pytest.fixture(scope="module")
def couple(api: Handler) -> tuple[Phone, Phone]:
    """Pair two persons who have opened today, so that every request is possible."""
    ada, ben = a_couple(api)
    ada.get("/v1/today")
    return ada, ben


@pytest.fixture
def ada(couple: tuple[Phone, Phone]) -> Phone:
    return couple[0]


@pytest.fixture(scope="class")
def unharmed(services: Services, couple: tuple[Phone, Phone]) -> Iterator[None]:  # noqa: ARG001  created before the snapshot
    """Check that no test of the class writes anything."""
    before = _everything(services)
    yield
    assert _everything(services) == before


def refused(reply: Reply, status: int, *problems: str) -> None:
    assert (reply.status, reply.headers["Content-Type"]) == (status, "application/problem+json"), reply.text
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.problem in problems, reply.text
    kind = Problem[reply.problem.upper().replace("-", "_")]
    assert reply.body.keys() <= {"type", "title", "status", "detail", "errors"}
    assert (reply.body["status"], reply.body["title"]) == (kind.status, kind.title)


def test_every_route_that_takes_a_body_is_in_the_table() -> None:
    app = application()
    taking = [each for each in (*app._static_routes, *app._dynamic_routes) if each.body_field is not None]
    for route in taking:
        found = [each for each in BODIES.values() if each.method == route.method and route.rule.match(each.path)]
        assert len(found) == 1, route.openapi_path
    assert len(taking) == len(BODIES)


@pytest.mark.usefixtures("unharmed")
class TestBodies:
    """Every route with a body refuses every kind of wrong body."""

    @each_body
    @pytest.mark.parametrize(
        "text",
        [
            "{",
            "nonsense",
            '{"text": "a"',
            "{'text': 'a'}",
            '{"text": "\n"}',
            "\ufeff{}",
            "[" * 16_000,
            '{"a":' * 5_000,
            f'{{"revision": {"9" * 5_000}}}',
            "\ud800",
        ],
        ids=lambda text: ascii(text)[:20],
    )
    def test_a_body_that_is_not_json_is_refused(self, ada: Phone, route: Route, text: str) -> None:
        refused(ada.call(route.method, route.path, raw=text), 400, "malformed-json")

    @each_body
    def test_a_field_that_is_not_known(self, ada: Phone, route: Route) -> None:
        for name in ("unheard_of", "Text", "__class__", "", "🫶"):
            reply = ada.call(route.method, route.path, route.body | {name: 1})
            refused(reply, 422, "invalid-fields")
            assert reply.body["errors"][0]["field"] == f"body.{name}"
        refused(ada.call(route.method, route.path, route.body | {"a\ud800b": 1}), 422, "invalid-fields")

    @each_body
    @pytest.mark.parametrize("value", [0, 1.5, True, [], {}, {"a": 1}, ["a"], [["a"]], "\ud800", "\udfff a"])
    def test_a_value_of_the_wrong_kind(self, ada: Phone, route: Route, value: Any) -> None:
        for name in route.body:
            reply = ada.call(route.method, route.path, route.body | {name: value})
            refused(reply, 422, "invalid-fields")
            assert {error["field"].split(".")[1] for error in reply.body["errors"]} == {name}

    @pytest.mark.parametrize(
        ("name", "field", "value"),
        [
            (name, field, value)
            for name, fields in OUT_OF_BOUNDS.items()
            for field, values in fields.items()
            for value in values
        ],
        ids=lambda part: repr(part)[:40],
    )
    def test_a_field_out_of_its_bounds(self, ada: Phone, name: str, field: str, value: Any) -> None:
        method, path, body = BODIES[name]
        reply = ada.call(method, path, body | {field: value})
        refused(reply, 422, "invalid-fields")
        assert reply.body["errors"][0]["field"].startswith(f"body.{field}")

    @pytest.mark.parametrize("target", [{}, {"fid": ""}, {"fid": "a b"}, {"token": "a", "fid": "both"}], ids=repr)
    def test_a_device_without_one_good_target(self, ada: Phone, target: dict[str, str]) -> None:
        refused(ada.put("/v1/me/devices/phone", DEVICE | {"token": None} | target), 422, "invalid-fields")

    @each_body
    def test_a_required_field_that_is_missing_or_null(self, ada: Phone, route: Route) -> None:
        body = whole(route.path, route.body) if route.method == "PUT" else route.body
        for name in body:
            rest = {each: value for each, value in body.items() if each != name}
            reply = ada.call(route.method, route.path, raw=json.dumps(rest))
            refused(reply, 422, "invalid-fields")
            assert {"field": f"body.{name}", "reason": "This field is missing"} in reply.body["errors"]
        for name in route.body:
            if (route.path, name) != (f"{DATE}/answer", "text"):  # an answer without a text checks the day off
                refused(ada.call(route.method, route.path, body | {name: None}), 422, "invalid-fields")

    @pytest.mark.parametrize(
        ("route", "field", "text", "sentence"),
        [
            *((route, "text", "\N{ZERO WIDTH SPACE}", UNSEEN) for route in ("answer", "solo answer")),
            ("reflection", "text", "\N{ZERO WIDTH SPACE}", UNSEEN),
            *(("me", "display_name", name, UNSEEN) for name in ("", " ", "\t\n", "\u3164", "\u200b \u200b")),
            (
                "me",
                "display_name",
                "Ada\N{RIGHT-TO-LEFT OVERRIDE}",
                "A name cannot contain U+202E (RIGHT-TO-LEFT OVERRIDE). Leave that character out.",
            ),
        ],
    )
    def test_a_text_that_people_cannot_read_is_refused_with_a_sentence_for_its_writer(
        self, ada: Phone, route: str, field: str, text: str, sentence: str
    ) -> None:
        method, path, body = BODIES[route]
        reply = ada.call(method, path, body | {field: text} | ({"kind": "heard"} if route == "reflection" else {}))
        refused(reply, 422, "invalid-fields")
        assert reply.body["detail"] == sentence
        assert reply.body["errors"] == [{"field": f"body.{field}", "reason": sentence}]

    def test_many_wrong_fields_are_not_all_read_out(self, ada: Phone) -> None:
        """Otherwise a small request would get a large reply."""
        reply = ada.put("/v1/me", PROFILE | {f"field-{number}": number for number in range(1_000)})
        refused(reply, 422, "invalid-fields")
        assert len(reply.text) < 4_000

    def test_the_refusal_does_not_repeat_what_was_written(self, ada: Phone) -> None:
        reply = ada.put(f"{DATE}/answer", {"text": "canary " * 300})
        refused(reply, 422, "invalid-fields")
        assert "canary" not in reply.text
        assert reply.body["errors"] == [{"field": "body.text", "reason": "String should have at most 2000 characters"}]


@pytest.mark.usefixtures("unharmed")
class TestProfiles:
    """Values of a profile, reminder or device that are refused."""

    @pytest.mark.parametrize("zone", ["", "Mars/Olympus", "asia/tokyo", "../../etc/passwd"])
    def test_a_zone_that_does_not_exist(self, ada: Phone, zone: str) -> None:
        refused(ada.put("/v1/me", PROFILE | {"zone": zone}), 422, "unknown-zone")

    @pytest.mark.parametrize("device", ["a" * 65, "my phone", "phøne", "a.b", "a%2Fb", "🫶", "a,b"])
    def test_a_device_of_an_odd_name(self, ada: Phone, device: str) -> None:
        for method in ("PUT", "DELETE"):
            body = DEVICE if method == "PUT" else None
            refused_either_way(ada.call(method, f"/v1/me/devices/{device}", body))


@pytest.mark.usefixtures("unharmed")
class TestDates:
    """Paths and pages with a wrong date are refused."""

    @pytest.mark.parametrize(
        "date",
        [
            "2026-02-30",
            "2026-13-01",
            "2026-3-2",
            "20260302",
            "2026-W10-1",
            "99999-01-01",
            "-001-01-01",
            "0000-01-01",
            "2026-03-02T00:00:00",
            "1772409600",
            "0",
            "-1",
            "1e9",
            "today",
            "2026-03-02 ",
            "\uff12\uff10\uff12\uff16-\uff10\uff13-\uff10\uff12",
            "..",
            "%2e%2e",
            "null",
            "NaN",
            "inf",
            "9" * 400,
        ],
    )
    def test_a_path_that_is_no_date_is_refused(self, ada: Phone, date: str) -> None:
        for reply in (ada.get(f"/v1/days/{date}"), ada.put(f"/v1/days/{date}/answer", ANSWER)):
            refused_either_way(reply)
        refused(ada.get(f"/v1/days?before={date}"), 422, "invalid-fields")

    @pytest.mark.parametrize("date", ["0001-01-01", "1970-01-01", "2026-03-01", "2026-03-05", "9999-12-31"])
    def test_a_date_that_is_not_the_couples(self, ada: Phone, date: str) -> None:
        refused(ada.get(f"/v1/days/{date}"), 404, "no-such-day")
        refused(ada.put(f"/v1/days/{date}/answer", ANSWER), 404, "no-such-day")

    @pytest.mark.parametrize("before", ["0001-01-01", "0001-01-02", "2026-03-02"])
    def test_a_page_before_the_first_day_is_empty(self, ada: Phone, before: str) -> None:
        assert ada.get(f"/v1/days?before={before}").body == {"days": [], "before": None}

    def test_a_page_before_the_end_of_time_is_the_first_one(self, ada: Phone) -> None:
        assert ada.get("/v1/days?before=9999-12-31") == ada.get("/v1/days")

    @pytest.mark.parametrize("limit", ["0", "-1", "31", "abc", "", "1.5", "1e1", "1,2", "9" * 5_000, "null", "true"])
    def test_a_page_of_an_odd_size(self, ada: Phone, limit: str) -> None:
        refused(ada.get(f"/v1/days?limit={limit}"), 422, "invalid-fields")


@pytest.mark.usefixtures("unharmed")
class TestRoutes:
    """Unknown addresses and unknown callers are refused."""

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/"),
            ("GET", "/v1"),
            ("GET", "/v1/"),
            ("GET", "/v2/me"),
            ("GET", "/v1/nothing"),
            ("GET", "/v1/me/devices/phone"),
            ("POST", "/v1/me"),
            ("PATCH", "/v1/me"),
            ("DELETE", "/v1/me"),
            ("PUT", "/v1/invites"),
            ("GET", "/v1/invites/redeem"),
            ("POST", "/v1/today"),
            ("PUT", "/v1/days"),
            ("DELETE", DATE),
            ("GET", f"{DATE}/answer"),
            ("PUT", f"{DATE}/answer/more"),
            ("PUT", "/v1/days//answer"),
            ("HEAD", "/v1/me"),
            ("OPTIONS", "/v1/me"),
            ("TRACE", "/v1/me"),
            ("GET", "/v1/../v1/me"),
            ("GET", "//v1/me"),
            ("GET", "/v1/me%00"),
            ("GET", "/v1/" + "a" * 8_000),
            *((method, "/v1/couple/packs") for method in ("GET", "PUT", "POST", "DELETE", "BREW")),
        ],
    )
    def test_nothing_is_at_this_address(self, ada: Phone, method: str, path: str) -> None:
        refused(ada.call(method, path), 404, "no-such-route")

    @pytest.mark.parametrize("key", ["", "a" * 129])
    def test_an_idempotency_key_out_of_its_bounds(self, ada: Phone, key: str) -> None:
        nudges = "/v1/nudges", {"gesture": "hug"}
        for path, body in (
            ("/v1/invites", None),
            ("/v1/invites/confirm", {"invite_id": "any", "words": NO_WORDS}),
            nudges,
        ):
            refused(ada.call("POST", path, body, headers={"idempotency-key": key}), 422, "invalid-fields")

    def test_foreign_query_parameters_are_no_harm(self, ada: Phone) -> None:
        assert ada.get("/v1/me?unheard=of&limit=0") == ada.get("/v1/me")


class TestWelcome:
    """Values that look odd and are accepted."""

    @pytest.mark.parametrize("name", ["A", "  Ada  ", "a" * 50, "می\N{ZERO WIDTH NON-JOINER}خواهم", "007"])
    def test_names_of_all_kinds(self, api: Handler, name: str) -> None:
        phone = Phone(api, a_uid())
        reply = phone.put("/v1/me", PROFILE | {"display_name": name})
        assert reply.status == 200, reply.text
        assert reply.body["display_name"] == name.strip()

    def test_a_barrier_named_twice_is_one_barrier(self, api: Handler) -> None:
        reply = Phone(api, a_uid()).put("/v1/me", PROFILE | {"barriers": ["stress", "neglect", "stress"]})
        assert reply.body["barriers"] == ["neglect", "stress"]

    def test_an_idempotency_key_may_be_long(self, api: Handler) -> None:
        assert a_phone(api, "ada", LONDON).post("/v1/invites", key="k" * 128).status == 201

    def test_a_long_token_is_a_token(self, api: Handler) -> None:
        token = a_token() + ":" + "t" * 900
        assert a_phone(api, "ada", LONDON).put("/v1/me/devices/d", DEVICE | {"token": token}).status == 200


def refused_either_way(reply: Reply) -> None:
    """Check that a wrong path is refused clearly, as a value or as an address."""
    refused(reply, reply.status, *(("no-such-route",) if reply.status == 404 else ("invalid-fields",)))


def _everything(services: Services) -> list[dict[str, Any]]:
    return [
        item
        for table in (services.people.table, services.vault.table, services.vault.cells)
        for item in every_row(table)
    ]
