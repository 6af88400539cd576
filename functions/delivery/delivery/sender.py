"""Send a push to its recipients."""

from __future__ import annotations

from collections import defaultdict
from itertools import starmap
from typing import TYPE_CHECKING, NamedTuple

from delivery.gateway import NO_WAIT, SPARE, Fate, Outcome
from delivery.results import Result, having, persons_of, settle
from rekindle.cleanup import StaleJob, TargetJob
from rekindle.push.payloads import payload_of
from rekindle.store import keys
from rekindle.telemetry import log_failure, logger

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable

    from delivery.recipients import Attempt, Batch, Recipient
    from delivery.services import Services
    from rekindle.domain.ids import Language
    from rekindle.domain.persons import Target


class Sent(NamedTuple):
    """The wait that FCM asks for before the next push to anybody, and the number of persons whose push FCM accepted."""

    wait: dt.timedelta
    persons: int = 0


def push(services: Services, batch: Batch, wait: dt.timedelta = NO_WAIT) -> Sent:
    """Send a batch's push to its recipients, and settle the results (`delivery.results`).

    `wait` is the wait that FCM asked for earlier. If FCM asks to wait, earlier or during this call, send nothing more
    and enqueue retries. Drop an expired push. Delete stale and dead devices.

    Raises:
        CredentialError: there is no valid credential, or FCM refuses the credential for every push.
        OutboxError: a retry or a dead letter could not be enqueued.
    """
    attempt, occasion = batch.attempt, batch.attempt.occasion
    _clean_up(services, attempt, StaleJob, batch.stale)
    if not batch.recipients:
        return Sent(wait)
    if attempt.at >= occasion.expires_at:
        logger.warning("too late", extra=occasion.about | {"late": attempt.late.total_seconds()})
        return Sent(wait)
    # Recipients in one group get the same payload.
    groups: defaultdict[tuple[Language, bool], list[Recipient]] = defaultdict(list)
    for recipient in batch.recipients:
        groups[recipient.language, recipient.quiet].append(recipient)
    results: list[Result] = []
    for (language, quiet), group in groups.items():
        if wait:
            outcomes = [Outcome(Fate.LATER, "FCM asks everybody to wait", wait)] * len(group)
        else:
            payload = payload_of(occasion, language, attempt.at, quiet=quiet, app_link=services.app_link)
            targets = [recipient.target for recipient in group]
            outcomes = services.gateway.send(payload, targets, attempt.time_left() - SPARE)
            wait = max(outcome.wait for outcome in outcomes)
        results += starmap(Result, zip(group, outcomes, strict=True))
    settled = settle(services, attempt, results)
    dead = [(recipient.person, recipient.target) for recipient, _ in having(settled, Fate.DEAD)]
    _clean_up(services, attempt, TargetJob, dead)
    return Sent(wait, len(persons_of(having(results, Fate.DELIVERED))))


def _clean_up(
    services: Services, attempt: Attempt, job: type[StaleJob | TargetJob], devices: Iterable[tuple[str, Target]]
) -> None:
    """Let `cleanup` remove stale or dead devices, if time is left. A later push finds the remaining devices."""
    jobs = [job(person=person, target=keys.digest_of(target), instant=attempt.at) for person, target in devices]
    if jobs and attempt.time_left() < SPARE:
        logger.warning("dead targets stay for now")
        return
    try:
        services.cleanup.send(jobs)
    except Exception as error:  # noqa: BLE001  any error raised here would send all pushes again
        log_failure("dead targets stay for now", error)
