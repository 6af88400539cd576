"""Retry the failed pushes of an attempt or give them up, and log the results.

If a failure may be temporary, `settle` enqueues a retry job with the failed devices. The delay grows with each attempt.
`settle` gives a push up after the last attempt, or at once if FCM refuses the message itself.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import asdict, replace
from itertools import batched
from typing import TYPE_CHECKING, Final, NamedTuple

from delivery.gateway import NO_WAIT, CredentialError, Fate
from rekindle.push.jobs import FIRST_RETRY, LONGEST_DELAY, Missed, RetryJob
from rekindle.store import keys
from rekindle.store.incidents import Incident
from rekindle.telemetry import frames_of, logger

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from delivery.gateway import Outcome
    from delivery.recipients import Attempt, Recipient
    from delivery.services import Services

LAST_ATTEMPT: Final = 6
FIRST_BACKOFF: Final = dt.timedelta(seconds=30)
"""The wait before the second attempt. The wait doubles for each further attempt, up to eight minutes for the sixth."""

MISSED: Final = 1000
"""A retry job has at most this many devices. They fill about 100 KB of the 256 KB in an `Outbox` batch."""


LASTING: Final = {
    Fate.APNS: "FCM cannot sign in to Apple",
    Fate.FOREIGN: "FCM says the devices belong to another sender",
}
"""Log messages for faults that last until somebody fixes them. Each attempt counts and logs these faults."""


class Result(NamedTuple):
    """The outcome of an attempt for one recipient."""

    recipient: Recipient
    outcome: Outcome


def having(results: Iterable[Result], *fates: Fate) -> list[Result]:
    """Return the results that have one of the fates."""
    return [result for result in results if result.outcome.fate in fates]


def persons_of(results: Iterable[Result]) -> frozenset[str]:
    """Return the pseudonyms of all persons among the recipients."""
    return frozenset(result.recipient.person for result in results)


def reasons_of(results: Iterable[Result]) -> str:
    """Return the reasons of all results as one text, with FCM's details. Name each reason once."""
    outcomes = {result.outcome for result in results}
    return ", ".join(sorted({": ".join(filter(None, [each.reason, each.detail])) for each in outcomes}))


def settle(services: Services, attempt: Attempt, results: Sequence[Result]) -> Sequence[Result]:
    """Enqueue retries and dead letters for the failed pushes, and log the results.

    A push becomes a dead letter if it is given up because of a fault that affects many persons.

    Returns:
        The results, some with the fate DEAD in place of FOREIGN. The caller has to let `cleanup` remove dead devices.

    Raises:
        CredentialError: FCM refused our credential for every push. The queue has to deliver the whole job again.
        OutboxError: a retry or a dead letter could not be enqueued. The queue has to deliver the whole job again, and
            some pushes are sent twice. To avoid such repeats, nothing else in `settle` may raise an error.
    """
    if len(having(results, Fate.UNAUTHORISED)) == len(results):
        _log(attempt, results, [], {})
        raise CredentialError(reasons_of(results))
    if proves_our_project(results):
        results = without_foreign(results)
    _, given_up = split(results, attempt.number)
    incidents = _incidents(services, attempt.at, [*given_up, *having(results, *LASTING)])
    widespread = {fault for fault, incident in incidents.items() if incident.is_widespread}
    if attempt.number >= LAST_ATTEMPT:
        results = without_foreign(results, widespread)
    again, given_up = split(results, attempt.number)
    wait = wait_before(attempt.number + 1, [outcome for _, outcome in again])
    services.outbox.send(retry_jobs(attempt, again, attempt.number + 1, wait), min(wait, LONGEST_DELAY))
    letters = [result for result in given_up if result.outcome.fault in widespread]
    services.dead_letters.send(retry_jobs(attempt, letters, FIRST_RETRY))
    _log(attempt, results, given_up, incidents)
    return results


def proves_our_project(results: Sequence[Result]) -> bool:
    """Return whether the results prove that we send with the right Firebase project.

    A device is foreign if FCM says that it belongs to another project. Our project may be wrong if FCM reaches nobody,
    or if more persons have a foreign device than FCM reaches. Otherwise our project is right.
    """
    reached, foreign = (persons_of(having(results, fate)) for fate in (Fate.DELIVERED, Fate.FOREIGN))
    return bool(reached) and len(reached) >= len(foreign)


def without_foreign(results: Iterable[Result], kept: Container[str] = ()) -> list[Result]:
    """Return the results with DEAD in place of FOREIGN. Keep FOREIGN if the fault is in `kept`."""
    return [
        Result(recipient, replace(outcome, fate=Fate.DEAD))
        if outcome.fate is Fate.FOREIGN and outcome.fault not in kept
        else Result(recipient, outcome)
        for recipient, outcome in results
    ]


