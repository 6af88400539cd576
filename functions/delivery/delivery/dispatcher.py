"""Dispatcher: handles a push job by its type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from delivery.gateway import NO_WAIT
from delivery.recipients import of_job
from delivery.sender import push
from delivery.slot_run import run
from rekindle.domain.reminders import MAX_LATENESS
from rekindle.push.jobs import SlotJob
from rekindle.push.kinds import KINDS
from rekindle.telemetry import logger

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

    from delivery.services import Services
    from rekindle.push.jobs import PersonJob, RetryJob


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
        return run(services, job, late, time_left)
    batch = of_job(services, job, late, time_left)
    return push(services, batch).wait
