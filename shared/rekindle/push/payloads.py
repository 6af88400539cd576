"""What a push shows and how it behaves on the phone; its words are the catalogue's (`rekindle.push.texts`).

The app makes two Android channels: `everyday`, and `quiet` of low importance.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rekindle.domain.models import PushKind
from rekindle.push.texts import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rekindle.domain.models import Language
    from rekindle.push.texts import Text


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a push is about: the same for each person who gets it.

    `date` is the day it belongs to, `instant` when it fell due, `milestone` the streak of a milestone's push, and
    `ends_at` when a reminder's date is over where it fell due.
    """

    kind: PushKind
    date: dt.date
    instant: dt.datetime
    milestone: int | None = None
    ends_at: dt.datetime | None = None

    @property
    def expires_at(self) -> dt.datetime:
        """When it is too late for the push: a reminder's time ends with its date, any other's with a full hour.

        A phone is told this, and to the minute it would tell when the partner answered.
        """
        end = self.instant + LIFETIMES[self.kind]
        if self.kind in OF_A_DATE:
            return min(end, self.ends_at or end)
        return _hour_of(end) + dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Payload:
    """A push without its addressee, as every platform is told in its own words.

    A push replaces an earlier one with the same `collapse_id` on the phone. A `quiet` one makes no sound. It is not
    shown at all after `expires_at`, which is `ttl` from when it is sent.
    """

    text: Text
    link: str
    collapse_id: str
    quiet: bool
    ttl: dt.timedelta
    expires_at: dt.datetime


LIFETIMES: Final[Mapping[PushKind, dt.timedelta]] = {
    PushKind.PROMPT: dt.timedelta(hours=12),
    PushKind.EVENING: dt.timedelta(hours=3),
    PushKind.TOUCH: dt.timedelta(hours=3),
    PushKind.NUDGE: dt.timedelta(hours=12),
    PushKind.PARTNER_ANSWERED: dt.timedelta(hours=12),
    PushKind.BOTH_ANSWERED: dt.timedelta(hours=24),
    PushKind.STREAK_MILESTONE: dt.timedelta(hours=24),
    PushKind.NEWS: dt.timedelta(hours=12),
}
"""How long a phone that is switched off may still get a push."""

CODES: Final[Mapping[PushKind, str]] = {
    PushKind.PROMPT: "a",
    PushKind.EVENING: "b",
    PushKind.TOUCH: "c",
    PushKind.NUDGE: "d",
    PushKind.PARTNER_ANSWERED: "e",
    PushKind.BOTH_ANSWERED: "f",
    PushKind.STREAK_MILESTONE: "g",
    PushKind.NEWS: "h",
}
"""What stands for a kind where a phone's other apps can read it: a collapse id begins with it."""

REMINDERS: Final = (PushKind.PROMPT, PushKind.EVENING, PushKind.TOUCH)
"""What has slots, and falls due there."""

OF_A_DATE: Final = (*REMINDERS, PushKind.NEWS)
"""What is of no use once its date is over: reminders, and what comes in the place of one."""

PLACES: Final[Mapping[PushKind, str]] = {
    PushKind.PROMPT: "d",
    PushKind.EVENING: "d",
    PushKind.TOUCH: "t",
    PushKind.NUDGE: "n",
    PushKind.PARTNER_ANSWERED: "d",
    PushKind.BOTH_ANSWERED: "d",
    PushKind.STREAK_MILESTONE: "s",
    PushKind.NEWS: "p",
}
"""Where a push leads within the app, in a letter that means nothing to anyone else.

`d` is a day, `t` its small gesture, `n` what was sent, `s` the streak, and `p` what there is to choose from.
"""


def payload_of(occasion: Occasion, language: Language, at: dt.datetime, *, quiet: bool, app_link: str) -> Payload:
    """The payload of an occasion in a language, English if the catalogue does not have it, to be sent at `at`.

    `app_link` is what the app's links begin with. Raises KeyError for a milestone that is none of the catalogue's.
    """
    kind = occasion.kind
    return Payload(
        text=text_of(kind, language, occasion.milestone, turn=occasion.date.toordinal()),
        link=f"{app_link.rstrip('/')}/o/{PLACES[kind]}{occasion.date:%Y%m%d}",
        collapse_id=_collapse_id(occasion),
        quiet=quiet,
        ttl=occasion.expires_at - (at if kind in OF_A_DATE else _hour_of(at)),
        expires_at=occasion.expires_at,
    )


def _collapse_id(occasion: Occasion) -> str:
    """What a repeat of the push has again: of a kind there is one for a date, but every nudge is shown for itself."""
    if occasion.kind is PushKind.NUDGE:
        # By its instant, but a digest: when the partner sent it is not to be read there.
        digest = hashlib.blake2b(f"{occasion.instant.timestamp():.3f}".encode(), digest_size=8).hexdigest()
        return f"{CODES[occasion.kind]}-{digest}"
    return f"{CODES[occasion.kind]}-{occasion.date}"


def _hour_of(instant: dt.datetime) -> dt.datetime:
    return instant.replace(minute=0, second=0, microsecond=0)