def split(results: Sequence[Result], attempt: int) -> tuple[list[Result], list[Result]]:
    """Return the failed results to try again, and those to give up. `attempt` is the number of the failed attempt."""
    again = having(results, Fate.LATER, Fate.UNAUTHORISED, Fate.APNS, Fate.FOREIGN)
    refused = having(results, Fate.REFUSED)
    return (again, refused) if attempt < LAST_ATTEMPT else ([], again + refused)


def wait_before(attempt: int, outcomes: Iterable[Outcome]) -> dt.timedelta:
    """Return the longer of the attempt's backoff and the longest wait that FCM asks for."""
    return max([FIRST_BACKOFF * (1 << attempt - 2), *(outcome.wait for outcome in outcomes)])


def _incidents(services: Services, at: dt.datetime, failed: Iterable[Result]) -> dict[str, Incident]:
    """Count how many persons each fault affects. Return the incident of each fault.

    If the store cannot count a fault, treat the fault as widespread.
    """
    affected: defaultdict[str, set[str]] = defaultdict(set)
    for recipient, outcome in failed:
        affected[outcome.fault].add(recipient.person)
    incidents = {}
    for fault, persons in affected.items():
        try:
            incidents[fault] = services.incidents.note(fault, persons, at)
        except Exception as error:  # noqa: BLE001  any error raised here would send all pushes again
            extra = {"fault": fault, "error": type(error).__name__, "where": frames_of(error)}
            logger.warning("cannot count whom a fault affects", extra=extra)
            incidents[fault] = Incident(is_widespread=True, needs_report=True)
    return incidents


def retry_jobs(attempt: Attempt, missed: Iterable[Result], number: int, wait: dt.timedelta = NO_WAIT) -> list[RetryJob]:
    """Return jobs that push to the missed devices again, as attempt `number`.

    The caller must delay the jobs by `wait`, but by at most LONGEST_DELAY. The rest of `wait` is the jobs' `hold`.
    """
    return [
        RetryJob(
            **asdict(attempt.occasion),
            late=attempt.late,
            couple=attempt.couple,
            missed=tuple(
                Missed(person=recipient.person, target=keys.digest_of(recipient.target)) for recipient, _ in batch
            ),
            attempt=number,
            reason=reasons_of(batch),
            hold=max(wait - LONGEST_DELAY, NO_WAIT),
        )
        for batch in batched(missed, MISSED, strict=False)
    ]


def _log(
    attempt: Attempt, results: Sequence[Result], given_up: Sequence[Result], incidents: Mapping[str, Incident]
) -> None:
    """Log the results of an attempt. A line of level ERROR sets off an alarm."""
    reported = {fault for fault, incident in incidents.items() if incident.needs_report}
    failed = [each for each in results if each.outcome.fate not in {Fate.DELIVERED, Fate.DEAD}]
    subject = attempt.occasion.about | {"attempt": attempt.number}
    extra = subject | {
        # An alarm goes off if many persons were due and nobody was reached. Count a person as due only at attempt 1.
        "due": len(persons_of(results)) if attempt.number == 1 else 0,
        "reached": len(persons_of(having(results, Fate.DELIVERED))),
        "devices": len(results),
        **Counter(str(each.outcome.fate) for each in results),
    }
    for fate, message in LASTING.items():
        if met := having(results, fate):
            _complain(message, subject | {"devices": len(met)}, met, reported)
    if given_up:
        _complain("given up", extra | {"given_up": len(given_up)}, given_up, reported)
    elif failed:
        logger.warning("not all pushed yet", extra=extra | {"reasons": reasons_of(failed)})
    else:
        logger.info("pushed", extra=extra)


def _complain(message: str, extra: Mapping[str, object], failed: Sequence[Result], reported: Container[str]) -> None:
    """Log an error if the fault of a failure is in `reported`. Otherwise log a warning.

    The field `outside` marks an error that our code does not cause. A marked error does not roll back a new version. If
    FCM refused a message, the error is not marked, because a new version may have built a wrong message.
    """
    fields = {**extra, "persons": len(persons_of(failed)), "reasons": reasons_of(failed)}
    fates = {outcome.fate for _, outcome in failed if outcome.fault in reported}
    if not fates:
        logger.warning(message, extra=fields)
    else:
        logger.error(message, extra=fields if Fate.REFUSED in fates else {**fields, "outside": True})
