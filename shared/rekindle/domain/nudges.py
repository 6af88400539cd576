"""A nudge is a warm gesture from one partner to the other. Each person can send only a few a day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rekindle.domain.ids import CoupleId

LIMIT: Final = 3
SPAN: Final = dt.timedelta(hours=24)
"""A person sends at most LIMIT nudges within any SPAN."""


class Gesture(StrEnum):
    """Meaning of a nudge. The app puts it into words."""

    THINKING_OF_YOU = "thinking_of_you"
    PROUD_OF_YOU = "proud_of_you"
    MISS_YOU = "miss_you"
    THANK_YOU = "thank_you"
    HUG = "hug"


@dataclass(frozen=True, slots=True)
class Nudge:
    """One gesture to the partner in `couple`. A repeated request has the same `id`.

    `shown` is False if the recipient had muted nudges when the nudge was sent. The recipient never sees such a nudge.
    """

    id: str
    couple: CoupleId
    gesture: Gesture
    at: dt.datetime
    shown: bool


def original_of(nudge: Nudge, sent: Iterable[Nudge]) -> Nudge | None:
    """Return the nudge in `sent` that this nudge repeats: it has the same id and is less than SPAN older."""
    return next((each for each in _latest_first(sent) if each.id == nudge.id and each.at > nudge.at - SPAN), None)


def next_nudge_at(sent: Iterable[Nudge], instant: dt.datetime) -> dt.datetime | None:
    """Return when the sender of these nudges may send another. Return None if that is at `instant` already.

    Nudges dated later than `instant` count too: two requests can be written out of order.
    """
    latest = _latest_first(sent)[:LIMIT]
    if len(latest) < LIMIT or latest[-1].at + SPAN <= instant:
        return None
    return latest[-1].at + SPAN


def nudges_left(sent: Iterable[Nudge], instant: dt.datetime) -> int:
    """Return how many more nudges the sender of these nudges may send at `instant`."""
    return max(0, LIMIT - sum(nudge.at > instant - SPAN for nudge in sent))


def remembered(sent: Iterable[Nudge]) -> tuple[Nudge, ...]:
    """Return the nudges that still matter, oldest first: the latest LIMIT.

    These are enough. At most LIMIT nudges can be younger than SPAN, so all of those are kept. After SPAN, a nudge is no
    longer shown, and a repeat of it is no longer recognized.
    """
    return tuple(reversed(_latest_first(sent)[:LIMIT]))


def shown_to_partner(sent: Iterable[Nudge], couple: CoupleId, instant: dt.datetime) -> list[Nudge]:
    """Return the sender's nudges of the last SPAN that the partner in `couple` sees at `instant`, latest first."""
    return [
        nudge for nudge in _latest_first(sent) if nudge.shown and nudge.couple == couple and nudge.at > instant - SPAN
    ]


def _latest_first(sent: Iterable[Nudge]) -> list[Nudge]:
    # The sort is stable, so of two nudges with the same instant the one stored later comes first.
    return sorted(sent, key=lambda nudge: nudge.at)[::-1]
