"""Define the jobs on the push queue. `tick`, `react` and `delivery` enqueue them, and `delivery` handles them.

A job can contain the id or a pseudonym of a person, but never a push token, a name or a text that somebody wrote. When
`delivery` handles a job, it looks up who gets the push.
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
"""The longest time for which SQS can delay a message."""

FIRST_RETRY: Final = 2
"""The first retry is attempt number 2."""


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    date: dt.date
    instant: AwareDatetime
    late: dt.timedelta = Field(default=dt.timedelta(0), ge=dt.timedelta(0))
    """The job's lateness: the time from `instant` until the job was enqueued."""
    hold: dt.timedelta = Field(default=dt.timedelta(0), ge=dt.timedelta(0))
    """How long the job must still wait when its message arrives.

    Example: for a wait of 40 minutes, SQS delays the message by LONGEST_DELAY (15 minutes), and `hold` is 25 minutes.
    """

    def again(self, late: dt.timedelta, wait: dt.timedelta = dt.timedelta(0)) -> Self:
        """Return a copy of the job, to enqueue it again. `late` is the copy's lateness.

        `wait` is how long the copy must wait in all. The caller must delay the copy's message by `wait`, but by at most
        LONGEST_DELAY. The copy's `hold` is the rest of `wait`.
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
        """The slot that the shard belongs to."""
        return Slot(self.zone, self.time)

    @property
    def about(self) -> dict[str, str]:
        """The fields that describe the job in a log line."""
        return {"slot": str(self.slot), "shard": self.shard, "date": str(self.date)}


class SlotJob(_ShardJob):
    """Push to the persons who are due in one shard (a part) of a slot. `date` is the slot's local date.

    In most jobs, `after` is empty. While a slot is resharded, rows move from its old shards to its new shards. Then the
    job of a new shard lists the old shards in `after`. `delivery` waits for their jobs, but only for a limited time.
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
            raise ValueError("a job needs a milestone if its kind of push has one, and must have none otherwise")
        return self

    @property
    def occasion(self) -> Occasion:
        """The reason for the push."""
        return Occasion(self.kind, self.date, self.instant, self.milestone, self.ends_at)

    @property
    def about(self) -> dict[str, str]:
        """The fields that describe the job in a log line."""
        return self.occasion.about


class PersonJob(_PushJob):
    """Push to all devices of a person, if the person is still in `couple`."""

    type: Literal["person"] = "person"
    uid: Uid
    couple: CoupleId


class NewDeviceJob(_PushJob):
    """Push to the devices of a person, except their new device. `added` is the digest of the new device's target."""

    type: Literal["new-device"] = "new-device"
    kind: Literal[PushKind.NEW_DEVICE] = PushKind.NEW_DEVICE
    uid: Uid
    added: str

    @property
    def couple(self) -> None:
        """The push is about no couple."""


class Missed(BaseModel):
    """A device that a push has not reached yet: the pseudonym of its person, and a digest of its address."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    person: str
    target: str


class RetryJob(_PushJob):
    """Push again to the devices that the last attempt did not reach.

    `couple` is the couple that the push is about, or None if the push came from a slot. `attempt` is the number of the
    new attempt. `reason` says why the last attempt failed.
    """

    type: Literal["retry"] = "retry"
    missed: tuple[Missed, ...] = Field(min_length=1)
    couple: CoupleId | None = None
    attempt: int = Field(ge=FIRST_RETRY)
    reason: str


class ReshardJob(_ShardJob):
    """Begin or continue to reshard a slot. `shard` is the shard that has grown too large."""

    # The type has an old name. Do not change it, because jobs with this name may be on the queue during a deployment.
    type: Literal["spread"] = "spread"


type Job = SlotJob | PersonJob | NewDeviceJob | RetryJob | ReshardJob

_JOBS: Final[TypeAdapter[Job]] = TypeAdapter(Annotated[Job, Field(discriminator="type")])


def job_from(body: str) -> Job:
    """Return the job in a message's body.

    Raises:
        ValidationError: the body is not a job.
        UnknownZoneError: the job names a zone that does not exist.
    """
    return _JOBS.validate_json(body)
