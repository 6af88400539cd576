"""Double the number of shards of a slot that has grown. Nobody misses a push meanwhile.

A slot is a time of day in a zone. It has a row for each reminder at this time. Each row is in one of the slot's shards.
Resharding has three steps. A step begins only if the slot's time is not near. A step that fails is repeated.

1. Name the new shards beside the old shards. Every write that begins after this step puts its row into a new shard, and
   deletes the row from the old shard.
2. Wait until all writes that began before step 1 have ended. Then move the remaining rows. Each row moves in one
   transaction, so it is always in exactly one shard.
3. Forget the old shards, which are empty now.

If the slot's time comes between two steps, `tick` enqueues a job for each old and each new shard. The jobs of the new
shards wait until the jobs of the old shards are done. So if a write moves a row during a job of an old shard, the job
of the new shard still finds the row.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from delivery.gateway import RESERVE
from rekindle.domain.calendar import local_date, slot_instant
from rekindle.domain.reminders import SETTLED_AFTER
from rekindle.push.jobs import LONGEST_DELAY
from rekindle.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekindle.domain.reminders import Slot
    from rekindle.push.jobs import ReshardJob
    from rekindle.push.queue import Outbox
    from rekindle.store.shards import Resharding

BEFORE_NEXT: Final = dt.timedelta(minutes=30)
"""If the slot comes sooner than this, no step of resharding begins."""


def reshard(
    resharding: Resharding, outbox: Outbox, job: ReshardJob, waited: dt.timedelta, time_left: Callable[[], dt.timedelta]
) -> None:
    """Do the steps of a slot's resharding that may begin now. Enqueue the job again if a step remains."""
    late = job.late + waited
    at = job.instant + late
    rests = is_at_rest(job.slot, at)
    shards = resharding.shards(job.slot)
    if shards is None or job.shard not in shards.all:
        # Each shard that was too large has a job of its own. The job of another shard has resharded this slot.
        logger.info("resharded already", extra=job.about)
        return
    if rests and shards.named_at is None:
        resharding.name_more(job.slot, shards, at)
        logger.info("resharding", extra=job.about | {"shards": 2 * len(shards.names)})
    elif rests and shards.named_at and at - shards.named_at >= LONGEST_DELAY:
        for name in shards.names:
            while resharding.move_rows(shards, name):
                if time_left() < RESERVE:
                    outbox.send([job.again(late)])
                    return
        resharding.forget_old(job.slot, shards)
        logger.info("resharded", extra=job.about | {"shards": len(shards.new_names)})
        return
    outbox.send([job.again(late)], LONGEST_DELAY)


def is_at_rest(slot: Slot, at: dt.datetime) -> bool:
    """Return whether the slot rests: none of its runs is under way or begins soon."""
    today = local_date(at, slot.zone)
    comes = (slot_instant(today + dt.timedelta(days=days), slot.time, slot.zone) for days in (-1, 0, 1))
    return not any(each and each - BEFORE_NEXT < at < each + SETTLED_AFTER for each in comes)
