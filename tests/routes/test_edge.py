"""Every request gets an answer with problem details: any header, body or error of the resolver."""

from __future__ import annotations

import base64
import importlib
import inspect
import itertools
import json
import pkgutil
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import pytest
from aws_lambda_powertools import event_handler
from aws_lambda_powertools.event_handler import depends, exceptions
from aws_lambda_powertools.event_handler.openapi import compat
from aws_lambda_powertools.event_handler.openapi import exceptions as openapi_exceptions
from hypothesis import given
from hypothesis import strategies as st

import couples_api.handler
import practice_api.handler
import privacy.handler
from couples_api.services import Services
from local import openapi
from practice_api.services import Services as PracticeParts
from rekindle.api import resolver
from rekindle.api.problems import Problem
from rekindle.crypto.vault import Vault
from testing import contract
from testing.apis import every_account_is_good, every_member_is_good, privacy_services
from testing.builders import a_uid, an_instant
from testing.memory_kms import MemoryKms
from testing.memory_table import Bill, MemoryTable
from testing.phones import Reply, http_event
from testing.stored import erasures_beside

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
    from aws_lambda_powertools.event_handler.api_gateway import Route
    from types_boto3_kms import KMSClient

    from rekindle.store.table import Table
    from testing.phones import Handler

NOW = an_instant()
PROBLEMS = {problem.type: problem for problem in Problem}
TYPES_OF_JSON = (
    None,
    "",
    "  ",
    "application/json",
    "Application/JSON",
    "application/json;",
    "application/json; charset=utf-8",
    "application/json;charset=UTF-8",
    "application/json; CharSet=UTF8",
    'application/json; charset="utf-8"',
    "application/json; charset*=utf-8''utf-8",
    "application/json; version=1; charset=utf-8",
    'application/json; note="; charset=latin-1"',
)
OTHER_TYPES = (
    "text/plain",
    "text/plain; charset=utf-8",
    "TEXT/JSON",
    "application/problem+json",
    "application/jsonx",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=b",
    "application/octet-stream",
    "json",
    "*/*",
    "\x00",
    "applicati\N{LATIN SMALL LETTER O WITH DIAERESIS}n/json",
    "application/json, application/json",
    "application/json, text/plain",
    "application/json; charset=iso-8859-1",
    "application/json; charset=latin-1",
    "application/json; charset=UTF-16",
    "application/json; charset=us-ascii",
    "application/json; charset=utf-8; charset=iso-8859-1",
    "application/json; charset=utf-8; charset=utf-8",
    "application/json; charset",
    "application/json; charset=",
    "application/json; charset='utf-8'",
    'application/json; charset="utf-8',
    "application/json; charset=utf-8 x",
    "application/json; *",
    "application/json; a*",
    "application/json; charset*=",
)


def couples_parts() -> Services:
    """Return the services of couples_api, on a table in memory in which nobody has a profile."""
    table = cast("Table", MemoryTable(Bill()))
    vault = Vault(cast("KMSClient", MemoryKms()), "key", table, table)
    return Services.on(table, vault, "https://app.example", erasures_beside(table), every_account_is_good)


def practice_parts() -> PracticeParts:
    """Return the services of practice_api, on a table in memory without a pack."""
    return PracticeParts.on(cast("Table", MemoryTable(Bill())), every_member_is_good, review_required=False)


class Api(NamedTuple):
    """A function behind the API, with its routes."""

    handler: Handler
    resolver: APIGatewayHttpResolver

    @property
    def routes(self) -> list[Route]:
        return [*self.resolver._static_routes, *self.resolver._dynamic_routes]


PRACTICE = Api(practice_api.handler.handler_of(practice_parts), practice_api.handler.application())
APIS = {
    "couples_api": Api(couples_api.handler.handler_of(couples_parts), couples_api.handler.application()),
    "privacy": Api(
        privacy.handler.handler_of(lambda: privacy_services(couples_parts())),
        privacy.handler.application(),
    ),
    "practice_api": PRACTICE,
}
IN_PATHS = {"device_id": "phone", "date": "2026-03-02", "pack_id": "starter", "version": "1", "receipt": "r"}
ROUTES = [
    pytest.param(api, route, id=f"{route.method} {route.openapi_path}") for api in APIS.values() for route in api.routes
]
TAKING_A_BODY = [each for each in ROUTES if cast("Route", each.values[1]).body_field is not None]
TAKING_NONE = [each for each in ROUTES if each not in TAKING_A_BODY]


