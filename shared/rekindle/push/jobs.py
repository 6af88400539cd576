"""Jobs on the push queue, from `tick` and `react` to `delivery`, and from `delivery` to itself.

A job names persons. It never carries a push token, a name or anything that somebody wrote. Delivery looks up who gets
the push when it handles the job.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Final, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from rekindle.domain.calendar import zone_named
from rekindle.domain.ids import CoupleId, Uid, Zone
from rekindle.domain.pushes import PushKind
from rekindle.domain.reminders import Slot
from rekindle.push.kinds import KINDS
from rekindle.push.payloads import Occasion

LONGEST_DELAY: Final = dt.timedelta(minutes=15)
"""Longest delay that SQS gives a message."""

FIRST_RETRY: Final = 2
"""Number of the attempt that the first retry makes."""


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    date: dt.date
    instant: AwareDatetime
    late: dt.timedelta = Field(default=dt.timedelta(0), ge=dt.timedelta(0))
    """Lateness after `instant` at the time when the job was enqueued."""
    hold: dt.timedelta = Field(default=dt.timedelta(0), ge=dt.timedelta(0))
    """Rest of a wait that is longer than the queue's longest delay."""

    def again(self, late: dt.timedelta, wait: dt.timedelta = dt.timedelta(0)) -> Self:
        """Return the same job with its lateness by now, to be handled after the wait.

        The caller delays the message by up to LONGEST_DELAY of the wait. The rest is the job's `hold`.
        """
        return self.model_copy(update={"late": late, "hold": max(wait - LONGEST_DELAY, dt.timedelta(0))})


class _ShardJob(_Body):
    zone: Zone
    time: dt.time
    shard: str

    @model_validator(mode="after")
    def _names_a_slot(self) -> Self:
        Slot(zone_named(self.zone), self.time)
        return self

    @property
    def slot(self) -> Slot:
        """Slot that the shard belongs to."""
        return Slot(self.zone, self.time)

    @property
    def about(self) -> dict[str, str]:
        """Fields of a log line."""
        return {"slot": str(self.slot), "shard": self.shard, "date": str(self.date)}


class SlotJob(_ShardJob):
    """Push to everybody in one shard of a slot, for the local date on which the slot came.

    While the slot is resharded, the runs of the shards in `after` come first.
    """

    type: Literal["slot"] = "slot"
    after: tuple[str, ...] = ()


class _PushJob(_Body):
    kind: PushKind
    milestone: int | None = None
    ends_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _has_milestone_if_its_kind_has_one(self) -> Self:
        if KINDS[self.kind].has_milestone is (self.milestone is None):
            raise ValueError("a milestone needs a kind of push that has one, and the other way round")
        return self

    @property
    def occasion(self) -> Occasion:
        """Reason for the push."""
        return Occasion(self.kind, self.date, self.instant, self.milestone, self.ends_at)

    @property
    def about(self) -> dict[str, str]:
        """Fields of a log line."""
        return self.occasion.about


class PersonJob(_PushJob):
    """Push to all devices of one person, if the person is still in this couple."""

    type: Literal["person"] = "person"
    uid: Uid
    couple: CoupleId


class Missed(BaseModel):
    """A device that a push has not reached yet: the person's pseudonym, and the digest of the target."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    person: str
    target: str


class RetryJob(_PushJob):
    """Push again to the devices that an earlier attempt did not reach.

    `couple` is the couple that the push is about, None for a reminder. `attempt` is the number of this attempt, from
    FIRST_RETRY on, and `reason` says why the last one failed.
    """

    type: Literal["retry"] = "retry"
    missed: tuple[Missed, ...] = Field(min_length=1)
    couple: CoupleId | None = None
    attempt: int = Field(ge=FIRST_RETRY)
    reason: str


class ReshardJob(_ShardJob):
    """Reshard a slot, or continue to. `shard` is the one that has grown too large."""

    # An earlier version's word. Its jobs may still be on the queue while a new version is deployed.
    type: Literal["spread"] = "spread"


type Job = SlotJob | PersonJob | RetryJob | ReshardJob

_JOBS: Final[TypeAdapter[Job]] = TypeAdapter(Annotated[Job, Field(discriminator="type")])


def job_from(body: str) -> Job:
    """Return the job in a message's body.

    Raises:
        ValidationError: the body is no job.
        UnknownZoneError: the job names a zone that does not exist.
    """
    return _JOBS.validate_json(body)
