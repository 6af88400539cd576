"""The sample events, as Lambda hands them to the deployed functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from local.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from local.stack import Stack

FUNCTIONS = {
    "console": "Console",
    "couples_api": "CouplesApi",
    "delivery": "Delivery",
    "practice_api": "PracticeApi",
    "privacy": "Privacy",
    "react": "React",
    "tally": "Tally",
    "tick": "Tick",
}
# The hook calls CodeDeploy, which the emulator has not: tests/e2e/test_release_check.py calls it without a deployment.
SAMPLES = sorted(path for path in (ROOT / "events").glob("*.json") if path.stem != "release_check")


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample.stem for sample in SAMPLES])
def test_sample_is_taken(sample: Path, stack: Stack) -> None:
    """Under a name that begins with its function's."""
    (function,) = (name for prefix, name in FUNCTIONS.items() if sample.stem.startswith(prefix))
    result: Any = stack.invoke(function, json.loads(sample.read_text(encoding="utf-8")))
    match function:
        case "Console" | "CouplesApi" | "PracticeApi" | "Privacy":
            assert result["statusCode"] < 500, result
        case "Tick":
            assert result["jobs"] >= 0
        case _:
            assert result == {"batchItemFailures": []}
