"""Define the jobs on the cleanup queue. `react` and `accounts` enqueue them, and `cleanup` handles them.

Each job can be handled twice, and after a crash. A job contains ids, but never a push token, a name or a text.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from rekindle.domain.ids import CoupleId, Uid


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1


class EndedJob(_Body):
    """Free both persons of a couple that has ended, and make the couple's keys expire."""

    type: Literal["ended"] = "ended"
    couple: CoupleId


class AccountDeletedJob(_Body):
    """Note that the Firebase account of an erased person is deleted. `accounts` enqueues this job."""

    type: Literal["account-deleted"] = "account-deleted"
    pseudonym: str


class EraseJob(_Body):
    """Remove everything about a person who has erased their account.

    A request that began before the erasure may still write a row. So a second job follows when no request can be under
    way any more. `is_last` marks the second job, which also removes the person's own row and their account.
    """

    type: Literal["erase"] = "erase"
    uid: Uid
    erased_at: AwareDatetime
    is_last: bool = False


type CleanupJob = EndedJob | AccountDeletedJob | EraseJob

_JOBS: Final[TypeAdapter[CleanupJob]] = TypeAdapter(Annotated[CleanupJob, Field(discriminator="type")])


def cleanup_job_from(body: str) -> CleanupJob:
    """Return the job in a message's body. Raise ValidationError if the body is not a job."""
    return _JOBS.validate_json(body)
