"""Let two persons who pair again resume their former couple, if both want to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from couples_api.services import Services
from couples_api.streak import known_history
from rekindle.api.callers import Caller
from rekindle.domain.calendar import day_window
from rekindle.domain.couples import Couple
from rekindle.domain.days import Day
from rekindle.domain.ids import InviteId
from rekindle.domain.open_days import nearby_dates
from rekindle.domain.persons import Person
from rekindle.domain.resuming import can_be_resumed, latest_shared, resumed
from rekindle.store.couples import KEEPSAKE, resuming_row
from rekindle.store.table import Write


@dataclass(frozen=True, slots=True)
class Pairing:
    """A couple that two persons are about to become, and the writes that store the couple and its keys.

    If the couple is resumed, `stored` has the days that may have been open when the couple ended.
    """

    couple: Couple
    writes: Sequence[Write]
    stored: Mapping[dt.date, Day] = field(default_factory=dict)


def former_couple(services: Services, caller: Caller, one: Person, other: Person) -> Couple | None:
    """Return the couple that the two were, if they can resume it. Otherwise return None.

    They can resume their latest couple until KEEPSAKE after its end, if the keys of both still exist.
    """
    latest = latest_shared(one, other)
    if latest is None or one.parted[latest] + KEEPSAKE <= caller.instant:
        return None
    couple = services.couples.couple(latest)
    if couple is None or not can_be_resumed(couple, one, other, caller.instant - KEEPSAKE):
        return None
    return couple if services.vault.has_keys_of(couple.id, couple.members) else None


def way_back(
    services: Services, caller: Caller, ended: Couple, persons: tuple[Person, Person], invite: InviteId
) -> Pairing:
    """Return the pairing that resumes the couple now, with the two persons' present profiles."""
    ended_at = ended.ended_at or caller.instant
    first, last = nearby_dates(min(ended_at, caller.instant))[0], nearby_dates(max(ended_at, caller.instant))[1]
    stored = services.days.between(ended.id, first, last)
    couple = resumed(ended.seeded(services.new_seed()), persons, invite, stored, caller.instant)
    # A partner may have moved to another zone meanwhile. Then the window of an open day can only get longer, as when a
    # partner moves while the couple is together.
    widenings = [
        services.days.widening(day, day_window(day.date, couple.zones))
        for day in stored.values()
        if day.window.is_open(caller.instant)
    ]
    keeping = services.vault.keeping_keys(ended.id, couple.profiles)
    writes = [resuming_row(couple, ended_at), keeping, *(write for write in widenings if write)]
    return Pairing(couple, writes, stored)


def complete_streak(services: Services, pairing: Pairing, caller: Caller) -> None:
    """Add to the streak the days that both answered just before the couple ended.

    Some of these days may be missing, because no request adds a day to the streak of a couple that has ended.
    """
    if pairing.stored:
        known_history(services, pairing.couple, pairing.stored, caller.instant)
