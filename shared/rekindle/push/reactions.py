"""Decide what follows from a change of a stored record: which jobs to enqueue, and which day has become complete.

The reaction never depends on the text of an answer or the gesture of a nudge.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rekindle.accounts import RevokeJob
from rekindle.cleanup import EndedJob, EraseJob, RestJob
from rekindle.domain.changes import (
    CoupleEnded,
    CoupleGone,
    DayChange,
    DeviceAdded,
    NudgesChange,
    OverdueReminder,
    PersonErased,
    SignedOut,
    StreakChange,
)
from rekindle.domain.couples import A_COUPLE
from rekindle.domain.pushes import PushKind
from rekindle.domain.streaks import milestone_crossed
from rekindle.push.jobs import NewDeviceJob, PersonJob

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rekindle.accounts import AccountJob
    from rekindle.cleanup import CleanupJob
    from rekindle.domain.changes import Change
    from rekindle.domain.ids import CoupleId


@dataclass(frozen=True, slots=True)
class Completed:
    """A day that both partners have answered. `instant` is the instant of the later answer."""

    couple: CoupleId
    date: dt.date
    instant: dt.datetime


@dataclass(frozen=True, slots=True)
class Reaction:
    """The jobs of each queue that follow from a change, and the day that the change completed."""

    jobs: tuple[PersonJob | NewDeviceJob, ...] = ()
    completed: Completed | None = None
    cleanup: tuple[CleanupJob, ...] = ()
    accounts: tuple[AccountJob, ...] = ()


NOTHING: Final = Reaction()


def reaction_to(change: Change | None) -> Reaction:  # noqa: PLR0911  each kind of change has its own branch
    """Return the reaction to a change. On the phone, the pushes of a repeated change replace the first pushes."""
    match change:
        case DayChange():
            return _to_answers(change)
        case StreakChange():
            return Reaction(tuple(_milestone_jobs(change)))
        case NudgesChange():
            return Reaction(tuple(_nudge_jobs(change)))
        case OverdueReminder():
            return Reaction((_overdue_job(change),))
        case CoupleEnded() | CoupleGone():
            return Reaction(cleanup=(_cleanup_job(change),))
        case PersonErased():
            return Reaction(cleanup=(EraseJob(uid=change.uid, erased_at=change.erased_at),))
        case DeviceAdded():
            at = change.added_at
            return Reaction((NewDeviceJob(uid=change.uid, added=change.target, date=at.date(), instant=at),))
        case SignedOut():
            return Reaction(accounts=(RevokeJob(uid=change.uid, signed_out_at=change.at),))
        case _:
            return NOTHING


def _to_answers(change: DayChange) -> Reaction:
    day, before = change.after, change.before.answers if change.before else {}
    # An erasure removes an answer, and nobody gets a push about that. After the erasure of one person, the other has no
    # partner who could get a push.
    if day.answers.keys() <= before.keys() or len(change.persons | day.answers.keys()) < A_COUPLE:
        return NOTHING
    answered_at = {uid: answer.at for uid, answer in day.answers.items()}
    latest = max(answered_at.values())
    if day.revealed:
        # The push is for the person who answered first. An edit changes an answer's instant. So a person who had
        # answered before this change counts as the first.
        first = min(answered_at, key=lambda uid: (uid not in before, answered_at[uid]))
        kind, recipient, completed = PushKind.BOTH_ANSWERED, first, Completed(day.couple, day.date, latest)
    else:
        (partner,) = change.persons - answered_at.keys()
        kind, recipient, completed = PushKind.PARTNER_ANSWERED, partner, None
    job = PersonJob(kind=kind, uid=recipient, couple=day.couple, date=day.date, instant=latest)
    return Reaction((job,), completed)


def _milestone_jobs(change: StreakChange) -> Sequence[PersonJob]:
    streak = change.after
    milestone = milestone_crossed(change.before.current if change.before else 0, streak.current)
    if milestone is None:
        return ()
    return [
        PersonJob(
            kind=PushKind.STREAK_MILESTONE,
            uid=uid,
            couple=streak.couple,
            date=streak.changed_at.date(),
            instant=streak.changed_at,
            milestone=milestone,
        )
        for uid in sorted(streak.persons)
    ]


def _nudge_jobs(change: NudgesChange) -> Sequence[PersonJob]:
    """Return a job for each new nudge that is shown to its recipient, oldest first."""
    fresh = sorted({*change.after} - {*change.before}, key=lambda nudge: nudge.at)
    return [
        PersonJob(kind=PushKind.NUDGE, uid=change.to, couple=nudge.couple, date=nudge.at.date(), instant=nudge.at)
        for nudge in fresh
        if nudge.shown
    ]


def _cleanup_job(change: CoupleEnded | CoupleGone) -> CleanupJob:
    if isinstance(change, CoupleEnded):
        return EndedJob(couple=change.couple)
    return RestJob(couple=change.couple, members=tuple(sorted(change.members)), ended_at=change.ended_at)


def _overdue_job(reminder: OverdueReminder) -> PersonJob:
    return PersonJob(
        kind=reminder.kind,
        uid=reminder.uid,
        couple=reminder.couple,
        date=reminder.date,
        instant=reminder.due_at,
        # `due_at` can be some seconds after `moved_at` (`due_dates.IN_FLIGHT`). Then the reminder is not late.
        late=max(reminder.moved_at - reminder.due_at, dt.timedelta(0)),
        ends_at=reminder.ends_at,
    )