def event_of(route: Route, body: str | None = None, headers: Any = None, **changes: Any) -> dict[str, Any]:
    """Return an event of that route from a member of staff who has just signed in."""
    path = re.sub(r"\{(\w+)\}", lambda name: IN_PATHS[name[1]], route.openapi_path)
    event = http_event(route.method, path, a_uid(), NOW, body)  # one person may not make so many calls
    event["requestContext"]["authorizer"]["jwt"]["claims"] |= {
        "auth_time": str(int(NOW.timestamp())),
        "scope": "practice:read practice:publish",
    }
    return event | {"headers": headers} | changes


def good_event_of(route: Route) -> dict[str, Any]:
    """Return an event of that route with everything that the route needs."""
    body = contract.example_of(route.method, route.openapi_path)
    changes = {"queryStringParameters": {"revision": "1"}} if route.method == "DELETE" else {}
    return event_of(route, json.dumps(body) if body else None, {"idempotency-key": "tap"}, **changes)


def reply_to(api: Api, event: dict[str, Any]) -> Reply:
    """Return the reply, and check that a refusal is a known problem (RFC 9457)."""
    answer = api.handler(event, None)
    reply = Reply(answer["statusCode"], answer["headers"], answer["body"])
    assert reply.headers["Cache-Control"] == "no-store"
    if reply.status >= HTTPStatus.BAD_REQUEST:
        problem = PROBLEMS[f"urn:rekindle:problem:{reply.problem}"]
        assert (reply.body["status"], reply.body["title"]) == (problem.status, problem.title)
        assert reply.status == problem.status
    return reply


def typed(media_type: str | None, name: str = "content-type") -> dict[str, str | None]:
    return {name: media_type}


class TestMediaTypes:
    """A body is read as JSON in UTF-8, whatever its header says."""

    @pytest.mark.parametrize(("api", "route"), TAKING_A_BODY)
    def test_another_type_is_refused_by_every_route_that_takes_a_body(self, api: Api, route: Route) -> None:
        damaged = {"content-length": "1"}  # as if API Gateway had replaced bytes that are not UTF-8
        for media_type in OTHER_TYPES:
            for body, encoded in (
                (None, False),
                ("", False),
                ("{}", False),
                ("a=b", False),
                ("\ufffd", False),
                ("/w==", True),
            ):
                event = event_of(route, body, typed(media_type) | damaged, isBase64Encoded=encoded)
                assert reply_to(api, event).problem == "unsupported-media-type", (media_type, body)

    @pytest.mark.parametrize(("api", "route"), TAKING_A_BODY)
    def test_json_is_read_however_its_type_is_written(self, api: Api, route: Route) -> None:
        """The refusal names an unknown field, so the body was read."""
        for name, media_type in itertools.product(["content-type", "Content-Type", "CONTENT-TYPE"], TYPES_OF_JSON):
            reply = reply_to(api, event_of(route, '{"unheard_of": 1}', typed(media_type, name)))
            assert reply.problem == "invalid-fields", (name, media_type)
            assert "body.unheard_of" in {error["field"] for error in reply.body["errors"]}
        encoded = base64.b64encode(b'{"unheard_of": 1}').decode()
        assert "body.unheard_of" in reply_to(api, event_of(route, encoded, isBase64Encoded=True)).text

    @pytest.mark.parametrize(("api", "route"), TAKING_NONE)
    def test_a_route_without_a_body_looks_at_none(self, api: Api, route: Route) -> None:
        plain = reply_to(api, event_of(route))
        for media_type in ("text/plain", "multipart/form-data", "\x00", "application/json", None):
            for body in ("", "null", "not even json"):
                assert reply_to(api, event_of(route, body, typed(media_type))).status == plain.status


