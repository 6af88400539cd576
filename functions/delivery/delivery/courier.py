"""The courier: finds out whom a job still reaches, sends, and sees to what did not arrive.

What failed for a while goes back to the queue as a job of its own that names just the devices concerned, each time
with a longer delay. After the last attempt, and at once where the message itself is at fault, that job is given up: it
is laid with the dead letters, with its reason, if the same fault met several persons on that day. The rest of the
page goes on meanwhile, unless FCM asks everybody to wait.
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass, replace
from itertools import batched
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from delivery.gateway import LONGEST_SEND, CredentialError, Fate, Outcome
from rekindle.domain.calendar import local_time, start_of
from rekindle.domain.models import PushKind, Reach
from rekindle.domain.reminders import MAX_LATENESS, is_quiet
from rekindle.push.jobs import FIRST_RETRY, LONGEST_DELAY, Missed, PersonJob, RetryJob, SlotJob, SpreadJob
from rekindle.push.payloads import OF_A_DATE, Occasion, payload_of
from rekindle.store import keys
from rekindle.store.devices import STALE_AFTER, is_stale
from rekindle.store.incidents import Incident
from rekindle.telemetry import frames_of, log_failure, logger

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from delivery.gateway import PushGateway
    from rekindle.domain.models import CoupleId, Day, Language, Person, Target, Uid
    from rekindle.domain.reminders import Slot
    from rekindle.push.payloads import Payload
    from rekindle.push.queue import Outbox
    from rekindle.store.days import Days
    from rekindle.store.devices import Devices
    from rekindle.store.incidents import Incidents
    from rekindle.store.news import News
    from rekindle.store.people import People
    from rekindle.store.runs import Runs
    from rekindle.store.slot_rows import SlotRow
    from rekindle.store.slots import Slots
    from rekindle.store.targets import Registered

PAGE_ROWS: Final = 2000
SHARD_ROWS: Final = 20_000
"""More rows than this, and a slot is spread over twice as many shards: what one function sends in some ten seconds."""

SPARE: Final = dt.timedelta(seconds=30)
"""Time for what there is to do about a page besides sending: to read it, to enqueue retries and to move the run."""

RESERVE: Final = LONGEST_SEND + SPARE
"""Time that must be left to begin another page."""

LOOK_AGAIN: Final = dt.timedelta(minutes=1)
"""How long a run waits before it asks again for those that come before it."""
OTHERS_TAKE: Final = dt.timedelta(minutes=30)
"""After how long a run begins without them: a push that is repeated replaces itself, and one too late is none."""

LAST_ATTEMPT: Final = 6
FIRST_BACKOFF: Final = dt.timedelta(seconds=30)
"""The wait before the second attempt; it doubles each time, to eight minutes before the sixth."""

MISSED: Final = 1000
"""The most devices that one retry names: about half of what a message may weigh."""

_NONE: Final = dt.timedelta(0)
_ONE_DAY: Final = dt.timedelta(days=1)

_LASTING: Final = {
    Fate.APNS: "FCM cannot sign in to Apple",
    Fate.FOREIGN: "FCM calls the devices another sender's",
}
"""The log lines of faults that do not pass by themselves. They are counted and logged at each attempt."""

LEAST_LIFE: Final = dt.timedelta(minutes=10)
"""What a reminder has even if it falls due as its date ends, as it does where a gap in the clock's time ends there."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One device, and how its owner, who is named by their mark, is to be told."""

    person: str
    language: Language
    quiet: bool
    target: Target


type Sent = tuple[Recipient, Outcome]


