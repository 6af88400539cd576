"""Say how long the fuzzing searches: `make fuzz` sets REKINDLE_FUZZ_EXAMPLES."""

from __future__ import annotations

import os
from typing import Final

from hypothesis import HealthCheck, settings

ASKED: Final = int(os.environ.get("REKINDLE_FUZZ_EXAMPLES", "0"))
"""Examples for each test, or 0 for the short form, which tries the same few examples each time."""


def fuzzing(short: int) -> settings:
    """Return the settings of a test that tries `short` examples in the short form."""
    return settings(
        max_examples=ASKED or short,
        derandomize=not ASKED,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
