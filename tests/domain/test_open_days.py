"""A couple's windows are right after any changes of zone. A plain model keeps the whole history."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from hypothesis import example, given
from hypothesis import strategies as st

from rekindle.domain.calendar import day_window, local_date, zone_named, zone_names
from rekindle.domain.ids import Uid, Zone
from rekindle.domain.open_days import (
    latest_closed,
    latest_date,
    nearby_dates,
    open_dates,
    streak_at,
    window_of,
    windows_after_move,
)
from rekindle.domain.streaks import History, Streak
from testing.builders import NEW_YORK, TOKYO, a_couple, a_day, a_profile, an_instant
from tests.couple_model import window_after_moves

if TYPE_CHECKING:
    from rekindle.domain.couples import Couple
    from rekindle.domain.days import Day

ADA, BEN = Uid("ada"), Uid("ben")
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
PAGO_PAGO = Zone("Pacific/Pago_Pago")

ZONES = [
    Zone(name)
    for name in (
        "Pacific/Pago_Pago",  # 11 hours behind
        "Etc/GMT+12",
        "Pacific/Kiritimati",  # 14 hours ahead
        "Pacific/Apia",  # without a 30 December 2011
        "Pacific/Chatham",  # quarters of an hour, and a summer time
        "Antarctica/Troll",  # a summer time of two hours
        "Africa/Cairo",  # without a midnight in April
        "America/Santiago",  # with the end of a day twice, or without its beginning
        "Australia/Lord_Howe",  # a summer time of half an hour
        "America/New_York",
        "Asia/Tokyo",
        "Europe/Lisbon",
    )
]
STARTS = [
    an_instant(text)
    for text in (
        "2011-12-28T12:00:00Z",  # Apia skips a date
        "2026-03-07T00:00:00Z",  # clocks go forward in America
        "2026-03-28T00:00:00Z",  # and at Troll
        "2026-04-04T00:00:00Z",  # back in Santiago and Chatham
        "2026-04-23T00:00:00Z",  # forward in Cairo
        "2026-06-05T00:00:00Z",
        "2026-09-05T00:00:00Z",  # forward in Santiago
    )
]


def couple_in(ada: Zone = NEW_YORK, ben: Zone = NEW_YORK) -> Couple:
    return a_couple(profiles={ADA: a_profile(zone=ada), BEN: a_profile(zone=ben)})


type Stored = dict[dt.date, Day]


def moved(couple: Couple, stored: Stored, who: Uid, zone: Zone, instant: dt.datetime) -> tuple[Couple, Stored]:
    """Return the couple and its days after one of the two moved, as one transaction writes them."""
    nearby = {date: day for date, day in stored.items() if date in dates_around(instant)}
    profiles = {**couple.profiles, who: replace(couple.profiles[who], zone=zone)}
    after = replace(couple, profiles=profiles)
    after = replace(after, windows=windows_after_move(couple, after.zones, nearby, instant))
    widened = {date: replace(day, window=window_of(after, date, {})) for date, day in nearby.items()}
    return after, stored | widened


def dates_around(instant: dt.datetime) -> list[dt.date]:
    first, last = nearby_dates(instant)
    return [first + number * DAY for number in range((last - first).days + 1)]


def far_around(instant: dt.datetime) -> list[dt.date]:
    return [instant.date() + number * DAY for number in range(-7, 8)]


@dataclass
class Model:
    """The windows as the design describes them, computed from all zones in which the two have ever been.

    A date is open from the earlier partner's start of it until three hours after the later partner's end, by the zones
    of the time. That window only moves outward if a zone changes while it is open.
    """

    zones: dict[Uid, Zone]
    history: list[tuple[dt.datetime, tuple[Zone, ...]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.history.append((dt.datetime.min.replace(tzinfo=dt.UTC), tuple(self.zones.values())))

    def move(self, who: Uid, zone: Zone, instant: dt.datetime) -> None:
        self.zones[who] = zone
        self.history.append((instant, tuple(self.zones.values())))

    def window(self, date: dt.date) -> tuple[dt.datetime, dt.datetime]:
        return window_after_moves(date, self.history)

    def is_open(self, date: dt.date, instant: dt.datetime) -> bool:
        opens, closes = self.window(date)
        return opens <= instant < closes


@dataclass(frozen=True)
class Move:
    who: Uid
    zone: Zone


@dataclass(frozen=True)
class Opening:
    """A step in which one of the two opens a date, so many dates ahead of the latest date on any clock."""

    ahead: int


type Step = tuple[dt.timedelta, Move | Opening]

waits = st.sampled_from([0, 0, 1, 5, 30, 60, 180, 300, 600, 720, 1500, 2900]).map(lambda minutes: HOUR / 60 * minutes)
steps = st.lists(
    st.tuples(
        waits,
        st.builds(Move, st.sampled_from([ADA, BEN]), st.sampled_from(ZONES)) | st.builds(Opening, st.integers(-2, 1)),
    ),
    max_size=14,
)
lives = st.tuples(
    st.sampled_from(STARTS),
    st.integers(0, 47).map(lambda halves: HOUR / 2 * halves),
    st.sampled_from(ZONES),
    st.sampled_from(ZONES),
    steps,
)
type Life = tuple[dt.datetime, dt.timedelta, Zone, Zone, list[Step]]


@given(lives)
def test_a_window_follows_from_the_history_of_the_zones_whether_or_not_a_day_was_opened(life: Life) -> None:
    start, offset, ada, ben, steps = life
    now = start + offset
    couple = never_opened = couple_in(ada, ben)
    stored: Stored = {}
    model = Model({ADA: ada, BEN: ben})
    closed: set[dt.date] = set()
    for wait, step in steps:
        now += wait
        before = {date: model.window(date) for date in dates_around(now)}
        match step:
            case Move(who, zone):
                couple, stored = moved(couple, stored, who, zone, now)
                never_opened, _ = moved(never_opened, {}, who, zone, now)
                model.move(who, zone, now)
            case Opening(ahead):
                date = latest_date(couple.zones, now) + ahead * DAY
                if date not in stored and date in open_dates(couple, stored, now):
                    stored[date] = a_day(date=date, window=window_of(couple, date, stored))
        for date in dates_around(now):
            window, (opens, closes) = window_of(couple, date, stored), model.window(date)
            assert (window.opens_at, window.closes_at) == (opens, closes)
            assert window == window_of(never_opened, date, {}), "opened or not makes no difference"
            if before[date][0] <= now < before[date][1]:
                assert window.is_open(now), "a move closes nothing that is open"
                assert window.closes_at >= before[date][1], "nor does it close earlier than it would have"
            assert not (date in closed and window.is_open(now)), "what has closed stays closed"
            closed |= {date} if window.closes_at <= now else set()
            for zone in couple.zones:
                own = day_window(date, [zone]).closes_at
                assert not window.is_open(now) or own <= window.closes_at, "the hours that a phone shows are kept"
        assert open_dates(couple, stored, now) == {date for date in far_around(now) if model.is_open(date, now)}
        assert latest_closed(couple, stored, now) == max(closed)
        assert latest_closed(couple, stored, now) <= latest_date(couple.zones, now), "so the streak judges all of them"
        assert len(couple.windows) <= 5


@given(lives)
def test_a_move_of_either_partner_changes_no_streak(life: Life) -> None:
    """Nobody can end the couple's run, or take a complete day away, by moving to another zone."""
    start, offset, ada, ben, steps = life
    now, couple = start + offset, couple_in(ada, ben)
    stored: Stored = {}
    first, complete = start.date() - DAY, set[dt.date]()
    for wait, step in steps:
        now += wait
        match step:
            case Move(who, zone):
                history = History(first, frozenset(complete))
                before = streak_at(couple, history, stored, now)
                couple, stored = moved(couple, stored, who, zone, now)
                assert streak_at(couple, history, stored, now) == before
            case Opening(ahead):
                date = latest_date(couple.zones, now) + ahead * DAY
                if date in open_dates(couple, stored, now):
                    stored.setdefault(date, a_day(date=date, window=window_of(couple, date, stored)))
                    complete.add(date)


