"""The playlist decides which theme and which prompt a couple gets on a date.

Both choices are pure functions, so the day's prompt does not depend on who opens the day first.

Private choices. Each partner sees the prompts, and knows the packs and these rules. Neither may learn from the prompts
what the other has chosen. Three rules ensure this:

1. What the rules leave to chance depends on the couple's secret seed (`Couple.seed`).
2. In its first four weeks, every couple gets easy prompts without touch, whatever the two have chosen (`comfort_on`).
   Afterwards, the smaller choice of both counts. A swap always gives an easy prompt without touch (`another_prompt`).
3. Of barriers, only a noisy copy counts (`leaning_barriers`). On a date that has closed unopened, nothing of the two
   persons counts (`Couple.without_choices`).

Themes. If a couple opens every day, they should meet each theme once in any seven consecutive days. `theme_for`
applies three rules. If the rules leave no theme, the date gets the theme that fits the rules best.

1. A date does not get a theme that the couple met within six days before or after this date. If they open every day,
   this rule alone repeats the order of their first week.
2. Of the remaining themes, the date gets the theme that they have not met for the longest time. So a couple that skips
   days still meets all seven themes. A couple that opens only on weekends does not get the same two themes each time.
   If a theme helps with a barrier that counts, such as stress, the time without this theme counts twice. So this theme
   comes at the beginning of their first week. If the couple skips days, this theme comes more often than others.
3. The partners' clocks can show different dates, so somebody may open Wednesday before anybody opens Tuesday. So the
   choice for Wednesday first looks at Monday and Tuesday. For each of the two that nobody has opened yet, the choice
   reserves a theme: the theme that can wait longest.

If no prompt of a theme fits the couple, the theme's turn is free. For example, their packs may have no touch prompt for
couples that want no touch. A theme that helps with a barrier that counts gets the free turn. So this theme can come
twice in seven days, three or four days apart. If no barrier counts, the other themes come again after fewer than seven
days. If the rules rank two themes equally, an order that depends on the couple's seed decides.

Prompts. A pack that a couple joined by its code is a course. A course has turns on some dates. On such a date, the
couple gets a prompt of the course that they have not met. If the course has an order, this is the next prompt in the
author's order, whatever its theme. Otherwise, the rules choose one of the themes of the course's unmet prompts, as if
no barrier counted. In both cases the theme counts as met, so the dates around this date avoid the theme. On all other
dates, or after the last new prompt of the course, the couple gets a prompt of their other packs. If no such prompt fits
them, they get a prompt of the packs for everyone, even if they turned these packs off. If still no prompt fits, they
get a prompt of the course. A met prompt of the course can come back, like prompts of other packs. A prompt that they
swap counts as met.
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
from rekindle.domain.touch_dates import calm_on, derived_seed, touch_seed
from rekindle.errors import NoPromptError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from rekindle.domain.couples import Couple, PackWish
    from rekindle.domain.ids import Uid
    from rekindle.domain.persons import Profile

type Seen = Mapping[tuple[PackId, PromptId], dt.date]
"""Each met prompt of a couple, with the date on which they last met it."""

LEANINGS: Final = MappingProxyType(
    {
        Barrier.STRESS: frozenset({Theme.TIME, Theme.TOUCH}),
        Barrier.COMMUNICATION: frozenset({Theme.LISTENING, Theme.COURAGE}),
        Barrier.VULNERABILITY: frozenset({Theme.OPENNESS, Theme.FEAR}),
        Barrier.NEGLECT: frozenset({Theme.TIME, Theme.SPARK}),
    }
)
"""For each barrier, the themes that help with it."""

FIRST_STEPS: Final = dt.timedelta(weeks=4)
"""For this long from its first date on, every couple gets the prompts of a couple with the smallest choices."""

COUNTS_IF_CHOSEN: Final = 0.35
COUNTS_ANYWAY: Final = 0.25
"""The probability that a barrier counts for a person, if they have chosen it and if they have not.

