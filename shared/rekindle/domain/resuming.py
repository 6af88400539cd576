"""Resume a couple: two persons who unpair and pair again soon can go on with their old couple.

The journal, the streak, the packs and the seen prompts stay. The time apart counts as a pause.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rekindle.domain.calendar import local_date
from rekindle.domain.open_days import latest_closed
from rekindle.domain.pauses import with_time_apart

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from rekindle.domain.couples import Couple
    from rekindle.domain.days import Day
    from rekindle.domain.ids import CoupleId, InviteId
    from rekindle.domain.persons import Person


def latest_shared(one: Person, other: Person) -> CoupleId | None:
    """Return the latest former couple of these two persons. Return None if there is none."""
    shared = one.parted.keys() & other.parted.keys()
    return max(shared, key=lambda each: (one.parted[each], each), default=None)


def can_be_resumed(couple: Couple, one: Person, other: Person, ended_after: dt.datetime) -> bool:
    """Return whether the couple ended after `ended_after`, and these two persons were the couple."""
    is_theirs = couple.members == {one.uid, other.uid}
    return is_theirs and couple.ended_at is not None and couple.ended_at > ended_after


def resumed(
    ended: Couple,
    persons: tuple[Person, Person],
    invite: InviteId,
    stored: Mapping[dt.date, Day],
    instant: dt.datetime,
) -> Couple:
    """Return the couple as it stands again from `instant` on, with the present profiles.

    `invite` is the invite by which the two have paired again. `stored` has the couple's stored days that may have been
    open when the couple ended.
    """
    if ended.ended_at is None:
        raise ValueError("only a couple that has ended can be resumed")
    together = replace(
        ended,
        profiles={person.uid: person.profile for person in persons},
        ended_at=None,
        former=frozenset(),
        windows={},
        touch_wanted_by=frozenset(),
        touch_levels={},
        touch_from=None,
        paired_by=invite,
    )
    today = min(local_date(instant, zone) for zone in together.zones)
    couple = with_time_apart(together, today, latest_closed(together, stored, ended.ended_at))
    for person in persons:
        couple = couple.with_person(person, instant)
    return couple
