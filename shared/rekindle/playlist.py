"""The playlist: which theme a couple meets on a date, and which prompt of it.

Both are pure functions of what the couple has met and seen, so that the day comes out the same whoever opens it first.

A couple meets each theme once in every seven days: in any seven that follow each other, not only in calendar weeks.
`theme_for` keeps that by three rules.

1. A date takes none of the themes met within six days of it, before or after. For a couple that is served every day
   this alone makes the order of their first week come round for ever: any other order would bring one of the themes
   back too soon.
2. Of the themes left it takes the one missed longest. So a couple that leaves days out still goes through all seven,
   and does not meet the same two each weekend. A theme that a barrier leans to counts as missed twice as long: it comes
   first in the first week, and more often to a couple that leaves days out.
3. Two partners' clocks can show different dates, so tomorrow may be served before today. A date therefore leaves a
   theme for each earlier date that may still be served: the one that can wait longest.

Themes without a prompt for this couple (touch, until both allow it) leave room. It goes to what a barrier leans to,
which then comes twice in seven days, three or four days apart; without a barrier the other themes come round sooner.
Ties are broken by an order of the couple's own.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from rekindle.errors import NoPromptError
from rekindle.models import Audience, Barrier, PackId, PromptId, PromptKind, PromptRef, Theme

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from rekindle.models import Profile

LEANINGS: Final = MappingProxyType(
    {
        Barrier.STRESS: frozenset({Theme.TIME, Theme.TOUCH}),
        Barrier.COMMUNICATION: frozenset({Theme.LISTENING, Theme.COURAGE}),
        Barrier.VULNERABILITY: frozenset({Theme.OPENNESS, Theme.FEAR}),
        Barrier.NEGLECT: frozenset({Theme.TIME, Theme.SPARK}),
    }
)
"""The themes that answer what gets in the way."""

_RECENT = dt.timedelta(days=21)  # more than a span of days before the earliest date that can still be open
_NEVER = 1_000_000  # days: longer than any theme can have been missed
_STILL_SERVED = 2  # dates: clocks differ by up to 26 hours, so one partner's date may be two ahead of the other's


@dataclass(frozen=True, slots=True)
class Entry:
    """What the playlist knows of a prompt: `depth` is 1 to 3, `comfort` (with touch) 0 to 3."""

    ref: PromptRef
    theme: Theme
    kind: PromptKind
    depth: int
    comfort: int


@dataclass(frozen=True, slots=True)
class Course:
    """How a pack plays for couples that have its code: in its author's order or not, from when, every how many days.

    Without `starts_on` it plays as soon as a couple joins.
    """

    in_order: bool = False
    starts_on: dt.date | None = None
    every_days: int = 1


@dataclass(frozen=True, slots=True)
class Release:
    """A published version of a pack as the playlist knows it; `entries` are in the author's order."""

    pack: PackId
    version: int
    audience: Audience
    live_from: dt.datetime
    entries: tuple[Entry, ...]
    course: Course | None = None


@dataclass(frozen=True, slots=True)
class Comfort:
    """How far a couple goes: `depth` 1 to 3, `touch` 0 (none at all) to 3."""

    depth: int
    touch: int


def comfort_of(profiles: Collection[Profile]) -> Comfort:
    """What both partners are at ease with: of each measure the smaller, whoever set it."""
    return Comfort(
        depth=min(profile.depth for profile in profiles),
        touch=min(profile.touch_comfort for profile in profiles),
    )


def available_themes(entries: Iterable[Entry], comfort: Comfort) -> frozenset[Theme]:
    """The themes of which at least one prompt fits the couple."""
    return frozenset(entry.theme for entry in entries if _fits(entry, comfort))


def theme_for(
    date: dt.date,
    met: Mapping[dt.date, Theme],
    available: Collection[Theme],
    barriers: Collection[Barrier],
    seed: str,
) -> Theme:
    """The theme of `date` for a couple that meets, on other dates, the themes in `met`.

    `seed` is the couple's own; the same arguments always give the same theme. Raises NoPromptError if no theme is
    available.
    """
    if not available:
        raise NoPromptError("no theme has a prompt that fits this couple")
    order = sorted(available, key=lambda theme: _shuffled(seed, theme))
    leaning = frozenset(theme for barrier in barriers for theme in LEANINGS[barrier])
    rhythm = _Rhythm(
        met={day.toordinal(): theme for day, theme in met.items()},
        order=order,
        leaning=leaning,
        shares=_shares(order, leaning),
    )
    return rhythm.theme_of(date.toordinal())


