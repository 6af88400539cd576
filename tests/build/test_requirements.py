"""`sam build` installs the versions of uv.lock."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import pytest
from packaging.utils import canonicalize_name, parse_wheel_filename

from local.deploy.wheels import MACHINES, download_command, only_checked, platforms, requirements
from local.places import ROOT, SAM

if TYPE_CHECKING:
    from pathlib import Path

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


@pytest.fixture(scope="module")
def wheels() -> dict[tuple[str, str], list[tuple[str, str]]]:
    """Map each package and version of the lock to its wheels: their file names and hashes."""
    packages: list[dict[str, Any]] = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    return {
        (each["name"], each["version"]): [
            (wheel["url"].rpartition("/")[2], wheel["hash"]) for wheel in each.get("wheels", ())
        ]
        for each in packages
    }


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("folder", EXPORTS)
def test_every_pin_has_a_wheel_with_its_hash_for_the_architecture(
    wheels: dict[tuple[str, str], list[tuple[str, str]]], folder: str, machine: str
) -> None:
    """So that SAM never builds a source distribution, and never takes a file without its hash."""
    text = (ROOT / folder / "requirements.txt").read_text().replace("\\\n", "")
    pinned = re.findall(r"^([a-z0-9._-]+)==([^\s;]+)(.*)$", text, re.MULTILINE)
    assert pinned
    for name, version, hashes in pinned:
        fitting = [digest for file, digest in wheels[canonicalize_name(name), version] if fits(file, machine)]
        assert fitting, (name, machine)
        assert all(f"--hash={digest}" in hashes for digest in fitting)


def fits(wheel: str, machine: str) -> bool:
    """Return whether Lambda's Python 3.13 can load the wheel on this machine."""
    *_, tags = parse_wheel_filename(wheel)
    return any(
        (tag.interpreter in {"py3", "py2.py3", "cp313"} or tag.abi == "abi3")
        and tag.abi in {"none", "abi3", "cp313"}
        and tag.platform in platforms(machine)
        for tag in tags
    )


def test_a_build_downloads_every_requirement_with_its_hash_and_no_source() -> None:
    assert {str(path.parent.relative_to(ROOT)) for path in requirements()} == {*EXPORTS}
    command = download_command(requirements()[0], "aarch64", ROOT)
    assert {"--require-hashes", "--only-binary=:all:", "--no-deps"} <= {*command}


def test_sam_s_pip_finds_nothing_but_the_checked_wheels(tmp_path: Path) -> None:
    """SAM's second pass asks for another architecture's wheels by version alone."""
    command = [str(SAM.parent / "python"), "-m", "pip", "download", "--no-deps", "--dest", str(tmp_path / "out")]
    environment = only_checked(dict(os.environ), tmp_path)
    done = subprocess.run([*command, "urllib3"], env=environment, capture_output=True, text=True, check=False)  # noqa: S603  our own
    assert done.returncode
    assert "No matching distribution found for urllib3" in done.stderr
