"""The playlist decides which theme and which prompt a couple gets on a date.

Both choices are pure functions, so the day's prompt does not depend on who opens the day first.

Themes. A couple meets each theme once in any seven consecutive days. `theme_for` applies three rules:

1. A date does not get a theme that was met within six days before or after it. If a couple opens every day, this rule
   alone repeats the order of their first week.
2. Of the remaining themes, the date gets the one that was not met for longest. So a couple that skips days still meets
   all seven themes, and does not get the same two each weekend. For a theme that answers one of their barriers, the
   time without it counts twice. So this theme comes earlier in the first week, and more often to a couple that skips
   days.
3. The partners' clocks can show different dates, so tomorrow may be opened before today. A date therefore leaves a
   theme for each earlier date that may still be opened. It leaves the theme that can wait longest.

If no prompt of a theme fits the couple (touch, until both allow it), the theme's turn is free. A theme that answers a
barrier gets this turn: it comes twice in seven days, three or four days apart. If the couple has no barrier, the other
themes come again sooner. Ties are decided by an order of the themes that differs from couple to couple.

Prompts. A couple gets prompts from the packs that play for them. A pack that they joined by its code is a course and
comes first. On each of its dates, a course gives a prompt that they have not met: the next in its author's order, or
one of the day's theme. The author's order overrides the rules for themes. The prompt's theme still counts as met, so
that later dates avoid it. A couple meets new prompts of a course only on the course's dates. A prompt of a course that
they have met can come back on other dates, like prompts of other packs. A prompt that they swap counts as met.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from rekindle.domain.couples import Wish
from rekindle.domain.ids import PackId, PromptId
from rekindle.domain.persons import Barrier
from rekindle.domain.prompts import Audience, PromptKind, PromptRef, Theme
from rekindle.errors import NoPromptError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from rekindle.domain.couples import Couple, PackWish
    from rekindle.domain.persons import Profile

type Seen = Mapping[tuple[PackId, PromptId], dt.date]
"""The date on which a couple last met each prompt."""

LEANINGS: Final = MappingProxyType(
    {
        Barrier.STRESS: frozenset({Theme.TIME, Theme.TOUCH}),
        Barrier.COMMUNICATION: frozenset({Theme.LISTENING, Theme.COURAGE}),
        Barrier.VULNERABILITY: frozenset({Theme.OPENNESS, Theme.FEAR}),
        Barrier.NEGLECT: frozenset({Theme.TIME, Theme.SPARK}),
    }
)
"""The themes that answer each barrier."""

_RECENT = dt.timedelta(days=21)  # reaches more than seven days back from the earliest date that can be open
_NEVER = 1_000_000  # days: longer than any theme can have been missed
_STILL_OPENED = 2  # earlier dates that may still be opened: one partner's clock may be up to two dates ahead


@dataclass(frozen=True, slots=True)
class Entry:
    """The facts about a prompt that the playlist needs. `depth` is 1 to 3, `comfort` (with touch) is 0 to 3."""

    ref: PromptRef
    theme: Theme
    kind: PromptKind
    depth: int
    comfort: int


@dataclass(frozen=True, slots=True)
class Course:
    """How a pack plays for couples that joined it by its code.

    With `in_order`, prompts come in the author's order. Without `starts_on` the course starts when a couple joins.
    """

    in_order: bool = False
    starts_on: dt.date | None = None
    every_days: int = 1


@dataclass(frozen=True, slots=True)
class Release:
    """A published version of a pack; `entries` are in the author's order."""

    pack: PackId
    version: int
    audience: Audience
    live_from: dt.datetime
    entries: tuple[Entry, ...]
    course: Course | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A prompt for a couple. `again` means that they have met it before."""

    entry: Entry
    again: bool


@dataclass(frozen=True, slots=True)
class Comfort:
    """Limits of a couple: `depth` 1 to 3, `touch` 0 (none at all) to 3."""

    depth: int
    touch: int


def comfort_of(profiles: Collection[Profile]) -> Comfort:
    """Return the smaller depth and the smaller touch comfort of both partners."""
    return Comfort(
        depth=min(profile.depth for profile in profiles),
        touch=min(profile.touch_comfort for profile in profiles),
    )


def available_themes(entries: Iterable[Entry], comfort: Comfort) -> frozenset[Theme]:
    """Return the themes with at least one prompt that fits the couple."""
    return frozenset(entry.theme for entry in entries if _fits(entry, comfort))


def playing(wishes: Mapping[PackId, PackWish], releases: Iterable[Release], comfort: Comfort) -> tuple[Release, ...]:
    """Return the live releases that play for a couple.

    These are everyone's packs that they have not turned off, the packs that they chose, and the packs that they joined
    by a code. If no prompt of these packs fits them, everyone's packs play, even if they turned them off. So a couple
    always gets a prompt.
    """
    live = tuple(releases)
    wanted = tuple(release for release in live if is_wanted(release, wishes))
    return wanted if _any_fits(wanted, comfort) else _for_everyone(live)


def is_wanted(release: Release, wishes: Mapping[PackId, PackWish]) -> bool:
    """Return whether a couple wants a pack. This depends on the pack's audience and on their choice about it."""
    wish = wishes[release.pack].wish if release.pack in wishes else None
    match release.audience:
        case Audience.EVERYONE:
            return wish is not Wish.TURNED_OFF
        case Audience.CHOICE:
            return wish in {Wish.CHOSEN, Wish.JOINED}
        case Audience.CODE:
            return wish is Wish.JOINED


