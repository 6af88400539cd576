"""Results of an attempt: which failed pushes are tried again, when, which are given up, and the log line of all.

A failure that may pass goes back to the queue as a job that names the devices concerned, with a delay that grows. After
the last attempt, and at once if FCM refuses the message itself, the push is given up.
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
"""Wait before the second attempt. It doubles each time, to eight minutes before the sixth."""

MISSED: Final = 1000
"""Largest number of devices in one job: about half of what a message may weigh."""


LASTING: Final = {
    Fate.APNS: "FCM cannot sign in to Apple",
    Fate.FOREIGN: "FCM calls the devices another sender's",
}
"""Faults that do not pass by themselves, and their log lines. They are counted and logged at each attempt."""


class Result(NamedTuple):
    """Outcome of one attempt for one recipient."""

    recipient: Recipient
    outcome: Outcome


def having(results: Iterable[Result], *fates: Fate) -> list[Result]:
    """Return the results that have one of the fates."""
    return [result for result in results if result.outcome.fate in fates]


def persons_of(results: Iterable[Result]) -> frozenset[str]:
    """Return the pseudonyms of all persons among the recipients."""
    return frozenset(result.recipient.person for result in results)


def reasons_of(results: Iterable[Result]) -> str:
    """Return all reasons, with the service's own word where it gave one."""
    outcomes = {result.outcome for result in results}
    return ", ".join(sorted({": ".join(filter(None, [each.reason, each.detail])) for each in outcomes}))


def settle(services: Services, attempt: Attempt, results: Sequence[Result]) -> Sequence[Result]:
    """Enqueue the failed pushes again, make dead letters of those given up for a widespread fault, and log.

    Return the final results: a foreign device can turn out to be dead.

    Raises:
        CredentialError: FCM refuses our credential for every push, so the whole job has to come again.
        OutboxError: a retry could not be enqueued. Nothing else may repeat a job of which FCM has taken some pushes.
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
    """Return whether at least as many persons were reached as have foreign devices.

    Then our project is the right one, and the foreign devices are of another.
    """
    reached, foreign = (persons_of(having(results, fate)) for fate in (Fate.DELIVERED, Fate.FOREIGN))
    return bool(reached) and len(reached) >= len(foreign)


def without_foreign(results: Iterable[Result], kept: Container[str] = ()) -> list[Result]:
    """Return the results with foreign devices called dead, except those of the faults in `kept`."""
    return [
        Result(recipient, replace(outcome, fate=Fate.DEAD))
        if outcome.fate is Fate.FOREIGN and outcome.fault not in kept
        else Result(recipient, outcome)
        for recipient, outcome in results
    ]


def split(results: Sequence[Result], attempt: int) -> tuple[list[Result], list[Result]]:
    """Return the failed results to try again, and those to give up."""
    again = having(results, Fate.LATER, Fate.UNAUTHORISED, Fate.APNS, Fate.FOREIGN)
    refused = having(results, Fate.REFUSED)
    return (again, refused) if attempt < LAST_ATTEMPT else ([], again + refused)


def wait_before(attempt: int, outcomes: Iterable[Outcome]) -> dt.timedelta:
    """Return the wait before an attempt: its backoff, or the longest wait that FCM asked for."""
    return max([FIRST_BACKOFF * (1 << attempt - 2), *(outcome.wait for outcome in outcomes)])


def _incidents(services: Services, at: dt.datetime, failed: Iterable[Result]) -> dict[str, Incident]:
    """Count the persons whom each fault met, and return its incident: a widespread one if the store fails."""
    met: defaultdict[str, set[str]] = defaultdict(set)
    for recipient, outcome in failed:
        met[outcome.fault].add(recipient.person)
    incidents = {}
    for fault, persons in met.items():
        try:
            incidents[fault] = services.incidents.note(fault, persons, at)
        except Exception as error:  # noqa: BLE001  whatever it is, the pushes must not be sent again
            extra = {"fault": fault, "error": type(error).__name__, "where": frames_of(error)}
            logger.warning("cannot count whom a fault met", extra=extra)
            incidents[fault] = Incident(is_widespread=True, needs_report=True)
    return incidents


def retry_jobs(attempt: Attempt, missed: Iterable[Result], number: int, wait: dt.timedelta = NO_WAIT) -> list[RetryJob]:
    """Return the jobs that push to the missed devices once more, as attempt `number` and after the wait."""
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
    """Log the results of an attempt. An alarm rings for an error line alone."""
    reported = {fault for fault, incident in incidents.items() if incident.needs_report}
    failed = [each for each in results if each.outcome.fate not in {Fate.DELIVERED, Fate.DEAD}]
    subject = attempt.occasion.about | {"attempt": attempt.number}
    extra = subject | {
        # For the alarm that rings when many persons were due and nobody was reached. A retry makes nobody due again.
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
    """Log an error if one of the failures is reported, else a warning.

    `outside` marks an error that is no reason to roll a new version back. If FCM refuses a message, it is our own
    fault.
    """
    fields = {**extra, "persons": len(persons_of(failed)), "reasons": reasons_of(failed)}
    fates = {outcome.fate for _, outcome in failed if outcome.fault in reported}
    if not fates:
        logger.warning(message, extra=fields)
    else:
        logger.error(message, extra=fields if Fate.REFUSED in fates else {**fields, "outside": True})
