"""The courier: finds out whom a job still reaches, sends, and sees to what did not arrive.

What failed for a while goes back to the queue as a job of its own that names just the devices concerned, each time
with a longer delay. After the last attempt, and at once where the message itself is at fault, that job is laid with the
dead letters, to tell its reason there. The rest of the page goes on meanwhile.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from itertools import batched
from typing import TYPE_CHECKING, Any, Final

from delivery.gateway import AT_ONCE, LONGEST_SEND, NO_TIME, CredentialError, Fate, Outcome
from rekindle import models
from rekindle.calendar import local_time, start_of
from rekindle.errors import ContentionError
from rekindle.models import PushKind, TargetKind
from rekindle.push.jobs import FIRST_RETRY, LONGEST_DELAY, PersonJob, RetryJob, SlotJob, Target, mark_of
from rekindle.push.payloads import REMINDERS, Occasion, payload_of
from rekindle.reminders import MAX_LATENESS, is_quiet
from rekindle.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from delivery.gateway import PushGateway
    from rekindle.models import CoupleId, Day, Language, Person, Uid
    from rekindle.push.outbox import Outbox
    from rekindle.push.payloads import Payload
    from rekindle.store.people import People
    from rekindle.store.runs import Runs
    from rekindle.store.slots import SlotRow, Slots

PAGE_ROWS: Final = 500
SPARE: Final = dt.timedelta(seconds=30)
"""Time for what there is to do about a page besides sending: to read it, to enqueue retries and to move the run."""

RESERVE: Final = LONGEST_SEND + SPARE
"""Time that must be left to begin another page, and to send to any AT_ONCE devices of it."""

LAST_ATTEMPT: Final = 6
FIRST_BACKOFF: Final = dt.timedelta(seconds=30)
"""The wait before the second attempt; it doubles each time, to eight minutes before the sixth."""

TARGETS: Final = 1000
"""The most devices that one retry names: about half of what a message may weigh."""

_NONE: Final = dt.timedelta(0)
_ONE_DAY: Final = dt.timedelta(days=1)

LEAST_LIFE: Final = dt.timedelta(minutes=10)
"""What a reminder has even if it falls due as its date ends, as it does where a gap in the clock's time ends there."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One device, and how its owner is to be told."""

    uid: Uid
    couple: CoupleId
    language: Language
    quiet: bool
    token: str


type Sent = tuple[Recipient, Outcome]