def is_joined(release: Release, wishes: Mapping[PackId, PackWish]) -> bool:
    """Return whether the pack needs a code and this couple has joined it."""
    return release.audience is Audience.CODE and is_wanted(release, wishes)


def first_turn(course: Course, since: dt.date) -> dt.date:
    """Return the first date of a course for a couple that joined it on the date `since`.

    Turns are counted from the start of the course, so couples that join later have turns on the same dates.
    """
    start = course.starts_on or since
    return max(start, since + dt.timedelta(days=(start - since).days % course.every_days))


def courses_on(date: dt.date, wishes: Mapping[PackId, PackWish], releases: Iterable[Release]) -> tuple[Release, ...]:
    """Return the couple's courses that have a turn on the date, in the order in which they joined them."""
    joined = sorted(
        ((wishes[release.pack].since, release.pack, release) for release in releases if is_joined(release, wishes)),
        key=lambda each: each[:2],
    )
    return tuple(release for since, _, release in joined if _plays_on(date, release.course or Course(), since))


def prompt_on(
    date: dt.date,
    couple: Couple,
    releases: Iterable[Release],
    seen_of: Callable[[Collection[Theme]], Seen],
) -> Offer:
    """Choose the couple's prompt of `date`; the same arguments always give the same prompt.

    `seen_of` reads which prompts of some themes they have met. It is called with the themes of the date's courses, if
    there are any, and then with the day's theme if that is still needed. Raise NoPromptError if no prompt fits them.
    """
    live = tuple(releases)
    comfort, barriers = comfort_of(couple.profiles.values()), _barriers_of(couple)
    courses = courses_on(date, couple.packs, live)
    asked = available_themes((entry for course in courses for entry in course.entries), comfort)
    seen: Seen = seen_of(asked) if asked else {}
    for course in courses:
        unmet = [entry for entry in course.entries if _fits(entry, comfort) and _name(entry) not in seen]
        if unmet and course.course and course.course.in_order:
            return Offer(unmet[0], again=False)
        if unmet:
            theme = theme_for(date, couple.themes_met, available_themes(unmet, comfort), barriers, couple.id)
            return Offer(prompt_for(theme, unmet, seen, comfort, couple.id), again=False)
    everyday = _everyday(couple.packs, live, comfort)
    theme = theme_for(date, couple.themes_met, available_themes(everyday, comfort), barriers, couple.id)
    if theme not in asked:
        seen = seen_of([theme])
    entry = prompt_for(theme, [*everyday, *_met_of_courses(couple.packs, live, seen)], seen, comfort, couple.id)
    return Offer(entry, again=_name(entry) in seen)


