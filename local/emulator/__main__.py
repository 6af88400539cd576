"""Start the emulator: `python -m local.emulator`, configured by ministack's environment variables and these.

REKINDLE_LOGS: the folder for functions' logs. REKINDLE_SAVE_EVERY: seconds between saves, 0 for none.
REKINDLE_BEAT: 0 for schedules that never fire by themselves. REKINDLE_UNPACKED: where functions' bundles are unpacked.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ministack import app

from local.emulator import capacity, durability, functions, policies, resources, schedules
from local.lifeline import end_with_the_parent

UNREADABLE_STATE = 3
"""The exit status that says so; see `durability.UnreadableStateError`."""


def main() -> int:
    """Serve until told to end, or until the parent process is gone."""
    try:
        durability.apply(float(os.environ["REKINDLE_SAVE_EVERY"]))
    except durability.UnreadableStateError as error:
        print(f"unreadable state: {error}", file=sys.stderr, flush=True)
        return UNREADABLE_STATE
    resources.apply()
    unpacked = Path(os.environ["REKINDLE_UNPACKED"])
    functions.apply(Path(os.environ["REKINDLE_LOGS"]), unpacked)
    functions.tidy(unpacked)
    capacity.apply()
    policies.apply()
    schedules.apply(beat=os.environ["REKINDLE_BEAT"] == "1")
    end_with_the_parent()
    app.main()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
