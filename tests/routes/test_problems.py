"""Problems have stable names, and show a client nothing that it may not see."""

from __future__ import annotations

import json

import pytest

from local.places import ROOT
from rekindle.api.problems import Problem
from rekindle.api.resolver import ERRORS_SHOWN, problem_response
from testing import contract


def released() -> set[tuple[str, int]]:
    """Return each problem type that a released document names, with its status."""
    found = set()
    for name in contract.DOCUMENTS:
        document = json.loads((ROOT / "docs" / "released" / name).read_text(encoding="utf-8"))
        for operation in (each for of_path in document["paths"].values() for each in of_path.values()):
            for status, response in operation["responses"].items():
                types = contract.types_of(response, document["components"]["responses"])
                found |= {(each, int(status)) for each in types}
    return found


def test_no_published_type_is_ever_renamed_or_changes_its_status() -> None:
    """Installed phones know these types. No document names the refusal of an unknown route."""
    published = released() | {("urn:rekindle:problem:no-such-route", 404)}
    assert len(published) >= 56
    assert published <= {(problem.type, int(problem.status)) for problem in Problem}


@pytest.mark.parametrize("problem", Problem)
def test_a_problem_s_text_is_one_sentence_or_two(problem: Problem) -> None:
    assert problem.title[0].isupper()
    assert problem.title.endswith(".")
    assert len(problem.title) < 100


@pytest.mark.parametrize("problem", Problem)
def test_a_problem_is_problem_details_and_never_cached(problem: Problem) -> None:
    response = problem_response(problem)
    assert response.status_code == problem.status
    assert response.headers == {"Content-Type": "application/problem+json", "Cache-Control": "no-store"}
    assert json.loads(response.body or "") == {
        "type": problem.type,
        "title": problem.title,
        "status": int(problem.status),
    }


def test_a_problem_shows_its_wait_in_seconds_and_its_wrong_fields() -> None:
    errors = [{"field": "body.zone", "reason": "Field required"}]
    response = problem_response(Problem.INVALID_FIELDS, retry_after=7, errors=errors)
    assert response.headers["Retry-After"] == "7"
    assert json.loads(response.body or "")["errors"] == errors
    assert ERRORS_SHOWN < 100
