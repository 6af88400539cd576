"""Everything a client can be told went wrong: one stable type, one status and one human sentence each (RFC 9457)."""

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
    """The problem types. The member's name makes the `type`, so a member is never renamed."""

    MALFORMED_JSON = HTTPStatus.BAD_REQUEST, "The body is not JSON."
    INVALID_FIELDS = HTTPStatus.UNPROCESSABLE_ENTITY, "Some fields are missing, unknown or not as they should be."
    UNKNOWN_ZONE = HTTPStatus.UNPROCESSABLE_ENTITY, "There is no such time zone."
    UNKNOWN_COUNTRY = (
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "There is no such country. Give its two letters, such as US or GB.",
    )
    TEXT_MISSING = HTTPStatus.UNPROCESSABLE_ENTITY, "This prompt asks for an answer in words."
    BODY_TOO_LARGE = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "That is more than this takes at once."
    UNSUPPORTED_MEDIA_TYPE = HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body has to be application/json in UTF-8."
    NOT_SIGNED_IN = HTTPStatus.UNAUTHORIZED, "Sign in first."
    # Not 401, which a phone answers by renewing its token: that would be no newer sign-in.
    SIGN_IN_NOT_RECENT = (
        HTTPStatus.FORBIDDEN,
        "To be sure that this is you: please sign in once more.",
    )
    NO_SUCH_ROUTE = HTTPStatus.NOT_FOUND, "There is nothing at this address for this method."
    NO_PROFILE = HTTPStatus.NOT_FOUND, "Say who you are first."
    NOT_PAIRED = HTTPStatus.NOT_FOUND, "You are not paired with anyone."
    ALREADY_PAIRED = HTTPStatus.CONFLICT, "You are paired already."
    NO_INVITE = HTTPStatus.NOT_FOUND, "You have no open invite."
    INVITE_NOT_USABLE = HTTPStatus.NOT_FOUND, "This code does not work. Ask your partner for a new one."
    NOT_A_CODE = HTTPStatus.UNPROCESSABLE_ENTITY, "This cannot be a code. Look at it once more."
    NOT_REDEEMED_YET = HTTPStatus.CONFLICT, "Nobody has used this invite's code yet."
    TOO_MANY_TRIES = HTTPStatus.TOO_MANY_REQUESTS, "Too many codes tried. Wait before you try another."
    TOO_MANY_NUDGES = HTTPStatus.TOO_MANY_REQUESTS, "That is as many as one day holds. Wait before you send another."
    TOO_MANY_DEVICES = HTTPStatus.CONFLICT, "You have too many devices. Remove one first."
    NO_SUCH_WEEK = HTTPStatus.NOT_FOUND, "There is no such week to look back on."
    NO_SUCH_DAY = HTTPStatus.NOT_FOUND, "There is no such day in your journal."
    DAY_CLOSED = HTTPStatus.CONFLICT, "This day no longer takes answers."
    ANSWERS_ARE_OPEN = HTTPStatus.CONFLICT, "Both answers are open now, and stay as they are."
    ANSWERED_ALREADY = (
        HTTPStatus.CONFLICT,
        "You have answered already. To edit it, name the revision you have read.",
    )
    EDITED_SINCE = HTTPStatus.CONFLICT, "You have edited this answer since. Read it again before you edit it."
    NOTHING_TO_EDIT = HTTPStatus.CONFLICT, "You have not answered yet, so there is no revision to edit."
    NOT_ALLOWED = HTTPStatus.FORBIDDEN, "Your account has no permission for this. Ask whoever runs the service."
    NO_SUCH_PACK = HTTPStatus.NOT_FOUND, "There is no such pack."
    NO_SUCH_RELEASE = HTTPStatus.NOT_FOUND, "This pack has no such version."
    NO_SUCH_PROMPT = HTTPStatus.NOT_FOUND, "This pack has no such prompt."
    NOTHING_TO_PUBLISH = HTTPStatus.CONFLICT, "There is no draft to publish."
    NOTHING_TO_TAKE_BACK = HTTPStatus.CONFLICT, "Nothing of this pack is waiting to be approved or to go live."
    NOT_PUBLISHED = HTTPStatus.CONFLICT, "This pack is not with couples, so there is nothing to withdraw."
    NOT_WITHDRAWN = HTTPStatus.CONFLICT, "This is not withdrawn."
    SCHEDULED_ALREADY = HTTPStatus.CONFLICT, "A version is waiting to go live. Call it off first."
    NEEDS_ANOTHER_PERSON = HTTPStatus.CONFLICT, "Somebody else has to approve what you have proposed."
    NO_CODE = HTTPStatus.CONFLICT, "Only a published pack for couples with a code has a code."
    DRAFT_CHANGED = HTTPStatus.CONFLICT, "Somebody has saved this draft since you opened it. Yours is not saved yet."
    PACK_CHANGED = HTTPStatus.CONFLICT, "Somebody has just changed this pack. Look at it again before you go on."
    HELP_CHANGED = HTTPStatus.CONFLICT, "Somebody has changed the help since you opened it. Yours is not saved yet."
    PACK_UNFIT = HTTPStatus.UNPROCESSABLE_ENTITY, "This pack has something to fix before it can be published."
    WRONG_PACK = HTTPStatus.UNPROCESSABLE_ENTITY, "The id in the text is not the id of this pack."
    CODE_NOT_USABLE = HTTPStatus.NOT_FOUND, "This code does not work. Ask your practice for a new one."
    PROMPT_CHANGED = HTTPStatus.CONFLICT, "There is another prompt for this day now. Look at it before you answer."
    SWAPPED_ALREADY = (
        HTTPStatus.CONFLICT,
        "This day's prompt has been swapped already, and once is as often as it goes.",
    )
    SWAP_TOO_LATE = HTTPStatus.CONFLICT, "One of you has answered, so this prompt stays."
    NOTHING_TO_SWAP = HTTPStatus.CONFLICT, "There is no other prompt on this theme that fits you both."
    NOT_OPEN_YET = HTTPStatus.CONFLICT, "A reflection has its time once you both have answered."
    REFLECTED_ALREADY = HTTPStatus.CONFLICT, "You have left a reflection on this day already, and it stays."
    NOTHING_TO_SHARE = HTTPStatus.CONFLICT, "You have not answered on this day, so there is nothing to share."
    PAUSE_OUT_OF_RANGE = HTTPStatus.UNPROCESSABLE_ENTITY, "A pause ends tomorrow at the earliest, and within 92 days."
    KEY_REUSED = HTTPStatus.CONFLICT, "This idempotency key was used for another request."
    NO_PROMPT = HTTPStatus.SERVICE_UNAVAILABLE, "There is no prompt to offer yet."
    BUSY = HTTPStatus.SERVICE_UNAVAILABLE, "Something is busy on our side. Nothing is lost; try again in a moment."
    INTERNAL = HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong on our side."

    @property
    def status(self) -> HTTPStatus:
        """The HTTP status that goes with the type."""
        return self.value[0]

    @property
    def title(self) -> str:
        """The sentence for a person."""
        return self.value[1]

    @property
    def type(self) -> str:
        """The stable identifier that a client tells problems apart by."""
        return f"urn:rekindle:problem:{self.name.lower().replace('_', '-')}"


class ProblemError(RekindleError):
    """A request that cannot be carried out.

    `retry_after` is in seconds, `errors` names fields with their reasons, and `members` say more, by their own names.
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
    """Return the responses, by status, of a route that refuses with these problems.

    A route names its own problems only. Every route may also be busy or fail, refuse a caller without a sign-in, and
    refuse a body or parameters that are not as they should be.
    """
    found: dict[int, OpenAPIResponse] = {}
    for status in sorted({int(problem.status) for problem in problems}):
        of_status = [problem for problem in Problem if problem in problems and problem.status == status]
        schema = {"properties": {"type": {"enum": [problem.type for problem in of_status]}}}
        found[status] = {
            "description": "\n".join(f"- `{problem.type}`: {problem.title}" for problem in of_status),
            "content": {MEDIA_TYPE: {"schema": schema}},
        }
    return found