class Pushed(NamedTuple):
    """For how long everybody has to wait now, and of how many persons FCM took a push."""

    wait: dt.timedelta
    persons: int = 0


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is being delivered: the occasion, how late it is, about which couple, and which attempt this is."""

    occasion: Occasion
    late: dt.timedelta
    time_left: Callable[[], dt.timedelta]
    couple: CoupleId | None = None
    attempt: int = 1

    @property
    def at(self) -> dt.datetime:
        """When it is delivered."""
        return self.occasion.instant + self.late


@dataclass(frozen=True, slots=True)
class Courier:
    """Carries out jobs. No row is written for a push that arrives."""

    slots: Slots
    runs: Runs
    people: People
    devices: Devices
    days: Days
    news: News
    incidents: Incidents
    outbox: Outbox
    dead_letters: Outbox
    gateway: PushGateway
    app_link: str
    page_rows: int = PAGE_ROWS
    shard_rows: int = SHARD_ROWS

    def carry_out(
        self, job: SlotJob | PersonJob | RetryJob, waited: dt.timedelta, time_left: Callable[[], dt.timedelta]
    ) -> dt.timedelta:
        """Do the job, which lay in the queue for `waited`, or as much of it as there is time for.

        Returns for how long FCM asks everybody to wait: mostly not at all. There has to be RESERVE left to begin with.
        A push that has become too late is dropped. Raises CredentialError, OutboxError and the store's errors: then
        the job is to come again, and goes on where it was.
        """
        late = job.late + waited
        match job:
            case SlotJob():
                if late <= MAX_LATENESS:
                    return self._to_slot(job, late, time_left)
            case _ if job.kind in OF_A_DATE and late > MAX_LATENESS:
                pass
            case PersonJob():
                person = self.people.person(job.uid)
                wants_news = person is not None and person.reminders.news
                kind = self._told_as(job.kind, job.date, wants_news=wants_news)
                delivery = Delivery(replace(job.occasion, kind=kind), late, time_left, job.couple)
                return self._push(delivery, self._reached(delivery, [person] if person else [])).wait
            case RetryJob():
                delivery = Delivery(job.occasion, late, time_left, job.couple, job.attempt)
                return self._push(delivery, self._missed(delivery, job.missed)).wait
        logger.warning("too late", extra=_about(job) | {"late": late.total_seconds()})
        return _NONE

    def _to_slot(self, job: SlotJob, late: dt.timedelta, time_left: Callable[[], dt.timedelta]) -> dt.timedelta:
        if job.after and late < OTHERS_TAKE and not self.runs.are_done(job.after, job.date):
            self.outbox.send([job.again(late)], LOOK_AGAIN)
            return _NONE
        run = self.runs.begin(job.shard, job.date, job.instant)
        if run.done:
            logger.info("refused a repeat", extra=_about(job))
            return _NONE
        while True:
            page = self.slots.page(job.shard, run.cursor, self.page_rows, job.instant + late)
            told: defaultdict[PushKind, list[SlotRow]] = defaultdict(list)
            for row in page.rows:
                if row.is_due(job.date):
                    told[self._told_as(row.kind, job.date, wants_news=row.news)].append(row)
            wait, reach = self._to_rows(job, told, late, time_left)
            if page.last is None:
                self.runs.finish(run, reach)
                if run.rows + len(page.rows) > self.shard_rows:
                    about = job.model_dump(exclude={"type", "late", "after"})
                    self.outbox.send([SpreadJob(**about, late=late)], LONGEST_DELAY)
                return wait
            run = self.runs.advance(run, page.last, len(page.rows), reach)
            if wait or time_left() < RESERVE:
                self.outbox.send([job.again(late, wait)], min(wait, LONGEST_DELAY))
                logger.info("to be continued", extra=_about(job) | {"wait": wait.total_seconds()})
                return wait

    def _to_rows(
        self,
        job: SlotJob,
        told: Mapping[PushKind, Sequence[SlotRow]],
        late: dt.timedelta,
        time_left: Callable[[], dt.timedelta],
    ) -> tuple[dt.timedelta, dict[PushKind, Reach]]:
        """Push to the persons of these rows, each as what they are told; for how long to wait, and whom it reached."""
        ends_at = max(start_of(job.date + _ONE_DAY, job.zone), job.instant + LEAST_LIFE)
        wait, reach = _NONE, dict[PushKind, Reach]()
        for kind in OF_A_DATE:
            delivery = Delivery(Occasion(kind, job.date, job.instant, ends_at=ends_at), late, time_left)
            due = self._due(delivery, told.get(kind, ()))
            pushed = self._push(delivery, self._devices(job.slot, delivery, due), wait)
            wait = max(wait, pushed.wait)
            if due:
                counted = PushKind.PROMPT if kind is PushKind.NEWS else kind
                before = reach.get(counted, Reach(0, 0))
                reach[counted] = Reach(before.due + len(due), before.reached + pushed.persons)
        return wait, reach

    def _told_as(self, kind: PushKind, date: dt.date, *, wants_news: bool) -> PushKind:
        """As what a push of a kind is sent: on a date that has news, they come in the place of the prompt.

        It still falls due as the prompt, so nobody is told twice or missed, and counts as that. A retry keeps what the
        first attempt was: on the phone it takes that one's place.
        """
        if kind is PushKind.PROMPT and wants_news and date in self.news.dates():
            return PushKind.NEWS
        return kind

    def _due(self, delivery: Delivery, rows: Sequence[SlotRow]) -> list[SlotRow]:
        """The rows, each a person's, that are still due: in the evening those alone who can answer and have not."""
        awaited = self._awaited(delivery, [row.answers for row in rows if row.answers])
        return [row for row in rows if row.answers is None or row.answers[0] in awaited]

    def _devices(self, slot: Slot, delivery: Delivery, rows: Sequence[SlotRow]) -> list[Recipient]:
        """The devices of rows that are due."""
        clock = local_time(delivery.at, slot.zone).time()
        return [
            Recipient(row.person, row.language, is_quiet(clock, row.quiet_hours), device.target)
            for row in rows
            for device in self._expected(row, delivery)
        ]

    def _expected(self, row: SlotRow, delivery: Delivery) -> Iterator[Registered]:
        """The devices of a row behind which somebody can be expected; those that are stale are taken from their owner.

        A row knows the month alone in which a device was registered. With the whole of it past, nobody need be asked.
        """
        stale = [device for device in row.devices if delivery.at.date() - _last_of(device.month) >= STALE_AFTER]
        self._forget([(row.person, device.target) for device in stale], self.devices.prune, delivery)
        return (device for device in row.devices if device not in stale)

    def _missed(self, delivery: Delivery, missed: Sequence[Missed]) -> list[Recipient]:
        """Those of the missed devices that are still the same persons'."""
        wanted = {(each.person, each.target) for each in missed}
        owners = self.devices.owners([each.target for each in missed])
        people = self.people.people(sorted(set(owners.values())))
        return [
            recipient
            for recipient in self._reached(delivery, people.values())
            if (recipient.person, keys.digest_of(recipient.target)) in wanted
        ]

    def _reached(self, delivery: Delivery, people: Iterable[Person]) -> list[Recipient]:
        """The devices of those whom the push still concerns, on which they can be expected.

        Who has left the couple since gets nothing: queued pushes end with it.
        """
        kind, at = delivery.occasion.kind, delivery.at
        concerned = [person for person in people if _concerns(delivery, person)]
        awaited = self._awaited(delivery, [(each.uid, each.couple) for each in concerned if each.couple])
        return [
            Recipient(keys.mark_of(person.uid), person.profile.language, _is_quiet_for(person, at), device.target)
            for person in concerned
            if kind is not PushKind.EVENING or person.uid in awaited
            for device in person.devices.values()
            if not is_stale(device, at)
        ]

    def _awaited(self, delivery: Delivery, answers: Sequence[tuple[Uid, CoupleId]]) -> frozenset[Uid]:
        """Of persons in their couples, those who can still answer the day and have not; asked in the evening alone."""
        if delivery.occasion.kind is not PushKind.EVENING:
            return frozenset()
        days = self.days.opened([couple for _, couple in answers], delivery.occasion.date)
        return frozenset(uid for uid, couple in answers if is_awaited(days.get(couple), uid, delivery.at))

    def _push(self, delivery: Delivery, recipients: Sequence[Recipient], wait: dt.timedelta = _NONE) -> Pushed:
        """Send to all, unless everybody has to `wait`; what came of it."""
        occasion, late = delivery.occasion, delivery.late
        if not recipients:
            return Pushed(wait)
        if delivery.at >= occasion.expires_at:
            logger.warning("too late", extra=_about(occasion) | {"late": late.total_seconds()})
            return Pushed(wait)
        sent: list[Sent] = []
        for payload, turn in self._turns(delivery, recipients):
            if wait:
                outcomes = [Outcome(Fate.LATER, "FCM asks everybody to wait", wait)] * len(turn)
            else:
                targets = [recipient.target for recipient in turn]
                outcomes = self.gateway.send(payload, targets, delivery.time_left() - SPARE)
                wait = max(outcome.wait for outcome in outcomes)
            sent.extend(zip(turn, outcomes, strict=True))
        if all(outcome.fate is Fate.UNAUTHORISED for _, outcome in sent):
            _log(delivery, sent, given_up=())
            raise CredentialError(_reasons(sent))
        # FCM has taken the messages. From here on only a push that cannot be enqueued may bring the job back.
        if proves_our_project(sent):
            sent = without_foreign(sent)
        incidents = self._incidents(sent, delivery)
        widespread = frozenset(fault for fault, incident in incidents.items() if incident.is_widespread)
        if delivery.attempt >= LAST_ATTEMPT:
            sent = without_foreign(sent, widespread)
        again, given_up = sorted_out(sent, delivery.attempt)
        backoff = wait_before(delivery.attempt + 1, [outcome for _, outcome in again])
        self.outbox.send(retries(delivery, again, delivery.attempt + 1, backoff), min(backoff, LONGEST_DELAY))
        letters = [each for each in given_up if each[1].fault in widespread]
        self.dead_letters.send(retries(delivery, letters, FIRST_RETRY))
        dead = _having(sent, Fate.DEAD)
        self._forget([(each.person, each.target) for each, _ in dead], self.devices.forget_target, delivery)
        _log(delivery, sent, given_up, {fault for fault, incident in incidents.items() if incident.needs_report})
        return Pushed(wait, len(_persons(_having(sent, Fate.DELIVERED))))

    def _incidents(self, sent: Sequence[Sent], delivery: Delivery) -> dict[str, Incident]:
        """Count the persons whom each lasting fault met, and return the incident of each fault."""
        met: defaultdict[str, set[str]] = defaultdict(set)
        _, given_up = sorted_out(sent, delivery.attempt)
        for recipient, outcome in [*given_up, *_having(sent, *_LASTING)]:
            met[outcome.fault].add(recipient.person)
        return {fault: self._incident(fault, persons, delivery.at) for fault, persons in met.items()}

    def _incident(self, fault: str, persons: AbstractSet[str], at: dt.datetime) -> Incident:
        """Return the incident of a fault. If the store fails, assume that the fault is widespread."""
        try:
            return self.incidents.note(fault, persons, at)
        except Exception as error:  # noqa: BLE001  whatever it is, the pushes must not be sent again
            extra = {"fault": fault, "error": type(error).__name__, "where": frames_of(error)}
            logger.warning("cannot count whom a fault met", extra=extra)
            return Incident(is_widespread=True, needs_report=True)

    def _turns(
        self, delivery: Delivery, recipients: Iterable[Recipient]
    ) -> Iterator[tuple[Payload, Sequence[Recipient]]]:
        """The recipients who are sent the same, with what they are sent."""
        groups: dict[tuple[Language, bool], list[Recipient]] = defaultdict(list)
        for recipient in recipients:
            groups[recipient.language, recipient.quiet].append(recipient)
        for (language, quiet), group in groups.items():
            yield payload_of(delivery.occasion, language, delivery.at, quiet=quiet, app_link=self.app_link), group

    def _forget(
        self,
        gone: Iterable[tuple[str, Target]],
        forget: Callable[[str, Target, dt.datetime], None],
        delivery: Delivery,
    ) -> None:
        """Delete dead devices as far as possible: the next push finds the rest dead again."""
        for mark, target in gone:
            if delivery.time_left() < SPARE:
                logger.warning("dead targets stay for now")
                return
            try:
                forget(mark, target, delivery.at)
            except Exception as error:  # noqa: BLE001  whatever it is, the pushes must not be sent again
                log_failure("a dead target stays for now", error, person=mark)


