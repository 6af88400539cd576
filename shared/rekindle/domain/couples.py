"""A couple is two persons, with their choices about packs and their pause."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from rekindle.domain.open_days import latest_date
from rekindle.domain.touch_dates import touch_dates, with_level

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rekindle.domain.days import DayWindow
    from rekindle.domain.ids import CoupleId, InviteId, PackId, Uid, Zone
    from rekindle.domain.persons import Person, Profile
    from rekindle.domain.prompts import Theme
    from rekindle.domain.touch_dates import Levels, TouchDates

A_COUPLE: Final = 2
"""The number of persons in a couple."""
COUNTED_AFTER: Final = dt.timedelta(days=6)
"""The statistics of a pack by code count a couple from this long after it has joined: from its seventh day."""


class Wish(StrEnum):
    """A couple's choice about a pack: turned off, chosen, or joined by its code.

    A couple can turn off a pack only if every couple gets the pack.
    """

    TURNED_OFF = "aside"
    CHOSEN = "chosen"
    JOINED = "joined"


@dataclass(frozen=True, slots=True)
class Pause:
    """A couple's time off. It includes the date `first`, but not the date `until`."""

    first: dt.date
    until: dt.date


@dataclass(frozen=True, slots=True)
class PackWish:
    """A couple's choice about a pack, and the date of the choice. A joined pack gives no prompt before that date."""

    wish: Wish
    since: dt.date


@dataclass(frozen=True, slots=True)
class Couple:
    """Two persons. `profiles` is a copy of both persons' profiles. A write of a profile also writes the copy.

    `first_date` is the earlier of the two dates on the partners' clocks when they paired. `counted_from` is the first
    date that began, for both partners, after they had paired. `themes_met` maps dates of the last weeks to the themes
    of their prompts. For each theme, the map also keeps the latest date, however old. `ended_at` is the instant
    at which they unpaired. A couple that has ended has no profiles. `former` then has the two persons.

    `seed` is random, and decides what is left to chance, such as the order of themes. It is a secret: no person, reply,
    push, log or export gets it. Otherwise a partner could compute the other's private choices from the prompts. A
    couple of version 0.1.0 gets its seed when it opens its next day. Until then, `seed` is its id (`seeded`).

    `joined` has the packs that the couple has ever joined by a code, so that a code counts each couple once. `pause` is
    the latest pause, which may be over. `paused` has the dates of all pauses (`rekindle.domain.pauses`). `paused_by`
    maps each person who has paused to the first date after those that they paused. `pauses_ended` has the persons whose
    pause the partner has ended or shortened, and when. `windows` has the windows that some dates keep after a partner
    has moved to another zone (`rekindle.domain.open_days`). `paired_by` is the invite by which the two paired last. A
    couple that paired under version 0.1.0 has none.

    `touch_wanted_by` has the persons who want touch now. `touch_levels` says what both see
    (`rekindle.domain.touch_dates`). No date up to `touch_settled` changes any more. `touch_from` is the first date on
    which both wanted touch, even if they did not always want it since. It is None if they never did.

    `revision` grows by one with each change of a profile, a theme, a prompt, a pack, a pause or a touch choice. The
    write of such a change fails if `revision` has changed since the read.
    """

    id: CoupleId
    created_at: dt.datetime
    first_date: dt.date
    counted_from: dt.date
    profiles: Mapping[Uid, Profile]
    seed: str = field(repr=False)
    themes_met: Mapping[dt.date, Theme] = field(default_factory=dict)
    windows: Mapping[dt.date, DayWindow] = field(default_factory=dict)
    packs: Mapping[PackId, PackWish] = field(default_factory=dict)
    joined: frozenset[PackId] = frozenset()
    ended_at: dt.datetime | None = None
    former: frozenset[Uid] = frozenset()
    pause: Pause | None = None
    paused: frozenset[dt.date] = frozenset()
    paused_by: Mapping[Uid, dt.date] = field(default_factory=dict)
    pauses_ended: Mapping[Uid, dt.datetime] = field(default_factory=dict)
    touch_wanted_by: frozenset[Uid] = frozenset()
    touch_levels: Levels = field(default_factory=dict)
    touch_settled: dt.date = dt.date.min
    touch_from: dt.date | None = None
    paired_by: InviteId | None = None
    revision: int = 0

    @property
    def zones(self) -> tuple[Zone, ...]:
        """The zones of both partners."""
        return tuple(profile.zone for profile in self.profiles.values())

    @property
    def members(self) -> frozenset[Uid]:
        """The persons who are or were the couple. An erased person is not among them."""
        return self.former | self.profiles.keys()

    def seeded(self, seed: str) -> Couple:
        """Return the couple with a secret seed. Only a couple that has none yet gets `seed`."""
        return replace(self, seed=seed) if self.seed == self.id else self

    def without_choices(self) -> Couple:
        """Return the couple without its profiles, so that nothing of either person can count."""
        return replace(self, profiles={})

    def joins(self, uid: Uid) -> bool:
        """Return whether the couple still stands and this person is one of the two."""
        return self.ended_at is None and uid in self.profiles

    def partner_of(self, uid: Uid) -> Uid:
        """Return the partner of this person."""
        (partner,) = (each for each in self.profiles if each != uid)
        return partner

    def has_just_joined(self, pack: PackId, date: dt.date) -> bool:
        """Return whether the couple joined the pack by its code, and `date` is before its seventh day with the pack."""
        wish = self.packs.get(pack)
        return wish is not None and wish.wish is Wish.JOINED and date < wish.since + COUNTED_AFTER

    def is_foreign_to(self, uid: Uid) -> bool:
        """Return whether the couple has two members, and this person is none of them."""
        return len(self.members) == A_COUPLE and uid not in self.members

    @property
    def touch_dates(self) -> TouchDates | None:
        """The dates on which the couple has touch. None if there are no such dates."""
        return touch_dates(self.touch_levels, self.seed)

    def with_person(self, person: Person, instant: dt.datetime) -> Couple:
        """Return the couple with this person's profile and touch choice, which have changed at `instant`.

        The couple's touch level changes from the next date that neither partner has begun, also in the zone that the
        person leaves.
        """
        others = self.touch_wanted_by - {person.uid}
        wanted_by = others | {person.uid} if person.wants_touch else others
        profiles = {**self.profiles, person.uid: person.profile}
        level = min(each.touch_comfort for each in profiles.values()) if wanted_by == profiles.keys() else 0
        settled = max(self.touch_settled, latest_date({*self.zones, person.profile.zone}, instant))
        had_touch = self.touch_from is not None and self.touch_from <= settled
        return replace(
            self,
            profiles=profiles,
            touch_wanted_by=wanted_by,
            touch_levels=with_level(self.touch_levels, level, settled),
            touch_settled=settled,
            touch_from=self.touch_from if had_touch else settled + dt.timedelta(days=1) if level else None,
        )
