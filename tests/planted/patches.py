"""Read the patches of this folder. Each patch plants one bug that breaks one invariant.

A patch begins with lines of plain text, which `git apply` skips:

    Invariant: the invariant's number and words
    Mistake: how a careful engineer could commit this bug
    Tests: the test files that must notice the bug, the cheapest first, separated by spaces
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
ROOT: Final = FOLDER.parents[1]
INVARIANTS: Final = tuple(f"I{number}" for number in range(1, 15))
"""The numbers of the design's invariants. Each has one patch."""

_HEAD: Final = ("Invariant", "Mistake", "Tests")


@dataclass(frozen=True, slots=True)
class PlantedBug:
    """A patch that breaks the invariant with the number `invariant`. The test files in `tests` must notice it."""

    path: Path
    invariant: str
    rule: str
    mistake: str
    tests: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> PlantedBug:
        """Read a patch. Raise ValueError if a line of its head is missing."""
        head = dict(
            line.split(": ", 1) for line in path.read_text().partition("\ndiff --git ")[0].splitlines() if ": " in line
        )
        if missing := [name for name in _HEAD if name not in head]:
            raise ValueError(f"{path.name} does not say: {', '.join(missing)}")
        number, _, rule = head["Invariant"].partition(" ")
        return cls(path, number, rule, head["Mistake"], tuple(head["Tests"].split()))

    def fits(self, tree: Path) -> bool:
        """Return whether the patch applies to the files in `tree`."""
        return self._apply(tree, "--check").returncode == 0

    def plant(self, tree: Path) -> None:
        """Apply the patch to the files in `tree`. Raise CalledProcessError if it does not fit."""
        self._apply(tree).check_returncode()

    def remove(self, tree: Path) -> None:
        """Take the patch back."""
        self._apply(tree, "--reverse").check_returncode()

    def _apply(self, tree: Path, *options: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(["git", "apply", *options, self.path], cwd=tree, capture_output=True, check=False)


def planted_bugs() -> list[PlantedBug]:
    """Return the bugs of all patches, in the order of the invariants."""
    bugs = [PlantedBug.read(path) for path in FOLDER.glob("*.patch")]
    return sorted(bugs, key=lambda bug: (int(bug.invariant.removeprefix("I")), bug.path.name))
