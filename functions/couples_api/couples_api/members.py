"""Change a person, and if needed also the person's couple and partner, in one transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import replace

from couples_api.services import Services
from rekindle.api.callers import Caller
from rekindle.domain.couples import Couple
from rekindle.domain.days import Day
from rekindle.domain.limits import Counted, counted_change
from rekindle.domain.open_days import latest_closed, window_of, windows_after_move
from rekindle.domain.persons import Person
from rekindle.domain.pushes import PushKind
from rekindle.store.people import Consequences
from rekindle.store.table import Write


def change_person(
    services: Services, caller: Caller, change: Callable[[Person], Person], *kinds: Counted
) -> Person | None:
    """Apply `change` to the caller and return the changed person. Return None if the caller has no profile yet.

    Raise ProblemError if the caller's sign-in has ended. Count the change for each kind of `kinds` that it is. Raise
    LimitError if a limit is reached.

    The couple's item has a copy of the profile. The same transaction updates this copy. Each partner has a copy of the
    couple's `touch_dates`. So if the caller's choices about touch change, the transaction may update the partner too.
    """

    def consequences(before: Person, after: Person) -> Consequences:
        if (before.profile, before.wants_touch) == (after.profile, after.wants_touch):
            return Consequences(after)
        couple = services.couples.joined_by(after)
        if couple is None:
            return Consequences(after)
        couple = couple.seeded(services.new_seed())  # A couple of version 0.1.0 may have no seed yet.
        changed = couple.with_person(after, caller.instant)
        widenings: list[Write] = []
        if couple.zones != changed.zones:
            stored = services.days.nearby(couple.id, caller.instant)
            changed = replace(changed, windows=windows_after_move(couple, changed.zones, stored, caller.instant))
            # Another request may store a day (`Day`) after we have read `stored`. It also changes the couple's
            # revision. Then this transaction fails, and `people.change` tries again.
            widenings = _widenings(services, changed, stored)
            after = _without_closed_dates(after, latest_closed(changed, {}, caller.instant))
        writes = [services.couples.member_update(changed, after.uid), *widenings]
        dates = changed.touch_dates
        partner = services.people.find(couple.partner_of(after.uid)) if dates != before.touch_dates else None
        others = [(partner, replace(partner, touch_dates=dates))] if partner else []
        return Consequences(replace(after, touch_dates=dates), others, writes)

    def counting(person: Person) -> Person:
        before = services.sessions.require(caller, person)
        return counted_change(before, change(before), caller.instant, *kinds)

    return services.people.change(caller.uid, caller.instant, counting, consequences)


def copy_touch_dates(services: Services, caller: Caller) -> None:
    """Copy the couple's `touch_dates` to the caller."""

    def renewed(person: Person) -> Person:
        couple = services.couples.joined_by(person)
        return replace(person, touch_dates=couple.touch_dates) if couple else person

    services.people.change(caller.uid, caller.instant, renewed)


def _widenings(services: Services, couple: Couple, stored: Mapping[dt.date, Day]) -> list[Write]:
    """Return a write for each stored day whose window for answers becomes longer in the new zones."""
    return [
        widening
        for date, day in stored.items()
        if (widening := services.days.widening(day, window_of(couple, date, {})))
    ]


def _without_closed_dates(person: Person, closed: dt.date) -> Person:
    """Return the person without prompt and evening reminders for dates up to `closed`.

    If a person travels west, their clock may show such a date again. A reminder would then ask for an answer to a
    closed day.
    """
    due = {kind: max(closed, person.last_due.get(kind, closed)) for kind in (PushKind.PROMPT, PushKind.EVENING)}
    return replace(person, last_due={**person.last_due, **due})
