"""ministack waits 50 ms for the log of each call.

Here it waits 2 ms, and longer only while lines come.
"""

from __future__ import annotations

from ministack.core import lambda_runtime


def apply() -> None:
    """Shorten the wait."""
    lambda_runtime.Worker._drain_stderr_bounded.__defaults__ = (0.002, 0.001, 0.25)