def is_awaited(day: Day | None, uid: Uid, at: dt.datetime) -> bool:
    """Whether a person can still answer a day and has not; a day that nobody has opened yet is open."""
    return day is None or (uid not in day.answers and day.window.is_open(at))


def proves_our_project(sent: Sequence[Sent]) -> bool:
    """Return whether at least as many persons were reached as have foreign devices.

    Then our project is the right one, and the foreign devices are of another.
    """
    reached, foreign = _persons(_having(sent, Fate.DELIVERED)), _persons(_having(sent, Fate.FOREIGN))
    return bool(reached) and len(reached) >= len(foreign)


def without_foreign(sent: Iterable[Sent], kept: Container[str] = ()) -> list[Sent]:
    """Call foreign devices dead, except those of the faults in `kept`."""
    return [
        (recipient, replace(outcome, fate=Fate.DEAD))
        if outcome.fate is Fate.FOREIGN and outcome.fault not in kept
        else (recipient, outcome)
        for recipient, outcome in sent
    ]


def wait_before(attempt: int, outcomes: Iterable[Outcome]) -> dt.timedelta:
    """How long the next attempt waits: its own backoff, or longer if FCM asked any of them to."""
    return max([FIRST_BACKOFF * (1 << attempt - 2), *(outcome.wait for outcome in outcomes)])


