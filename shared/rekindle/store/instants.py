"""Instants as the table keeps them: whole milliseconds since 1970, the precision of an API call's own time."""

from __future__ import annotations

import datetime as dt
from typing import Final

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND: Final = dt.timedelta(milliseconds=1)


def to_millis(instant: dt.datetime) -> int:
    """Milliseconds since 1970, cut, never rounded up: nothing may seem to happen later than it did."""
    return (instant - _EPOCH) // _MILLISECOND


def from_millis(millis: int) -> dt.datetime:
    """The aware instant, in UTC."""
    return _EPOCH + millis * _MILLISECOND


def to_ttl(instant: dt.datetime) -> int:
    """Seconds since 1970, as DynamoDB's time to live wants them; rounded up, so that nothing goes too early."""
    return -(-to_millis(instant) // 1000)