class TestBodies:
    """A body that is no JSON object in UTF-8 is refused with its own problem."""

    @pytest.mark.parametrize(("api", "route"), TAKING_A_BODY)
    def test_no_object_at_all(self, api: Api, route: Route) -> None:
        optional = not cast("Any", route.body_field).required  # an export needs no body
        for body in (None, "", "null", "[]", "[{}]", '"text"', "0", "true", "NaN", "1e999"):
            reply = reply_to(api, event_of(route, body))
            assert reply.problem == ("no-profile" if optional and not body else "invalid-fields")

    @pytest.mark.parametrize(("api", "route"), TAKING_A_BODY)
    def test_bytes_that_are_not_utf_8(self, api: Api, route: Route) -> None:
        """API Gateway sends a body without a Content-Type in base64. In JSON it replaces bytes that are not UTF-8."""
        for body in (b"\xff{}", '{"text": "ol\u00e9"}'.encode("latin-1"), b'{"text": "\xed\xa0\x80"}'):
            for encoded in (base64.b64encode(body).decode(), "%%%", "e", "🫶"):
                assert reply_to(api, event_of(route, encoded, {}, isBase64Encoded=True)).problem == "malformed-json"
            headers = {"content-type": "application/json", "content-length": str(len(body))}
            replaced = body.decode(errors="replace")
            assert reply_to(api, event_of(route, replaced, headers)).problem == "malformed-json"

    @pytest.mark.parametrize(("api", "route"), ROUTES)
    def test_a_huge_body_is_refused_whether_one_is_wanted_or_not(self, api: Api, route: Route) -> None:
        body = json.dumps({"more": "a" * (practice_api.handler.BODY_LIMIT if api is PRACTICE else resolver.BODY_LIMIT)})
        for huge, encoded in ((body, False), (base64.b64encode(body.encode()).decode(), True)):
            assert reply_to(api, event_of(route, huge, isBase64Encoded=encoded)).problem == "body-too-large"

    @pytest.mark.parametrize("length", [None, "right", "no number", "9" * 5_000 + " "])
    def test_a_replacement_character_of_the_writers_own_is_a_character(self, length: str | None) -> None:
        api = APIS["couples_api"]
        route = next(each for each in api.routes if each.func.__name__ == "put_me")
        body = json.dumps({"display_name": "\N{REPLACEMENT CHARACTER}"}, ensure_ascii=False)
        right = str(len(body.encode())) if length == "right" else length
        reply = reply_to(api, event_of(route, body, {"content-length": right}))
        assert reply.problem == "invalid-fields"  # for the fields that are missing


class TestEvents:
    """An event that API Gateway would not send, because somebody made it by hand or by mistake."""

    @pytest.mark.parametrize(
        "path",
        sorted({path[:end] for path in resolver._NEEDED_MEMBERS for end in range(1, len(path) + 1)}),
        ids=".".join,
    )
    def test_a_missing_member_is_named_in_the_log(
        self, path: tuple[str, ...], caplog: pytest.LogCaptureFixture
    ) -> None:
        *way, name = path
        for api, null in itertools.product(APIS.values(), (False, True)):
            caplog.clear()
            event = event_of(api.routes[0])
            inner = event
            for step in way:
                inner = inner[step]
            del inner[name]
            if null:
                inner[name] = None
            assert reply_to(api, event).problem == "internal"
            line = the_error(caplog)
            assert line["message"] == "not an event of API Gateway"
            assert line["missing"]
            assert all(each.startswith(".".join(path)) for each in line["missing"])

    @pytest.mark.parametrize(("api", "route"), ROUTES)
    def test_a_null_value_counts_as_missing(self, api: Api, route: Route) -> None:
        plain = reply_to(api, event_of(route))
        nothing = dict.fromkeys(["limit", "before", "country", "revision"])
        for changes in (
            {"headers": {"idempotency-key": None}},
            {"queryStringParameters": nothing},
            {"queryStringParameters": None, "rawQueryString": None, "cookies": None, "body": None},
        ):
            assert reply_to(api, event_of(route) | changes).status == plain.status

    @pytest.mark.parametrize(("api", "route"), ROUTES)
    def test_without_claims_nobody_is_signed_in(self, api: Api, route: Route) -> None:
        """API Gateway refuses a request without a token. If it ever does not, the function refuses it."""
        if route.func.__name__ in openapi.OPEN_ROUTES:
            return
        claims: list[Any] = [None, {}, {"sub": ""}]
        for authorizer in (None, {}, {"jwt": None}, *({"jwt": {"claims": each}} for each in claims)):
            event = good_event_of(route)
            event["requestContext"]["authorizer"] = authorizer
            assert reply_to(api, event).problem == "not-signed-in"

    @pytest.mark.parametrize(("api", "route"), [each for each in ROUTES if each.values[0] is not PRACTICE])
    def test_a_person_without_a_profile_is_asked_who_they_are(self, api: Api, route: Route) -> None:
        """A person without a profile can ask for help, store a profile, and erase their account."""
        if route.func.__name__ not in {"put_me", "get_help", "delete_me", "get_erasure"}:
            assert reply_to(api, good_event_of(route)).problem == "no-profile"

    def test_an_unforeseen_error_is_answered_and_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        api = APIS["couples_api"]
        assert reply_to(api, event_of(api.routes[0]) | {"headers": "no mapping"}).problem == "internal"
        assert the_error(caplog)["error"] == "AttributeError"


def the_error(caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    """Return the fields of the only line of level ERROR."""
    (record,) = (record for record in caplog.records if record.levelname == "ERROR")
    return vars(record) | {"message": record.getMessage()}


def exceptions_of_powertools() -> set[type[Exception]]:
    """Every exception that Powertools' event handler defines, found in its modules."""
    modules = [
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(event_handler.__path__, f"{event_handler.__name__}.")
        # AppSync is another service. The last error needs a validator that none of our functions installs.
        if "appsync" not in found.name and not found.name.endswith(".schema_validation")
    ]
    return {
        found
        for module in modules
        for _, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, Exception) and found.__module__.startswith(event_handler.__name__)
    }


