"""The oracle agrees with known facts about the world's clocks."""

from __future__ import annotations

import datetime as dt
from typing import Final

import pytest

from tests.calendar.oracle import WallClock, instant_at

COMINGS: Final = (
    # Clocks jump from midnight to one o'clock, by a decree of 2023.
    ("Africa/Cairo", "2024-04-25 23:55", "2024-04-25 21:55"),
    ("Africa/Cairo", "2024-04-26 00:00", "2024-04-25 22:00"),
    ("Africa/Cairo", "2024-04-26 00:30", "2024-04-25 22:00"),
    ("Africa/Cairo", "2024-04-26 01:00", "2024-04-25 22:00"),
    ("Africa/Cairo", "2024-04-26 01:05", "2024-04-25 22:05"),
    # Clocks go back at midnight, so the last hour of the evening before comes twice.
    ("Africa/Cairo", "2024-10-31 23:30", "2024-10-31 20:30"),
    ("Africa/Cairo", "2024-11-01 00:00", "2024-10-31 22:00"),
    ("America/Santiago", "2024-04-06 23:30", "2024-04-07 02:30"),
    ("America/Santiago", "2024-04-07 00:00", "2024-04-07 04:00"),
    ("America/Santiago", "2024-09-08 00:30", "2024-09-08 04:00"),
    # The usual change.
    ("America/New_York", "2026-03-08 01:55", "2026-03-08 06:55"),
    ("America/New_York", "2026-03-08 02:00", "2026-03-08 07:00"),
    ("America/New_York", "2026-03-08 02:30", "2026-03-08 07:00"),
    ("America/New_York", "2026-03-08 03:00", "2026-03-08 07:00"),
    ("America/New_York", "2026-11-01 01:30", "2026-11-01 05:30"),
    ("America/New_York", "2026-11-01 02:00", "2026-11-01 07:00"),
    # Clocks change by half an hour.
    ("Australia/Lord_Howe", "2024-04-07 01:45", "2024-04-06 14:45"),
    ("Australia/Lord_Howe", "2024-04-07 02:00", "2024-04-06 15:30"),
    ("Australia/Lord_Howe", "2024-10-06 02:15", "2024-10-05 15:30"),
    ("Australia/Lord_Howe", "2024-10-06 02:30", "2024-10-05 15:30"),
    # Samoa crossed the date line, and skipped a date.
    ("Pacific/Kiritimati", "2026-01-01 00:00", "2025-12-31 10:00"),
    ("Pacific/Kiritimati", "1994-12-31 12:00", None),
    ("Pacific/Kiritimati", "1995-01-01 00:00", "1994-12-31 10:00"),
    # Clocks go back an hour for Ramadan.
    ("Africa/Casablanca", "2024-03-10 02:30", "2024-03-10 01:30"),
    ("Africa/Casablanca", "2024-03-10 03:00", "2024-03-10 03:00"),
    ("Africa/Casablanca", "2024-04-14 02:30", "2024-04-14 02:00"),
    ("Africa/Casablanca", "2025-02-23 02:30", "2025-02-23 01:30"),
    ("Africa/Casablanca", "2025-04-06 02:30", "2025-04-06 02:00"),
    # Greenland skips the last hour of a Saturday, since the spring of 2024.
    ("America/Nuuk", "2024-03-30 22:55", "2024-03-31 00:55"),
    ("America/Nuuk", "2024-03-30 23:30", "2024-03-31 01:00"),
    ("America/Nuuk", "2024-03-31 00:00", "2024-03-31 01:00"),
    ("America/Nuuk", "2024-10-26 23:30", "2024-10-27 00:30"),
    ("America/Nuuk", "2024-10-27 00:00", "2024-10-27 02:00"),
    # Clocks change by two hours.
    ("Antarctica/Troll", "2024-03-31 01:00", "2024-03-31 01:00"),
    ("Antarctica/Troll", "2024-03-31 02:55", "2024-03-31 01:00"),
    ("Antarctica/Troll", "2024-10-27 01:30", "2024-10-26 23:30"),
    ("Antarctica/Troll", "2024-10-27 03:00", "2024-10-27 03:00"),
    # The zone crossed the date line.
    ("Pacific/Apia", "2011-12-29 23:55", "2011-12-30 09:55"),
    ("Pacific/Apia", "2011-12-30 00:00", None),
    ("Pacific/Apia", "2011-12-30 23:55", None),
    ("Pacific/Apia", "2011-12-31 00:00", "2011-12-30 10:00"),
    # Alaska crossed the date line the other way, in mid-afternoon: a day and a night came twice.
    ("America/Juneau", "1867-10-18 18:00", "1867-10-18 02:57:41"),
    ("America/Juneau", "1867-10-19 12:00", "1867-10-18 20:57:41"),
    ("America/Juneau", "1867-10-19 18:00", "1867-10-20 02:57:41"),
    # In Dublin winter time counts as the exception. Kathmandu has no change.
    ("Europe/Dublin", "2030-03-31 01:30", "2030-03-31 01:00"),
    ("Europe/Dublin", "2030-10-27 01:30", "2030-10-27 00:30"),
    ("Asia/Kathmandu", "2030-03-31 08:30", "2030-03-31 02:45"),
)
"""A zone, a local date and time, and the instant in UTC at which the slot comes. None if it never comes."""
STARTS: Final = (
    ("Africa/Cairo", "2024-04-26", "2024-04-25 22:00"),
    ("America/Santiago", "2024-09-08", "2024-09-08 04:00"),
    ("America/Havana", "2024-11-03", "2024-11-03 04:00"),
    ("America/Nuuk", "2024-10-27", "2024-10-27 02:00"),
    ("Asia/Beirut", "2026-03-29", "2026-03-28 22:00"),
    ("Atlantic/Azores", "2026-10-25", "2026-10-25 00:00"),
    ("Australia/Lord_Howe", "2026-10-04", "2026-10-03 13:30"),
    ("Pacific/Apia", "2011-12-30", None),
    ("Pacific/Apia", "2011-12-31", "2011-12-30 10:00"),
    ("Pacific/Kiritimati", "1995-01-01", "1994-12-31 10:00"),
)
"""A zone, a date, and the instant in UTC at which the date starts. None if the zone skips the date."""


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(("zone", "reading", "instant"), COMINGS)
def test_a_slot_comes_when_history_has_it(zone: str, reading: str, instant: str | None) -> None:
    wall = dt.datetime.fromisoformat(reading)
    coming = WallClock.of(zone).coming(wall.date(), wall.time())
    assert (coming if coming is None else instant_at(coming)) == (utc(instant) if instant else None)


@pytest.mark.parametrize(("zone", "date", "start"), STARTS)
def test_a_date_starts_when_history_has_it(zone: str, date: str, start: str | None) -> None:
    shown = WallClock.of(zone).start(dt.date.fromisoformat(date))
    assert (shown if shown is None else instant_at(shown)) == (utc(start) if start else None)