@given(
    st.sampled_from(sorted(zone_names())),
    st.integers(0, 40 * 365 * 96).map(lambda quarters: an_instant("2000-01-01T00:00:00Z") + HOUR / 4 * quarters),
)
@example("Pacific/Apia", an_instant("2011-12-30T10:00:00Z"))
@example("Pacific/Kiritimati", an_instant("2026-06-07T10:00:00Z"))
@example("Etc/GMT+12", an_instant("2026-06-09T14:59:00Z"))
def test_no_zone_has_a_date_open_that_is_not_nearby(name: str, instant: dt.datetime) -> None:
    zone = zone_named(name)
    nearby = dates_around(instant)
    for date in far_around(instant):
        assert date in nearby or not day_window(date, [zone]).is_open(instant)


def test_missed_dates_stay_missed_when_a_move_makes_one_of_them_today() -> None:
    """The couple missed 6 and 7 June in New York. In Pago Pago it is 7 June again."""
    couple, now = couple_in(), an_instant("2026-06-08T07:30:00Z")
    met = frozenset(dt.date(2026, 6, day) for day in range(1, 6))
    history = History(first=dt.date(2026, 6, 1), complete=met)
    assert streak_at(couple, history, {}, now) == Streak(current=0, longest=5, total=5)
    couple, _ = moved(couple, {}, ADA, PAGO_PAGO, now)
    assert local_date(now, PAGO_PAGO) == dt.date(2026, 6, 7)
    assert open_dates(couple, {}, now) == {dt.date(2026, 6, 8)}
    assert streak_at(couple, history, {}, now) == Streak(current=0, longest=5, total=5)
    couple, _ = moved(couple, {}, BEN, PAGO_PAGO, now + HOUR)
    assert streak_at(couple, history, {}, now + HOUR) == Streak(current=0, longest=5, total=5)


def test_an_open_date_keeps_its_hours_when_both_move_to_where_it_is_over() -> None:
    """6 June is open in New York until 07:00 UTC of the 7th."""
    couple, now, date = couple_in(), an_instant("2026-06-07T06:00:00Z"), dt.date(2026, 6, 6)
    for who in (ADA, BEN):
        couple, _ = moved(couple, {}, who, TOKYO, now)
    closes = an_instant("2026-06-07T07:00:00Z")
    assert window_of(couple, date, {}).closes_at == closes
    assert date in open_dates(couple, {}, closes - dt.timedelta(milliseconds=1))
    assert date not in open_dates(couple, {}, closes)


def test_a_date_that_has_not_begun_follows_the_new_zones() -> None:
    couple, now, date = couple_in(), an_instant("2026-06-07T06:00:00Z"), dt.date(2026, 6, 8)
    for who in (ADA, BEN):
        couple, _ = moved(couple, {}, who, TOKYO, now)
    assert window_of(couple, date, {}) == day_window(date, [TOKYO])


def test_the_stored_windows_of_a_couple_stay_few() -> None:
    couple, now = couple_in(), an_instant("2026-06-07T06:00:00Z")
    for number in range(400):
        couple, _ = moved(couple, {}, (ADA, BEN)[number % 2], ZONES[number % len(ZONES)], now + number * HOUR)
        assert len(couple.windows) <= 5
