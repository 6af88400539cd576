"""Define the jobs on the account queue. `accounts` handles them. No other function may change a Firebase account.

Each job can be handled twice, and in any order. A job contains ids, but never a token, a name or a text.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from rekindle.domain.ids import Uid


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
