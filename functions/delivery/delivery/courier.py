"""The courier: finds out whom a job still reaches, sends, and sees to what did not arrive.

What failed for a while goes back to the queue as a job of its own that names just the devices concerned, each time
with a longer delay; after the last attempt, and at once where the message itself is at fault, it goes to the dead
letters with its reason. The rest of the page goes on meanwhile.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Final

from delivery.gateway import CredentialError, Fate
from rekindle.calendar import local_time
from rekindle.errors import RekindleError
from rekindle.models import PushKind
from rekindle.push.jobs import LONGEST_DELAY, PersonJob, RetryJob, SlotJob, Target, mark_of
from rekindle.push.payloads import payload_of
from rekindle.reminders import MAX_LATENESS, is_quiet
from rekindle.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from delivery.gateway import Outcome, PushGateway
    from rekindle.models import CoupleId, Day, Language, Person, Uid
    from rekindle.push.outbox import Outbox
    from rekindle.push.payloads import Occasion
    from rekindle.store.people import People
    from rekindle.store.runs import Runs
    from rekindle.store.slots import Slots

PAGE_ROWS: Final = 500
RESERVE: Final = dt.timedelta(seconds=60)
"""Time that must be left to begin another page: what one takes when every answer comes at the last moment."""

LAST_ATTEMPT: Final = 6
FIRST_BACKOFF: Final = dt.timedelta(seconds=30)
"""The wait before the second attempt; it doubles each time, to eight minutes before the sixth."""

TARGETS: Final = 1000
"""The most devices that one retry names: about half of what a message may weigh."""

_REMINDERS: Final = frozenset({PushKind.PROMPT, PushKind.EVENING})


class GivenUpError(RekindleError):
    """A push that is not tried any more; its job fails each time it comes, until it lies with the dead letters."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One device, and how its owner wants to be told."""

    uid: Uid
    couple: CoupleId
    language: Language
    quiet: bool
    token: str


@dataclass(frozen=True, slots=True)
class Courier:
    """Carries out jobs. No row is written for a push that arrives."""

    slots: Slots
    runs: Runs
    people: People
    outbox: Outbox
    gateway: PushGateway
    app_link: str

    def carry_out(
        self, job: SlotJob | PersonJob | RetryJob, waited: dt.timedelta, time_left: Callable[[], dt.timedelta]
    ) -> None:
        """Do the job, which lay in the queue for `waited`, or as much of it as there is time for.

        A reminder that has become too late is dropped. Raises CredentialError, GivenUpError, OutboxError and the
        store's errors; then the job is to come again, and goes on where it was.
        """
        late = job.late + waited
        match job:
            case RetryJob(given_up=True):
                raise GivenUpError(job.reason)
            case SlotJob() | RetryJob(kind=PushKind.PROMPT | PushKind.EVENING) if late > MAX_LATENESS:
                logger.warning("too late", extra=_about(job) | {"late": late.total_seconds()})
            case SlotJob():
                self._to_slot(job, late, time_left)
            case PersonJob():
                people = self.people.people([job.uid])
                self._push(job.occasion, _devices(job.occasion, job.couple, people.get(job.uid), late), late, attempt=1)
            case RetryJob() if job.hold:
                self._hold(job, late)
            case RetryJob():
                self._push(job.occasion, self._missed(job, late), late, job.attempt)

    def _to_slot(self, job: SlotJob, late: dt.timedelta, time_left: Callable[[], dt.timedelta]) -> None:
        run = self.runs.begin(job.slot, job.shard, job.date, job.instant)
        if run.done:
            logger.info("refused a repeat", extra=_about(job))
            return
        while True:
            page = self.slots.page(job.slot, job.shard, run.cursor, PAGE_ROWS)
            for kind, recipients in self._of_rows(job, page.rows, late).items():
                self._push(Occasion(kind, job.date, job.instant), recipients, late, attempt=1)
            if page.last is None:
                self.runs.finish(run)
                return
            run = self.runs.advance(run, page.last)
            if time_left() < RESERVE:
                self.outbox.send([job.model_copy(update={"late": late})])
                logger.info("to be continued", extra=_about(job))
                return
