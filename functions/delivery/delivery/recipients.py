"""Find the devices that get a push. Leave out a person whom the push no longer concerns."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from rekindle.domain.calendar import local_time, start_of
from rekindle.domain.pushes import PushKind
from rekindle.domain.reminders import is_quiet
from rekindle.push.jobs import NewDeviceJob, RetryJob
from rekindle.push.kinds import KINDS, OF_A_DATE
from rekindle.push.payloads import Occasion
from rekindle.store import keys
from rekindle.store.devices import STALE_AFTER, is_stale

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from delivery.services import Services
    from rekindle.domain.ids import CoupleId, Language
    from rekindle.domain.persons import Target
    from rekindle.push.jobs import PersonJob, SlotJob
    from rekindle.push.kinds import Kind
    from rekindle.store.slot_rows import SlotRow

LEAST_LIFE: Final = dt.timedelta(minutes=10)
"""A slot's reminders can be sent for at least this long after the slot came.

Usually they can be sent until the end of the date. But a slot at 23:55 comes only five minutes before the end.
"""

_ONE_DAY: Final = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to deliver a push.

    `late` is the time from the occasion's instant to this attempt. `couple` is the couple that the push is about. A
    slot's reminder is about no couple.
    """

    occasion: Occasion
    late: dt.timedelta
    time_left: Callable[[], dt.timedelta]
    couple: CoupleId | None = None
    number: int = 1

    @property
    def at(self) -> dt.datetime:
        """The instant at which the push is sent."""
        return self.occasion.instant + self.late

    @property
    def kind(self) -> Kind:
        """The push's kind, as KINDS describes it."""
        return KINDS[self.occasion.kind]


@dataclass(frozen=True, slots=True)
class Recipient:
    """One device, the push's language, and whether the push is without sound. `person` is the owner's pseudonym."""

    person: str
    language: Language
    quiet: bool
    target: Target


class Batch(NamedTuple):
    """The recipients of one attempt.

    For a slot's job, `due` is how many persons were due, and `stale` has stale devices with their owners' pseudonyms.
    """

    attempt: Attempt
    recipients: Sequence[Recipient]
    due: int = 0
    stale: Sequence[tuple[str, Target]] = ()


def of_page(
    services: Services, job: SlotJob, rows: Iterable[SlotRow], late: dt.timedelta, time_left: Callable[[], dt.timedelta]
) -> Iterator[Batch]:
    """Yield one batch for each kind of push that is due in these rows: a page of a slot's rows."""
    kinds: defaultdict[PushKind, list[SlotRow]] = defaultdict(list)
    for row in rows:
        if row.is_due(job.date):
            kinds[_kind_on(services, job.date, row.kind, wants_news=row.news)].append(row)
    at = job.instant + late
    clock = local_time(at, job.zone).time()
    ends_at = max(start_of(job.date + _ONE_DAY, job.zone), job.instant + LEAST_LIFE)
    # A row has only the month of a device's registration. So the device's age counts from the last day of that month.
    live_since = (at.date() - STALE_AFTER + _ONE_DAY).replace(day=1)
    for kind in OF_A_DATE:
        due = kinds[kind]
        if KINDS[kind].needs_open_day:
            awaited = services.days.awaited([row.uid_and_couple for row in due if row.uid_and_couple], job.date, at)
            due = [row for row in due if row.uid_and_couple is None or row.uid_and_couple[0] in awaited]
        if due:
            devices = [(row, device) for row in due for device in row.devices]
            recipients = [
                Recipient(row.person, row.language, is_quiet(clock, row.quiet_hours), device.target)
                for row, device in devices
                if device.month >= live_since
            ]
            stale = [(row.person, device.target) for row, device in devices if device.month < live_since]
            attempt = Attempt(Occasion(kind, job.date, job.instant, ends_at=ends_at), late, time_left)
            yield Batch(attempt, recipients, len(due), stale)


def of_job(
    services: Services,
    job: PersonJob | NewDeviceJob | RetryJob,
    late: dt.timedelta,
    time_left: Callable[[], dt.timedelta],
) -> Batch:
    """Return a batch with all devices of the job's person, or with the devices that a RetryJob names.

    Leave out a device that has another owner now, a stale device, all devices of a person whom the push no longer
    concerns, and a new device that the push is about. If the job is about a couple, it concerns nobody after the
    couple's end.
    """
    kind, number, missed = job.kind, 1, None
    if not isinstance(job, RetryJob):
        person = services.people.find(job.uid)
        people = [person] if person else []
        kind = _kind_on(services, job.date, kind, wants_news=any(person.reminders.news for person in people))
    else:
        number, missed = job.attempt, {(each.person, each.target) for each in job.missed}
        owners = services.devices.owners([each.target for each in job.missed])
        people = [*services.people.people(sorted(set(owners.values()))).values()]
    attempt = Attempt(replace(job.occasion, kind=kind), late, time_left, job.couple, number)
    people = [person for person in people if attempt.occasion.concerns(person, job.couple)]
    if people and job.couple:
        # A person's row may still name a couple that has ended. The couple's own row decides.
        couple = services.couples.couple(job.couple)
        people = [person for person in people if couple and couple.joins(person.uid)]
    if attempt.kind.needs_open_day:
        persons = [(person.uid, person.couple) for person in people if person.couple]
        awaited = services.days.awaited(persons, job.date, attempt.at)
        people = [person for person in people if person.uid in awaited]
    recipients = [
        Recipient(
            keys.pseudonym_of(person.uid),
            person.profile.language,
            is_quiet(local_time(attempt.at, person.profile.zone).time(), person.reminders.quiet_hours),
            device.target,
        )
        for person in people
        for device in person.devices.values()
        if not is_stale(device, attempt.at)
        and not (isinstance(job, NewDeviceJob) and keys.digest_of(device.target) == job.added)
    ]
    return Batch(
        attempt, [each for each in recipients if missed is None or (each.person, keys.digest_of(each.target)) in missed]
    )


def _kind_on(services: Services, date: dt.date, kind: PushKind, *, wants_news: bool) -> PushKind:
    """Return the kind of push to send: `kind`, or NEWS in place of PROMPT.

    A person who wants news gets NEWS on a date that has news.
    """
    is_news = wants_news and KINDS[PushKind.NEWS].replaces is kind and date in services.news.dates()
    return PushKind.NEWS if is_news else kind