def sorted_out(sent: Iterable[Sent], attempt: int) -> tuple[list[Sent], list[Sent]]:
    """What did not arrive: to be tried again, and given up after the last attempt or a refusal."""
    sent = [*sent]
    again = _having(sent, Fate.LATER, Fate.UNAUTHORISED, Fate.APNS, Fate.FOREIGN)
    refused = _having(sent, Fate.REFUSED)
    return (again, refused) if attempt < LAST_ATTEMPT else ([], again + refused)


def retries(delivery: Delivery, missed: Iterable[Sent], attempt: int, wait: dt.timedelta = _NONE) -> list[RetryJob]:
    """The jobs that push to the missed once more, as that attempt and after that wait."""
    return [
        RetryJob(
            **asdict(delivery.occasion),
            late=delivery.late,
            couple=delivery.couple,
            missed=tuple(
                Missed(person=recipient.person, target=keys.digest_of(recipient.target)) for recipient, _ in batch
            ),
            attempt=attempt,
            reason=_reasons(batch),
            hold=max(wait - LONGEST_DELAY, _NONE),
        )
        for batch in batched(missed, MISSED, strict=False)
    ]


def _last_of(month: dt.date) -> dt.date:
    return month.replace(day=monthrange(month.year, month.month)[1])


def _concerns(delivery: Delivery, person: Person) -> bool:
    """Whether a person, as they are by now, is still to be told."""
    kind = delivery.occasion.kind
    is_silent = kind in OF_A_DATE and person.is_silent_on(delivery.occasion.date)
    if person.couple is None or delivery.couple not in {None, person.couple} or is_silent:
        return False
    match kind:
        case PushKind.STREAK_MILESTONE:
            return not person.profile.streak_hidden
        case PushKind.NUDGE:
            return not person.reminders.nudges_muted
        case PushKind.TOUCH:
            return person.touch_agreed
        case PushKind.EVENING:
            return person.reminders.evening is not None
        case _:
            return True