@dataclass(frozen=True, slots=True)
class Courier:
    """Carries out jobs. No row is written for a push that arrives."""

    slots: Slots
    runs: Runs
    people: People
    outbox: Outbox
    dead_letters: Outbox
    gateway: PushGateway
    app_link: str
    page_rows: int = PAGE_ROWS

    def carry_out(
        self, job: SlotJob | PersonJob | RetryJob, waited: dt.timedelta, time_left: Callable[[], dt.timedelta]
    ) -> None:
        """Do the job, which lay in the queue for `waited`, or as much of it as there is time for.

        There has to be RESERVE left to begin with. A push that has become too late is dropped. Raises CredentialError,
        OutboxError and the store's errors: then the job is to come again, and goes on where it was.
        """
        late = job.late + waited
        match job:
            case SlotJob() | RetryJob(kind=PushKind.PROMPT | PushKind.EVENING) if late > MAX_LATENESS:
                logger.warning("too late", extra=_about(job) | {"late": late.total_seconds()})
            case SlotJob():
                self._to_slot(job, late, time_left)
            case PersonJob():
                recipients = self._reached(job.occasion, {(job.uid, job.couple): None}, late)
                self._push(job.occasion, recipients, late, time_left)
            case RetryJob() if job.hold:
                delay = min(job.hold, LONGEST_DELAY)
                self.outbox.send([job.model_copy(update={"late": late, "hold": job.hold - delay})], delay)
            case RetryJob():
                recipients = self._reached(job.occasion, _marks(job.targets), late)
                self._push(job.occasion, recipients, late, time_left, job.attempt)

    def put_off(self, job: SlotJob | PersonJob | RetryJob, waited: dt.timedelta) -> None:
        """Enqueue the job anew, untouched: sooner than its message would come again, and none of its tries is spent."""
        self.outbox.send([job.model_copy(update={"late": job.late + waited})])

    def _to_slot(self, job: SlotJob, late: dt.timedelta, time_left: Callable[[], dt.timedelta]) -> None:
        run = self.runs.begin(job.slot, job.shard, job.date, job.instant)
        if run.done:
            logger.info("refused a repeat", extra=_about(job))
            return
        ends_at = max(start_of(job.date + _ONE_DAY, job.zone), job.instant + LEAST_LIFE)
        while True:
            page = self.slots.page(job.slot, job.shard, run.cursor, self.page_rows)
            for kind in REMINDERS:
                occasion = Occasion(kind, job.date, job.instant, ends_at=ends_at)
                rows = [row for row in page.rows if row.kind is kind]
                self._push(occasion, self._due(job, occasion, rows, late), late, time_left)
            if page.last is None:
                self.runs.finish(run)
                return
            run = self.runs.advance(run, page.last)
            if time_left() < RESERVE:
                self.outbox.send([job.model_copy(update={"late": late})])
                logger.info("to be continued", extra=_about(job))
                return

    def _due(self, job: SlotJob, occasion: Occasion, rows: Sequence[SlotRow], late: dt.timedelta) -> list[Recipient]:
        """The devices of rows that are due."""
        at = job.instant + late
        clock = local_time(at, job.zone).time()
        awaited = self._awaited(occasion, {row.uid: row.couple for row in rows}, at)
        return [
            Recipient(row.uid, row.couple, row.language, is_quiet(clock, row.quiet_hours), token)
            for row in rows
            if row.uid in awaited
            for token in row.tokens
        ]

    def _reached(
        self, occasion: Occasion, marks: Mapping[tuple[Uid, CoupleId], frozenset[str] | None], late: dt.timedelta
    ) -> list[Recipient]:
        """The devices of these marks, None for all, among those that the persons have now.

        Who has left the couple since gets nothing: queued pushes end with it.
        """
        at = occasion.instant + late
        people = self.people.people([uid for uid, _ in marks])
        awaited = self._awaited(occasion, dict(marks.keys()), at)
        return [
            Recipient(uid, couple, person.profile.language, _is_quiet_for(person, at), device.token)
            for (uid, couple), wanted in marks.items()
            if uid in awaited and (person := people.get(uid)) and person.couple == couple
            if not (occasion.kind is PushKind.STREAK_MILESTONE and person.profile.streak_hidden)
            for device in person.devices.values()
            if wanted is None or mark_of(device.token) in wanted
        ]

    def _awaited(self, occasion: Occasion, couples: Mapping[Uid, CoupleId], at: dt.datetime) -> frozenset[Uid]:
        """Those to whom the push still says something: in the evening, who can answer the day and has not."""
        if occasion.kind is not PushKind.EVENING:
            return frozenset(couples)
        days = self.slots.days(couples.values(), occasion.date)
        return frozenset(uid for uid, couple in couples.items() if is_awaited(days.get(couple), uid, at))

    def _push(
        self,
        occasion: Occasion,
        recipients: Sequence[Recipient],
        late: dt.timedelta,
        time_left: Callable[[], dt.timedelta],
        attempt: int = 1,
    ) -> None:
        if not recipients:
            return
        if occasion.instant + late >= occasion.expires_at:
            logger.warning("too late", extra=_about(occasion) | {"late": late.total_seconds()})
            return
        sent: list[Sent] = []
        for payload, turn in self._turns(occasion, recipients, late):
            outcomes = [NO_TIME] * len(turn)
            if time_left() >= RESERVE:
                targets = [models.Target(TargetKind.TOKEN, recipient.token) for recipient in turn]
                outcomes = self.gateway.send(payload, targets, time_left() - SPARE)
            sent.extend(zip(turn, outcomes, strict=True))
        if all(outcome.fate is Fate.UNAUTHORISED for _, outcome in sent):
            raise CredentialError(_reasons(sent))
        again, given_up = sorted_out(sent, attempt)
        wait = wait_before(attempt + 1, [outcome for _, outcome in again])
        self.outbox.send(retries(occasion, again, late, attempt + 1, wait), min(wait, LONGEST_DELAY))
        self.dead_letters.send(retries(occasion, given_up, late, FIRST_RETRY))
        self._forget((recipient for recipient, outcome in sent if outcome.fate is Fate.DEAD), time_left)
        _log(occasion, sent, given_up, attempt)

    def _turns(
        self, occasion: Occasion, recipients: Iterable[Recipient], late: dt.timedelta
    ) -> Iterator[tuple[Payload, tuple[Recipient, ...]]]:
        """The recipients as they can be sent to at once, with what they are sent."""
        groups: dict[tuple[Language, bool], list[Recipient]] = defaultdict(list)
        for recipient in recipients:
            groups[recipient.language, recipient.quiet].append(recipient)
        for (language, quiet), group in groups.items():
            payload = payload_of(occasion, language, occasion.instant + late, quiet=quiet, app_link=self.app_link)
            for turn in batched(group, AT_ONCE, strict=False):
                yield payload, turn

    def _forget(self, dead: Iterable[Recipient], time_left: Callable[[], dt.timedelta]) -> None:
        for recipient in dead:
            if time_left() < SPARE:
                logger.warning("dead tokens stay for now")
                return
            try:
                self.people.forget_token(recipient.uid, recipient.token)
            except ContentionError:
                # The next push will find it dead again; not worth sending this page anew.
                logger.warning("a dead token stays for now", extra={"uid": recipient.uid})


