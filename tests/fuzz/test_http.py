"""No request that Schemathesis makes from the OpenAPI documents gets a reply that the documents do not describe.

Every operation gets requests that fit its schema and requests that do not, from callers of every kind.
"""

from __future__ import annotations

import json
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import pytest
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from local.places import ROOT
from tests.fuzz.settings import fuzzing
from tests.fuzz.worlds import KNOWN, KNOWN_TO_STAFF, World, phones_world, practice_world

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy
    from schemathesis import APIOperation, Response
    from schemathesis import Case as AnyCase

    type Case = AnyCase[Any]
    type Operation = APIOperation[Any, Any, Any, Any]

DOCUMENTS: Final[dict[str, dict[str, Any]]] = {"openapi.json": KNOWN, "openapi-practice.json": KNOWN_TO_STAFF}
WORLDS: Final = {"openapi.json": cache(phones_world), "openapi-practice.json": cache(practice_world)}
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MALFORMED: Final = {400, 413, 415}


def _document(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / "docs" / name).read_text(encoding="utf-8"))
    return document


@cache
def operations(document: str) -> dict[str, Operation]:
    """Return the operations of a document by their ids."""
    # API Gateway checks the tokens. The worlds add the claims that it passes on.
    without_tokens = {name: part for name, part in _document(document).items() if name != "security"}
    schema = schemathesis.openapi.from_dict(without_tokens)
    found = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
    return {str(each.definition.raw["operationId"]): each for each in found}


ALL: Final = [pytest.param(name, each, id=f"{name}-{each}") for name in DOCUMENTS for each in operations(name)]


def cases(document: str, operation: str) -> SearchStrategy[Case]:
    """Return requests that fit the operation's schema and requests that do not, half of them about existing things."""
    found = operations(document)[operation]
    named = {each.name for each in found.path_parameters}
    known: dict[str, Any] = {name: value for name, value in DOCUMENTS[document].items() if name in named}
    return st.one_of(
        [
            found.as_strategy(generation_mode=mode, path_parameters=parameters)
            for mode in _modes(found)
            for parameters in ([known, None] if known else [None])
        ]
    )


def _modes(operation: Operation) -> list[GenerationMode]:
    """Return both modes. An operation without any parameter takes no wrong request."""
    takes = (*operation.path_parameters, *operation.query, *operation.headers, *operation.body)
    return [*GenerationMode] if takes else [GenerationMode.POSITIVE]


def checked(world: World, case: Case, caller: str) -> Response:
    """Send the request, and check the reply against the document."""
    response = world.call(case, caller)
    accepts = response.status_code < HTTPStatus.BAD_REQUEST
    case.validate_response(response, checks=[*CHECKS, negative_data_rejection] if accepts else CHECKS)
    return response


@pytest.mark.parametrize(("document", "operation"), ALL)
def test_each_reply_is_one_that_the_document_describes(document: str, operation: str) -> None:
    world = WORLDS[document]()

    @fuzzing(short=25)
    @given(case=cases(document, operation), caller=st.sampled_from([*world.callers]))
    def check(case: Case, caller: str) -> None:
        world.reset()
        checked(world, case, caller)

    check()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_reply_is_described_also_after_many_other_requests(document: str) -> None:
    world = WORLDS[document]()
    every = st.one_of([cases(document, operation) for operation in operations(document)])

    @fuzzing(short=10)
    @given(calls=st.lists(st.tuples(every, st.sampled_from([*world.callers])), min_size=2, max_size=12))
    def check(calls: list[tuple[Case, str]]) -> None:
        world.reset()
        for case, caller in calls:
            checked(world, case, caller)

    check()


def examples() -> list[Any]:
    """Return each example of a body in the documents, with its document and operation."""
    found = []
    for name in DOCUMENTS:
        schemas = _document(name)["components"]["schemas"]
        for identifier, operation in operations(name).items():
            body = operation.definition.raw.get("requestBody", {"content": {"application/json": {"schema": {}}}})
            schema = body["content"]["application/json"]["schema"]
            of_body = schemas.get(schema.get("$ref", "").rpartition("/")[2], {}).get("examples", [])
            found += [
                pytest.param(name, identifier, example, id=f"{identifier}-{number}")
                for number, example in enumerate(of_body)
                if "next" not in example  # only the person who got it from the export can use it
            ]
    return found


@pytest.mark.parametrize(("document", "operation", "body"), examples())
def test_each_example_of_a_body_is_a_good_request(document: str, operation: str, body: Any) -> None:
    """A good request can be refused, but never for its form."""
    world, found = WORLDS[document](), operations(document)[operation]
    case = found.Case(path_parameters={**DOCUMENTS[document]}, body=body, media_type="application/json")
    for caller in world.callers:
        world.reset()
        response = checked(world, case, caller)
        assert response.status_code not in MALFORMED
        assert b"urn:rekindle:problem:invalid-fields" not in response.content
