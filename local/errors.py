"""The error of the local stack, for the person who runs it."""

from __future__ import annotations


class StackError(Exception):
    """An error that the person at the terminal can fix. The message says what is wrong and what helps."""
