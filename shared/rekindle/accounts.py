"""Define the jobs on the account queue, and the commands of an operator. `accounts` handles both.

No other function may change a Firebase account. Each job can be handled twice, and in any order. A job contains ids,
but never a token, a name or a text. An operator calls `accounts` directly, with their own permissions in AWS.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from rekindle.domain.ids import Uid

if TYPE_CHECKING:
    from collections.abc import Mapping

READ: Final = "practice:read"
PUBLISH: Final = "practice:publish"
RIGHTS: Final = (READ, PUBLISH)
"""The permissions of staff, in the account's custom claim `scope`."""
CLOCK_TOLERANCE: Final = dt.timedelta(minutes=5)
"""A command's instant may be before or after the instant at which `accounts` gets it by at most this much."""
type Rights = Literal["", "practice:read", "practice:read practice:publish"]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1


class RevokeJob(_Body):
    """Make Firebase refuse every refresh token of sign-ins before `signed_out_at`."""

    type: Literal["revoke"] = "revoke"
    uid: Uid
    signed_out_at: AwareDatetime


class DeleteJob(_Body):
    """Delete the Firebase account. Then report to `cleanup` that the pseudonym's account is deleted."""

    type: Literal["delete"] = "delete"
    uid: Uid
    pseudonym: str


type AccountJob = RevokeJob | DeleteJob

_JOBS: Final[TypeAdapter[AccountJob]] = TypeAdapter(Annotated[AccountJob, Field(discriminator="type")])


def account_job_from(body: str) -> AccountJob:
    """Return the job in a message's body. Raise ValidationError if the body is not a job."""
    return _JOBS.validate_json(body)


class _Command(BaseModel):
    # Unlike a job, a command never waits in a queue: an operator's program gets the answer at once.
    model_config = ConfigDict(frozen=True, extra="forbid")


class ListStaff(_Command):
    """Read a page of all accounts, and return those with permissions. `after` is the cursor of the page before."""

    type: Literal["list-staff"] = "list-staff"
    after: Annotated[str | None, StringConstraints(max_length=2048)] = None


class ChangeRights(_Command):
    """Give an account exactly these permissions, or none if `rights` is empty.

    `operator` is the operator's ARN in AWS. Both the ARN and the instant `at` are as the operator's program tells them.
    If `without_second_factor` is true, also an account without a second factor gets permissions where staff need one.
    """

    type: Literal["change-rights"] = "change-rights"
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", max_length=256)]
    rights: Rights
    operator: Annotated[str, StringConstraints(pattern=r"^arn:[^\s]+$", max_length=256)]
    at: AwareDatetime
    without_second_factor: bool = False


type StaffCommand = ListStaff | ChangeRights


class StaffAccount(BaseModel):
    """An account with permissions, by its email address or, without one, by its uid."""

    name: str
    scope: str
    second_factor: bool
    last_sign_in: AwareDatetime | None
    disabled: bool


class StaffPage(BaseModel):
    """The accounts with permissions on one page of all accounts. `after` is None on the last page."""

    accounts: list[StaffAccount]
    after: str | None


class RightsOutcome(StrEnum):
    """What became of a change of permissions."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    NO_ACCOUNT = "no-account"
    NO_SECOND_FACTOR = "no-second-factor"
    CLOCKS_DIFFER = "clocks-differ"
    FAILED = "failed"


class RightsChange(BaseModel):
    """The outcome of a change of permissions. `before` and `now` are the permissions before and after it.

    `second_factor` says whether an account that exists has a second factor. If the change failed, `reason` is Google's
    code.
    """

    outcome: RightsOutcome
    before: str = ""
    now: str = ""
    second_factor: bool | None = None
    reason: str | None = None


_COMMANDS: Final[TypeAdapter[StaffCommand]] = TypeAdapter(Annotated[StaffCommand, Field(discriminator="type")])


def staff_command_from(event: Mapping[str, object]) -> StaffCommand:
    """Return the command in an event. Raise ValidationError if the event is not a command."""
    return _COMMANDS.validate_python(event)


def rights_in(claims: Mapping[str, object] | None) -> str:
    """Return the permissions of staff among an account's custom claims."""
    held = str((claims or {}).get("scope", "")).split()
    return " ".join(right for right in RIGHTS if right in held)


def with_rights(claims: Mapping[str, object] | None, rights: str) -> dict[str, object]:
    """Return an account's custom claims with exactly these permissions of staff. All other claims stay."""
    others = [each for each in str((claims or {}).get("scope", "")).split() if each not in RIGHTS]
    scope = " ".join([*others, *rights.split()])
    rest = {name: value for name, value in (claims or {}).items() if name != "scope"}
    return rest | ({"scope": scope} if scope else {})
