"""Limit how long an invite's code is valid, and how many codes a person may try."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

CODE_LENGTH = 10
VALIDITY = dt.timedelta(hours=24)

KEPT_AFTER_EXPIRY: Final = dt.timedelta(days=1)
"""After an invite expires, the table keeps its row for at least this time.

During this time, a late repeat of the request that made the invite finds the row. So the repeat cannot make the code
valid again.
"""

POINTER_KEPT: Final = KEPT_AFTER_EXPIRY + dt.timedelta(days=7)
"""A person's row names their invite for at least this time after the invite expires.

DynamoDB deletes an expired row within a few days. Until then, an erasure finds the invite's row through the person's.
"""

TRY_LIMITS = ((dt.timedelta(hours=1), 5), (dt.timedelta(days=1), 20))
"""Pairs of a time span and a number. Within any span of this length, a person may try at most this number of codes."""


def next_try_at(tries: Iterable[dt.datetime], instant: dt.datetime) -> dt.datetime | None:
    """Return when the person who made `tries` may try a code again. Return None if they may try at `instant`.

    Tries with an instant after `instant` count too, because two requests can be written out of order.
    """
    latest_first = sorted(tries, reverse=True)
    frees_at = (latest_first[limit - 1] + span for span, limit in TRY_LIMITS if len(latest_first) >= limit)
    return max((free_at for free_at in frees_at if free_at > instant), default=None)


def remembered(tries: Iterable[dt.datetime], instant: dt.datetime) -> tuple[dt.datetime, ...]:
    """Return the tries that a limit still counts at `instant`, oldest first."""
    longest = max(span for span, _ in TRY_LIMITS)
    return tuple(sorted(made_at for made_at in tries if made_at + longest > instant))
