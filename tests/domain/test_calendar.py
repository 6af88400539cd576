"""Dates, zones and instants agree with what a clock on the wall shows."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rekindle.domain.calendar import GRACE, day_window, local_date, slot_instant, start_of, zone_named, zone_names
from rekindle.domain.days import DayWindow
from rekindle.domain.ids import Zone
from rekindle.errors import RekindleError, UnknownZoneError
from tests.calendar.test_oracle import COMINGS, STARTS, utc

ONE_DAY = dt.timedelta(days=1)
ONE_MINUTE = dt.timedelta(minutes=1)
ONE_SECOND = dt.timedelta(seconds=1)

CAIRO = Zone("Africa/Cairo")
NEW_YORK = Zone("America/New_York")
TOKYO = Zone("Asia/Tokyo")
LORD_HOWE = Zone("Australia/Lord_Howe")
TROLL = Zone("Antarctica/Troll")
APIA = Zone("Pacific/Apia")
KWAJALEIN = Zone("Pacific/Kwajalein")

zones = st.sampled_from(sorted(zone_names())).map(Zone)
years = st.integers(1973, 2037)  # before 1973 Liberia had odd seconds; after 2037 tzdata has rules instead of tables
times = st.times().map(lambda time: time.replace(second=0, microsecond=0, fold=0))


def shown(instant: dt.datetime, zone: Zone) -> dt.datetime:
    """Return the time on a wall clock in the zone: a date and a time, nothing else."""
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


@cache
def dates_of_change(zone: Zone, year: int) -> list[dt.date]:
    """Return the dates in a year around which the zone's clocks change."""
    noons = [dt.datetime(year, 1, 1, 12, tzinfo=dt.UTC) + day * ONE_DAY for day in range(366)]
    offsets = [noon.astimezone(ZoneInfo(zone)).utcoffset() for noon in noons]
    return [noons[i].date() for i in range(365) if offsets[i] != offsets[i + 1]]


@st.composite
def dates_somewhere(draw: st.DrawFn) -> tuple[dt.date, Zone]:
    """Draw a date in a zone, near a change of clocks if the year has any."""
    zone, year = draw(zones), draw(years)
    changes = dates_of_change(zone, year)
    if not changes:
        return draw(st.dates(dt.date(year, 1, 1), dt.date(year, 12, 31))), zone
    return draw(st.sampled_from(changes)) + draw(st.integers(-1, 2)) * ONE_DAY, zone


def exists(date: dt.date, zone: Zone) -> bool:
    """Return whether a calendar on the wall ever shows the date. Look every quarter of an hour."""
    noon = dt.datetime.combine(date, dt.time(12), tzinfo=dt.UTC)
    return any(shown(noon + n * dt.timedelta(minutes=15), zone).date() == date for n in range(-160, 160))


def assert_first_showing(instant: dt.datetime, wall: dt.datetime, zone: Zone) -> None:
    """Assert that a wall clock shows this time, or a later one, now for the first time in two days."""
    assert instant.utcoffset() == dt.timedelta(0)
    assert shown(instant, zone) >= wall
    assert shown(instant - ONE_SECOND, zone) < wall
    assert all(shown(instant - n * ONE_MINUTE, zone) < wall for n in range(1, 2 * 24 * 60))


@given(dates_somewhere())
@example((dt.date(2011, 12, 30), APIA))
@example((dt.date(1993, 8, 21), KWAJALEIN))
@example((dt.date(1972, 1, 7), Zone("Africa/Monrovia")))
@example((dt.date(2010, 11, 7), Zone("America/St_Johns")))
def test_a_date_starts_when_its_midnight_or_anything_later_first_shows(somewhere: tuple[dt.date, Zone]) -> None:
    date, zone = somewhere
    assert_first_showing(start_of(date, zone), dt.datetime.combine(date, dt.time()), zone)


@pytest.mark.parametrize(("zone", "date", "start"), [row for row in STARTS if row[2]])
def test_a_date_starts_even_where_midnight_is_skipped_or_comes_twice(zone: str, date: str, start: str) -> None:
    assert start_of(dt.date.fromisoformat(date), Zone(zone)) == utc(start)


@given(dates_somewhere(), times)
@example((dt.date(2011, 12, 30), APIA), dt.time(8, 30))
@example((dt.date(1993, 8, 21), KWAJALEIN), dt.time(8, 30))
@example((dt.date(2026, 10, 4), LORD_HOWE), dt.time(2, 10))
@example((dt.date(2026, 3, 29), TROLL), dt.time(2))
def test_a_wall_clock_time_comes_once_on_each_date_that_exists(somewhere: tuple[dt.date, Zone], time: dt.time) -> None:
    date, zone = somewhere
    instant = slot_instant(date, time, zone)
    assert (instant is not None) == exists(date, zone)
    if instant is not None:
        assert_first_showing(instant, dt.datetime.combine(date, time), zone)


