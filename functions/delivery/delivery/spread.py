"""Spreading a slot that has grown over twice as many shards, without a gap in what is delivered.

A slot comes once a day and rests for the remainder. All of this is done while it rests, in three steps, each of which
can be repeated:

1. The new shards are named beside the old ones. From now on every write puts a row into a new shard and takes it from
   the old one.
2. After a pause in which every write has ended that did not know of them yet, rows are moved. Each moves within one
   transaction, so it is in exactly one shard at any time.
3. Once the old shards are empty they are forgotten.

Should the slot come before that, a tick has a job for each shard, and those of the new wait for those of the old: who
changes meanwhile moves to where the run has yet to come.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from delivery.courier import RESERVE
from rekindle.domain.calendar import local_date, slot_instant
from rekindle.domain.reminders import SETTLED_AFTER
from rekindle.push.jobs import LONGEST_DELAY, SpreadJob
from rekindle.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekindle.domain.reminders import Slot
    from rekindle.push.queue import Outbox
    from rekindle.store.shards import Resharding

BEFORE_NEXT: Final = dt.timedelta(minutes=30)
"""How long before a slot comes again nothing is moved any more."""


@dataclass(frozen=True, slots=True)
class Spreader:
    """Carries out the jobs of slots that have grown."""

    resharding: Resharding
    outbox: Outbox

    def carry_out(self, job: SpreadJob, waited: dt.timedelta, time_left: Callable[[], dt.timedelta]) -> None:
        """Take the slot a step further, and enqueue the job again until there is none left to take."""
        late = job.late + waited
        at = job.instant + late
        shards = self.resharding.shards(job.slot)
        about = {"slot": str(job.slot), "shard": job.shard}
        if shards is None or job.shard not in shards.all:
            # Several shards of a slot tell that they have grown, and the first to be heard has been enough.
            logger.info("spread already", extra=about)
            return
        if is_at_rest(job.slot, at):
            if shards.named_at is None:
                self.resharding.name_more(job.slot, shards, at)
                logger.info("spreading", extra=about | {"shards": 2 * len(shards.names)})
            elif at - shards.named_at >= LONGEST_DELAY:
                for name in shards.names:
                    while self.resharding.move_rows(shards, name):
                        if time_left() < RESERVE:
                            self.outbox.send([job.again(late)])
                            return
                self.resharding.forget_old(job.slot, shards)
                logger.info("spread", extra=about | {"shards": len(shards.new_names)})
                return
        self.outbox.send([job.again(late)], LONGEST_DELAY)


def is_at_rest(slot: Slot, at: dt.datetime) -> bool:
    """Whether no run of the slot can be under way at `at`, nor begin soon after."""
    today = local_date(at, slot.zone)
    comes = (slot_instant(today + dt.timedelta(days=days), slot.time, slot.zone) for days in (-1, 0, 1))
    return not any(each and each - BEFORE_NEXT < at < each + SETTLED_AFTER for each in comes)
