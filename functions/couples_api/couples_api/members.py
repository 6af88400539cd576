"""A change of one of the two, with all that follows for the couple and for the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from couples_api.parts import Parts
from rekindle.calendar import day_window, local_date
from rekindle.callers import Caller
from rekindle.models import Couple, Person
from rekindle.store.people import Consequences
from rekindle.store.table import Write


def change_person(parts: Parts, caller: Caller, change: Callable[[Person], Person]) -> Person | None:
    """Apply `change` to the caller; None where they have no profile yet.

    Their couple repeats their profile. Touch reminders come as long as both want them: when the caller is the second
    to want them, or the first not to any more, the other's are switched in the same moment.
    """

    def consequences(before: Person, after: Person) -> Consequences:
        if (before.profile, before.wants_touch) == (after.profile, after.wants_touch):
            return Consequences(after)
        couple = parts.couples.couple(after.couple) if after.couple else None
        if couple is None:
            return Consequences(after)
        changed = couple.with_person(after, local_date(caller.instant, after.profile.zone))
        writes = [parts.couples.member_update(changed, after.uid), *_widenings(parts, caller, couple, changed)]
        agreed = changed.touch_from is not None
        partner = parts.people.person(couple.partner_of(after.uid)) if agreed != before.touch_agreed else None
        others = [(partner, replace(partner, touch_agreed=agreed))] if partner else []
        return Consequences(replace(after, touch_agreed=agreed), others, writes)

    return parts.people.change(caller.uid, caller.instant, change, consequences)


def _widenings(parts: Parts, caller: Caller, couple: Couple, changed: Couple) -> list[Write]:
    if couple.zones == changed.zones:
        return []
    # An open day keeps the hours it had and gains those of the new zone: nobody's answer comes too late by moving.
    # A day made after the couple was read is not among these, but then the couple is no longer as it was read.
    days = parts.days.begun(couple, caller.instant)
    return [
        widening
        for day in days.values()
        if day.window.is_open(caller.instant)
        and (widening := parts.days.widening(day, day_window(day.date, changed.zones)))
    ]
