"""Attempts to deliver a push, with their recipients and results."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from delivery.gateway import LONGEST_SEND
from rekindle.push.kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from delivery.gateway import Fate, Outcome
    from rekindle.domain.ids import CoupleId, Language
    from rekindle.domain.persons import Target
    from rekindle.push.kinds import Kind
    from rekindle.push.payloads import Occasion

SPARE: Final = dt.timedelta(seconds=30)
"""Time for the work on a page besides sending: to read it, to enqueue retries and to move the run."""

RESERVE: Final = LONGEST_SEND + SPARE
"""Time that must be left to begin another page."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to deliver a push.

    `late` is its lateness after the occasion's instant, `couple` the couple that the push is about, if any.
    """

    occasion: Occasion
    late: dt.timedelta
    time_left: Callable[[], dt.timedelta]
    couple: CoupleId | None = None
    number: int = 1

    @property
    def at(self) -> dt.datetime:
        """When the push is sent."""
        return self.occasion.instant + self.late

    @property
    def kind(self) -> Kind:
        """Facts about the kind of push."""
        return KINDS[self.occasion.kind]


@dataclass(frozen=True, slots=True)
class Recipient:
    """One device, and how its owner gets the push. `person` is the owner's pseudonym."""

    person: str
    language: Language
    quiet: bool
    target: Target


class Batch(NamedTuple):
    """The recipients of one attempt, how many persons were due for it, and stale devices with their owners."""

    attempt: Attempt
    recipients: Sequence[Recipient]
    due: int = 0
    stale: Sequence[tuple[str, Target]] = ()


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
