"""A change of one of the two, with all that follows for the couple and for the other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace

from couples_api.services import Services
from rekindle.api.callers import Caller
from rekindle.domain.calendar import local_date
from rekindle.domain.models import Couple, Day, Person, PushKind
from rekindle.domain.open_days import latest_closed, window_of, windows_after_move
from rekindle.store.people import Consequences
from rekindle.store.table import Write


def change_person(services: Services, caller: Caller, change: Callable[[Person], Person]) -> Person | None:
    """Apply `change` to the caller; None where they have no profile yet.

    Their couple repeats their profile. Touch reminders come as long as both want them: when the caller is the second
    to want them, or the first not to any more, the other's are switched in the same moment.
    """

    def consequences(before: Person, after: Person) -> Consequences:
        if (before.profile, before.wants_touch) == (after.profile, after.wants_touch):
            return Consequences(after)
        couple = services.couples.couple(after.couple) if after.couple else None
        if couple is None:
            return Consequences(after)
        changed = couple.with_person(after, local_date(caller.instant, after.profile.zone))
        widenings: list[Write] = []
        if couple.zones != changed.zones:
            stored = services.days.nearby(couple.id, caller.instant)
            changed = replace(changed, windows=windows_after_move(couple, changed.zones, stored, caller.instant))
            # A day made after the couple was read is not among these, but then the couple is no longer as it was read.
            widenings = _widenings(services, changed, stored)
            after = _reminded_of_no_closed_date(after, latest_closed(changed, {}, caller.instant))
        writes = [services.couples.member_update(changed, after.uid), *widenings]
        agreed = changed.touch_from is not None
        partner = services.people.person(couple.partner_of(after.uid)) if agreed != before.touch_agreed else None
        others = [(partner, replace(partner, touch_agreed=agreed))] if partner else []
        return Consequences(replace(after, touch_agreed=agreed), others, writes)

    return services.people.change(caller.uid, caller.instant, change, consequences)


def _widenings(services: Services, couple: Couple, stored: Mapping[dt.date, Day]) -> list[Write]:
    """Return the writes that give each stored day the hours that its date has now."""
    return [
        widening
        for date, day in stored.items()
        if (widening := services.days.widening(day, window_of(couple, date, {})))
    ]


def _reminded_of_no_closed_date(person: Person, closed: dt.date) -> Person:
    """Return the person with no prompt and no evening reminder due for a date up to `closed`.

    A clock that a person takes west may show such a date once more.
    """
    due = {kind: max(closed, person.last_due.get(kind, closed)) for kind in (PushKind.PROMPT, PushKind.EVENING)}
    return replace(person, last_due={**person.last_due, **due})
