"""Resharding: gives a slot that has grown twice as many shards, without a gap in its pushes.

A slot comes once a day. All of this happens while it rests, in three steps that can be repeated:

1. Name the new shards beside the old ones. From now on every write puts a row into a new shard and deletes it from the
   old one.
2. After a pause, every write has ended that did not know of the new shards. Move the rows, each in one transaction, so
   that a row is in exactly one shard at any time.
3. Forget the old shards once they are empty.

If the slot comes in between, the tick enqueues a job for each shard. The new shards' runs wait for those of the old
shards, so a person who changes meanwhile moves to a run that has yet to come.
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
"""Time before the slot comes again in which no rows move."""


def reshard(
    resharding: Resharding, outbox: Outbox, job: ReshardJob, waited: dt.timedelta, time_left: Callable[[], dt.timedelta]
) -> None:
    """Take the slot one step further, and enqueue the job again until the last step is done."""
    late = job.late + waited
    at = job.instant + late
    rests = is_at_rest(job.slot, at)
    shards = resharding.shards(job.slot)
    if shards is None or job.shard not in shards.all:
        # Several shards of a slot enqueue a job when they have grown. The first one is enough.
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
    """Return whether no run of the slot is under way at `at`, and none begins soon after."""
    today = local_date(at, slot.zone)
    comes = (slot_instant(today + dt.timedelta(days=days), slot.time, slot.zone) for days in (-1, 0, 1))
    return not any(each and each - BEFORE_NEXT < at < each + SETTLED_AFTER for each in comes)
