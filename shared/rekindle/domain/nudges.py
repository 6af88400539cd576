"""Nudges: the warm gestures that one person sends the other, and how many are few enough to stay warm."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rekindle.domain.models import CoupleId

LIMIT: Final = 3
SPAN: Final = dt.timedelta(hours=24)
"""A person sends LIMIT nudges at most in any stretch of time this long."""


class Gesture(StrEnum):
    """What a nudge says; how it is put into words is the app's."""

    THINKING_OF_YOU = "thinking_of_you"
    PROUD_OF_YOU = "proud_of_you"
    MISS_YOU = "miss_you"
    THANK_YOU = "thank_you"
    HUG = "hug"


@dataclass(frozen=True, slots=True)
class Nudge:
    """One gesture, sent once to the partner of that couple: a request that is repeated has the same `id` again.

    `shown` is False where the recipient had muted nudges as it was sent; it is never shown then.
    """

    id: str
    couple: CoupleId
    gesture: Gesture
    at: dt.datetime
    shown: bool


def repeated_by(nudge: Nudge, sent: Iterable[Nudge]) -> Nudge | None:
    """The nudge among `sent` that this one repeats: of the same id, and less than SPAN old."""
    return next((each for each in _latest_first(sent) if each.id == nudge.id and each.at > nudge.at - SPAN), None)


def next_nudge_at(sent: Iterable[Nudge], instant: dt.datetime) -> dt.datetime | None:
    """When who sent these may send another; None if they may at `instant`.

    Nudges that appear later than `instant` count too: two requests can be written out of order.
    """
    latest = _latest_first(sent)[:LIMIT]
    if len(latest) < LIMIT or latest[-1].at + SPAN <= instant:
        return None
    return latest[-1].at + SPAN


def nudges_left(sent: Iterable[Nudge], instant: dt.datetime) -> int:
    """How many nudges who sent these may send at `instant`."""
    return max(0, LIMIT - sum(nudge.at > instant - SPAN for nudge in sent))


def remembered(sent: Iterable[Nudge]) -> tuple[Nudge, ...]:
    """The nudges that can still matter, oldest first: whether there may be another rests on the latest LIMIT alone.

    At the instant of the latest, every nudge less than SPAN old is among them: a repeat is known, and the recipient
    sees a nudge, for so long.
    """
    return tuple(reversed(_latest_first(sent)[:LIMIT]))


def received(sent: Iterable[Nudge], couple: CoupleId, instant: dt.datetime) -> list[Nudge]:
    """What the partner in that couple sees of these at `instant`: the last SPAN's that are shown, latest first."""
    return [
        nudge for nudge in _latest_first(sent) if nudge.shown and nudge.couple == couple and nudge.at > instant - SPAN
    ]


def _latest_first(sent: Iterable[Nudge]) -> list[Nudge]:
    # They are kept in the order in which they were sent, which decides between those of one instant.
    return sorted(sent, key=lambda nudge: nudge.at)[::-1]
