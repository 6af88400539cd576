"""Decide for which dates each slot sends a person's reminders. A reminder comes due only once for a date.

A slot is a local time in a zone. When a slot comes, runs of the function `delivery` read the rows of the persons in the
slot, and send their reminders. If a person changes their zone or a reminder's time, the reminder moves to another slot.
At this move:

- A date that has already come due in the old slot stays with the old slot, whose pushes may still be under way.
- Every date after that date belongs to the new slot.
- A date comes due at the move if its time has passed in the new slot, but not in the old slot (`CaughtUp`). Example: at
  10:00, the person moves a reminder from 11:00 to 09:00.

A reminder begins, for example, when the person pairs or switches the reminder on. A slot sends no reminder for a date
whose time passed before the reminder began.

A date inside a pause comes due at its usual time, but without a push. The date does not come due again if somebody ends
or shortens the pause. While a person has paused their notifications, they have no slots. Their reminders begin again
when they end this.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from rekindle.domain.calendar import local_date, slot_instant
from rekindle.domain.persons import DueEarlier
from rekindle.domain.pushes import PushKind
from rekindle.domain.reminders import SETTLED_AFTER, Slot

if TYPE_CHECKING:
    from rekindle.domain.persons import Person

_NEVER: Final = dt.date.max
_ONE_DAY: Final = dt.timedelta(days=1)
_KEPT: Final = dt.timedelta(days=4)
"""`move_reminders` forgets dates that are this old. No zone can show these dates again."""

IN_FLIGHT: Final = dt.timedelta(seconds=30)
"""For this long after a request has changed a person's row in a slot, a run may still read the old row."""


@dataclass(frozen=True, slots=True)
class DueDates:
    """Dates for which a slot sends a reminder: all dates after the date `after`, and the date `also_on`."""

    after: dt.date = dt.date.min
    also_on: dt.date | None = None

    def __contains__(self, date: dt.date) -> bool:
        return date > self.after or date == self.also_on


EVERY_DATE: Final = DueDates()


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """A reminder that moved to a slot too late for the slot's run for `date`. The run was due at `instant`."""

    kind: PushKind
    date: dt.date
    instant: dt.datetime


def slots_of(person: Person) -> dict[PushKind, Slot]:
    """Return the slot of each reminder. A person without a couple or a device, or who paused all pushes, has none."""
    if person.couple is None or not person.devices or person.notifications_paused:
        return {}
    reminders, zone = person.reminders, person.profile.zone
    slots = {PushKind.PROMPT: Slot(zone, reminders.prompt)}
    if reminders.evening:
        slots[PushKind.EVENING] = Slot(zone, reminders.evening)
    if reminders.touch and person.wants_touch and person.touch_dates is not None:
        slots[PushKind.TOUCH] = Slot(zone, reminders.touch.time)
    return slots


def due_dates_of(person: Person) -> dict[tuple[Slot, PushKind], DueDates]:
    """Map each slot and kind to the dates for which the slot sends this person's reminder.

    If the person has just moved a reminder, its old slot may still have to send the reminder for one date. Then the
    result includes the old slot with this date (`DueEarlier`).
    """
    slots = slots_of(person)
    silent_through = person.paused_until - _ONE_DAY if person.paused_until else dt.date.min
    due_dates = {
        (slot, kind): DueDates(after=max(_last_skipped_date(person, kind, slot), silent_through))
        for kind, slot in slots.items()
    }
    for left in person.due_earlier:
        # A reminder that is switched off sends nothing more.
        if left.kind in slots:
            slot = Slot(left.zone, left.time), left.kind
            due_dates[slot] = replace(due_dates.get(slot, DueDates(after=_NEVER)), also_on=left.date)
    return due_dates


def move_reminders(before: Person, after: Person, instant: dt.datetime) -> tuple[Person, list[CaughtUp]]:
    """Return `after` with updated due dates, and the reminders that the change makes due.

    `before` is the same person before the change at `instant`. If the pause changes, record the latest date that came
    due in each slot, even if no slot changes. So these dates do not come due again after the pause. The caller must
    drop a caught-up reminder that is more than MAX_LATENESS late.
    """
    old, new = slots_of(before), slots_of(after)
    today, soon = local_date(instant, after.profile.zone), instant + IN_FLIGHT
    since = {kind: began for kind, began in before.reminded_since.items() if kind in old and instant - began < _KEPT}
    last_due = {kind: date for kind, date in after.last_due.items() if today - date < _KEPT}
    due_earlier = [
        each
        for each in before.due_earlier
        if each.until > instant and not after.is_silent_on(each.date) and not after.notifications_paused
    ]
    pause_changed = before.paused_until != after.paused_until
    paused_until = after.paused_until if after.paused_until and today - after.paused_until < _KEPT else None
    caught_up = []
    for kind in sorted(old.keys() | new.keys()):
        old_slot, new_slot = old.get(kind), new.get(kind)
        if old_slot == new_slot and not pause_changed:
            continue
        if old_slot is None:
            since[kind] = instant
        else:
            date, fell_due = _latest_due(old_slot, soon)
            if fell_due > instant and before.is_silent_on(date):
                # The old slot's run for this date is still to come. The run may read the old row, which is silent, or
                # the new row. So treat the date as not yet due.
                date, fell_due = _latest_due(old_slot, instant)
            if _comes_on(before, kind, date) and date > _last_skipped_date(before, kind, old_slot):
                last_due[kind] = max(date, last_due.get(kind, date))
                is_silent = before.is_silent_on(date) or after.is_silent_on(date)
                if new_slot is not None and not is_silent and fell_due + SETTLED_AFTER > instant:
                    due_earlier.append(DueEarlier(kind, old_slot.zone, old_slot.time, date, fell_due + SETTLED_AFTER))
        if new_slot is not None:
            date, fell_due = _latest_due(new_slot, soon)
            is_new = date > last_due.get(kind, dt.date.min) and (kind not in since or fell_due > since[kind])
            if is_new and _comes_on(after, kind, date):
                last_due[kind] = date
                if not after.is_silent_on(date):
                    caught_up.append(CaughtUp(kind, date, fell_due))
    settled = replace(
        after, paused_until=paused_until, reminded_since=since, last_due=last_due, due_earlier=tuple(due_earlier)
    )
    return settled, caught_up


def _last_skipped_date(person: Person, kind: PushKind, slot: Slot) -> dt.date:
    """Return the latest date that this slot must skip.

    The date has come due already, or its time passed before the reminder began.
    """
    last_due, since = person.last_due.get(kind, dt.date.min), person.reminded_since.get(kind)
    return last_due if since is None else max(last_due, _latest_due(slot, since)[0])


def _latest_due(slot: Slot, instant: dt.datetime) -> tuple[dt.date, dt.datetime]:
    """Return the date and the instant at which the slot last came, at `instant` or earlier."""
    date = local_date(instant, slot.zone)
    while True:
        came = slot_instant(date, slot.time, slot.zone)
        if came is not None and came <= instant:
            return date, came
        date -= _ONE_DAY


def _comes_on(person: Person, kind: PushKind, date: dt.date) -> bool:
    """Return whether the reminder comes on the date at all. Touch reminders come only on some dates and weekdays."""
    touch = person.reminders.touch
    return kind is not PushKind.TOUCH or (
        touch is not None and date.weekday() in touch.weekdays and person.has_touch_on(date)
    )