def forgettable(met: Mapping[dt.date, Theme], date: dt.date) -> frozenset[dt.date]:
    """The dates of `met` that no longer bear on the theme of `date`, nor of any date that is open beside it.

    What remains is the last three weeks, and the latest date of each theme.
    """
    latest = {theme: day for day, theme in sorted(met.items())}
    return frozenset(day for day, theme in met.items() if day < date - _RECENT and day != latest[theme])


def prompt_for(
    theme: Theme,
    entries: Iterable[Entry],
    seen: Mapping[tuple[PackId, PromptId], dt.date],
    comfort: Comfort,
    seed: str,
) -> Entry:
    """The next prompt of `theme` for a couple that last saw, on the dates given, the prompts in `seen`.

    A prompt never seen comes first, the gentlest depth before deeper ones; when all are seen, the one seen longest
    ago. A new version of a pack does not make its prompts new. Ties are broken by an order of the couple's own, which
    `seed` stands for. Raises NoPromptError if no prompt of the theme fits.
    """

    def rank(entry: Entry) -> tuple[dt.date, int, bytes]:
        name = (entry.ref.pack, entry.ref.prompt)
        last_seen = seen.get(name)
        if last_seen is None:
            return dt.date.min, entry.depth, _shuffled(seed, *name)
        return last_seen, 0, _shuffled(seed, *name)

    fitting = (entry for entry in entries if entry.theme == theme and _fits(entry, comfort))
    chosen = min(fitting, key=rank, default=None)
    if chosen is None:
        raise NoPromptError(f"no prompt on {theme} fits this couple")
    return chosen


@dataclass(frozen=True, slots=True)
class _Rhythm:
    """How a couple's themes come round; dates are ordinals, and `shares` says how often a theme comes in a span."""

    met: Mapping[int, Theme]
    order: list[Theme]
    leaning: frozenset[Theme]
    shares: Mapping[Theme, int]

    @property
    def span(self) -> int:
        return sum(self.shares.values())

    def theme_of(self, date: int) -> Theme:
        planned = dict(self.met)
        for earlier in range(date - _STILL_SERVED, date):
            if earlier not in planned:
                free = [theme for theme in self.order if not any(self._obstacles(theme, earlier, planned))]
                if free:
                    planned[earlier] = max(free, key=lambda theme: self._patience(theme, earlier))
        return min(self.order, key=lambda theme: (*self._obstacles(theme, date, planned), *self._patience(theme, date)))

    def _obstacles(self, theme: Theme, date: int, planned: Mapping[int, Theme]) -> tuple[bool, int, int, bool]:
        """What speaks against `theme` on `date`, the weightiest first; all false or zero if nothing does."""
        nearest = min((abs(date - day) for day in self._around(date) if planned.get(day) == theme), default=self.span)
        return (
            theme in (self.met.get(date - 1), self.met.get(date + 1)),
            self._excess(theme, date, self.met),
            self._excess(theme, date, planned),
            nearest < self.span // self.shares[theme],
        )

    def _excess(self, theme: Theme, date: int, days: Mapping[int, Theme]) -> int:
        """By how much `theme` on `date` would overfill the fullest of the spans that the date is in."""
        taken = [day for day in self._around(date) if days.get(day) == theme]
        fullest = max(
            sum(first <= day < first + self.span for day in taken) for first in range(date - self.span + 1, date + 1)
        )
        return max(0, fullest + 1 - self.shares[theme])

    def _around(self, date: int) -> list[int]:
        return [day for day in range(date - self.span + 1, date + self.span) if day != date]

    def _patience(self, theme: Theme, date: int) -> tuple[bool, int, int]:
        """How well `theme` can wait on `date`, least patient first."""
        missed_for = min((abs(date - day) for day, known in self.met.items() if known == theme), default=_NEVER)
        share = self.shares[theme]
        # A theme that comes more than once in a span has to come in time, or its next turns would crowd together.
        is_due = share > 1 and self.span <= missed_for * share < self.span * share
        return (not is_due, -missed_for * (2 if theme in self.leaning else 1), self.order.index(theme))


def _shares(order: list[Theme], leaning: frozenset[Theme]) -> dict[Theme, int]:
    """One turn for each theme, and the room of those that are not available to the ones a barrier leans to."""
    shares = dict.fromkeys(order, 1)
    favoured = [theme for theme in order if theme in leaning]
    for turn in range(len(Theme) - len(order) if favoured else 0):
        shares[favoured[turn % len(favoured)]] += 1
    return shares


def _fits(entry: Entry, comfort: Comfort) -> bool:
    touches = entry.kind is PromptKind.TOUCH
    return entry.depth <= comfort.depth and max(entry.comfort, int(touches)) <= comfort.touch


def _shuffled(seed: str, *name: str) -> bytes:
    return hashlib.sha256("\n".join((seed, *name)).encode()).digest()
