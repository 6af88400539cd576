"""Define all problems that a client can get (RFC 9457). Each problem has a stable type, an HTTP status and a title."""

from __future__ import annotations

from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from rekindle.errors import RekindleError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse

MEDIA_TYPE: Final = "application/problem+json"


class Problem(Enum):
    """A problem type. A member's name becomes the `type` in replies, so never rename a member."""

    MALFORMED_JSON = HTTPStatus.BAD_REQUEST, "The body is not JSON."
    INVALID_FIELDS = HTTPStatus.UNPROCESSABLE_ENTITY, "Some fields are missing, unknown or wrong."
    UNKNOWN_ZONE = HTTPStatus.UNPROCESSABLE_ENTITY, "There is no such time zone."
    UNKNOWN_COUNTRY = (
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "There is no such country. Give its two letters, such as US or GB.",
    )
    TEXT_MISSING = HTTPStatus.UNPROCESSABLE_ENTITY, "This prompt asks for an answer in words."
    BODY_TOO_LARGE = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is too large."
    UNSUPPORTED_MEDIA_TYPE = HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body must be application/json in UTF-8."
    NOT_SIGNED_IN = HTTPStatus.UNAUTHORIZED, "Sign in first."
    SIGNED_OUT = HTTPStatus.UNAUTHORIZED, "This sign-in has ended. Sign in again."
    # Not 401: after a 401, a phone renews its token. The new token has the old time of sign-in, so it fails too.
    SIGN_IN_NOT_RECENT = HTTPStatus.FORBIDDEN, "Please sign in again, so that we know that it is you."
    SECOND_FACTOR_NEEDED = HTTPStatus.FORBIDDEN, "Please sign in with your second factor."
    # The same holds if App Check refuses: a renewed token of the person does not help.
    APP_NOT_VERIFIED = (
        HTTPStatus.FORBIDDEN,
        "We cannot see that this request comes from our app. Update the app, and try again.",
    )
    NO_SUCH_ROUTE = HTTPStatus.NOT_FOUND, "There is nothing at this address for this method."
    ACCOUNT_ERASED = HTTPStatus.GONE, "You have erased your account."
    NO_SUCH_ERASURE = HTTPStatus.NOT_FOUND, "There is no erasure with this receipt."
    NO_PROFILE = HTTPStatus.NOT_FOUND, "Set up your profile first."
    NOT_PAIRED = HTTPStatus.NOT_FOUND, "You are not paired with anyone."
    ALREADY_PAIRED = HTTPStatus.CONFLICT, "You are already paired."
    NO_INVITE = HTTPStatus.NOT_FOUND, "You have no open invite."
    INVITE_NOT_USABLE = HTTPStatus.NOT_FOUND, "This code does not work. Ask your partner for a new one."
    NOT_A_CODE = HTTPStatus.UNPROCESSABLE_ENTITY, "This cannot be a code. Please check it."
    NOT_REDEEMED_YET = HTTPStatus.CONFLICT, "Nobody has used this invite's code yet."
    OTHER_WORDS = (
        HTTPStatus.CONFLICT,
        "These are not the three words of the person who used your code. Compare the words again.",
    )
    CHOICE_MISSING = (
        HTTPStatus.CONFLICT,
        "You two were a couple before. Say whether you want to go on where you stopped.",
    )
    TOO_MANY_TRIES = HTTPStatus.TOO_MANY_REQUESTS, "You have tried too many codes. Wait before you try another."
    TOO_MANY_NUDGES = HTTPStatus.TOO_MANY_REQUESTS, "That's all for today. Wait before you send another nudge."
    TOO_MANY_CHANGES = (
        HTTPStatus.TOO_MANY_REQUESTS,
        "You have done this many times in the last 24 hours. Wait before you do it again.",
    )
    TOO_MANY_CALLS = HTTPStatus.TOO_MANY_REQUESTS, "These are too many requests at once. Wait a moment."
    TOO_MANY_DEVICES = HTTPStatus.CONFLICT, "You have too many devices. Remove one first."
    NO_SUCH_WEEK = HTTPStatus.NOT_FOUND, "There is no such week to look back on."
    NO_SUCH_DAY = HTTPStatus.NOT_FOUND, "There is no such day in your journal."
    DAY_CLOSED = HTTPStatus.CONFLICT, "This day no longer takes answers."
    ANSWERS_ARE_OPEN = HTTPStatus.CONFLICT, "Both answers are open now and can no longer be changed."
    ANSWERED_ALREADY = (
        HTTPStatus.CONFLICT,
        "You have already answered. To edit your answer, name the revision that you have read.",
    )
    EDITED_SINCE = HTTPStatus.CONFLICT, "You have edited this answer elsewhere. Read it again before you edit it."
    NOTHING_TO_EDIT = HTTPStatus.CONFLICT, "You have not answered yet, so there is no revision to edit."
    NOT_ALLOWED = HTTPStatus.FORBIDDEN, "Your account has no permission for this. Ask whoever runs the service."
    NO_SUCH_PACK = HTTPStatus.NOT_FOUND, "There is no such pack."
    NO_SUCH_RELEASE = HTTPStatus.NOT_FOUND, "This pack has no such version."
    NO_SUCH_PROMPT = HTTPStatus.NOT_FOUND, "This pack has no such prompt."
    NOTHING_TO_PUBLISH = HTTPStatus.CONFLICT, "There is no draft to publish."
    NOTHING_TO_TAKE_BACK = HTTPStatus.CONFLICT, "Nothing is waiting to be approved or to go live."
    NOT_PUBLISHED = HTTPStatus.CONFLICT, "This pack is not published, so there is nothing to withdraw."
    NOT_WITHDRAWN = HTTPStatus.CONFLICT, "This pack or prompt is not withdrawn."
    SCHEDULED_ALREADY = HTTPStatus.CONFLICT, "A version is waiting to go live. Take it back first."
    NEEDS_ANOTHER_PERSON = HTTPStatus.CONFLICT, "Somebody else must approve your proposal."
    NO_CODE = HTTPStatus.CONFLICT, "This pack has no code. Publish it for couples with a code first."
    DRAFT_CHANGED = (
        HTTPStatus.CONFLICT,
        "Somebody has saved this draft since you opened it. Your text is not saved yet.",
    )
    PACK_CHANGED = HTTPStatus.CONFLICT, "Somebody has just changed this pack. Look at it again before you decide."
    HELP_CHANGED = HTTPStatus.CONFLICT, "Somebody has changed the help since you opened it. Your text is not saved yet."
    PROPOSED_ALREADY = HTTPStatus.CONFLICT, "A colleague's proposal is waiting. Approve it or reject it first."
    PACK_UNFIT = HTTPStatus.UNPROCESSABLE_ENTITY, "This pack has something to fix before it can be published."
    WRONG_PACK = HTTPStatus.UNPROCESSABLE_ENTITY, "The id in the text is not the id of this pack."
    CODE_NOT_USABLE = HTTPStatus.NOT_FOUND, "This code does not work. Ask your practice for a new one."
    PROMPT_CHANGED = HTTPStatus.CONFLICT, "This day has another prompt now. Look at it before you answer."
    SWAPPED_ALREADY = HTTPStatus.CONFLICT, "This day's prompt has already been swapped. It can be swapped only once."
    SWAP_TOO_LATE = HTTPStatus.CONFLICT, "One of you has answered, so this prompt stays."
    NOTHING_TO_SWAP = HTTPStatus.CONFLICT, "There is no other prompt on this theme that fits you both."
    NOT_OPEN_YET = HTTPStatus.CONFLICT, "You can leave a reflection once you both have answered."
    REFLECTED_ALREADY = HTTPStatus.CONFLICT, "You have already left a reflection on this day. It cannot be changed."
    NOTHING_TO_SHARE = HTTPStatus.CONFLICT, "You have not answered on this day, so there is nothing to share."
    PAUSE_OUT_OF_RANGE = HTTPStatus.UNPROCESSABLE_ENTITY, "A pause ends tomorrow at the earliest, and within 92 days."
    PAUSE_TOO_SOON = (
        HTTPStatus.TOO_MANY_REQUESTS,
        "Your last pause has been ended. Give it a few days before you pause again.",
    )
    KEY_REUSED = HTTPStatus.CONFLICT, "This idempotency key was used for another request."
    NO_PROMPT = HTTPStatus.SERVICE_UNAVAILABLE, "There is no prompt to offer yet."
    BUSY = HTTPStatus.SERVICE_UNAVAILABLE, "Our service is busy. Nothing is lost; try again in a moment."
    INTERNAL = HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong on our side."

    @property
    def status(self) -> HTTPStatus:
        """The HTTP status of replies with this problem."""
        return self.value[0]

    @property
    def title(self) -> str:
        """The text that a person reads."""
        return self.value[1]

    @property
    def type(self) -> str:
        """The stable id by which a client recognizes the problem."""
        return f"urn:rekindle:problem:{self.name.lower().replace('_', '-')}"


