"""Generate the OpenAPI documents: `python -m local.openapi` writes docs/openapi*.json from the handlers.

Powertools generates the routes, parameters and bodies. This module adds the sign-in, the refusals and missing examples.

`--check` writes nothing. It exits with 1 if a committed document is out of date.
"""

from __future__ import annotations

import argparse
import inspect
import json
import re
import sys
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic.alias_generators import to_camel

import couples_api.handler
import practice_api.handler
import privacy.handler
from local.places import ROOT
from rekindle.api.call_limit import BURST, INTERVAL
from rekindle.api.problems import Problem
from rekindle.domain.limits import LIMITS, Counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from types import ModuleType

    from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
    from aws_lambda_powertools.event_handler.api_gateway import Route

type Json = dict[str, Any]

DESCRIPTION: Final = f"""\
The API of the phone apps. Two people pair, both get the same prompt each day, and their two answers open together.

Every error of the API is an `application/problem+json` (RFC 9457). Distinguish errors by `type`, which is stable. Show
`detail` to the person, or `title` if there is no `detail`. API Gateway itself refuses an invalid token (401) and too
many requests (429) before the API sees them. After a 401, a phone renews its token. After `signed-out` (401) and
`sign-in-not-recent` (403), the person has to sign in again; a renewed token is not enough. After `account-erased`
(410), the phone deletes all that it has stored.

After `too-many-calls` and `too-many-changes` (429), wait for `Retry-After` seconds. From each sign-in, a person may
make {BURST} calls at once, and then {1000 // INTERVAL} in a second. In 24 hours, a person may change their name
{LIMITS[Counted.NAME].count} times, their profile {LIMITS[Counted.PROFILE].count} times and their reminders
{LIMITS[Counted.REMINDERS].count} times. They may register devices {LIMITS[Counted.DEVICES].count} times, make
{LIMITS[Counted.INVITES].count} invites, set a pause {LIMITS[Counted.PAUSES].count} times, and begin
{LIMITS[Counted.EXPORTS].count} exports. A request that changes nothing does not count. Neither does one that only asks
for less, such as a lower touch comfort, or that ends something.

Where App Check is switched on, send a token of Firebase App Check in the header `X-Firebase-AppCheck` with each call:
on Android, of `FirebaseAppCheck.getInstance().getAppCheckToken(false)`, and on iOS, of
`AppCheck.appCheck().token(forcingRefresh: false)`. After `app-not-verified` (403), ask for a new token (`true` in place
of `false`), and repeat the call once. If it is refused again, ask the person to update the app. Do not sign them out,
and keep what they have typed. `GET /v1/help` needs no such token. On test phones and simulators, use the SDK's debug
provider with a debug token of the Firebase project.

No response may be cached. A client can repeat a PUT or a DELETE as it is. It can repeat a POST if it sends the same
`Idempotency-Key` again. Dates are calendar dates of the couple; instants are UTC.

A PUT needs every field of its body: a body without one of them is refused, and null means null. Make sure that your
client writes nulls: Moshi and Gson leave them out unless you set `serializeNulls`, and Swift's `encodeIfPresent` always
leaves them out. A body is JSON in UTF-8; any other media type or charset is refused.

Only the `data.link` of a push says which page the app opens: the app's address, `/o/`, a letter, and a date, as in
`/o/d20260302`. The letter `d` is for that day, `t` for its small gesture, `n` for the partner's nudge, `s` for the
streak, `p` for the packs to choose from, and `m` for the person's own devices. A later push with the same collapse id
(iOS) or tag (Android) replaces an earlier one.\
"""  # noqa: S608  no SQL

PRACTICE_DESCRIPTION: Final = """\
The API of the console and the command line. Staff write, publish and withdraw packs of prompts. They see statistics
about all couples together, which reveal nothing about a single couple.

Whoever reads, checks a text, marks notices as read, or signs out needs the scope `practice:read` or `practice:publish`.
Everything else needs `practice:publish`, and a sign-in of the last hour. The scopes are in the custom claim `scope` of
a Firebase ID token. Where staff need a second factor, every call needs a sign-in with one.

Every error is an `application/problem+json` (RFC 9457). Distinguish errors by `type`, which is stable, and show `title`
to the person. No response may be cached. Instants are UTC.\
"""