@pytest.mark.parametrize(("zone", "reading", "instant"), COMINGS)
def test_a_time_in_a_gap_comes_at_its_end_and_a_time_in_a_fold_the_first_time(
    zone: str, reading: str, instant: str | None
) -> None:
    wall = dt.datetime.fromisoformat(reading)
    assert slot_instant(wall.date(), wall.time(), Zone(zone)) == (utc(instant) if instant else None)


@given(st.datetimes(dt.datetime(1973, 1, 1), dt.datetime(2037, 1, 1), timezones=st.just(dt.UTC)), zones)  # noqa: DTZ001 - the strategy adds the zone
def test_a_local_date_is_what_the_calendar_on_the_wall_shows(instant: dt.datetime, zone: Zone) -> None:
    assert local_date(instant, zone) == shown(instant, zone).date()


def test_a_day_stays_open_until_three_hours_after_the_later_partners_midnight() -> None:
    window = day_window(dt.date(2026, 7, 1), [NEW_YORK, TOKYO])
    assert window == DayWindow(opens_at=utc("2026-06-30 15:00"), closes_at=utc("2026-07-02 07:00"))


def test_a_day_opens_and_closes_by_the_dates_that_exist() -> None:
    """Cairo's clocks jump from midnight to one o'clock, so one date ends and the next begins at the same instant."""
    eve = day_window(dt.date(2026, 4, 23), [CAIRO])
    date = day_window(dt.date(2026, 4, 24), [CAIRO])
    assert eve.closes_at - GRACE == date.opens_at == utc("2026-04-23 22:00")
    assert date.closes_at - GRACE - date.opens_at == dt.timedelta(hours=23)


@given(st.dates(dt.date(1973, 1, 2), dt.date(2037, 1, 1)), st.lists(zones, min_size=1, max_size=2))
def test_a_day_is_open_for_all_of_both_partners_date_and_the_grace(date: dt.date, places: list[Zone]) -> None:
    window = day_window(date, iter(places))
    starts = [start_of(date, zone) for zone in places]
    ends = [start_of(date + ONE_DAY, zone) for zone in places]
    assert window.opens_at in starts
    assert window.closes_at - GRACE in ends
    assert all(
        window.opens_at <= start and end + GRACE <= window.closes_at for start, end in zip(starts, ends, strict=True)
    )


def test_a_window_is_open_from_its_first_instant_until_just_before_its_last() -> None:
    window = day_window(dt.date(2026, 7, 1), [TOKYO])
    tick = dt.timedelta(microseconds=1)
    assert [window.is_open(window.opens_at - tick), window.is_open(window.opens_at)] == [False, True]
    assert [window.is_open(window.closes_at - tick), window.is_open(window.closes_at)] == [True, False]


@given(st.dates(dt.date(1973, 1, 2), dt.date(2037, 1, 1)), zones, zones, zones)
def test_a_window_only_ever_moves_outward(date: dt.date, first: Zone, second: Zone, moved_to: Zone) -> None:
    before, after = day_window(date, [first, second]), day_window(date, [first, moved_to])
    widened = before.widened(after)
    assert widened == after.widened(before)
    assert widened.opens_at == min(before.opens_at, after.opens_at)
    assert widened.closes_at == max(before.closes_at, after.closes_at)


@pytest.mark.parametrize("name", ["Europe/Berlin", "Asia/Kolkata", "America/Argentina/Ushuaia", "UTC", "US/Eastern"])
def test_a_zone_goes_by_its_iana_name(name: str) -> None:
    assert zone_named(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "", "Factory", "localtime", "posixrules", "europe/berlin", "EUROPE/BERLIN", "Europe/Berlin ",
        "Europe/Berlin\n", "Europe/Berlin\0", "Europe", "Europe/", "/etc/localtime", "../../etc/passwd",
        "Europe/../Europe/Berlin", "Europe//Berlin", "Mars/Olympus_Mons", "+02:00", "zone1970.tab", "__init__.py",
        "A" * 1_000_000,
    ],
)  # fmt: skip
def test_anything_else_is_not_a_zone(name: str) -> None:
    with pytest.raises(UnknownZoneError) as caught:
        zone_named(name)
    assert isinstance(caught.value, RekindleError)
    assert len(str(caught.value)) < 200


def test_every_zone_has_a_clock() -> None:
    assert len(zone_names()) > 500
    assert all(ZoneInfo(name).key == name for name in zone_names())


def test_no_zone_comes_from_the_operating_system() -> None:
    assert zoneinfo.TZPATH == ()
