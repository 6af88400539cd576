"""Our reminders beside the two usual designs."""

from __future__ import annotations

import pytest

from bench.designs import comparison, measured_designs


def test_ours_writes_nothing_for_a_person_and_reads_a_fiftieth_of_a_unit(emulator_url: str) -> None:
    ours, index, schedule = measured_designs(emulator_url)
    assert ours.read <= 0.02
    assert ours.write == 0.001, "a run's: its beginning, its end, and one for each page between"
    assert index.write == 3, "the person, the entry that goes and the entry that comes"
    assert index.read == pytest.approx(0.024, abs=0.001)
    assert (schedule.read, schedule.calls) == (1, 1)
    first, second, third = comparison([ours, index, schedule])
    assert "a million persons due together" in first
    assert "3,000 times our writes" in second
    assert "a million scheduled calls" in third