SERVERS: Final[list[Json]] = [
    {
        "url": "https://{api}.execute-api.{region}.amazonaws.com",
        "description": "A deployment. The output ApiUrl of its CloudFormation stack has the address.",
        "variables": {
            "api": {"default": "a1b2c3d4e5", "description": "The id of the API."},
            "region": {"default": "eu-central-1", "description": "The region of the stack."},
        },
    },
    {
        "url": "http://127.0.0.1:4566/_aws/execute-api/{api}/$default",
        "description": "The local stack. It prints its address when it starts.",
        "variables": {"api": {"default": "a1b2c3d4e5", "description": "The id of the API."}},
    },
]

MOST: Final = 2
"""`with_examples` gives at most this many examples to a schema without examples."""

OPEN_ROUTES: Final = frozenset({"get_erasure"})
"""The functions of the routes that need no sign-in."""
HELP: Final = "get_help"
"""The function of the route that answers every signed-in caller, because help must always be one tap away."""

_METHODS: Final = ("GET", "PUT", "POST", "PATCH", "DELETE")
_WITH_A_BODY: Final = frozenset(
    {Problem.MALFORMED_JSON, Problem.INVALID_FIELDS, Problem.BODY_TOO_LARGE, Problem.UNSUPPORTED_MEDIA_TYPE}
)
UNAUTHORIZED: Final = (Problem.NOT_SIGNED_IN, Problem.SIGNED_OUT)
_WITH_A_WAIT: Final = frozenset(
    {
        Problem.TOO_MANY_TRIES,
        Problem.TOO_MANY_NUDGES,
        Problem.TOO_MANY_CHANGES,
        Problem.TOO_MANY_CALLS,
        Problem.BUSY,
    }
)

_SHARED: Final = {"TooManyRequests": [Problem.TOO_MANY_CALLS], "Forbidden": [Problem.APP_NOT_VERIFIED]}
"""The responses of the operations that have no other problem with the same status."""

_BY_THE_GATEWAY_TOO: Final = (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS)
_NULL: Final = {"type": "null"}


@dataclass(frozen=True, slots=True)
class Contract:
    """An API, with the file, title and description of its OpenAPI document.

    Each of the `applications` returns a resolver, which has the routes of one Lambda function. Every route
    except OPEN_ROUTES can refuse a call with each problem in UNAUTHORIZED. If `is_for_the_app` is true, App Check may
    protect the routes.
    """

    file: Path
    title: str
    description: str
    applications: Sequence[Callable[[], APIGatewayHttpResolver]]
    is_for_the_app: bool = False

    def text(self) -> str:
        """Return the content of the file."""
        return json.dumps(document(self), ensure_ascii=False, indent=2) + "\n"


PHONES: Final = Contract(
    ROOT / "docs" / "openapi.json",
    "Rekindle",
    DESCRIPTION,
    (couples_api.handler.application, privacy.handler.application),
    is_for_the_app=True,
)
PRACTICE: Final = Contract(
    ROOT / "docs" / "openapi-practice.json",
    "Rekindle for the practice",
    PRACTICE_DESCRIPTION,
    (practice_api.handler.application,),
)
CONTRACTS: Final = (PHONES, PRACTICE)


