"""The real clock, for what stands outside the product: tokens that expire, phones that are pushed to, logs."""

from __future__ import annotations

import time


def now() -> float:
    """Seconds since the epoch."""
    return time.time()  # noqa: TID251 - the product is told the time; the world around it has one
