"""A nudge is a small warm message from one partner to the other. A person can send at most three in 24 hours."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from rekindle.domain.limits import Limit, next_at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rekindle.domain.ids import CoupleId

LIMIT: Final = 3
SPAN: Final = dt.timedelta(hours=24)
"""A person sends at most LIMIT nudges within any SPAN."""


class Gesture(StrEnum):
    """Meaning of a nudge. The app has the words for each meaning."""

    THINKING_OF_YOU = "thinking_of_you"
    PROUD_OF_YOU = "proud_of_you"
    MISS_YOU = "miss_you"
    THANK_YOU = "thank_you"
    HUG = "hug"


@dataclass(frozen=True, slots=True)
class Nudge:
    """One gesture to the partner in `couple`. If a phone repeats its request, the nudge has the same `id` again.

    `shown` is False if the recipient had muted nudges when the nudge was sent. The recipient never sees such a nudge.
    """

    id: str
    couple: CoupleId
    gesture: Gesture
    at: dt.datetime
    shown: bool


def original_of(nudge: Nudge, sent: Iterable[Nudge]) -> Nudge | None:
    """Return the nudge in `sent` that `nudge` repeats. Return None if `nudge` is new.

    The two nudges have the same id. `nudge` comes less than SPAN after the other nudge, or earlier than the other.
    """
    return next((each for each in _latest_first(sent) if each.id == nudge.id and each.at > nudge.at - SPAN), None)


def next_nudge_at(sent: Iterable[Nudge], instant: dt.datetime) -> dt.datetime | None:
    """Return when the sender of these nudges may send the next one. Return None if they may send one at `instant`.

    Nudges with an instant after `instant` count too, because two requests can be written out of order.
    """
    return next_at((nudge.at for nudge in sent), instant, Limit(LIMIT, SPAN))


def nudges_left(sent: Iterable[Nudge], instant: dt.datetime) -> int:
    """Return how many more nudges the sender of these nudges may send at `instant`."""
    return max(0, LIMIT - sum(nudge.at > instant - SPAN for nudge in sent))


def remembered(sent: Iterable[Nudge]) -> tuple[Nudge, ...]:
    """Return the latest nudges, at most LIMIT of them, oldest first.

    The other nudges are at least SPAN older than the latest nudge, so no function here needs them.
    """
    return tuple(reversed(_latest_first(sent)[:LIMIT]))


def shown_to_partner(sent: Iterable[Nudge], couple: CoupleId, instant: dt.datetime) -> list[Nudge]:
    """Return the sender's nudges that the partner in `couple` sees at `instant`.

    These are nudges of the last SPAN. The latest nudge comes first.
    """
    return [
        nudge for nudge in _latest_first(sent) if nudge.shown and nudge.couple == couple and nudge.at > instant - SPAN
    ]


def _latest_first(sent: Iterable[Nudge]) -> list[Nudge]:
    # `sorted` keeps the order of nudges with the same instant. `[::-1]` reverses it, so the last nudge comes first.
    return sorted(sent, key=lambda nudge: nudge.at)[::-1]
