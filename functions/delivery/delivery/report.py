"""Log lines about attempts. An alarm rings for an error line alone."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from delivery.attempts import having, persons_of, reasons_of
from delivery.gateway import Fate
from rekindle.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from delivery.attempts import Attempt, Result

LASTING: Final = {
    Fate.APNS: "FCM cannot sign in to Apple",
    Fate.FOREIGN: "FCM calls the devices another sender's",
}
"""Faults that do not pass by themselves, and their log lines. They are counted and logged at each attempt."""


def log_results(
    attempt: Attempt, results: Sequence[Result], given_up: Sequence[Result], reported: AbstractSet[str]
) -> None:
    """Log the results of an attempt. `reported` are the faults that need an operator."""
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


def _complain(message: str, extra: Mapping[str, object], failed: Sequence[Result], reported: AbstractSet[str]) -> None:
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
