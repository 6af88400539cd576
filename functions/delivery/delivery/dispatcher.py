"""Handle a push job.

A slot is a time of day in a zone, such as 08:30 in New York. A slot has a row for each reminder. One or more shards
hold these rows. A slot's job begins a run through one shard, page by page. The run stores its progress after each page.
After a crash, the run continues with the first page that is not done.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from delivery.gateway import NO_WAIT, RESERVE
from delivery.recipients import of_job, of_page
from delivery.sender import push
from rekindle.cleanup import EmptySlotJob
from rekindle.domain.pushes import PushKind, Reach
from rekindle.domain.reminders import MAX_LATENESS
from rekindle.push.jobs import LONGEST_DELAY, NewDeviceJob, PersonJob, ReshardJob, RetryJob, SlotJob
from rekindle.push.kinds import KINDS
from rekindle.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from delivery.services import Services

LOOK_AGAIN: Final = dt.timedelta(minutes=1)
"""During resharding, a new shard's job waits for the old shards' runs, and checks these runs again after this time."""
LONGEST_WAIT_FOR_OTHERS: Final = dt.timedelta(minutes=30)
"""If the job of a new shard is this late, its run no longer waits for the runs of the old shards.

A person may then get a push twice. This does little harm, because the second push replaces the first on the phone. A
longer wait could do more harm, because a reminder that is too late is not sent.
"""


def handle(
    services: Services,
    job: SlotJob | PersonJob | NewDeviceJob | RetryJob,
    waited: dt.timedelta,
    time_left: Callable[[], dt.timedelta],
) -> dt.timedelta:
    """Send a job's pushes, as far as time allows. Return how long FCM asks to wait.

    The caller must send no push to anybody before this wait is over. `waited` is how long the job was in the queue. A
    job that is more than MAX_LATENESS late sends no reminder and no news. After an error, such as CredentialError or
    OutboxError, the job must be handled again. A slot's job then continues with the page that failed.
    """
    late = job.late + waited
    if late > MAX_LATENESS and (isinstance(job, SlotJob) or KINDS[job.kind].ends_with_date):
        logger.warning("too late", extra=job.about | {"late": late.total_seconds()})
        return NO_WAIT
    if isinstance(job, SlotJob):
        return _run(services, job, late, time_left)
    return push(services, of_job(services, job, late, time_left)).wait


def _run(services: Services, job: SlotJob, late: dt.timedelta, time_left: Callable[[], dt.timedelta]) -> dt.timedelta:
    """Send the pushes of the shard's remaining pages, as far as time allows.

    If pages remain, enqueue the job again. Return how long FCM asks to wait.
    """
    if job.after and late < LONGEST_WAIT_FOR_OTHERS and not services.runs.are_done(job.after, job.date):
        services.outbox.send([job.again(late)], LOOK_AGAIN)
        return NO_WAIT
    begun = services.runs.begin(job.shard, job.date, job.instant)
    if begun.done:
        logger.info("the run is done already", extra=job.about)
        return NO_WAIT
    while True:
        page = services.slots.page(job.shard, begun.cursor, services.page_rows, job.instant + late)
        wait, reach = NO_WAIT, defaultdict[PushKind, Reach](Reach)
        for batch in of_page(services, job, page.rows, late, time_left):
            wait, reached = push(services, batch, wait)
            kind = batch.attempt.occasion.kind
            reach[KINDS[kind].replaces or kind] += Reach(batch.due, reached)
        if page.last is None:
            if not begun.rows and not page.rows:
                services.cleanup.send([EmptySlotJob(zone=job.zone, time=job.time)])
            services.runs.finish(begun, reach)
            if begun.rows + len(page.rows) > services.shard_rows:
                shard = job.model_dump(exclude={"type", "late", "after"})
                services.outbox.send([ReshardJob(**shard, late=late)], LONGEST_DELAY)
            return wait
        begun = services.runs.advance(begun, page.last, len(page.rows), reach)
        if wait or time_left() < RESERVE:
            services.outbox.send([job.again(late, wait)], min(wait, LONGEST_DELAY))
            logger.info("the run continues in a new job", extra=job.about | {"wait": wait.total_seconds()})
            return wait
