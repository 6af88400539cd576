"""Enqueue a job for each shard of each slot whose time has come. A slot is a time of day in a zone."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict

from rekindle.clients import client
from rekindle.domain.reminders import MAX_LATENESS, due_slots
from rekindle.push.jobs import SlotJob
from rekindle.push.queue import Outbox
from rekindle.settings import TickSettings
from rekindle.store.slots import Slots
from rekindle.store.table import Table
from rekindle.store.watermark import Watermark
from rekindle.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from rekindle.domain.ids import Zone
    from rekindle.domain.reminders import DueSlot, Slot
    from rekindle.store.shards import Shards

FIRST_WINDOW: Final = dt.timedelta(minutes=5)
"""If no tick has stored a watermark yet, a tick looks back this far."""


class TickEvent(BaseModel):
    """The schedule's input."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scheduled_time: AwareDatetime


def window(watermark: dt.datetime | None, until: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """Return the start and the end of the time that a tick covers. The start itself is not covered.

    The watermark is the end of the time that the previous tick covered, so the tick also covers missed ticks. The time
    begins at most MAX_LATENESS before `until`, because a reminder that is more than MAX_LATENESS late is never sent. If
    the watermark is `until` or later, start and end are the same, and the tick covers nothing.
    """
    after = until - FIRST_WINDOW if watermark is None else max(watermark, until - MAX_LATENESS)
    return min(after, until), until


def due_in(zones: Iterable[Zone], after: dt.datetime, until: dt.datetime) -> list[DueSlot]:
    """Return all slots of these zones that come later than `after` and not later than `until`, in a fixed order."""
    return [due for zone in sorted(zones) for due in due_slots(after, until, zone)]


def due_jobs(due: Iterable[DueSlot], shards: Mapping[Slot, Shards], tick: dt.datetime) -> list[SlotJob]:
    """Return one job for each shard of each slot in `due`. A slot that is not in `shards` has no rows."""
    return [
        SlotJob(
            zone=each.slot.zone,
            time=each.slot.time,
            shard=shard,
            date=each.date,
            instant=each.instant,
            late=tick - each.instant,
            after=shards[each.slot].names if shard in shards[each.slot].new_names else (),
        )
        for each in due
        if each.slot in shards
        for shard in shards[each.slot].all
    ]


@dataclass(frozen=True, slots=True)
class Tick:
    """Enqueues the jobs of slots that have come. The watermark is the instant up to which all jobs were enqueued.

    If a tick fails before it moves the watermark, the next tick may enqueue some jobs a second time. This does no harm:
    the second job does only the work that the first job has not done.
    """

    slots: Slots
    watermark: Watermark
    outbox: Outbox

    def run(self, at: dt.datetime) -> int:
        """Enqueue the jobs of all slots between the watermark and `at`. Return the number of jobs."""
        after, until = window(self.watermark.read(), at)
        if after == until:
            logger.info("already covered by a tick", extra={"until": until.isoformat()})
            return 0
        known = self.slots.known()
        due = [each for each in due_in({slot.zone for slot in known}, after, until) if each.slot in known]
        jobs = due_jobs(due, self.slots.existing(each.slot for each in due), until)
        self.outbox.send(jobs)
        self.watermark.advance(until)
        logger.info("ticked", extra={"after": after.isoformat(), "until": until.isoformat(), "jobs": len(jobs)})
        return len(jobs)


@cache
def _tick() -> Tick:
    settings = TickSettings.read(os.environ)
    table = Table(client("dynamodb"), settings.table)
    return Tick(Slots(table), Watermark(table), Outbox(client("sqs"), settings.queue_url))


def handler(event: Mapping[str, Any], _context: LambdaContext) -> dict[str, int]:
    """Run a tick. Return how many jobs it enqueued. Raise ValidationError if the event has no valid time."""
    at = TickEvent.model_validate(event).scheduled_time
    return {"jobs": _tick().run(at)}
