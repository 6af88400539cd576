"""Slots agree with a watcher who reads the wall clock every minute."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rekindle.domain.calendar import slot_instant
from rekindle.domain.ids import Zone
from rekindle.domain.persons import QuietHours
from rekindle.domain.reminders import MAX_LATENESS, DueSlot, Slot, due_slots, is_quiet, is_slot_time
from tests.calendar.test_oracle import utc
from tests.domain.test_calendar import APIA, NEW_YORK, ONE_DAY, ONE_MINUTE, dates_of_change, years, zones

SLOT_TIMES = [dt.time(hour, minute) for hour in range(24) for minute in range(0, 60, 5)]

times = st.times()
slot_times = st.sampled_from(SLOT_TIMES)


@st.composite
def moments_somewhere(draw: st.DrawFn) -> tuple[dt.datetime, Zone]:
    """Draw an instant, to the microsecond, and a zone; near a change of clocks if the year has any."""
    zone, year = draw(zones), draw(years)
    date = draw(st.sampled_from(dates_of_change(zone, year) or [dt.date(year, 7, 1)]))
    return dt.datetime.combine(date, dt.time(12), dt.UTC) + draw(st.timedeltas(-ONE_DAY, 2 * ONE_DAY)), zone


def seen_by_a_watcher(after: dt.datetime, until: dt.datetime, zone: Zone) -> list[tuple[dt.date, dt.time, dt.datetime]]:
    """Return the slots whose time a watcher saw for the first time, minute by minute, both ends included.

    A date that the watcher never saw on the calendar has no slots.
    """
    watching_from = after - 2 * ONE_DAY
    minutes = [watching_from + n * ONE_MINUTE for n in range((until - watching_from) // ONE_MINUTE + 1)]
    shown = [minute.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for minute in minutes]
    dates_seen = {reading.date() for reading in shown}
    noted = []
    furthest = shown[0]
    for minute, reading in zip(minutes, shown, strict=True):
        while furthest < reading:
            furthest += ONE_MINUTE
            if furthest.minute % 5 == 0 and furthest.date() in dates_seen and minute > after:
                noted.append((furthest.date(), furthest.time(), minute))
    return noted


@given(moments_somewhere(), st.integers(0, 600))
@example((utc("2011-12-30 09:00"), APIA), 120)
@example((utc("2026-03-29 00:00"), Zone("Antarctica/Troll")), 120)
@example((utc("2026-10-25 00:00"), Zone("Antarctica/Troll")), 240)
@example((utc("2026-04-04 14:00"), Zone("Australia/Lord_Howe")), 120)
def test_due_slots_are_those_that_a_watcher_sees_come(moment: tuple[dt.datetime, Zone], minutes: int) -> None:
    after, zone = moment[0].replace(second=0, microsecond=0), moment[1]
    until = after + minutes * ONE_MINUTE
    due = due_slots(after, until, zone)
    assert [(slot.date, slot.slot.time, slot.instant) for slot in due] == seen_by_a_watcher(after, until, zone)
    assert all(slot.slot.zone == zone for slot in due)


@given(moments_somewhere(), st.timedeltas(dt.timedelta(0), dt.timedelta(hours=7)))
@example((utc("1972-01-06 23:59"), Zone("Africa/Monrovia")), dt.timedelta(hours=3))
def test_due_slots_are_the_slots_whose_instant_has_come(moment: tuple[dt.datetime, Zone], length: dt.timedelta) -> None:
    after, zone = moment
    nearby = [(after - 2 * ONE_DAY).date() + n * ONE_DAY for n in range(6)]
    every = ((date, time, slot_instant(date, time, zone)) for date in nearby for time in SLOT_TIMES)
    expected = tuple(
        DueSlot(Slot(zone, time), date, instant)
        for date, time, instant in every
        if instant is not None and after < instant <= after + length
    )
    assert due_slots(after, after + length, zone) == expected


@settings(max_examples=50)
@given(moments_somewhere(), st.lists(st.timedeltas(dt.timedelta(0), 4 * ONE_DAY), max_size=30))
@example((utc("2011-12-28 00:00"), APIA), [])
@example((utc("1993-08-19 00:00"), Zone("Pacific/Kwajalein")), [])
def test_ticks_that_follow_on_from_each_other_meet_each_slot_of_each_date_exactly_once(
    moment: tuple[dt.datetime, Zone], cuts: list[dt.timedelta]
) -> None:
    start, zone = moment
    beats = [start, *(start + cut for cut in sorted(cuts)), start + 4 * ONE_DAY]
    met = Counter(
        (due.date, due.slot.time) for after, until in pairwise(beats) for due in due_slots(after, until, zone)
    )
    assert set(met.values()) == {1}
    first, last = min(date for date, _ in met), max(date for date, _ in met)
    whole = {date for date, _ in met} - {first, last}
    assert whole
    assert all(met[date, time] == 1 for date in whole for time in SLOT_TIMES)


@given(moments_somewhere())
def test_nothing_is_due_in_no_time(moment: tuple[dt.datetime, Zone]) -> None:
    instant, zone = moment
    assert due_slots(instant, instant, zone) == ()
    assert due_slots(instant, instant - ONE_DAY, zone) == ()


@given(zones, slot_times)
def test_a_slot_has_a_text_of_its_own(zone: Zone, time: dt.time) -> None:
    slot = Slot(zone, time)
    assert str(slot) == f"{zone}#{time.hour:02}:{time.minute:02}"


@given(times)
def test_a_slot_has_one_of_288_times(time: dt.time) -> None:
    assert is_slot_time(time) == (time.replace(fold=0) in SLOT_TIMES)
    if not is_slot_time(time):
        with pytest.raises(ValueError, match="multiple of 5 minutes"):
            Slot(NEW_YORK, time)


def test_a_time_with_a_zone_of_its_own_is_no_slot_time() -> None:
    assert not is_slot_time(dt.time(8, 30, tzinfo=dt.UTC))


def test_slots_sort_by_zone_and_then_by_time() -> None:
    later, earlier, elsewhere = Slot(NEW_YORK, dt.time(9)), Slot(NEW_YORK, dt.time(8, 30)), Slot(APIA, dt.time(7))
    assert sorted([later, elsewhere, earlier]) == [earlier, later, elsewhere]


@given(times, times, times)
def test_quiet_hours_are_the_minutes_walked_from_their_start_to_their_end(
    time: dt.time, start: dt.time, end: dt.time
) -> None:
    def past(origin: dt.time, moment: dt.time) -> dt.timedelta:
        day = dt.date(2026, 7, 1)
        return (dt.datetime.combine(day, moment) - dt.datetime.combine(day, origin)) % ONE_DAY

    if start != end:
        assert is_quiet(time, QuietHours(start, end)) == (past(start, time) < past(start, end))


@pytest.mark.parametrize(
    ("time", "quiet"), [("21:59", False), ("22:00", True), ("00:00", True), ("06:59", True), ("07:00", False)]
)
def test_the_night_is_quiet_across_midnight(time: str, *, quiet: bool) -> None:
    assert is_quiet(dt.time.fromisoformat(time), QuietHours(dt.time(22), dt.time(7))) == quiet


def test_nothing_is_quiet_with_quiet_hours_switched_off() -> None:
    assert not any(is_quiet(time, None) for time in SLOT_TIMES)


def test_a_slot_may_be_two_hours_late() -> None:
    assert dt.timedelta(hours=2) == MAX_LATENESS