From all that these four yes-or-no facts about a person show, the best guess which of the 16 sets of barriers the person
has chosen is right with a probability of 1/16 times ((0.35 + 1 - 0.25) ** 4), which is 1.1 ** 4 or 1.46 times chance.
Larger probabilities would let nearly all barriers count. Then the playlist would lean to all themes, so to none.
"""

_WEEK_BEGINS: Final = 1 / 28
"""The probability that a week in which a barrier counts for everybody begins on a date."""
_WEEK: Final = 7

_RECENT = dt.timedelta(days=21)  # more than enough: a choice looks back 8 days, and open dates are close together
_NEVER = 1_000_000  # days: longer than any couple can go without a theme
_STILL_OPENED = 2  # dates: clocks can be two dates apart, so somebody may open Wednesday before Monday and Tuesday


@dataclass(frozen=True, slots=True)
class Entry:
    """The facts that the playlist needs about a prompt.

    `depth` is how personal the prompt is, from 1 to 3. `comfort` is how much touch it asks for, from 0 to 3.
    """

    ref: PromptRef
    theme: Theme
    kind: PromptKind
    depth: int
    comfort: int


@dataclass(frozen=True, slots=True)
class Course:
    """Settings of a pack for couples that joined it by its code.

    With `in_order`, prompts come in the author's order. Without `starts_on`, a couple starts when they join.
    Every `every_days` days, the course has a turn: it gives the couple's prompt of the date.
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
    """A prompt for a couple. `again` means that they have already met the prompt on another day."""

    entry: Entry
    again: bool


@dataclass(frozen=True, slots=True)
class Comfort:
    """Limits for a couple's prompts: `depth` is 1 to 3, `touch` is 0 (no touch at all) to 3."""

    depth: int
    touch: int


SMALLEST: Final = Comfort(depth=1, touch=0)
"""The limits that fit everybody."""


def comfort_of(profiles: Collection[Profile]) -> Comfort:
    """Return the smallest depth and the smallest touch comfort of these persons. Without persons, return SMALLEST."""
    return Comfort(
        depth=min((profile.depth for profile in profiles), default=SMALLEST.depth),
        touch=min((profile.touch_comfort for profile in profiles), default=SMALLEST.touch),
    )


def comfort_on(date: dt.date, couple: Couple) -> Comfort:
    """Return the couple's limits on `date`: the smaller choices of both, after the first four weeks.

    In its first four weeks, every couple has the smallest limits. So its prompts show nothing of what the two chose.
    Later, every couple has calm phases, which begin at random and have smaller limits (`rekindle.domain.touch_dates`).
    When a partner lowers a choice, it looks like the beginning of a calm phase.
    """
    if date < couple.first_date + FIRST_STEPS:
        return SMALLEST
    chosen = comfort_of(couple.profiles.values())
    return Comfort(
        depth=min(chosen.depth, max(SMALLEST.depth, calm_on(derived_seed(couple.seed, "depth"), date))),
        touch=min(chosen.touch, calm_on(touch_seed(couple.seed), date)),
    )


def leaning_barriers(date: dt.date, couple: Couple) -> frozenset[Barrier]:
    """Return the barriers that count for the couple on `date`: a noisy copy of those that the partners have chosen.

    Chance decides once whether a barrier counts for a person. It counts more often if the person has chosen it
    (`COUNTS_IF_CHOSEN`) than if not (`COUNTS_ANYWAY`). As each person has their own chance, a change of one's own
    barriers shows nothing of the partner's. As chance decides only once, more dates do not show more.

    Besides, each barrier counts in some weeks that depend on chance alone. So a theme that begins or stops to come more
    often is no sign that somebody has changed their choice.
    """
    return frozenset(
        barrier
        for barrier in Barrier
        if _in_a_week_of_chance(date, couple.seed, barrier)
        or any(_counts_for(uid, profile, barrier, couple.seed) for uid, profile in couple.profiles.items())
    )


