"""Start ministack, an emulator of AWS, with our patches: `python -m local.emulator`.

These environment variables configure the patches. ministack reads further variables of its own.
REKINDLE_LOGS: the folder for the functions' logs.
REKINDLE_SAVE_EVERY: the seconds between two saves, or more after a long save. With 0, the only save is at the end.
REKINDLE_TICK: 1 if schedules fire by themselves, otherwise 0.
REKINDLE_UNPACKED: the folder for the functions' unpacked code.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ministack import app

from local.emulator import patches
from local.emulator.patches.saving import UnreadableStateError
from local.processes import end_with_the_parent

UNREADABLE_STATE = 3
"""The exit status if the emulator cannot read a saved file."""


def main() -> int:
    """Serve until a signal comes or the parent process ends. Return the exit status."""
    try:
        patches.apply(
            logs=Path(os.environ["REKINDLE_LOGS"]),
            unpacked=Path(os.environ["REKINDLE_UNPACKED"]),
            save_every=float(os.environ["REKINDLE_SAVE_EVERY"]),
            tick=os.environ["REKINDLE_TICK"] == "1",
        )
    except UnreadableStateError as error:
        print(f"unreadable state: {error}", file=sys.stderr, flush=True)
        return UNREADABLE_STATE
    end_with_the_parent()
    app.main()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
