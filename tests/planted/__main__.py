"""Plant each bug in a copy of the project, and show that the tests catch it: `python -m tests.planted [I4 ...]`."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.table import Column, Table

from tests.planted.patches import INVARIANTS, ROOT, PlantedBug, planted_bugs

if TYPE_CHECKING:
    from collections.abc import Sequence

_CONSOLE: Final = Console(highlight=False)
_SHARED: Final = (".tools", ".envs", "client/node_modules")
"""Installed files, which the copy only links."""
_PASSED: Final = 0
_FAILED: Final = 1
_FAILURE: Final = re.compile(r"^FAILED (\S+?)(?:\[.*)?(?: - .*)?$", re.MULTILINE)
"""A test that failed. An error, such as a file that cannot be imported, catches nothing."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The exit status of pytest, its output, and the first test that failed."""

    status: int
    output: str

    @property
    def first_failure(self) -> str:
        """The name of the first test that failed, or an empty text."""
        found = _FAILURE.search(self.output)
        return found[1] if found else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Plant the bugs, print which test caught each, and return 0 if all were caught."""
    parser = argparse.ArgumentParser(prog="python -m tests.planted", description=__doc__)
    parser.add_argument("invariants", nargs="*", metavar="I1", help="only these invariants; all if there is none")
    chosen = parser.parse_args(arguments).invariants or INVARIANTS
    if unknown := sorted(set(chosen) - {*INVARIANTS}):
        parser.error(f"there is no invariant {', '.join(unknown)}")
    bugs = [bug for bug in planted_bugs() if bug.invariant in chosen]
    with tempfile.TemporaryDirectory(prefix="rekindle-planted-") as folder:
        tree = Path(folder)
        _copy_to(tree)
        _CONSOLE.print("First the tests must pass without a bug.")
        whole = _run(tree, sorted({test for bug in bugs for test in bug.tests}))
        if whole.status != _PASSED:
            _CONSOLE.print(whole.output[-5_000:], markup=False)
            _CONSOLE.print("They fail already. Nothing was planted.")
            return 1
        return _verdict([(bug, _caught_by(bug, tree)) for bug in bugs])


def _caught_by(bug: PlantedBug, tree: Path) -> str:
    """Return the name of the test that caught the bug, or an empty text."""
    _CONSOLE.print(f"{bug.invariant} {bug.path.name}", end=" ... ")
    if not bug.fits(tree):
        _CONSOLE.print("the patch does not fit the code any more")
        return ""
    bug.plant(tree)
    try:
        outcome = _run(tree, bug.tests)
    finally:
        bug.remove(tree)
    caught = outcome.first_failure if outcome.status == _FAILED else ""
    _CONSOLE.print("caught" if caught else f"NOT CAUGHT (pytest ended with {outcome.status})")
    return caught


def _verdict(results: Sequence[tuple[PlantedBug, str]]) -> int:
    """Print all results as a table, and return the exit status."""
    table = Table("Invariant", "Mistake", Column("Caught by", overflow="fold"))
    for bug, caught in results:
        table.add_row(f"{bug.invariant} {bug.rule}", bug.mistake, caught.replace("::", "\n") or "[red]nothing[/red]")
    _CONSOLE.print(table)
    number = sum(bool(caught) for _, caught in results)
    _CONSOLE.print(f"{number} of {len(results)} caught.")
    return 0 if number == len(results) else 1


def _copy_to(tree: Path) -> None:
    """Copy the project's files, as they are in the working tree, and link what is installed."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True, text=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    for name in _SHARED:
        if (ROOT / name).exists():
            (tree / name).symlink_to((ROOT / name).resolve())


def _run(tree: Path, tests: Sequence[str]) -> Outcome:
    """Run the tests in the copy until the first one fails."""
    # The path file of the virtual environment names the working tree, so name the copy's folders before it.
    roots = [tree, tree / "shared", *sorted(each for each in (tree / "functions").iterdir() if each.is_dir())]
    paths = os.pathsep.join(map(str, roots))
    # A planted bug loses almost every race, so a few of each kind are enough.
    environment = os.environ | {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1", "REKINDLE_RACES": "20"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-rfE", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, check=False, text=True)
    return Outcome(done.returncode, done.stdout + done.stderr)


if __name__ == "__main__":
    sys.exit(main())