def available_themes(entries: Iterable[Entry], comfort: Comfort) -> frozenset[Theme]:
    """Return the themes with at least one prompt that fits the couple."""
    return frozenset(entry.theme for entry in entries if _fits(entry, comfort))


def playing(wishes: Mapping[PackId, PackWish], releases: Iterable[Release]) -> tuple[Release, ...]:
    """Return the live releases that a couple has.

    These are the packs for everyone that they have not turned off, the packs that they chose, and the packs that they
    joined by a code. If there is no such pack, return all packs for everyone, even turned-off packs. The result shows
    nothing of the partners' depth and touch comfort.
    """
    live = tuple(releases)
    return tuple(release for release in live if is_wanted(release, wishes)) or _for_everyone(live)


def is_wanted(release: Release, wishes: Mapping[PackId, PackWish]) -> bool:
    """Return whether a couple wants a pack. This depends on the pack's audience and on the couple's wish."""
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
    """Return the date of a course's first turn for a couple that joined it on `since`.

    If the course has a start date, all its couples have turns on the same dates, counted from the start date.
    """
    start = course.starts_on or since
    return max(start, since + dt.timedelta(days=(start - since).days % course.every_days))


def courses_on(date: dt.date, wishes: Mapping[PackId, PackWish], releases: Iterable[Release]) -> tuple[Release, ...]:
    """Return the couple's courses that have a turn on the date. The course that they joined first comes first."""
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

    `seen_of` returns the couple's met prompts of the given themes. This function calls it at most twice: for
    the themes of the date's courses, and for the day's theme. Raise NoPromptError if no prompt fits the couple.
    """
    live = tuple(releases)
    comfort, barriers = comfort_on(date, couple), leaning_barriers(date, couple)
    courses = courses_on(date, couple.packs, live)
    asked = available_themes((entry for course in courses for entry in course.entries), comfort)
    seen: Seen = seen_of(asked) if asked else {}
    for course in courses:
        unmet = [entry for entry in course.entries if _fits(entry, comfort) and _name(entry) not in seen]
        if unmet and course.course and course.course.in_order:
            return Offer(unmet[0], again=False)
        if unmet:
            theme = theme_for(date, couple.themes_met, available_themes(unmet, comfort), (), couple.seed)
            return Offer(prompt_for(theme, unmet, seen, comfort, couple.seed), again=False)
    everyday = _everyday(couple.packs, live, comfort)
    if not everyday:
        # No pack has a prompt for the first weeks or for a calm phase. A day without a prompt would be worse than a
        # sign of what both allow.
        comfort = comfort_of(couple.profiles.values())
        everyday = _everyday(couple.packs, live, comfort)
    theme = theme_for(date, couple.themes_met, available_themes(everyday, comfort), barriers, couple.seed)
    if theme not in asked:
        seen = seen_of([theme])
    entry = prompt_for(theme, [*everyday, *_met_of_courses(couple.packs, live, seen)], seen, comfort, couple.seed)
    return Offer(entry, again=_name(entry) in seen)


def another_prompt(
    theme: Theme, but: PromptRef, couple: Couple, releases: Iterable[Release], seen: Seen
) -> Offer | None:
    """Choose the prompt of `theme` that replaces the prompt `but`. Return None if there is no other prompt.

    The new prompt is easy and asks for no touch, whatever the partners have chosen. So it fits a partner who has just
    chosen smaller limits, and does not show that they did.

    If `but` is from a course without an order, choose an unmet prompt of this course, if there is one. A course with an
    order keeps its unmet prompts for its next dates. In all other cases, choose among the everyday prompts
    (`_everyday`) and the course prompts that the couple has met.
    """
    live, comfort = tuple(releases), SMALLEST
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
            entry = prompt_for(theme, left, seen, comfort, couple.seed)
            return Offer(entry, again=_name(entry) in seen)
    return None


def theme_for(
    date: dt.date,
    met: Mapping[dt.date, Theme],
    available: Collection[Theme],
    barriers: Collection[Barrier],
    seed: str,
) -> Theme:
    """Choose the theme of `date` for a couple.

    `met` has the themes of the couple's other dates. `seed` is the couple's, or the id of a person in no couple. The
    seed decides ties, so the same arguments always give the same theme. Raise NoPromptError if no theme is available.
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
    """Return the dates of `met` that cannot affect the theme of an open date.

    These are the dates more than three weeks before `date`, except the latest date of each theme.
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
    """Choose the next prompt of `theme` for a couple. `seen` has the prompts that they have met.

    If there are prompts that they never met, choose one with the lowest depth. If they have met all prompts, choose the
    prompt that they met longest ago. A prompt that they met in an old version of a pack is not new in a new version.
    `seed` decides ties: the couple's, or the id of a person in no couple. Raise NoPromptError if no prompt of the
    theme fits.
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
    """Chooses the themes of a couple's dates. Dates are ordinals.

    `shares` is the number of turns of each theme in a span. A span is a series of dates, usually seven, with one date
    for each turn.
    """

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
        """Return the reasons against `theme` on `date`, the strongest first. An absent reason is False or 0."""
        nearest = min((abs(date - day) for day in self._around(date) if planned.get(day) == theme), default=self.span)
        return (
            theme in (self.met.get(date - 1), self.met.get(date + 1)),
            self._excess(theme, date, self.met),
            self._excess(theme, date, planned),
            nearest < self.span // self.shares[theme],
        )

    def _excess(self, theme: Theme, date: int, days: Mapping[int, Theme]) -> int:
        """Return by how many turns `theme` would exceed its share if `date` got this theme.

        Of all spans with this date, use the span with the most turns of the theme.
        """
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
        # A theme that comes more than once in a span must not come late, or its turns would be too close together.
        is_due = share > 1 and self.span <= missed_for * share < self.span * share
        return (not is_due, -missed_for * (2 if theme in self.leaning else 1), self.order.index(theme))


