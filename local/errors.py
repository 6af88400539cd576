"""What can go wrong with the local stack, said to the person who runs it."""

from __future__ import annotations


class StackError(Exception):
    """Something the person at the terminal can act on; the message says what, and what to do."""
