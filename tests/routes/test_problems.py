"""Problems: stable names that clients tell apart, and answers that hold nothing but what a client may see."""

from __future__ import annotations

import json

import pytest

from rekindle.api.problems import Problem, ProblemError
from rekindle.api.resolver import ERRORS_SHOWN, problem_response

STABLE = {
    "urn:rekindle:problem:malformed-json": 400,
    "urn:rekindle:problem:invalid-fields": 422,
    "urn:rekindle:problem:unknown-zone": 422,
    "urn:rekindle:problem:unknown-country": 422,
    "urn:rekindle:problem:text-missing": 422,
    "urn:rekindle:problem:body-too-large": 413,
    "urn:rekindle:problem:unsupported-media-type": 415,
    "urn:rekindle:problem:not-signed-in": 401,
    "urn:rekindle:problem:sign-in-not-recent": 403,
    "urn:rekindle:problem:no-such-route": 404,
    "urn:rekindle:problem:no-profile": 404,
    "urn:rekindle:problem:not-paired": 404,
    "urn:rekindle:problem:already-paired": 409,
    "urn:rekindle:problem:no-invite": 404,
    "urn:rekindle:problem:invite-not-usable": 404,
    "urn:rekindle:problem:not-a-code": 422,
    "urn:rekindle:problem:not-redeemed-yet": 409,
    "urn:rekindle:problem:too-many-tries": 429,
    "urn:rekindle:problem:too-many-nudges": 429,
    "urn:rekindle:problem:too-many-devices": 409,
    "urn:rekindle:problem:no-such-week": 404,
    "urn:rekindle:problem:no-such-day": 404,
    "urn:rekindle:problem:day-closed": 409,
    "urn:rekindle:problem:answers-are-open": 409,
    "urn:rekindle:problem:answered-already": 409,
    "urn:rekindle:problem:edited-since": 409,
    "urn:rekindle:problem:nothing-to-edit": 409,
    "urn:rekindle:problem:not-allowed": 403,
    "urn:rekindle:problem:no-such-pack": 404,
    "urn:rekindle:problem:no-such-release": 404,
    "urn:rekindle:problem:no-such-prompt": 404,
    "urn:rekindle:problem:nothing-to-publish": 409,
    "urn:rekindle:problem:nothing-to-take-back": 409,
    "urn:rekindle:problem:not-published": 409,
    "urn:rekindle:problem:not-withdrawn": 409,
    "urn:rekindle:problem:scheduled-already": 409,
    "urn:rekindle:problem:needs-another-person": 409,
    "urn:rekindle:problem:no-code": 409,
    "urn:rekindle:problem:draft-changed": 409,
    "urn:rekindle:problem:pack-changed": 409,
    "urn:rekindle:problem:help-changed": 409,
    "urn:rekindle:problem:pack-unfit": 422,
    "urn:rekindle:problem:wrong-pack": 422,
    "urn:rekindle:problem:code-not-usable": 404,
    "urn:rekindle:problem:prompt-changed": 409,
    "urn:rekindle:problem:swapped-already": 409,
    "urn:rekindle:problem:swap-too-late": 409,
    "urn:rekindle:problem:nothing-to-swap": 409,
    "urn:rekindle:problem:not-open-yet": 409,
    "urn:rekindle:problem:reflected-already": 409,
    "urn:rekindle:problem:nothing-to-share": 409,
    "urn:rekindle:problem:pause-out-of-range": 422,
    "urn:rekindle:problem:key-reused": 409,
    "urn:rekindle:problem:no-prompt": 503,
    "urn:rekindle:problem:busy": 503,
    "urn:rekindle:problem:internal": 500,
}


def test_no_published_type_is_ever_renamed_or_changes_its_status() -> None:
    """Phones in the field know these. A new type is added here; an old one stays."""
    assert {problem.type: int(problem.status) for problem in Problem} == STABLE


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


def test_an_error_knows_its_problem() -> None:
    error = ProblemError(Problem.TOO_MANY_TRIES, retry_after=60)
    assert (error.problem, error.retry_after, error.errors) == (Problem.TOO_MANY_TRIES, 60, None)
    assert str(error) == Problem.TOO_MANY_TRIES.title
