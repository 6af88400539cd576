"""Give a slot that has grown twice as many shards, so that nobody misses a push.

A slot comes once a day. Resharding happens at other times of the day, in three steps. Each step can be repeated:

1. Name the new shards beside the old ones. From now on every write puts a row into a new shard and deletes it from the
   old one.
2. Wait until every write has ended that began before step 1. Then move the rows, each in one transaction, so that a row
   is in exactly one shard at any time.
3. Forget the old shards when they are empty.

If the slot comes between two steps, the tick enqueues a job for each old and each new shard. The runs of the new shards
wait for the runs of the old ones. So if a person's row moves to a new shard in between, a later run still finds it.
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
"""No rows move during this time before the slot comes."""


def reshard(
    resharding: Resharding, outbox: Outbox, job: ReshardJob, waited: dt.timedelta, time_left: Callable[[], dt.timedelta]
) -> None:
    """Do the slot's next step. Enqueue the job again unless the last step is done."""
    late = job.late + waited
    at = job.instant + late
    rests = is_at_rest(job.slot, at)
    shards = resharding.shards(job.slot)
    if shards is None or job.shard not in shards.all:
        # Each shard that has grown enqueues a job. Another job has resharded this slot already.
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
    """Return whether at this instant no run of the slot is under way and none begins soon."""
    today = local_date(at, slot.zone)
    comes = (slot_instant(today + dt.timedelta(days=days), slot.time, slot.zone) for days in (-1, 0, 1))
    return not any(each and each - BEFORE_NEXT < at < each + SETTLED_AFTER for each in comes)
