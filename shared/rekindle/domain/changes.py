"""Define changes of stored records. `rekindle.store.stream` reads these changes from the table's stream.

`DayChange`, `StreakChange` and `NudgesChange` have a record before and after one write. `CoupleGone` has the deleted
record. All other changes have only the record after the write. The stream can deliver a change more than once, and long
after the write.
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
    """A couple's day before and after a write, without sealed texts and reflections. `before` is None for a new day."""

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
    """A reminder that a person moved at `moved_at`, too late for the new slot to send the reminder for `date`.

    `due_at` is the instant of the new slot's time on `date`. `ends_at` is the end of `date` in the person's zone.
    """

    uid: Uid
    couple: CoupleId
    kind: PushKind
    date: dt.date
    due_at: dt.datetime
    moved_at: dt.datetime
    ends_at: dt.datetime


@dataclass(frozen=True, slots=True)
class DeviceAdded:
    """A new device of a person who has other devices. `target` is the digest of the new device's target."""

    uid: Uid
    target: str
    added_at: dt.datetime


@dataclass(frozen=True, slots=True)
class SignedOut:
    """A person has signed out everywhere, and sign-ins before `at` have ended."""

    uid: Uid
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A finished run. `name` is its shard and date, such as `4f#2026-11-30`. `reach` is the reach by kind of push."""

    name: str
    date: dt.date
    reach: Mapping[PushKind, Reach]


@dataclass(frozen=True, slots=True)
class CoupleEnded:
    """The end of a couple."""

    couple: CoupleId


@dataclass(frozen=True, slots=True)
class PersonErased:
    """A person has erased their account."""

    uid: Uid
    erased_at: dt.datetime


@dataclass(frozen=True, slots=True)
class CoupleGone:
    """The deletion of a couple's own row, some time after the couple ended at `ended_at`."""

    couple: CoupleId
    members: frozenset[Uid]
    ended_at: dt.datetime


type Change = (
    CoupleEnded
    | CoupleGone
    | DayChange
    | DeviceAdded
    | FinishedRun
    | NudgesChange
    | OverdueReminder
    | PersonErased
    | SignedOut
    | StreakChange
)