def document(contract: Contract) -> Json:
    """Generate the OpenAPI 3.1 document of an API. The same code and version always give the same document."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    routes: list[Route] = []
    problems: dict[Route, set[Problem]] = {}
    generated: Json = {"paths": defaultdict(dict), "components": {"schemas": {}}}
    for application in contract.applications:
        app = application()
        own = [*app._static_routes, *app._dynamic_routes]  # noqa: SLF001  there is no public list of the routes
        for route in own:
            problems[route] = problems_of(route) | _before_the_route(contract, route)
            route.responses = None  # With declared responses, Powertools would leave out the success response.
        routes += own
        part = json.loads(
            app.get_openapi_json_schema(
                title=contract.title, version=project["version"], description=contract.description
            ),
            parse_float=_whole,
        )
        generated |= {name: part[name] for name in ("openapi", "info")}
        for path, operations in part["paths"].items():
            generated["paths"][path] |= operations
        _add_schemas(generated["components"]["schemas"], part["components"]["schemas"])
    routes.sort(key=lambda route: (route.openapi_path, _METHODS.index(route.method)))
    paths: defaultdict[str, Json] = defaultdict(dict)
    for route in routes:
        operation = generated["paths"][route.openapi_path][route.method.lower()]
        paths[route.openapi_path][route.method.lower()] = _completed(operation, route, problems[route])
    modules = dict.fromkeys(_module_of(route) for route in routes)
    of_all = {*UNAUTHORIZED}.union(*problems.values())
    refused = [problem for problem in Problem if problem in of_all]
    whole = {
        "openapi": generated["openapi"],
        "info": generated["info"]
        | {"contact": {"name": "The team of Rekindle"}, "license": {"name": "MIT", "identifier": project["license"]}},
        "servers": SERVERS,
        "security": [{"FirebaseIdToken": []}],
        "tags": [{"name": _tag(module), "description": inspect.getdoc(module)} for module in modules],
        "paths": paths,
        "components": {
            "schemas": _schemas(generated["components"]["schemas"]),
            "responses": {
                "Unauthorized": _with_gateway(_problem_response(UNAUTHORIZED), HTTPStatus.UNAUTHORIZED),
                **{
                    name: _with_gateway(_problem_response(shared), shared[0].status) for name, shared in _SHARED.items()
                },
                **{_name(problem): _problem_response([problem]) for problem in refused},
            },
            "examples": {_name(problem): {"value": _example(problem)} for problem in refused},
            "securitySchemes": {
                "FirebaseIdToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "An ID token of Firebase Authentication.",
                }
            },
        },
    }
    return _without_unused(whole)


def _without_unused(document: Json) -> Json:
    """Return the document without the responses and examples that nothing refers to."""
    components = document["components"]
    for kind in ("responses", "examples"):  # responses first, because they refer to examples
        used = {reference.rpartition("/")[2] for reference in _references(document) if f"/{kind}/" in reference}
        components[kind] = {name: part for name, part in components[kind].items() if name in used}
    return document


def _references(value: object) -> Iterator[str]:
    """Yield every `$ref` within a JSON value."""
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        value = list(value.values())
    for each in value if isinstance(value, list) else ():
        yield from _references(each)


def _add_schemas(schemas: Json, others: Json) -> None:
    """Add one function's schemas to `schemas`. Raise ValueError if two different schemas have the same name."""
    for name, schema in others.items():
        if schemas.setdefault(name, schema) != schema:
            raise ValueError(f"two functions have different schemas named {name}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the documents, or check the committed documents. Return the exit status."""
    parser = argparse.ArgumentParser(prog="openapi", description="Generate the OpenAPI documents from the handlers.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a document is out of date")
    parser.add_argument("folder", nargs="?", type=Path, default=PHONES.file.parent, help="default: docs")
    chosen = parser.parse_args(arguments)
    status = 0
    for contract in CONTRACTS:
        file = chosen.folder / contract.file.name
        if not chosen.check:
            file.write_text(contract.text(), encoding="utf-8")
            print(f"{file.name}: written")
        elif not file.exists() or file.read_text(encoding="utf-8") != contract.text():
            complaint = "differs from the handlers. Run `make openapi`, and check the difference."
            print(f"{file.name} {complaint}", file=sys.stderr)
            status = 1
    return status


def _completed(operation: Json, route: Route, problems: set[Problem]) -> Json:
    """Return the operation with its id, summary, description, and all its responses."""
    words = inspect.getdoc(route.func) or ""
    summary, *rest = re.split(r"\.\s+", words, maxsplit=1)
    inputs: Json = {name: operation[name] for name in ("parameters", "requestBody") if name in operation}
    success = HTTPStatus(route.status_code)
    is_open = route.func.__name__ in OPEN_ROUTES
    answer: Json = {"description": success.phrase}
    if success is not HTTPStatus.NO_CONTENT:
        answer["content"] = operation["responses"][str(int(success))]["content"]
    return {
        "tags": [_tag(_module_of(route))],
        "summary": summary.removesuffix("."),
        "description": rest[0] if rest else words,
        "operationId": to_camel(route.func.__name__),
        **({"security": []} if is_open else {}),
        **inputs,
        "responses": {str(int(success)): answer, **_refusals(problems, is_open=is_open)},
    }


def problems_of(route: Route) -> set[Problem]:
    """Return the problems that a signed-in caller can get from a route.

    These are the problems that the route declares, the problems of its body and parameters, INTERNAL and BUSY.
    """
    types = {
        each
        for response in (route.responses or {}).values()
        for content in response["content"].values()
        for each in cast("Json", content)["schema"]["properties"]["type"]["enum"]
    }
    problems = {problem for problem in Problem if problem.type in types} | {Problem.INTERNAL, Problem.BUSY}
    if route.body_field is not None:
        problems |= _WITH_A_BODY
    if route.dependant.path_params or route.dependant.query_params or route.dependant.header_params:
        problems.add(Problem.INVALID_FIELDS)
    return problems


def _before_the_route(contract: Contract, route: Route) -> set[Problem]:
    """Return the problems with which a call can be refused before it reaches the route."""
    if route.func.__name__ in OPEN_ROUTES:
        return set()
    is_checked = contract.is_for_the_app and route.func.__name__ != HELP
    return {Problem.TOO_MANY_CALLS, *([Problem.APP_NOT_VERIFIED] if is_checked else [])}


def _refusals(problems: Iterable[Problem], *, is_open: bool) -> Json:
    """Map each status to its response, for these problems and for API Gateway's own refusals."""
    by_status: defaultdict[HTTPStatus, list[Problem]] = defaultdict(list)
    for problem in Problem:
        if problem in problems:
            by_status[problem.status].append(problem)
    answers: Json = {
        "429": _with_gateway({"description": "Too many requests at once.", "content": {}}, HTTPStatus.TOO_MANY_REQUESTS)
    }
    if not is_open:
        answers["401"] = {"$ref": "#/components/responses/Unauthorized"}
    for status, found in by_status.items():
        if found in _SHARED.values():
            (name,) = (name for name, shared in _SHARED.items() if shared == found)
            response = {"$ref": f"#/components/responses/{name}"}
        elif status in _BY_THE_GATEWAY_TOO:
            response = _with_gateway(_problem_response(found), status)
        elif len(found) == 1:
            response = {"$ref": f"#/components/responses/{_name(found[0])}"}
        else:
            response = _problem_response(found)
        answers[str(int(status))] = response
    return dict(sorted(answers.items()))


def _problem_response(problems: Sequence[Problem]) -> Json:
    waits = not _WITH_A_WAIT.isdisjoint(problems)
    wait = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}}}
    return {
        "description": "\n".join(f"- `{problem.type}`: {problem.title}" for problem in problems),
        **({"headers": wait} if waits else {}),
        "content": {
            "application/problem+json": {
                "schema": {
                    "$ref": "#/components/schemas/Problem",
                    "properties": {"type": {"enum": [problem.type for problem in problems]}},
                },
                "examples": {
                    _name(problem): {"$ref": f"#/components/examples/{_name(problem)}"} for problem in problems
                },
            }
        },
    }


