"""`sam build` installs the versions of uv.lock."""

from __future__ import annotations

import os
import shutil
import subprocess
from itertools import pairwise
from typing import Final

import pytest

from local.places import ROOT

EXPORTS: Final = {
    "shared": "runtime",
    "functions/couples_api": "phones",
    "functions/accounts": "accounts",
    "functions/delivery": "push",
    "functions/practice_api": "practice",
    "functions/privacy": "phones",
    "functions/reseal": "vault",
}
"""Each artifact's folder, and the dependency group that goes into it."""

OUR_UV: Final = ROOT / ".tools" / "bin" / "uv"
UV: Final = os.environ.get("UV") or (str(OUR_UV) if OUR_UV.exists() else shutil.which("uv")) or "uv"


def pins(text: str) -> list[str]:
    """Return the lines that pip reads."""
    return [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]


def exported(group: str) -> str:
    """Return uv's export of a group; uv fails if the lock is out of date."""
    command = [UV, "export", "--quiet", "--locked", "--only-group", group, "--no-emit-project", "--no-annotate"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S603  our own


@pytest.mark.parametrize(("folder", "group"), EXPORTS.items())
def test_an_artifact_s_requirements_are_the_lock_s(folder: str, group: str) -> None:
    """`make lock` writes them again. Each pin is followed by its hashes."""
    lines = pins((ROOT / folder / "requirements.txt").read_text())
    assert lines == pins(exported(group))
    assert all("--hash=sha256:" in hashes for pin, hashes in pairwise(lines) if "==" in pin)


@pytest.mark.parametrize(
    "folder", ["functions/cleanup", "functions/console", "functions/tick", "functions/react", "functions/tally"]
)
def test_the_smallest_functions_add_nothing_to_the_layer(folder: str) -> None:
    assert pins((ROOT / folder / "requirements.txt").read_text()) == []
