"""Define the jobs on the cleanup queue. `react` and `accounts` enqueue them, and `cleanup` handles them.

Each job can be handled twice, and after a crash. A job contains ids, but never a push token, a name or a text.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from rekindle.domain.ids import CoupleId


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


type CleanupJob = EndedJob | AccountDeletedJob

_JOBS: Final[TypeAdapter[CleanupJob]] = TypeAdapter(Annotated[CleanupJob, Field(discriminator="type")])


def cleanup_job_from(body: str) -> CleanupJob:
    """Return the job in a message's body. Raise ValidationError if the body is not a job."""
    return _JOBS.validate_json(body)
