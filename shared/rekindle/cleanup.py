"""Define the jobs on the cleanup queue. `cleanup` handles them.

`react`, `delivery`, `accounts` and `cleanup` itself enqueue jobs, and so do some commands of operators.

Each job can be handled twice, even after a crash in the middle. A job contains ids, but never a push token, a name or a
text.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from rekindle.domain.ids import CoupleId, Uid, Zone
from rekindle.domain.reminders import Slot


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1


class EndedJob(_Body):
    """Free both persons of a couple that has ended, and make the couple's keys expire."""

    type: Literal["ended"] = "ended"
    couple: CoupleId


class RestJob(_Body):
    """Delete everything that is left of a couple whose own row is gone. `ended_at` is the couple's end."""

    type: Literal["rest"] = "rest"
    couple: CoupleId
    members: tuple[Uid, ...]
    ended_at: AwareDatetime


class _DeviceJob(_Body):
    """A job about one device at `instant`. `person` is its owner's pseudonym. `target` is the digest of its target."""

    person: str
    target: str
    instant: AwareDatetime


class TargetJob(_DeviceJob):
    """Remove a device that FCM no longer reaches, if its owner has not registered it again after `instant`."""

    type: Literal["target"] = "target"


class StaleJob(_DeviceJob):
    """Remove all stale devices of a person. `target` is the target of one of these devices."""

    type: Literal["stale"] = "stale"


class EmptySlotJob(_Body):
    """Delete a slot that holds nobody. A run found the slot, or one of its shards, empty."""

    type: Literal["empty-slot"] = "empty-slot"
    zone: Zone
    time: dt.time

    @property
    def slot(self) -> Slot:
        """The slot."""
        return Slot(self.zone, self.time)


class AccountDeletedJob(_Body):
    """Note that the Firebase account of an erased person is deleted, and delete the last row of the person.

    `accounts` enqueues this job.
    """

    type: Literal["account-deleted"] = "account-deleted"
    pseudonym: str
    uid: Uid | None = None


class EraseJob(_Body):
    """Remove everything about a person who has erased their account.

    A request that began before the erasure may still write a row. So a second job follows when no request can be under
    way any more. `is_last` marks the second job, which also removes the person's own row and their account.
    """

    type: Literal["erase"] = "erase"
    uid: Uid
    erased_at: AwareDatetime
    is_last: bool = False


type CleanupJob = EndedJob | RestJob | TargetJob | StaleJob | EmptySlotJob | AccountDeletedJob | EraseJob

_JOBS: Final[TypeAdapter[CleanupJob]] = TypeAdapter(Annotated[CleanupJob, Field(discriminator="type")])


def cleanup_job_from(body: str) -> CleanupJob:
    """Return the job in a message's body. Raise ValidationError if the body is not a job."""
    return _JOBS.validate_json(body)
