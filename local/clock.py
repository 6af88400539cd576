"""The real clock, for everything outside of the product: tokens that expire, phones, logs."""

from __future__ import annotations

import time


def now() -> float:
    """Return the seconds since the epoch."""
    return time.time()  # noqa: TID251 - the product gets the time as an argument; the world around it has a clock