def _is_quiet_for(person: Person, at: dt.datetime) -> bool:
    return is_quiet(local_time(at, person.profile.zone).time(), person.reminders.quiet_hours)


def _having(sent: Iterable[Sent], *fates: Fate) -> list[Sent]:
    return [each for each in sent if each[1].fate in fates]


def _persons(sent: Iterable[Sent]) -> frozenset[str]:
    return frozenset(recipient.person for recipient, _ in sent)


def _reasons(sent: Iterable[Sent]) -> str:
    return ", ".join(sorted({": ".join(filter(None, [outcome.reason, outcome.detail])) for _, outcome in sent}))


def _about(about: SlotJob | PersonJob | RetryJob | Occasion) -> dict[str, Any]:
    where = {"slot": str(about.slot), "shard": about.shard} if isinstance(about, SlotJob) else {"kind": about.kind}
    return {**where, "date": str(about.date)}


def _log(
    delivery: Delivery, sent: Sequence[Sent], given_up: Sequence[Sent], reported: AbstractSet[str] = frozenset()
) -> None:
    """Log the outcome of a page. Only a reported fault makes an error line, which rings an alarm."""
    fates = Counter(str(outcome.fate) for _, outcome in sent)
    failed = [each for each in sent if each[1].fate not in {Fate.DELIVERED, Fate.DEAD}]
    about = _about(delivery.occasion) | {"attempt": delivery.attempt}
    # For the alarm that rings when many persons were due and nobody was reached.
    # A retry does not count a person as due again.
    persons = {
        "due": len(_persons(sent)) if delivery.attempt == 1 else 0,
        "reached": len(_persons(_having(sent, Fate.DELIVERED))),
    }
    extra = about | persons | {"devices": len(sent), **fates}
    for fate, message in _LASTING.items():
        if met := _having(sent, fate):
            affected = {"persons": len(_persons(met)), "devices": len(met), "reasons": _reasons(met)}
            _complain(message, about | affected, met, reported)
    if given_up:
        affected = {"persons": len(_persons(given_up)), "given_up": len(given_up), "reasons": _reasons(given_up)}
        _complain("given up", extra | affected, given_up, reported)
    elif failed:
        logger.warning("not all pushed yet", extra=extra | {"reasons": _reasons(failed)})
    else:
        logger.info("pushed", extra=extra)


def _complain(message: str, extra: Mapping[str, object], failed: Iterable[Sent], reported: AbstractSet[str]) -> None:
    """Log an error if one of the failures is reported, else a warning.

    `outside` marks an error that is no reason to roll a new version back. FCM refuses a message that is our own fault.
    """
    fates = {outcome.fate for _, outcome in failed if outcome.fault in reported}
    if not fates:
        logger.warning(message, extra=extra)
    elif Fate.REFUSED in fates:
        logger.error(message, extra=extra)
    else:
        logger.error(message, extra={**extra, "outside": True})
