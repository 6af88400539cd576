"""The Lambda entry of the tick, and what it works out."""

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
from rekindle.settings import WorkerSettings
from rekindle.store.slots import Slots
from rekindle.store.table import Table
from rekindle.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from rekindle.domain.models import Zone
    from rekindle.domain.reminders import DueSlot, Slot
    from rekindle.store.slots import Shards

FIRST_WINDOW: Final = dt.timedelta(minutes=5)
"""What the very first tick looks back on."""


class TickEvent(BaseModel):
    """The schedule's input."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scheduled_time: AwareDatetime


def window(watermark: dt.datetime | None, until: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """The stretch of time (excluding its start) that a tick answers for; empty where a later tick has been before it.

    A tick that comes after an outage catches up, but no further back than a reminder may be late.
    """
    after = until - FIRST_WINDOW if watermark is None else max(watermark, until - MAX_LATENESS)
    return min(after, until), until


def due_in(zones: Iterable[Zone], after: dt.datetime, until: dt.datetime) -> list[DueSlot]:
    """Every slot that may have come, whether or not anybody uses it, in a fixed order."""
    return [due for zone in sorted(zones) for due in due_slots(after, until, zone)]


def due_jobs(due: Iterable[DueSlot], shards: Mapping[Slot, Shards], tick: dt.datetime) -> list[SlotJob]:
    """One job for each shard of a due slot that exists."""
    return [
        SlotJob(
            zone=each.slot.zone,
            time=each.slot.time,
            shard=shard,
            date=each.date,
            instant=each.instant,
            late=tick - each.instant,
            after=shards[each.slot].names if shard in shards[each.slot].spreading_to else (),
        )
        for each in due
        if each.slot in shards
        for shard in shards[each.slot].all
    ]


@dataclass(frozen=True, slots=True)
class Tick:
    """Reads slots, and writes nothing but the watermark.

    A tick that is doubled, or dies before it has moved the watermark, sends jobs a second time; their runs refuse them.
    """

    slots: Slots
    outbox: Outbox

    def beat(self, at: dt.datetime) -> int:
        """Enqueue what has come until `at`; the number of jobs."""
        after, until = window(self.slots.watermark(), at)
        if after == until:
            logger.info("overtaken", extra={"until": until.isoformat()})
            return 0
        known = self.slots.known()
        due = [each for each in due_in({slot.zone for slot in known}, after, until) if each.slot in known]
        jobs = due_jobs(due, self.slots.existing(each.slot for each in due), until)
        self.outbox.send(jobs)
        self.slots.advance_watermark(until)
        logger.info("ticked", extra={"after": after.isoformat(), "until": until.isoformat(), "jobs": len(jobs)})
        return len(jobs)


@cache
def _tick() -> Tick:
    settings = WorkerSettings.read(os.environ)
    return Tick(
        slots=Slots(Table(client("dynamodb"), settings.table)),
        outbox=Outbox(client("sqs"), settings.queue_url),
    )


def handler(event: Mapping[str, Any], _context: LambdaContext) -> dict[str, int]:
    """The number of jobs sent; raises pydantic's ValidationError for an event that names no time."""
    at = TickEvent.model_validate(event).scheduled_time
    return {"jobs": _tick().beat(at)}