def another_prompt(
    theme: Theme, but: PromptRef, couple: Couple, releases: Iterable[Release], seen: Seen
) -> Offer | None:
    """Choose the prompt of the same theme that replaces the prompt `but`. Return None if there is no other prompt.

    A course without an order replaces its prompt by another unmet prompt of the course, if it has one. A course with an
    order keeps its next prompt for its next date, so a prompt of another pack replaces this one.
    """
    live = tuple(releases)
    comfort = comfort_of(couple.profiles.values())
    own = [
        entry
        for release in live
        if release.pack == but.pack and is_joined(release, couple.packs)
        if not (release.course and release.course.in_order)
        for entry in release.entries
        if _name(entry) not in seen
    ]
    others = [*_everyday(couple.packs, live, comfort), *_met_of_courses(couple.packs, live, seen)]
    for entries in (own, others):
        left = [entry for entry in entries if _name(entry) != (but.pack, but.prompt)]
        if theme in available_themes(left, comfort):
            entry = prompt_for(theme, left, seen, comfort, couple.id)
            return Offer(entry, again=_name(entry) in seen)
    return None


def theme_for(
    date: dt.date,
    met: Mapping[dt.date, Theme],
    available: Collection[Theme],
    barriers: Collection[Barrier],
    seed: str,
) -> Theme:
    """Choose the theme of `date` for a couple whose other dates have the themes in `met`.

    `seed` decides ties, and is the id of the couple. The same arguments always give the same theme. Raise NoPromptError
    if no theme is available.
    """
    if not available:
        raise NoPromptError("no theme has a prompt that fits this couple")
    order = sorted(available, key=lambda theme: shuffled(seed, theme))
    leaning = frozenset(theme for barrier in barriers for theme in LEANINGS[barrier])
    rhythm = _Rhythm(
        met={day.toordinal(): theme for day, theme in met.items()},
        order=order,
        leaning=leaning,
        shares=_shares(order, leaning),
    )
    return rhythm.theme_of(date.toordinal())


def forgettable(met: Mapping[dt.date, Theme], date: dt.date) -> frozenset[dt.date]:
    """Return the dates of `met` that no longer affect the theme of `date` or of another open date.

    The dates of the last three weeks and the latest date of each theme can still affect a theme.
    """
    latest = {theme: day for day, theme in sorted(met.items())}
    return frozenset(day for day, theme in met.items() if day < date - _RECENT and day != latest[theme])


def prompt_for(
    theme: Theme,
    entries: Iterable[Entry],
    seen: Seen,
    comfort: Comfort,
    seed: str,
) -> Entry:
    """Choose the next prompt of `theme` for a couple that last saw prompts on the dates in `seen`.

    Prompts that they never saw come first, lower depth before higher. If they saw all prompts, the one seen longest ago
    comes. A new version of a pack does not make its prompts new. `seed` decides ties, and is the id of the couple.
    Raise NoPromptError if no prompt of the theme fits.
    """

    def rank(entry: Entry) -> tuple[dt.date, int, bytes]:
        name = _name(entry)
        last_seen = seen.get(name)
        if last_seen is None:
            return dt.date.min, entry.depth, shuffled(seed, *name)
        return last_seen, 0, shuffled(seed, *name)

    fitting = (entry for entry in entries if entry.theme == theme and _fits(entry, comfort))
    chosen = min(fitting, key=rank, default=None)
    if chosen is None:
        raise NoPromptError(f"no prompt on {theme} fits this couple")
    return chosen


