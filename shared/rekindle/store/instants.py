"""Convert instants to the table's numbers, and back. An instant is stored in whole milliseconds since 1970.

This is precise enough: API Gateway gives the time of a call in whole milliseconds too.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND: Final = dt.timedelta(milliseconds=1)


def to_millis(instant: dt.datetime) -> int:
    """Return milliseconds since 1970, rounded down. So a stored instant is never after the real instant."""
    return (instant - _EPOCH) // _MILLISECOND


def from_millis(millis: int) -> dt.datetime:
    """Return the instant, in UTC."""
    return _EPOCH + millis * _MILLISECOND


def to_ttl(instant: dt.datetime) -> int:
    """Return seconds since 1970, rounded up, for DynamoDB's time to live.

    DynamoDB does not delete the item before `instant`, and usually deletes it some time later.
    """
    return -(-to_millis(instant) // 1000)


def ttl_of_date(date: dt.date, kept: dt.timedelta) -> int:
    """Return the `ttl` of an item that the table keeps for `kept` after the start of a date in UTC."""
    return to_ttl(dt.datetime.combine(date, dt.time(), dt.UTC) + kept)
