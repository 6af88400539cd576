"""What a process of the stack does when whoever started it is gone."""

from __future__ import annotations

import os
import signal
import threading

STANDARD_INPUT = 0


def end_with_the_parent() -> None:
    """End in good order when standard input closes: the parent holds its other end, and is gone by whatever signal."""

    def watch() -> None:
        # Not by way of sys.stdin, whose lock a forked worker would inherit held.
        while os.read(STANDARD_INPUT, 1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True, name="lifeline").start()
