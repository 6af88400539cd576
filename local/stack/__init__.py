"""The local stack: a client of the running one, and the tools that start, change and watch it."""

from __future__ import annotations

from local.stack.client import Stack

__all__ = ["Stack"]
