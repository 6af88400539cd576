"""Define each kind of push, with all facts about it in one record.

To add a kind, add a member to `PushKind` (`rekindle.domain.pushes`), a record here, and texts in `rekindle.push.texts`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rekindle.domain.pushes import PushKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rekindle.domain.persons import Person


def _anyone(_person: Person, _date: dt.date) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Facts about one kind of push.

    Attributes:
        code: The first letter of the push's collapse id (see `Payload`). Other apps on the phone can read this id, so
            the letter must not tell them the kind.
        page: The letter of the page that the push opens in the app: `d` for the day, `t` for the touch gesture, `n` for
            the nudges, `s` for the streak, `p` for the choice of packs, `m` for the person's own devices.
        lifetime: How long after the push's instant FCM can still deliver the push. See `Occasion.expires_at`.
        concerns: Returns whether the push of a date still concerns the person. `delivery` calls this just before it
            sends.
        is_reminder: Whether the push is a reminder, which comes due in a slot.
        replaces: The reminder that this kind replaces on some dates. `Reach` counts the push as that reminder.
        needs_open_day: Whether the push is only for persons who have not answered the day yet, but still can.
        needs_couple: Whether the push is only for persons in a couple.
        has_milestone: Whether the push is about a milestone of the streak. Each milestone has its own text.
        is_warning: Whether the push comes even while the person has paused their notifications. Whoever gets into an
            account could otherwise pause first, and then add a phone unseen.
        is_single: Whether a phone shows only the newest push of this kind for a date.
    """

    code: str
    page: str
    lifetime: dt.timedelta
    concerns: Callable[[Person, dt.date], bool] = _anyone
    is_reminder: bool = False
    replaces: PushKind | None = None
    needs_open_day: bool = False
    needs_couple: bool = True
    has_milestone: bool = False
    is_warning: bool = False
    is_single: bool = True

    @property
    def ends_with_date(self) -> bool:
        """Return whether the push is useless after the end of its date."""
        return self.is_reminder or self.replaces is not None


_THREE_HOURS: Final = dt.timedelta(hours=3)
_HALF_A_DAY: Final = dt.timedelta(hours=12)
_A_DAY: Final = dt.timedelta(hours=24)

KINDS: Final[Mapping[PushKind, Kind]] = {
    PushKind.PROMPT: Kind(code="a", page="d", lifetime=_HALF_A_DAY, is_reminder=True),
    PushKind.EVENING: Kind(
        code="b",
        page="d",
        lifetime=_THREE_HOURS,
        concerns=lambda person, _: person.reminders.evening is not None,
        is_reminder=True,
        needs_open_day=True,
    ),
    PushKind.TOUCH: Kind(
        code="c",
        page="t",
        lifetime=_THREE_HOURS,
        concerns=lambda person, date: person.has_touch_on(date),
        is_reminder=True,
    ),
    PushKind.NUDGE: Kind(
        code="d",
        page="n",
        lifetime=_HALF_A_DAY,
        concerns=lambda person, _: not person.reminders.nudges_muted,
        is_single=False,
    ),
    PushKind.PARTNER_ANSWERED: Kind(code="e", page="d", lifetime=_HALF_A_DAY),
    PushKind.BOTH_ANSWERED: Kind(code="f", page="d", lifetime=_A_DAY),
    PushKind.STREAK_MILESTONE: Kind(
        code="g",
        page="s",
        lifetime=_A_DAY,
        concerns=lambda person, _: not person.profile.streak_hidden,
        has_milestone=True,
    ),
    PushKind.NEWS: Kind(code="h", page="p", lifetime=_HALF_A_DAY, replaces=PushKind.PROMPT),
    PushKind.NEW_DEVICE: Kind(
        code="i", page="m", lifetime=_A_DAY, needs_couple=False, is_warning=True, is_single=False
    ),
}

REMINDERS: Final = tuple(kind for kind, record in KINDS.items() if record.is_reminder)
"""The kinds that are reminders, which come due in slots."""

OF_A_DATE: Final = tuple(kind for kind, record in KINDS.items() if record.ends_with_date)
"""Kinds whose pushes are useless after their date. For each page of slot rows, `delivery` sends them in this order."""
