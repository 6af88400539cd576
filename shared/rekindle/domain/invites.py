"""Limit how long an invite's code is valid, and how many codes a person may try."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from rekindle.domain import limits
from rekindle.domain.limits import Limit

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

TRY_LIMITS: Final = (Limit(5, dt.timedelta(hours=1)), Limit(20))
"""The limits of how many codes a person may try. All of them hold."""


def next_try_at(tries: Iterable[dt.datetime], instant: dt.datetime) -> dt.datetime | None:
    """Return when the person who made `tries` may try a code again. Return None if they may try at `instant`.

    Tries with an instant after `instant` count too, because two requests can be written out of order.
    """
    return limits.next_at(tries, instant, *TRY_LIMITS)


def remembered(tries: Iterable[dt.datetime], instant: dt.datetime) -> tuple[dt.datetime, ...]:
    """Return the tries that a limit still counts at `instant`, oldest first."""
    return limits.remembered(tries, instant, *TRY_LIMITS)
