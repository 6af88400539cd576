"""Each invariant of the design has a planted bug that fits the present code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.planted.__main__ import Outcome
from tests.planted.patches import INVARIANTS, ROOT, PlantedBug, planted_bugs

if TYPE_CHECKING:
    from pathlib import Path

BUGS = planted_bugs()


def test_each_invariant_has_a_planted_bug() -> None:
    """Without a bug, nobody knows whether a test would notice that the invariant is broken."""
    assert {bug.invariant for bug in BUGS} == {*INVARIANTS}


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.path.stem)
def test_a_planted_bug_fits_the_code_and_names_tests_that_exist(bug: PlantedBug) -> None:
    """If the code has changed, make the same mistake in the new code: `git diff` gives the patch."""
    assert bug.fits(ROOT), f"{bug.path.name} does not apply any more. Plant the bug again, then run make planted."
    assert bug.tests
    assert [test for test in bug.tests if not (ROOT / test).is_file()] == []


def test_a_patch_without_a_head_is_refused(tmp_path: Path) -> None:
    patch = tmp_path / "bug.patch"
    patch.write_text("Invariant: I1 something\n\ndiff --git a/x b/x\n")
    with pytest.raises(ValueError, match="Mistake, Tests"):
        PlantedBug.read(patch)


@pytest.mark.parametrize(
    ("output", "name"),
    [
        ("FAILED tests/a.py::test_b - assert 1 == 2\n1 failed", "tests/a.py::test_b"),
        ("FAILED tests/a.py::TestC::test_d[x - y] - assert\n", "tests/a.py::TestC::test_d"),
        ("ERROR tests/a.py - ImportError: gone\n", ""),
        ("3 passed in 1s", ""),
    ],
)
def test_the_first_failed_test_is_named(output: str, name: str) -> None:
    assert Outcome(1, output).first_failure == name