def is_awaited(day: Day | None, uid: Uid, at: dt.datetime) -> bool:
    """Whether a person can still answer a day and has not; a day that nobody has opened yet is open."""
    return day is None or (uid not in day.answers and day.window.is_open(at))


def wait_before(attempt: int, outcomes: Iterable[Outcome]) -> dt.timedelta:
    """How long the next attempt waits: its own backoff, or longer if FCM asked any of them to."""
    return max([FIRST_BACKOFF * (1 << attempt - 2), *(outcome.wait for outcome in outcomes)])


def sorted_out(sent: Iterable[Sent], attempt: int) -> tuple[list[Sent], list[Sent]]:
    """What did not arrive: to be tried again, and given up after the last attempt or a refusal."""
    again = [each for each in sent if each[1].fate in {Fate.LATER, Fate.UNAUTHORISED}]
    refused = [each for each in sent if each[1].fate is Fate.REFUSED]
    return (again, refused) if attempt < LAST_ATTEMPT else ([], again + refused)


def retries(
    occasion: Occasion, missed: Iterable[Sent], late: dt.timedelta, attempt: int, wait: dt.timedelta = _NONE
) -> list[RetryJob]:
    """The jobs that push to the missed once more, as that attempt and after that wait."""
    return [
        RetryJob(
            **asdict(occasion),
            late=late,
            targets=tuple(
                Target(uid=recipient.uid, couple=recipient.couple, mark=mark_of(recipient.token))
                for recipient, _ in batch
            ),
            attempt=attempt,
            reason=_reasons(batch),
            hold=max(wait - LONGEST_DELAY, _NONE),
        )
        for batch in batched(missed, TARGETS, strict=False)
    ]


def _marks(targets: Iterable[Target]) -> dict[tuple[Uid, CoupleId], frozenset[str]]:
    marks: dict[tuple[Uid, CoupleId], set[str]] = defaultdict(set)
    for target in targets:
        marks[target.uid, target.couple].add(target.mark)
    return {owner: frozenset(theirs) for owner, theirs in marks.items()}


def _is_quiet_for(person: Person, at: dt.datetime) -> bool:
    return is_quiet(local_time(at, person.profile.zone).time(), person.reminders.quiet_hours)


def _reasons(sent: Iterable[Sent]) -> str:
    return ", ".join(sorted({outcome.reason for _, outcome in sent}))


def _about(about: SlotJob | RetryJob | Occasion) -> dict[str, Any]:
    where = {"slot": str(about.slot), "shard": about.shard} if isinstance(about, SlotJob) else {"kind": about.kind}
    return {**where, "date": str(about.date)}


def _log(occasion: Occasion, sent: Sequence[Sent], given_up: Sequence[Sent], attempt: int) -> None:
    fates = Counter(str(outcome.fate) for _, outcome in sent)
    failed = [each for each in sent if each[1].fate in {Fate.LATER, Fate.UNAUTHORISED, Fate.REFUSED}]
    extra = _about(occasion) | {"attempt": attempt, "devices": len(sent), **fates}
    if given_up:
        logger.error("given up", extra=extra | {"given_up": len(given_up), "reasons": _reasons(failed)})
    elif fates[Fate.UNAUTHORISED]:
        logger.error("not all pushed", extra=extra | {"reasons": _reasons(failed)})
    elif failed:
        logger.warning("not all pushed yet", extra=extra | {"reasons": _reasons(failed)})
    else:
        logger.info("pushed", extra=extra)
