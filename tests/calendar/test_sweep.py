"""The sweep notices faults: it catches the usual wrong ways to find slots, and its message says where."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from rekindle.domain.ids import Zone
from rekindle.domain.reminders import DueSlot, Slot
from tests.calendar.sweep import findings
from tick.handler import due_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.calendar.sweep import DueIn

APIA = Zone("Pacific/Apia")
CAIRO = Zone("Africa/Cairo")
NEW_YORK = Zone("America/New_York")
YEAR = range(2026, 2027)
SEED = 7

ONE_SECOND = dt.timedelta(seconds=1)
ONE_MINUTE = dt.timedelta(minutes=1)
FIVE_MINUTES = dt.timedelta(minutes=5)


def complaint(slot: str, was: Sequence[tuple[str, str]], should_be: str) -> str:
    """Return the finding about a slot of 2026 in New York."""
    told = [f"as of {instant}:00 at the tick of {tick}:00" for instant, tick in [*was, (should_be, should_be)]]
    return f"America/New_York 2026-{slot}: due {' and '.join(told[:-1]) or 'never'}; should be {told[-1]}"


def as_the_clock_shows_it(zones: Iterable[Zone], after: dt.datetime, until: dt.datetime) -> list[DueSlot]:
    """Look at the clock each minute. This finds a repeated time twice, and a skipped time never."""
    (zone,) = zones
    first = after.replace(second=0) + ONE_MINUTE
    minutes = [first + n * ONE_MINUTE for n in range(int((until - first) / ONE_MINUTE) + 1) if first <= until]
    shown = [(minute, minute.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)) for minute in minutes]
    return [DueSlot(Slot(zone, wall.time()), wall.date(), at) for at, wall in shown if wall.minute % 5 == 0]


def as_zoneinfo_reads_it(zones: Iterable[Zone], after: dt.datetime, until: dt.datetime, fold: int) -> list[DueSlot]:
    (zone,) = zones
    shown = until.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0, second=0)
    newest = shown - dt.timedelta(minutes=shown.minute % 5)
    walls = [newest + n * FIVE_MINUTES for n in range(-4 * 12, 2 * 12)]
    read = [(wall.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(dt.UTC), wall) for wall in walls]
    return [DueSlot(Slot(zone, wall.time()), wall.date(), at) for at, wall in sorted(read) if after < at <= until]


def before_the_gap(zones: Iterable[Zone], after: dt.datetime, until: dt.datetime) -> list[DueSlot]:
    """Use the later offset for a skipped time, and the second instant of a repeated time."""
    return as_zoneinfo_reads_it(zones, after, until, fold=1)


def after_the_gap(zones: Iterable[Zone], after: dt.datetime, until: dt.datetime) -> list[DueSlot]:
    """Use the earlier offset for a skipped time."""
    return as_zoneinfo_reads_it(zones, after, until, fold=0)


def with_both_ends(zones: Iterable[Zone], after: dt.datetime, until: dt.datetime) -> Sequence[DueSlot]:
    """Return a slot on the border between two windows in both windows."""
    return due_in(zones, after - ONE_SECOND, until)


def with_neither_end(zones: Iterable[Zone], after: dt.datetime, until: dt.datetime) -> Sequence[DueSlot]:
    """Return a slot on the border between two windows in neither window."""
    return due_in(zones, after, until - ONE_SECOND)


def in_another_order(zones: Iterable[Zone], after: dt.datetime, until: dt.datetime) -> Sequence[DueSlot]:
    return due_in(zones, after, until)[::-1]


@pytest.mark.parametrize("zone", [APIA, CAIRO, NEW_YORK])
def test_the_sweep_reports_nothing_about_the_real_ticks(zone: Zone) -> None:
    found = findings(zone, YEAR, SEED)
    assert found.complaints == ()
    assert found.slots == (found.dates - found.never_shown) * 288 > 0


@pytest.mark.parametrize(
    ("due", "slot", "was", "should_be"),
    [
        (as_the_clock_shows_it, "03-08 02:30", [], "03-08 07:00"),
        (as_the_clock_shows_it, "11-01 01:30", ["11-01 05:30", "11-01 06:30"], "11-01 05:30"),
        (before_the_gap, "03-08 02:30", ["03-08 06:30"], "03-08 07:00"),
        (after_the_gap, "03-08 02:30", ["03-08 07:30"], "03-08 07:00"),
        (with_neither_end, "03-08 00:00", [], "03-08 05:00"),
    ],
)
def test_a_wrong_way_to_find_slots_is_reported(due: DueIn, slot: str, was: list[str], should_be: str) -> None:
    assert complaint(slot, [(at, at) for at in was], should_be) in findings(NEW_YORK, YEAR, SEED, due).complaints


def test_a_slot_in_two_windows_is_reported() -> None:
    """If ticks are on time, each slot is exactly on the border between two windows."""
    was = [("03-08 05:00", "03-08 05:00"), ("03-08 05:00", "03-08 05:05")]
    assert complaint("03-08 00:00", was, "03-08 05:00") in findings(NEW_YORK, YEAR, SEED, with_both_ends).complaints


def test_another_order_is_reported() -> None:
    complaints = findings(NEW_YORK, YEAR, SEED, in_another_order).complaints
    assert "America/New_York 2026-03-07: the right slots, in another order than they came" in complaints


def test_right_slots_are_not_reported() -> None:
    """Looking at the clock each minute is wrong only for repeated and skipped hours."""
    complaints = findings(NEW_YORK, YEAR, SEED, as_the_clock_shows_it).complaints
    assert {line.removeprefix("America/New_York 2026-")[:8] for line in complaints} == {"03-08 02", "11-01 01"}


def test_a_seed_repeats_a_run() -> None:
    assert findings(CAIRO, YEAR, SEED, with_both_ends) == findings(CAIRO, YEAR, SEED, with_both_ends)