@dataclass(frozen=True, slots=True)
class _Rhythm:
    """The order of a couple's themes. Dates are ordinals; `shares` is how often each theme comes in a span."""

    met: Mapping[int, Theme]
    order: list[Theme]
    leaning: frozenset[Theme]
    shares: Mapping[Theme, int]

    @property
    def span(self) -> int:
        return sum(self.shares.values())

    def theme_of(self, date: int) -> Theme:
        planned = dict(self.met)
        for earlier in range(date - _STILL_OPENED, date):
            if earlier not in planned:
                free = [theme for theme in self.order if not any(self._obstacles(theme, earlier, planned))]
                if free:
                    planned[earlier] = max(free, key=lambda theme: self._patience(theme, earlier))
        return min(self.order, key=lambda theme: (*self._obstacles(theme, date, planned), *self._patience(theme, date)))

    def _obstacles(self, theme: Theme, date: int, planned: Mapping[int, Theme]) -> tuple[bool, int, int, bool]:
        """Return the reasons against `theme` on `date`, the strongest first. False or zero means that one is absent."""
        nearest = min((abs(date - day) for day in self._around(date) if planned.get(day) == theme), default=self.span)
        return (
            theme in (self.met.get(date - 1), self.met.get(date + 1)),
            self._excess(theme, date, self.met),
            self._excess(theme, date, planned),
            nearest < self.span // self.shares[theme],
        )

    def _excess(self, theme: Theme, date: int, days: Mapping[int, Theme]) -> int:
        """Return by how much `theme` on `date` would exceed its share in the fullest span around the date."""
        taken = [day for day in self._around(date) if days.get(day) == theme]
        if len(taken) < self.shares[theme]:
            return 0
        span = self.span
        fullest = max(sum(first <= day < first + span for day in taken) for first in range(date - span + 1, date + 1))
        return max(0, fullest + 1 - self.shares[theme])

    def _around(self, date: int) -> list[int]:
        return [day for day in range(date - self.span + 1, date + self.span) if day != date]

    def _patience(self, theme: Theme, date: int) -> tuple[bool, int, int]:
        """Return a sort key for `theme` on `date`. The theme that can wait least comes first."""
        missed_for = min((abs(date - day) for day, known in self.met.items() if known == theme), default=_NEVER)
        share = self.shares[theme]
        # A theme that comes more than once in a span has to come in time, or its next turns would crowd together.
        is_due = share > 1 and self.span <= missed_for * share < self.span * share
        return (not is_due, -missed_for * (2 if theme in self.leaning else 1), self.order.index(theme))


def _shares(order: list[Theme], leaning: frozenset[Theme]) -> dict[Theme, int]:
    """Return how many turns each theme has in a span.

    Each available theme has one turn. Themes that answer a barrier also get the turns of the unavailable themes.
    """
    shares = dict.fromkeys(order, 1)
    favored = [theme for theme in order if theme in leaning]
    for turn in range(len(Theme) - len(order) if favored else 0):
        shares[favored[turn % len(favored)]] += 1
    return shares


def _plays_on(date: dt.date, course: Course, since: dt.date) -> bool:
    first = first_turn(course, since)
    return date >= first and (date - first).days % course.every_days == 0


def _everyday(wishes: Mapping[PackId, PackWish], live: Sequence[Release], comfort: Comfort) -> list[Entry]:
    """Return the prompts of the couple's packs that are not courses.

    If none of them fits the couple, return the prompts of everyone's packs, or else those of the couple's courses.
    """
    own = playing(wishes, live, comfort)
    choices = [release for release in own if release.audience is not Audience.CODE], _for_everyone(live), own
    releases = next((each for each in choices if _any_fits(each, comfort)), ())
    return [entry for release in releases for entry in release.entries]


def _met_of_courses(wishes: Mapping[PackId, PackWish], live: Sequence[Release], seen: Seen) -> list[Entry]:
    return [
        entry for release in live if is_joined(release, wishes) for entry in release.entries if _name(entry) in seen
    ]


def _for_everyone(releases: Iterable[Release]) -> tuple[Release, ...]:
    return tuple(release for release in releases if release.audience is Audience.EVERYONE)


def _any_fits(releases: Iterable[Release], comfort: Comfort) -> bool:
    return any(_fits(entry, comfort) for release in releases for entry in release.entries)


def _barriers_of(couple: Couple) -> frozenset[Barrier]:
    return frozenset(barrier for profile in couple.profiles.values() for barrier in profile.barriers)


def _name(entry: Entry) -> tuple[PackId, PromptId]:
    return entry.ref.pack, entry.ref.prompt


def _fits(entry: Entry, comfort: Comfort) -> bool:
    touches = entry.kind is PromptKind.TOUCH
    return entry.depth <= comfort.depth and max(entry.comfort, int(touches)) <= comfort.touch


def shuffled(seed: str, *name: str) -> bytes:
    """Return a sort key for names. Each seed, such as a couple's id, gives another order."""
    return hashlib.sha256("\n".join((seed, *name)).encode()).digest()
