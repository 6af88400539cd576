"""Dispatcher: handles a push job. A slot's job pushes to one shard of the slot, page by page.

No row is written for a push that arrives. A run remembers the last page, so that a crash resumes there.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from delivery.gateway import NO_WAIT, RESERVE
from delivery.recipients import of_job, of_page
from delivery.sender import push
from rekindle.domain.pushes import PushKind, Reach
from rekindle.domain.reminders import MAX_LATENESS
from rekindle.push.jobs import LONGEST_DELAY, PersonJob, ReshardJob, RetryJob, SlotJob
from rekindle.push.kinds import KINDS
from rekindle.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from delivery.services import Services

LOOK_AGAIN: Final = dt.timedelta(minutes=1)
"""Wait before a run asks again for the runs that come before it."""
OTHERS_TAKE: Final = dt.timedelta(minutes=30)
"""Lateness at which a run no longer waits: a push that comes twice replaces itself, one that is too late is lost."""


def handle(
    services: Services,
    job: SlotJob | PersonJob | RetryJob,
    waited: dt.timedelta,
    time_left: Callable[[], dt.timedelta],
) -> dt.timedelta:
    """Push what the job asks for, as far as time allows, and return how long FCM asks everybody to wait.

    The job has `waited` in the queue. A push that is too late is dropped. After an error, such as CredentialError or
    OutboxError, the job has to come again, and continues where it was.
    """
    late = job.late + waited
    if late > MAX_LATENESS and (isinstance(job, SlotJob) or KINDS[job.kind].ends_with_date):
        logger.warning("too late", extra=job.about | {"late": late.total_seconds()})
        return NO_WAIT
    if isinstance(job, SlotJob):
        return _run(services, job, late, time_left)
    return push(services, of_job(services, job, late, time_left)).wait


def _run(services: Services, job: SlotJob, late: dt.timedelta, time_left: Callable[[], dt.timedelta]) -> dt.timedelta:
    """Push to the shard from where its run stopped, while time is left. Return how long FCM asks to wait."""
    if job.after and late < OTHERS_TAKE and not services.runs.are_done(job.after, job.date):
        services.outbox.send([job.again(late)], LOOK_AGAIN)
        return NO_WAIT
    begun = services.runs.begin(job.shard, job.date, job.instant)
    if begun.done:
        logger.info("refused a repeat", extra=job.about)
        return NO_WAIT
    while True:
        page = services.slots.page(job.shard, begun.cursor, services.page_rows, job.instant + late)
        wait, reach = NO_WAIT, defaultdict[PushKind, Reach](Reach)
        for batch in of_page(services, job, page.rows, late, time_left):
            wait, reached = push(services, batch, wait)
            kind = batch.attempt.occasion.kind
            reach[KINDS[kind].replaces or kind] += Reach(batch.due, reached)
        if page.last is None:
            services.runs.finish(begun, reach)
            if begun.rows + len(page.rows) > services.shard_rows:
                shard = job.model_dump(exclude={"type", "late", "after"})
                services.outbox.send([ReshardJob(**shard, late=late)], LONGEST_DELAY)
            return wait
        begun = services.runs.advance(begun, page.last, len(page.rows), reach)
        if wait or time_left() < RESERVE:
            services.outbox.send([job.again(late, wait)], min(wait, LONGEST_DELAY))
            logger.info("to be continued", extra=job.about | {"wait": wait.total_seconds()})
            return wait