class ProblemError(RekindleError):
    """A handler refuses a request. The reply describes the problem.

    `retry_after` is the number of seconds after which the client may try again. `errors` lists the wrong fields, each
    with a reason. `members` are additional fields of the reply's body.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        retry_after: int | None = None,
        errors: list[dict[str, str]] | None = None,
        members: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(problem.title)
        self.problem = problem
        self.retry_after = retry_after
        self.errors = errors
        self.members = members


def refusals(*problems: Problem) -> dict[int, OpenAPIResponse]:
    """Return the OpenAPI responses, by status, of a route that refuses requests with these problems.

    A route lists only its own problems. It does not list the problems that all routes have: a busy service, an internal
    error, a caller who has not signed in, and an invalid body or parameter. A route that needs a profile also refuses a
    person who has erased their account.
    """
    responses: dict[int, OpenAPIResponse] = {}
    refused = {*problems, Problem.ACCOUNT_ERASED} if Problem.NO_PROFILE in problems else {*problems}
    for status in sorted({int(problem.status) for problem in refused}):
        of_status = [problem for problem in Problem if problem in refused and problem.status == status]
        schema = {"properties": {"type": {"enum": [problem.type for problem in of_status]}}}
        responses[status] = {
            "description": "\n".join(f"- `{problem.type}`: {problem.title}" for problem in of_status),
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
    return responses
