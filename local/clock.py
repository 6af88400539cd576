"""Read the real clock, for code outside of the product, such as the local stack and the tools."""

from __future__ import annotations

import time


def now() -> float:
    """Return the seconds since the epoch."""
    return time.time()  # noqa: TID251 - only the product must get the time as an argument
