"""Claims: the dates for which a reminder's place answers, so that each date falls due once however often it moves.

A person's reminder of one kind has a place, a slot, and moves when they fly or choose another time. Whatever had fallen
due at the old place by then belongs to it, though its push may still be under way; every later date belongs to the new
one. A date that the new clock has passed already, and that the old one had not reached, falls due with the move. What a
place had come to before the reminder was theirs at all, before they paired or switched it on, is none of theirs.

A pause moves nothing. A date of it has its moment like any other, in silence, and none after: when a pause is ended or
shortened, what fell due in it is over.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from rekindle.domain.calendar import local_date, slot_instant
from rekindle.domain.models import DueEarlier, PushKind
from rekindle.domain.reminders import SETTLED_AFTER, Slot

if TYPE_CHECKING:
    from rekindle.domain.models import Person

_NEVER: Final = dt.date.max
_ONE_DAY: Final = dt.timedelta(days=1)
_KEPT: Final = dt.timedelta(days=4)
"""How long a date is remembered after it fell due: no clock shows it again later than that."""

IN_FLIGHT: Final = dt.timedelta(seconds=30)
"""How long after a request came its change may take hold: the run of a slot that comes meanwhile may not see it."""


@dataclass(frozen=True, slots=True)
class DueDates:
    """The dates for which a place answers: all after `after`, and `due_earlier` besides."""

    after: dt.date = dt.date.min
    due_earlier: dt.date | None = None

    def __contains__(self, date: dt.date) -> bool:
        return date > self.after or date == self.due_earlier


EVERY_DATE: Final = DueDates()


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """A reminder that fell due as it moved: for `date`, which its new place had reached at `instant` already."""

    kind: PushKind
    date: dt.date
    instant: dt.datetime


def slots_of(person: Person) -> dict[PushKind, Slot]:
    """The place of each reminder: none for who is in no couple or has no device that can be pushed to."""
    if person.couple is None or not person.devices:
        return {}
    reminders, zone = person.reminders, person.profile.zone
    places = {PushKind.PROMPT: Slot(zone, reminders.prompt)}
    if reminders.evening:
        places[PushKind.EVENING] = Slot(zone, reminders.evening)
    if reminders.touch and person.wants_touch and person.touch_agreed:
        places[PushKind.TOUCH] = Slot(zone, reminders.touch.time)
    return places


def due_dates_of(person: Person) -> dict[tuple[Slot, PushKind], DueDates]:
    """Each place that answers for some date of the person's reminders, and for which; a place they left among them."""
    places = slots_of(person)
    silent = person.paused_until - _ONE_DAY if person.paused_until else dt.date.min
    due_dates = {(slot, kind): DueDates(after=max(_taken(person, kind, slot), silent)) for kind, slot in places.items()}
    for due_earlier in person.due_earlier:
        # Who switches a reminder off is not told once more.
        if due_earlier.kind in places:
            place = Slot(due_earlier.zone, due_earlier.time), due_earlier.kind
            due_dates[place] = replace(due_dates.get(place, DueDates(after=_NEVER)), due_earlier=due_earlier.date)
    return due_dates


def moved(before: Person, after: Person, instant: dt.datetime) -> tuple[Person, list[CaughtUp]]:
    """`after` once its reminders have moved at `instant` from where `before` had them, and what falls due with that.

    A pause that begins, ends or moves settles what each place has come to by then, as a move away does.
    What falls due so is too late to be sent if its new place came more than MAX_LATENESS before `instant`.
    """
    old, new = slots_of(before), slots_of(after)
    today, soon = local_date(instant, after.profile.zone), instant + IN_FLIGHT
    since = {kind: began for kind, began in before.reminded_since.items() if kind in old and instant - began < _KEPT}
    last_due = {kind: date for kind, date in after.last_due.items() if today - date < _KEPT}
    due_earlier = [each for each in before.due_earlier if each.until > instant and not after.is_silent_on(each.date)]
    pause_changed = before.paused_until != after.paused_until
    paused_until = after.paused_until if after.paused_until and today - after.paused_until < _KEPT else None
    caught_up = []
    for kind in sorted(old.keys() | new.keys()):
        slot, to = old.get(kind), new.get(kind)
        if slot == to and not pause_changed:
            continue
        if slot is None:
            since[kind] = instant
        else:
            date, fell_due = _last_of(slot, soon)
            if fell_due > instant and before.is_silent_on(date):
                # Its run will find a row that is silent, or the one that is written now: it has yet to come.
                date, fell_due = _last_of(slot, instant)
            if _is_meant(before, kind, date) and date > _taken(before, kind, slot):
                last_due[kind] = max(date, last_due.get(kind, date))
                is_silent = before.is_silent_on(date) or after.is_silent_on(date)
                if to is not None and not is_silent and fell_due + SETTLED_AFTER > instant:
                    due_earlier.append(DueEarlier(kind, slot.zone, slot.time, date, fell_due + SETTLED_AFTER))
        if to is not None:
            date, fell_due = _last_of(to, soon)
            is_new = date > last_due.get(kind, dt.date.min) and (kind not in since or fell_due > since[kind])
            if is_new and _is_meant(after, kind, date):
                last_due[kind] = date
                if not after.is_silent_on(date):
                    caught_up.append(CaughtUp(kind, date, fell_due))
    settled = replace(
        after, paused_until=paused_until, reminded_since=since, last_due=last_due, due_earlier=tuple(due_earlier)
    )
    return settled, caught_up


def _taken(person: Person, kind: PushKind, slot: Slot) -> dt.date:
    """The last date that is not the place's any more, or never was."""
    last_due, since = person.last_due.get(kind, dt.date.min), person.reminded_since.get(kind)
    return last_due if since is None else max(last_due, _last_of(slot, since)[0])


def _last_of(slot: Slot, instant: dt.datetime) -> tuple[dt.date, dt.datetime]:
    """The latest date on which the slot had come by `instant`, and when it did."""
    date = local_date(instant, slot.zone)
    while True:
        came = slot_instant(date, slot.time, slot.zone)
        if came is not None and came <= instant:
            return date, came
        date -= _ONE_DAY


def _is_meant(person: Person, kind: PushKind, date: dt.date) -> bool:
    touch = person.reminders.touch
    return kind is not PushKind.TOUCH or (touch is not None and date.weekday() in touch.weekdays)
