"""Kinds of pushes: one record for each.

A new kind is a member of `PushKind` (`rekindle.domain.pushes`), a record here, and its texts in `rekindle.push.texts`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rekindle.domain.pushes import PushKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rekindle.domain.persons import Person


def _anyone(_: Person) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Facts about one kind of push.

    Attributes:
        code: Letter that begins the collapse id. Other apps on the phone can read it, so it means nothing to them.
        page: Letter of the app's page that the push opens: `d` a day, `t` its small gesture, `n` what was sent,
            `s` the streak, `p` the choice of packs. It means nothing to anyone else.
        lifetime: How long a phone that is switched off can still get the push.
        concerns: Whether the push still concerns a person in the couple, as they are when it is sent.
        is_reminder: Whether the kind has slots and falls due there.
        replaces: The reminder that the kind replaces on some dates. It falls due and counts as that reminder.
        needs_open_day: Whether only persons who can still answer the day, and have not, get the push.
        has_milestone: Whether the push names a milestone of the streak, which picks its text.
        is_single: Whether a date has one push of the kind. Else each instant has one.
    """

    code: str
    page: str
    lifetime: dt.timedelta
    concerns: Callable[[Person], bool] = _anyone
    is_reminder: bool = False
    replaces: PushKind | None = None
    needs_open_day: bool = False
    has_milestone: bool = False
    is_single: bool = True

    @property
    def ends_with_date(self) -> bool:
        """Whether the push is of no use once its date is over."""
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
        concerns=lambda person: person.reminders.evening is not None,
        is_reminder=True,
        needs_open_day=True,
    ),
    PushKind.TOUCH: Kind(
        code="c", page="t", lifetime=_THREE_HOURS, concerns=lambda person: person.touch_agreed, is_reminder=True
    ),
    PushKind.NUDGE: Kind(
        code="d",
        page="n",
        lifetime=_HALF_A_DAY,
        concerns=lambda person: not person.reminders.nudges_muted,
        is_single=False,
    ),
    PushKind.PARTNER_ANSWERED: Kind(code="e", page="d", lifetime=_HALF_A_DAY),
    PushKind.BOTH_ANSWERED: Kind(code="f", page="d", lifetime=_A_DAY),
    PushKind.STREAK_MILESTONE: Kind(
        code="g",
        page="s",
        lifetime=_A_DAY,
        concerns=lambda person: not person.profile.streak_hidden,
        has_milestone=True,
    ),
    PushKind.NEWS: Kind(code="h", page="p", lifetime=_HALF_A_DAY, replaces=PushKind.PROMPT),
}

REMINDERS: Final = tuple(kind for kind, record in KINDS.items() if record.is_reminder)
"""Kinds that have slots."""

OF_A_DATE: Final = tuple(kind for kind, record in KINDS.items() if record.ends_with_date)
"""Kinds that are of no use once their date is over, in the order in which a slot's page sends them."""
