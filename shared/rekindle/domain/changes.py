"""Changes of stored records, to which workers react and which they count.

Most changes hold a record before and after one write. The table's stream delivers each change at least once, sometimes
late. `rekindle.store.stream` turns the stream's entries into these classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from rekindle.domain.days import Day
    from rekindle.domain.ids import CoupleId, Uid
    from rekindle.domain.nudges import Nudge
    from rekindle.domain.pushes import PushKind, Reach


@dataclass(frozen=True, slots=True)
class DayChange:
    """A couple's day before and after a write. `before` is None for a new day. The answers lack their sealed text."""

    persons: frozenset[Uid]
    before: Day | None
    after: Day


@dataclass(frozen=True, slots=True)
class StreakRecord:
    """A couple's complete dates, and their streak (`current`) when the last of the dates was added at `changed_at`."""

    couple: CoupleId
    persons: frozenset[Uid]
    complete: frozenset[dt.date]
    current: int
    changed_at: dt.datetime


@dataclass(frozen=True, slots=True)
class StreakChange:
    """A couple's streak before and after a write. `before` is None for a new streak."""

    before: StreakRecord | None
    after: StreakRecord


@dataclass(frozen=True, slots=True)
class NudgesChange:
    """The latest nudges of one sender before and after a write. `to` is the recipient of the last nudge."""

    to: Uid
    before: tuple[Nudge, ...]
    after: tuple[Nudge, ...]


@dataclass(frozen=True, slots=True)
class OverdueReminder:
    """A reminder whose time on `date` had already passed in the new slot when the person moved it there.

    `due_at` is the instant of that time. The person moved the reminder at `moved_at`. The date ends at `ends_at`.
    """

    uid: Uid
    couple: CoupleId
    kind: PushKind
    date: dt.date
    due_at: dt.datetime
    moved_at: dt.datetime
    ends_at: dt.datetime


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A finished run of a slot's reminders: its name, its date, and its reach by kind."""

    name: str
    date: dt.date
    reach: Mapping[PushKind, Reach]


type Change = DayChange | StreakChange | NudgesChange | OverdueReminder | FinishedRun
