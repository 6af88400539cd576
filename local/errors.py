"""Define the error that the local tools show to the person at the terminal."""

from __future__ import annotations


class StackError(Exception):
    """An error whose message a local tool shows in place of a traceback.

    The message says what is wrong and, where possible, how to fix it.
    """
