"""Changes of stored records. Workers react to these changes, and count some of them.

Three of the classes hold a record before and after one write. `OverdueReminder` and `FinishedRun` hold only the record
after the write. The table's stream can deliver a change more than once, and long after the write.
`rekindle.store.stream` turns the stream's entries into these classes.
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
    """A couple's complete dates.

    `changed_at` is the instant at which a date was last added. `current` is the streak at that instant.
    """

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
    """The latest nudges of one sender before and after a write. `to` is the recipient of the newest nudge."""

    to: Uid
    before: tuple[Nudge, ...]
    after: tuple[Nudge, ...]


@dataclass(frozen=True, slots=True)
class OverdueReminder:
    """A person moved a reminder to a slot after the slot's time on `date` had passed.

    The slot's time on `date` was at the instant `due_at`. The person moved the reminder at `moved_at`. The date ends
    at `ends_at`.
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
    """A finished run of a slot's reminders: its name, its date, and the reach of each kind of reminder."""

    name: str
    date: dt.date
    reach: Mapping[PushKind, Reach]


type Change = DayChange | StreakChange | NudgesChange | OverdueReminder | FinishedRun
