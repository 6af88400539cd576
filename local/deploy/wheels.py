"""Download every wheel of the artifacts for both architectures, with checked hashes: `python -m local.deploy.wheels`.

`sam build` downloads wheels for another architecture by version alone, without hashes. So `make build` first downloads
all wheels here, and then lets SAM's pip see nothing but this folder. An unchecked file can never get into an artifact.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Final

from local.errors import StackError
from local.places import BUILD, ROOT, SAM, SOURCE_ROOTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WHEELS: Final = BUILD.parent / "wheels"
MACHINES: Final = ("x86_64", "aarch64")
"""The machines of Lambda's architectures x86_64 and arm64, as wheels name them."""
_GLIBC: Final = 34
"""Lambda's Python 3.13 runs on Amazon Linux 2023, which has glibc 2.34."""
_DIGEST: Final = "requirements.sha256"


def requirements() -> list[Path]:
    """Return the requirements of all artifacts that add something."""
    found = (path for root in SOURCE_ROOTS for path in (ROOT / root).glob("**/requirements.txt"))
    return sorted(path for path in found if "==" in path.read_text(encoding="utf-8"))


def platforms(machine: str) -> list[str]:
    """Return the names of platforms whose wheels run on Lambda, the newest first."""
    newer = [f"manylinux_2_{minor}_{machine}" for minor in range(_GLIBC, 4, -1)]
    return [*newer, f"manylinux2014_{machine}", f"linux_{machine}", "any"]


def download_command(requirement: Path, machine: str, folder: Path) -> list[str]:
    """Return pip's command that downloads the wheels of a requirements.txt, and refuses a file without its hash."""
    command = [str(SAM.parent / "python"), "-m", "pip", "download", "--quiet", "--require-hashes", "--no-deps"]
    command += ["--only-binary=:all:", "--implementation=cp", "--python-version=3.13", "--abi=cp313", "--abi=abi3"]
    command += ["--abi=none", *(f"--platform={each}" for each in platforms(machine))]
    return [*command, f"--dest={folder}", f"--requirement={requirement}"]


def download(folder: Path = WHEELS) -> None:
    """Download all wheels, unless the folder has the wheels of the same requirements. Raise StackError on a failure."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in requirements())).hexdigest()
    stamp = folder / _DIGEST
    if stamp.exists() and stamp.read_text(encoding="ascii") == digest:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for command in _commands(folder):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise StackError(f"pip could not download wheels with these hashes:\n{done.stderr}")
    stamp.write_text(digest, encoding="ascii")


def _commands(folder: Path) -> Iterator[list[str]]:
    for machine in MACHINES:
        for requirement in requirements():
            yield download_command(requirement, machine, folder)


def only_checked(environment: dict[str, str], folder: Path = WHEELS) -> dict[str, str]:
    """Return the environment in which pip sees only the wheels of this folder, and builds none."""
    own = {name: value for name, value in environment.items() if not name.startswith("PIP_")}
    return own | {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(folder),
        "PIP_ONLY_BINARY": ":all:",
        "PIP_CONFIG_FILE": os.devnull,
    }


def main() -> int:
    """Download the wheels, and run the command in the arguments so that its pip sees nothing else."""
    try:
        download()
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(list(WHEELS.glob('*.whl')))} wheels for {' and '.join(MACHINES)} have the hashes of the lock.")
    command = sys.argv[1:]
    return subprocess.run(command, env=only_checked(dict(os.environ)), check=False).returncode if command else 0


if __name__ == "__main__":
    sys.exit(main())
