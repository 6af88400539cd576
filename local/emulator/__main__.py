"""Start the emulator: `python -m local.emulator`. The emulator reads ministack's environment variables, and these four.

REKINDLE_LOGS: the folder for the functions' logs.
REKINDLE_SAVE_EVERY: the seconds between two saves. With 0, the emulator saves only when it ends.
REKINDLE_TICK: 1 if schedules fire by themselves.
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
