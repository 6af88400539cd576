"""Read the committed OpenAPI documents. Check that routes declare the refusals that tests see."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from jsonschema import Draft202012Validator

from local.places import ROOT
from rekindle.api.problems import MEDIA_TYPE, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testing.phones import Reply

DOCUMENTS = ("openapi.json", "openapi-practice.json")


class Operation(NamedTuple):
    """A route of the OpenAPI documents, with the problem types that it declares."""

    document: str
    id: str
    method: str
    template: str
    path: re.Pattern[str]
    problems: frozenset[str]
    takes_key: bool


@cache
def _document(name: str) -> Any:
    return json.loads((ROOT / "docs" / name).read_text(encoding="utf-8"))


@cache
def operations() -> tuple[Operation, ...]:
    """Return every operation of both OpenAPI documents."""
    found = []
    for name in DOCUMENTS:
        document = _document(name)
        for path, of_path in document["paths"].items():
            pattern = re.compile(re.sub(r"\{\w+\}", "[^/]+", path))
            for method, operation in of_path.items():
                types = frozenset(
                    each
                    for response in operation["responses"].values()
                    for each in types_of(response, document["components"]["responses"])
                )
                takes_key = any(each["name"] == "idempotency-key" for each in operation.get("parameters", ()))
                found.append(Operation(name, operation["operationId"], method.upper(), path, pattern, types, takes_key))
    return tuple(found)


OF_THE_RESOLVER: Final = {
    Problem.MALFORMED_JSON,
    Problem.INVALID_FIELDS,
    Problem.BODY_TOO_LARGE,
    Problem.UNSUPPORTED_MEDIA_TYPE,
    Problem.NOT_SIGNED_IN,
    Problem.SIGNED_OUT,
    Problem.APP_NOT_VERIFIED,
    Problem.TOO_MANY_CALLS,
    Problem.INTERNAL,
    Problem.BUSY,
}
"""Problems with which every route may answer. No route has to declare them."""


def declared(document: str) -> set[tuple[str, str]]:
    """Return a document's refusals, without OF_THE_RESOLVER, as pairs of operation id and problem name."""
    return {
        (operation.id, _name(problem))
        for operation in operations()
        if operation.document == document
        for problem in operation.problems - {each.type for each in OF_THE_RESOLVER}
    }


def refusal(event: dict[str, Any], answer: dict[str, Any]) -> tuple[str, str] | None:
    """Return an answer's refusal as a pair, as `declared` does. Return None if no route refused."""
    operation = operation_of(event["requestContext"]["http"]["method"], event["rawPath"])
    if operation is None or answer["headers"].get("Content-Type") != MEDIA_TYPE:
        return None
    return operation.id, _name(json.loads(answer["body"])["type"])


def operation_of(method: str, path: str) -> Operation | None:
    """Return the operation that serves a request. Return None if there is none."""
    return next((each for each in operations() if each.method == method and each.path.fullmatch(path)), None)


def require_declared(event: dict[str, Any], answer: dict[str, Any]) -> None:
    """Fail if an answer is a problem that the route does not declare."""
    operation = operation_of(event["requestContext"]["http"]["method"], event["rawPath"])
    found = refusal(event, answer)
    # NO_SUCH_ROUTE is allowed: a test may send a request to a function that does not serve the route.
    if operation and found and found[1] != _name(Problem.NO_SUCH_ROUTE.type):
        named = {_name(each) for each in operation.problems} | {_name(each.type) for each in OF_THE_RESOLVER}
        assert found[1] in named, f"{found[0]} refuses with {found[1]}: name it in its `responses=`"


def require_documented(method: str, template: str, reply: Reply) -> None:
    """Fail if the OpenAPI document lacks the status, media type or structure of a reply."""
    document = _document("openapi.json")
    response = document["paths"][template][method.lower()]["responses"][str(reply.status)]
    while "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    if "content" in response:
        schema = response["content"][reply.headers["Content-Type"]]["schema"]
        Draft202012Validator({**schema, "components": document["components"]}).validate(json.loads(reply.text))


def example_of(method: str, path: str) -> Any:
    """Return the first example of an operation's body. Return None if its body has no named schema."""
    for document in map(_document, DOCUMENTS):
        if "requestBody" in (operation := document["paths"].get(path, {}).get(method.lower(), {})):
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            name = schema.get("$ref", "").rpartition("/")[2]
            return document["components"]["schemas"][name]["examples"][0] if name else None
    return None


def parameters_of(operation: Operation) -> list[dict[str, Any]]:
    """Return an operation's parameters, as its document has them."""
    found: list[dict[str, Any]] = _described(operation).get("parameters", [])
    return found


def body_schema_of(operation: Operation) -> dict[str, Any] | None:
    """Return the schema of an operation's body. Return None if it takes none."""
    body = _described(operation).get("requestBody")
    schema: dict[str, Any] | None = body and body["content"]["application/json"]["schema"]
    return schema


def schemas(document: str) -> dict[str, Any]:
    """Return a document's schemas by name."""
    found: dict[str, Any] = _document(document)["components"]["schemas"]
    return found


def replies_of(operation: Operation) -> list[dict[str, Any]]:
    """Return an operation's responses that are no refusals."""
    return [response for status, response in _described(operation)["responses"].items() if status.startswith("2")]


def leaves_of(document: str, schema: dict[str, Any]) -> Iterator[tuple[str | int, ...]]:
    """Yield the paths of all fields of a schema that are no objects. In a path, 0 is an element of a list."""
    schema = resolved(document, schema)
    for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from leaves_of(document, each)
    if "properties" in schema:
        for name, of_name in schema["properties"].items():
            for path in leaves_of(document, of_name):
                yield (name, *path)
    elif isinstance(schema.get("additionalProperties"), dict):
        for path in leaves_of(document, schema["additionalProperties"]):
            yield ("en", *path)
    elif "items" in schema:
        for path in leaves_of(document, schema["items"]):
            yield (0, *path)
    elif schema.get("type") != "null" and not {"anyOf", "oneOf", "allOf"} & schema.keys():
        yield ()


def resolved(document: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema to which a schema refers."""
    while "$ref" in schema:
        schema = schemas(document)[schema["$ref"].rpartition("/")[2]]
    return schema


def _described(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = _document(operation.document)["paths"][operation.template][operation.method.lower()]
    return described


def _name(problem: str) -> str:
    return problem.rpartition(":")[2]


def types_of(response: dict[str, Any], shared: dict[str, Any]) -> list[str]:
    """Return the problem types of a response. `shared` has the document's shared responses, to resolve a `$ref`."""
    if "$ref" in response:
        response = shared[response["$ref"].rpartition("/")[2]]
    media: dict[str, Any] = response.get("content", {}).get(MEDIA_TYPE, {})
    types: list[str] = media["schema"]["properties"]["type"]["enum"] if media else []
    return types