KNOWN: dict[type[Exception], tuple[Exception, Problem]] = {
    type(error): (error, problem)
    for error, problem in (
        (exceptions.ServiceError(HTTPStatus.IM_A_TEAPOT, "?"), Problem.INTERNAL),
        (exceptions.BadRequestError("?"), Problem.MALFORMED_JSON),
        (exceptions.UnauthorizedError("?"), Problem.NOT_SIGNED_IN),
        (exceptions.ForbiddenError("?"), Problem.NOT_ALLOWED),
        (exceptions.NotFoundError(), Problem.NO_SUCH_ROUTE),
        (exceptions.RequestTimeoutError("?"), Problem.BUSY),
        (exceptions.RequestEntityTooLargeError("?"), Problem.BODY_TOO_LARGE),
        (exceptions.InternalServerError("?"), Problem.INTERNAL),
        (exceptions.ServiceUnavailableError("?"), Problem.BUSY),
        (exceptions.ResponseSizeExceededError(actual_size=2, max_size=1), Problem.INTERNAL),
        (openapi_exceptions.ValidationException([]), Problem.INTERNAL),
        (openapi_exceptions.RequestValidationError([]), Problem.INVALID_FIELDS),
        (openapi_exceptions.ResponseValidationError([]), Problem.INTERNAL),
        (openapi_exceptions.SerializationError(), Problem.INTERNAL),
        (openapi_exceptions.SchemaValidationError([]), Problem.INTERNAL),
        (openapi_exceptions.OpenAPIMergeError(), Problem.INTERNAL),
        (openapi_exceptions.RequestUnsupportedContentType("?", []), Problem.UNSUPPORTED_MEDIA_TYPE),
        (depends.DependencyResolutionError("?"), Problem.INTERNAL),
        (compat.ErrorWrapper(ValueError("?"), "?"), Problem.INTERNAL),
    )
}


class TestErrorsOfPowertools:
    """Each error of the resolver has a problem. This fails if an upgrade adds an error."""

    def test_each_is_known(self) -> None:
        assert exceptions_of_powertools() == KNOWN.keys()

    @pytest.mark.parametrize("error", KNOWN, ids=lambda error: error.__name__)
    def test_each_becomes_its_problem(self, error: type[Exception]) -> None:
        raised, problem = KNOWN[error]
        app = resolver.resolver()

        @app.get("/v1/raises")
        def raises() -> None:
            raise raised

        api = Api(resolver.handler_of(app, lambda: None), app)
        reply = reply_to(api, event_of(app._static_routes[0]))
        assert PROBLEMS[f"urn:rekindle:problem:{reply.problem}"] is problem

    def test_a_reply_that_breaks_its_own_schema_is_our_fault(self) -> None:
        app = resolver.resolver()

        @app.get("/v1/wrong")
        def wrong() -> int:
            return cast("int", "no number")

        api = Api(resolver.handler_of(app, lambda: None), app)
        assert reply_to(api, event_of(app._static_routes[0])).problem == "internal"


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
HEADER_TEXT = st.sampled_from((*OTHER_TYPES, *TYPES_OF_JSON)) | st.text(max_size=20)
HEADERS = st.none() | st.dictionaries(
    st.sampled_from(["content-type", "Content-Type", "content-length", "idempotency-key", "cookie", "accept"])
    | st.text(max_size=5),
    HEADER_TEXT,
    max_size=4,
)
BASE64 = st.binary(max_size=20).map(base64.b64encode).map(bytes.decode)
BODIES = st.none() | st.text(max_size=40) | JSON_VALUES.map(json.dumps) | BASE64
METHODS = ["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "get", "", "NONSENSE"]


CALLS = [each.values for each in ROUTES if each.id != "GET /v1/practice/audit"]
"""All routes except one, which reads backwards. This table in memory cannot do that."""


@given(
    call=st.sampled_from(CALLS),
    method=st.none() | st.sampled_from(METHODS),
    headers=HEADERS,
    body=BODIES,
    encoded=st.sampled_from([None, False, True]),
)
def test_nothing_that_a_client_sends_is_our_fault(
    call: tuple[Api, Route],
    method: str | None,
    headers: dict[str, str] | None,
    body: str | None,
    encoded: bool | None,  # noqa: FBT001
) -> None:
    api, route = call
    event = event_of(route, body, headers, isBase64Encoded=encoded)
    if method is not None:
        event["requestContext"]["http"]["method"] = method
    assert reply_to(api, event).status < HTTPStatus.INTERNAL_SERVER_ERROR
