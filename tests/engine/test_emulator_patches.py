"""Each patch of ministack is still needed, and the private names that it uses still exist."""

from __future__ import annotations

import json
import subprocess
from functools import cache

import pytest

from local.places import EMULATOR_PYTHON, ROOT

pytestmark = pytest.mark.skipif(not EMULATOR_PYTHON.exists(), reason="the emulator is missing: make setup")

PATCHES = sorted({path.stem for path in (ROOT / "local/emulator/patches").glob("[!_]*.py")} - {"seams"})


@cache
def probed() -> dict[str, object]:
    command = [str(EMULATOR_PYTHON), "-m", "tests.engine.ministack_probes"]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - our own
    results: dict[str, object] = json.loads(process.stdout.splitlines()[-1])
    return results


@pytest.mark.parametrize("patch", PATCHES)
def test_ministack_still_lacks_what_the_patch_adds(patch: str) -> None:
    """If this fails, delete or adapt the patch.

    If the probe is false, ministack now has the feature: delete the patch. If the probe gives an error, a private name
    has moved: adapt the patch.
    """
    assert probed()[patch] is True
