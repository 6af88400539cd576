"""The queue's jobs: what `tick` and `react` ask of `delivery`, and what `delivery` asks of itself for later.

A job names persons and never carries a target, a name or anything that somebody wrote: whom it reaches, and whether it
still should, is looked up when it is done.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Final, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from rekindle.domain.calendar import zone_named
from rekindle.domain.models import CoupleId, PushKind, Uid, Zone
from rekindle.domain.reminders import Slot
from rekindle.push.payloads import Occasion

LONGEST_DELAY: Final = dt.timedelta(minutes=15)
"""The most that SQS holds a message back."""

FIRST_RETRY: Final = 2
"""The attempt with which a series of retries begins."""


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    date: dt.date
    instant: AwareDatetime
    late: dt.timedelta = Field(default=dt.timedelta(0), ge=dt.timedelta(0))
    """How much later than `instant` it was already when the job was enqueued."""
    hold: dt.timedelta = Field(default=dt.timedelta(0), ge=dt.timedelta(0))
    """What is left to wait beyond the delay that the queue itself could give."""

    def again(self, late: dt.timedelta, wait: dt.timedelta = dt.timedelta(0)) -> Self:
        """The same job, so late by now, to be done after that wait, of which the queue can give LONGEST_DELAY."""
        return self.model_copy(update={"late": late, "hold": max(wait - LONGEST_DELAY, dt.timedelta(0))})


class _OfShard(_Body):
    zone: Zone
    time: dt.time
    shard: str

    @model_validator(mode="after")
    def _names_a_slot(self) -> Self:
        Slot(zone_named(self.zone), self.time)
        return self

    @property
    def slot(self) -> Slot:
        """The slot that the shard is of."""
        return Slot(self.zone, self.time)


class SlotJob(_OfShard):
    """Push to everybody in one shard of a slot, for the local date on which it fell due.

    While the slot is being spread, the runs of the shards in `after` come first.
    """

    type: Literal["slot"] = "slot"
    after: tuple[str, ...] = ()


class _Push(_Body):
    kind: PushKind
    milestone: int | None = None
    ends_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _milestone_where_there_is_one(self) -> Self:
        if (self.kind is PushKind.STREAK_MILESTONE) is (self.milestone is None):
            raise ValueError("a streak's milestone goes with its own kind of push, and with no other")
        return self

    @property
    def occasion(self) -> Occasion:
        """What the push is about."""
        return Occasion(self.kind, self.date, self.instant, self.milestone, self.ends_at)


class PersonJob(_Push):
    """Push to one person on all their devices, if they are still in the couple that it is about."""

    type: Literal["person"] = "person"
    uid: Uid
    couple: CoupleId


class Missed(BaseModel):
    """A device that a push has not reached yet: its person by their mark, its target by its digest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    person: str
    target: str


class RetryJob(_Push):
    """Push again to just those devices that an earlier try did not reach.

    `couple` is the one that the push is about, None for a reminder, which is about no couple in particular. `attempt`
    is the try that this one will be, from FIRST_RETRY; `reason` says why the last one failed.
    """

    type: Literal["retry"] = "retry"
    missed: tuple[Missed, ...] = Field(min_length=1)
    couple: CoupleId | None = None
    attempt: int = Field(ge=FIRST_RETRY)
    reason: str


class SpreadJob(_OfShard):
    """Spread a slot over more shards, or go on with it; `shard` is the one that has grown too large."""

    type: Literal["spread"] = "spread"


type Job = SlotJob | PersonJob | RetryJob | SpreadJob

_JOBS: Final[TypeAdapter[Job]] = TypeAdapter(Annotated[Job, Field(discriminator="type")])


def job_from(body: str) -> Job:
    """The job of a queue message's body; raises pydantic's ValidationError or UnknownZoneError if it is not one."""
    return _JOBS.validate_json(body)
