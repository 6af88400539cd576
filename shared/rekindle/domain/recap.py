"""A recap shows what a couple did in a week. It never shows what they missed."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rekindle.domain.calendar import dates
from rekindle.domain.playlist import is_joined, is_wanted
from rekindle.domain.prompts import Audience
from rekindle.domain.streaks import Streak, milestone_crossed, streak_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rekindle.domain.couples import PackWish
    from rekindle.domain.ids import PackId
    from rekindle.domain.playlist import Release
    from rekindle.domain.streaks import History

_ONE_DAY = dt.timedelta(days=1)
_A_WEEK = dt.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Week:
    """The seven dates that begin with `monday`.

    Raises:
        ValueError: `monday` is not a Monday.
    """

    monday: dt.date

    def __post_init__(self) -> None:
        if self.monday.weekday():
            raise ValueError(f"a week begins on a Monday, and {self.monday} is not a Monday")

    def __contains__(self, date: dt.date) -> bool:
        return self.monday <= date <= self.sunday

    @property
    def sunday(self) -> dt.date:
        """The last date of the week."""
        return self.monday + _A_WEEK - _ONE_DAY

    @classmethod
    def of(cls, date: dt.date) -> Week:
        """Return the week of the date."""
        return cls(date - dt.timedelta(days=date.weekday()))

    @classmethod
    def last_before(cls, today: dt.date) -> Week:
        """Return the week before the week of `today`: the latest week that is over."""
        return cls.of(today - _A_WEEK)


@dataclass(frozen=True, slots=True)
class Recap:
    """A couple's week, with the streak at the end of the week. `met` has the complete dates of the week.

    `milestones` has the milestones of the week, such as 30. `longest_grew` is True if the longest run grew in the week.
    """

    met: tuple[dt.date, ...]
    streak: Streak
    milestones: tuple[int, ...]
    longest_grew: bool


def recap_of(week: Week, history: History, open_dates: frozenset[dt.date], today: dt.date) -> Recap:
    """Return the recap of a week. `today` is the latest date that either partner's clock shows.

    Open dates and dates after `today` cannot be missed yet.
    """
    unjudged = open_dates.union(dates(today + _ONE_DAY, week.sunday))
    before, *each_day = [streak_of(history, unjudged, date) for date in dates(week.monday - _ONE_DAY, week.sunday)]
    runs = [before.current, *(streak.current for streak in each_day)]
    crossed = (milestone_crossed(run, after) for run, after in itertools.pairwise(runs))
    ended = each_day[-1]
    return Recap(
        met=tuple(date for date in dates(week.monday, week.sunday) if date in history.complete),
        streak=ended,
        milestones=tuple(days for days in crossed if days),
        longest_grew=ended.longest > before.longest,
    )


def may_be_new(release: Release, wishes: Mapping[PackId, PackWish]) -> bool:
    """Return whether a recap can show the pack as new: the couple gets the pack, or can choose it."""
    return release.audience is Audience.CHOICE or is_wanted(release, wishes)


def available_from(release: Release, first_live: dt.date, wishes: Mapping[PackId, PackWish]) -> dt.date:
    """Return the date from which a couple could have the pack.

    This is the date on which the pack first went live. For a couple that joined the pack by its code after that date,
    return the date of joining.
    """
    return max(first_live, wishes[release.pack].since) if is_joined(release, wishes) else first_live