def _name(problem: Problem) -> str:
    return problem.name.title().replace("_", "")


def _example(problem: Problem) -> Json:
    example = {"type": problem.type, "title": problem.title, "status": int(problem.status)}
    if problem is Problem.INVALID_FIELDS:
        example["errors"] = [{"field": "body.zone", "reason": "This field is missing"}]
    if problem is Problem.NOT_A_CODE:
        example["detail"] = "A code has 10 letters and digits. This has 9."
    return example


def _with_gateway(response: Json, status: HTTPStatus) -> Json:
    """Add API Gateway's own refusal with this status to the response."""
    refusal = {"schema": {"$ref": "#/components/schemas/GatewayRefusal"}, "example": {"message": status.phrase}}
    return response | {"content": response["content"] | {"application/json": refusal}}


def _schemas(generated: Json) -> Json:
    """Return the handlers' schemas with examples, and replace Powertools' schemas of refusals with ours."""
    powertools = {"HTTPValidationError", "ValidationError", "ResponseValidationError"}
    ours = {name: schema for name, schema in generated.items() if name not in powertools}
    refusals = {
        "GatewayRefusal": {
            "type": "object",
            "description": "A refusal by API Gateway, before the request reaches the API.",
            "required": ["message"],
            "examples": [{"message": "Unauthorized"}],
            "properties": {"message": {"type": "string"}},
        },
        "Problem": {
            "type": "object",
            "description": "A refusal by the API (RFC 9457).",
            "required": ["type", "title", "status"],
            "examples": [_example(Problem.INVALID_FIELDS)],
            "properties": {
                "type": {"type": "string", "format": "uri", "description": "Distinguishes problems. It is stable."},
                "title": {"type": "string", "description": "A sentence for a person."},
                "detail": {
                    "type": "string",
                    "description": "A sentence about this request, to show in place of `title`.",
                },
                "status": {"type": "integer", "description": "The HTTP status, as in the response."},
                "errors": {
                    "type": "array",
                    "description": "The invalid fields, each with the reason.",
                    "items": {
                        "type": "object",
                        "required": ["field", "reason"],
                        "properties": {"field": {"type": "string"}, "reason": {"type": "string"}},
                    },
                },
            },
        },
    }
    return dict(sorted((with_examples(ours) | refusals).items()))