def _shares(order: list[Theme], leaning: frozenset[Theme]) -> dict[Theme, int]:
    """Return how many turns each theme has in a span.

    Each available theme has one turn. Themes that help with a barrier also get the turns of the unavailable themes.
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

    If no such prompt fits the couple, return the prompts of all packs for everyone. If still no prompt fits, return the
    prompts of the couple's courses.
    """
    own = playing(wishes, live)
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


def _counts_for(uid: Uid, profile: Profile, barrier: Barrier, seed: str) -> bool:
    probability = COUNTS_IF_CHOSEN if barrier in profile.barriers else COUNTS_ANYWAY
    return _chance(seed, "counts", uid, barrier) < probability


def _in_a_week_of_chance(date: dt.date, seed: str, barrier: Barrier) -> bool:
    return any(
        _chance(seed, "week", barrier, str(date - dt.timedelta(days=days))) < _WEEK_BEGINS for days in range(_WEEK)
    )


def _chance(seed: str, *name: str) -> float:
    """Return a number from 0 to just below 1 that looks random, and is always the same for a name and a seed."""
    return int.from_bytes(shuffled(seed, *name)[:6]) / 2**48


def _name(entry: Entry) -> tuple[PackId, PromptId]:
    return entry.ref.pack, entry.ref.prompt


def _fits(entry: Entry, comfort: Comfort) -> bool:
    touches = entry.kind is PromptKind.TOUCH
    return entry.depth <= comfort.depth and max(entry.comfort, int(touches)) <= comfort.touch


def shuffled(seed: str, *name: str) -> bytes:
    """Return a sort key for a name. Each seed, such as a couple's, gives a different order of the names."""
    return hashlib.sha256("\n".join((seed, *name)).encode()).digest()
