"""Start, reload and watch the local stack, and call it from tests and tools."""

from __future__ import annotations

from local.stack.client import Stack

__all__ = ["Stack"]