def with_examples(schemas: Mapping[str, Json]) -> dict[str, Json]:
    """Return the schemas, each with examples.

    A schema without examples gets values from the examples of the schemas that contain it. An enum that occurs in no
    example gets its first value.

    Raises:
        ValueError: No example was found for a schema.
    """
    found: defaultdict[str, list[Any]] = defaultdict(list)
    written = {name: schema["examples"] for name, schema in schemas.items() if "examples" in schema}
    for name, examples in written.items():
        for example in examples:
            for inner, value in _within(schemas[name], example, schemas):
                if value not in found[inner] and len(found[inner]) < MOST:
                    found[inner].append(value)
    completed = {}
    for name, schema in schemas.items():
        examples = written.get(name) or found[name] or schema.get("enum", [])[:1]
        if not examples:
            raise ValueError(f"no example of {name}")
        completed[name] = schema | {"examples": examples}
    return completed


def _within(schema: Json, value: Any, schemas: Mapping[str, Json]) -> Iterator[tuple[str, Any]]:  # noqa: ANN401  JSON
    """Find the values within `value` that have named schemas. Yield each schema's name and value.

    Skip a value if `anyOf` offers several schemas besides null, because the value's own schema is then not known.
    """
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        yield name, value
        yield from _within(schemas[name], value, schemas)
    elif "anyOf" in schema:
        choices = [choice for choice in schema["anyOf"] if choice != _NULL]
        if value is not None and len(choices) == 1:
            yield from _within(choices[0], value, schemas)
    elif isinstance(value, list):
        for each in value:
            yield from _within(schema.get("items", {}), each, schemas)
    elif isinstance(value, dict):
        properties, others = schema.get("properties", {}), schema.get("additionalProperties")
        for name, each in value.items():
            yield from _within(schema.get("propertyNames", {}), name, schemas)
            inner = properties.get(name, others if isinstance(others, dict) else {})
            yield from _within(inner, each, schemas)


def _module_of(route: Route) -> ModuleType:
    module = inspect.getmodule(route.func)
    if module is None:
        raise TypeError(f"{route.func!r} belongs to no module")
    return module


def _tag(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


def _whole(number: str) -> float:
    """Return the number, as an int if it is whole. Pydantic writes the limits of integers as floats."""
    value = float(number)
    return int(value) if value.is_integer() else value


if __name__ == "__main__":
    sys.exit(main())
