"""Define the error that the local tools show to the person at the terminal."""

from __future__ import annotations


class StackError(Exception):
    """An error that the person at the terminal can fix. The message says what is wrong and how to fix it."""
