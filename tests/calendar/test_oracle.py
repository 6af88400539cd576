"""The oracle agrees with known facts about the world's clocks."""

from __future__ import annotations

import datetime as dt
from typing import Final

import pytest

from tests.calendar.oracle import WallClock, instant_at

COMINGS: Final = (
    # Midnight to one o'clock, by decree of 2023.
    ("Africa/Cairo", "2024-04-25 23:55", "2024-04-25 21:55"),
    ("Africa/Cairo", "2024-04-26 00:00", "2024-04-25 22:00"),
    ("Africa/Cairo", "2024-04-26 00:30", "2024-04-25 22:00"),
    ("Africa/Cairo", "2024-04-26 01:00", "2024-04-25 22:00"),
    ("Africa/Cairo", "2024-04-26 01:05", "2024-04-25 22:05"),
    # Back from midnight, so that it is the evening before that comes twice.
    ("Africa/Cairo", "2024-10-31 23:30", "2024-10-31 20:30"),
    ("Africa/Cairo", "2024-11-01 00:00", "2024-10-31 22:00"),
    ("America/Santiago", "2024-04-06 23:30", "2024-04-07 02:30"),
    ("America/Santiago", "2024-04-07 00:00", "2024-04-07 04:00"),
    ("America/Santiago", "2024-09-08 00:30", "2024-09-08 04:00"),
    # As most people know it.
    ("America/New_York", "2026-03-08 01:55", "2026-03-08 06:55"),
    ("America/New_York", "2026-03-08 02:00", "2026-03-08 07:00"),
    ("America/New_York", "2026-03-08 02:30", "2026-03-08 07:00"),
    ("America/New_York", "2026-03-08 03:00", "2026-03-08 07:00"),
    ("America/New_York", "2026-11-01 01:30", "2026-11-01 05:30"),
    ("America/New_York", "2026-11-01 02:00", "2026-11-01 07:00"),
    # Half an hour each way.
    ("Australia/Lord_Howe", "2024-04-07 01:45", "2024-04-06 14:45"),
    ("Australia/Lord_Howe", "2024-04-07 02:00", "2024-04-06 15:30"),
    ("Australia/Lord_Howe", "2024-10-06 02:15", "2024-10-05 15:30"),
    ("Australia/Lord_Howe", "2024-10-06 02:30", "2024-10-05 15:30"),
    # The first country into each day, and the date it left out to be that.
    ("Pacific/Kiritimati", "2026-01-01 00:00", "2025-12-31 10:00"),
    ("Pacific/Kiritimati", "1994-12-31 12:00", None),
    ("Pacific/Kiritimati", "1995-01-01 00:00", "1994-12-31 10:00"),
    # An hour back for Ramadan.
    ("Africa/Casablanca", "2024-03-10 02:30", "2024-03-10 01:30"),
    ("Africa/Casablanca", "2024-03-10 03:00", "2024-03-10 03:00"),
    ("Africa/Casablanca", "2024-04-14 02:30", "2024-04-14 02:00"),
    ("Africa/Casablanca", "2025-02-23 02:30", "2025-02-23 01:30"),
    ("Africa/Casablanca", "2025-04-06 02:30", "2025-04-06 02:00"),
    # The last hour of a Saturday, with Europe, since the spring of 2024.
    ("America/Nuuk", "2024-03-30 22:55", "2024-03-31 00:55"),
    ("America/Nuuk", "2024-03-30 23:30", "2024-03-31 01:00"),
    ("America/Nuuk", "2024-03-31 00:00", "2024-03-31 01:00"),
    ("America/Nuuk", "2024-10-26 23:30", "2024-10-27 00:30"),
    ("America/Nuuk", "2024-10-27 00:00", "2024-10-27 02:00"),
    # Two hours each way.
    ("Antarctica/Troll", "2024-03-31 01:00", "2024-03-31 01:00"),
    ("Antarctica/Troll", "2024-03-31 02:55", "2024-03-31 01:00"),
    ("Antarctica/Troll", "2024-10-27 01:30", "2024-10-26 23:30"),
    ("Antarctica/Troll", "2024-10-27 03:00", "2024-10-27 03:00"),
    # Over the date line.
    ("Pacific/Apia", "2011-12-29 23:55", "2011-12-30 09:55"),
    ("Pacific/Apia", "2011-12-30 00:00", None),
    ("Pacific/Apia", "2011-12-30 23:55", None),
    ("Pacific/Apia", "2011-12-31 00:00", "2011-12-30 10:00"),
    # And over it the other way, in mid-afternoon: a day and night that came twice.
    ("America/Juneau", "1867-10-18 18:00", "1867-10-18 02:57:41"),
    ("America/Juneau", "1867-10-19 12:00", "1867-10-18 20:57:41"),
    ("America/Juneau", "1867-10-19 18:00", "1867-10-20 02:57:41"),
    # Winter time that counts as the exception, and no change at all.
    ("Europe/Dublin", "2030-03-31 01:30", "2030-03-31 01:00"),
    ("Europe/Dublin", "2030-10-27 01:30", "2030-10-27 00:30"),
    ("Asia/Kathmandu", "2030-03-31 08:30", "2030-03-31 02:45"),
)
"""A zone, a reading of its clocks, and the instant in UTC at which that slot comes, or None if it never does."""
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
"""A zone, a date, and the instant in UTC at which it starts there, or None if no calendar shows it."""


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
