"""The committed OpenAPI documents, to hold every refusal in the tests against what its route declares."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any, NamedTuple

from local.places import ROOT
from rekindle.api.problems import MEDIA_TYPE, Problem

DOCUMENTS = ("openapi.json", "openapi-practice.json")


class Operation(NamedTuple):
    """A route of the documents: its id, and the problem types that it declares."""

    id: str
    method: str
    path: re.Pattern[str]
    problems: frozenset[str]


@cache
def operations() -> tuple[Operation, ...]:
    """Return every operation of both documents."""
    found = []
    for name in DOCUMENTS:
        document = json.loads((ROOT / "docs" / name).read_text(encoding="utf-8"))
        for path, of_path in document["paths"].items():
            pattern = re.compile(re.sub(r"\{\w+\}", "[^/]+", path))
            for method, operation in of_path.items():
                types = frozenset(
                    each
                    for response in operation["responses"].values()
                    for each in _types(response, document["components"]["responses"])
                )
                found.append(Operation(operation["operationId"], method.upper(), pattern, types))
    return tuple(found)


def operation_of(method: str, path: str) -> Operation | None:
    """Return the operation that a request is for, if there is one."""
    return next((each for each in operations() if each.method == method and each.path.fullmatch(path)), None)


def require_declared(event: dict[str, Any], answer: dict[str, Any]) -> None:
    """Fail if an answer is a problem that its route does not declare."""
    operation = operation_of(event["requestContext"]["http"]["method"], event["rawPath"])
    if operation is None or answer["headers"].get("Content-Type") != MEDIA_TYPE:
        return
    problem = json.loads(answer["body"])["type"]
    # A function that does not have the other function's route.
    if problem == Problem.NO_SUCH_ROUTE.type:
        return
    assert problem in operation.problems, f"{operation.id} refuses with {problem}: name it in its `responses=`"


def _types(response: dict[str, Any], shared: dict[str, Any]) -> list[str]:
    if "$ref" in response:
        response = shared[response["$ref"].rpartition("/")[2]]
    media: dict[str, Any] = response.get("content", {}).get(MEDIA_TYPE, {})
    types: list[str] = media["schema"]["properties"]["type"]["enum"] if media else []
    return types
