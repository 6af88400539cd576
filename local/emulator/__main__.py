"""Start the emulator: `python -m local.emulator`, configured by ministack's environment variables and these.

REKINDLE_LOGS: the folder for functions' logs. REKINDLE_SAVE_EVERY: seconds between saves, 0 for none.
REKINDLE_TICK: 0 for schedules that never fire. REKINDLE_UNPACKED: the folder for unpacked functions.
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
"""The exit status after an UnreadableStateError."""


def main() -> int:
    """Serve until it is asked to end, or its parent process is gone."""
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
