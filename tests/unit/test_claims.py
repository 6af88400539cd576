"""A reminder that moves falls due once on each date: the claims of all its places against a model of one clock."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rekindle.calendar import slot_instant, zone_named
from rekindle.claims import EVERY_DATE, CaughtUp, Claim, claims_of, moved, slots_of
from rekindle.models import Person, PushKind, Reminders, TouchReminder, Zone
from rekindle.reminders import MAX_LATENESS, Slot
from tests.builders import LONDON, NEW_YORK, TOKYO, a_paired_person, a_profile, an_instant

HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)
START = an_instant("2026-03-02T15:00:00Z")
HALF_PAST_EIGHT = dt.time(8, 30)


def in_zone(person: Person, zone: Zone) -> Person:
    return replace(person, profile=replace(person.profile, zone=zone))


def at(person: Person, time: dt.time) -> Person:
    return replace(person, reminders=replace(person.reminders, prompt=time))


def prompt_claims(person: Person) -> dict[str, Claim]:
    return {str(slot): claim for (slot, kind), claim in claims_of(person).items() if kind is PushKind.PROMPT}


# One move at a time

DATE = dt.date(2026, 3, 2)


def test_who_has_never_moved_has_one_place_for_every_date() -> None:
    assert prompt_claims(a_paired_person()) == {"America/New_York#08:30": EVERY_DATE}


def test_from_tokyo_to_new_york_a_date_that_had_come_does_not_come_again() -> None:
    """Tokyo's 2 March had come at 08:30 there, which is the evening of 1 March in New York."""
    ada = a_paired_person(profile=a_profile(zone=TOKYO))
    after, caught_up = moved(ada, in_zone(ada, NEW_YORK), an_instant("2026-03-02T05:00:00Z"))
    assert caught_up == []
    assert prompt_claims(after) == {"America/New_York#08:30": Claim(after=DATE)}


def test_from_new_york_to_tokyo_a_date_that_has_just_passed_there_is_caught_up_with() -> None:
    ada = a_paired_person()
    at_nine_in_tokyo = an_instant("2026-03-02T00:00:00Z")
    after, caught_up = moved(ada, in_zone(ada, TOKYO), at_nine_in_tokyo)
    assert CaughtUp(PushKind.PROMPT, DATE, at_nine_in_tokyo - 30 * MINUTE) in caught_up
    assert prompt_claims(after) == {"Asia/Tokyo#08:30": Claim(after=DATE)}


def test_what_had_just_fallen_due_is_still_owed_by_the_place_that_was_left() -> None:
    """Its run may not have come to this person yet."""
    ada = a_paired_person()
    after, _ = moved(ada, at(ada, dt.time(9)), an_instant("2026-03-02T13:31:00Z"))
    assert prompt_claims(after) == {
        "America/New_York#08:30": Claim(after=dt.date.max, owed=DATE),
        "America/New_York#09:00": Claim(after=DATE),
    }
    later, _ = moved(after, in_zone(after, LONDON), an_instant("2026-03-02T17:00:00Z"))
    assert "America/New_York#08:30" not in prompt_claims(later)


def test_a_move_to_a_time_that_is_still_to_come_is_due_then() -> None:
    ada = a_paired_person()
    after, caught_up = moved(ada, at(ada, dt.time(9)), an_instant("2026-03-02T13:29:00Z"))
    assert caught_up == []
    assert DATE in prompt_claims(after)["America/New_York#09:00"]
    assert list(prompt_claims(after)) == ["America/New_York#09:00"]


def test_a_reminder_that_is_switched_off_is_owed_by_nobody_and_its_date_stays_taken() -> None:
    ada = a_paired_person()
    evening = an_instant("2026-03-03T01:31:00Z")
    off, _ = moved(ada, replace(ada, reminders=replace(ada.reminders, evening=None)), evening)
    assert {kind for _, kind in claims_of(off)} == {PushKind.PROMPT}
    late = replace(ada.reminders, evening=dt.time(21))
    on, caught_up = moved(off, replace(off, reminders=late), evening + 10 * MINUTE)
    assert caught_up == []
    assert claims_of(on)[Slot(NEW_YORK, dt.time(21)), PushKind.EVENING] == Claim(after=DATE)


def test_touch_has_a_place_only_while_both_want_it() -> None:
    touch = TouchReminder(frozenset({0, 4}), dt.time(19))
    ada = a_paired_person(profile=a_profile(touch_comfort=1), reminders=Reminders(touch=touch), touch_agreed=True)
    assert slots_of(ada)[PushKind.TOUCH] == Slot(NEW_YORK, dt.time(19))
    for change in ({"touch_agreed": False}, {"reminders": Reminders()}, {"profile": a_profile(touch_comfort=0)}):
        assert PushKind.TOUCH not in slots_of(replace(ada, **change))


def test_a_weekday_without_touch_takes_no_date() -> None:
    """On a Monday, from Tuesdays to Mondays: today's has not been yet."""
    tuesdays = TouchReminder(frozenset({1}), dt.time(8))
    ada = a_paired_person(profile=a_profile(touch_comfort=1), reminders=Reminders(touch=tuesdays), touch_agreed=True)
    mondays = replace(ada, reminders=Reminders(touch=TouchReminder(frozenset({0}), dt.time(19))))
    after, _ = moved(ada, mondays, START)
    assert DATE in claims_of(after)[Slot(NEW_YORK, dt.time(19)), PushKind.TOUCH]


def test_who_was_not_due_before_has_nothing_to_catch_up_with() -> None:
    alone = a_paired_person(couple=None)
    after, caught_up = moved(alone, a_paired_person(uid=alone.uid), START)
    assert (caught_up, after.last_due) == ([], {})


# Any moves

ZONES = [
    zone_named(name)
    for name in (
        "America/New_York",
        "Asia/Tokyo",
        "Europe/London",
        "Pacific/Kiritimati",
        "Pacific/Midway",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "America/Nuuk",
    )
]
TIMES = [dt.time(0), dt.time(2, 30), dt.time(8, 30), dt.time(8, 35), dt.time(20, 30), dt.time(23, 55)]
SPAN = dt.timedelta(days=8)


@dataclass(frozen=True)
class Move:
    after: dt.timedelta
    zone: Zone
    time: dt.time


moves = st.builds(
    Move,
    after=st.integers(0, 36 * 12).map(lambda fives: fives * 5 * MINUTE + 7 * dt.timedelta(seconds=1)),
    zone=st.sampled_from(ZONES),
    time=st.sampled_from(TIMES),
)


@settings(max_examples=400)
@given(
    start=st.sampled_from(["2026-03-26T12:00:00Z", "2026-10-31T09:30:00Z", "2026-03-05T23:50:00Z"]).map(an_instant),
    first=st.tuples(st.sampled_from(ZONES), st.sampled_from(TIMES)),
    steps=st.lists(moves, max_size=6),
    lag=st.integers(0, 120).map(lambda minutes: minutes * MINUTE),
)
@example(
    # Away and back again while the first place's run is under way.
    start=an_instant("2026-03-05T23:50:00Z"),
    first=(ZONES[0], HALF_PAST_EIGHT),
    steps=[Move(13 * HOUR + 42 * MINUTE, ZONES[1], dt.time(20, 30)), Move(10 * MINUTE, ZONES[0], HALF_PAST_EIGHT)],
    lag=60 * MINUTE,
)
@example(
    # What comes in the very moment at which the test stops looking.
    start=an_instant("2026-10-31T09:30:00Z"),
    first=(zone_named("Australia/Lord_Howe"), dt.time(20, 30)),
    steps=[],
    lag=0 * MINUTE,
)
def test_each_date_falls_due_once_wherever_and_whenever_a_person_moves(
    start: dt.datetime, first: tuple[Zone, dt.time], steps: list[Move], lag: dt.timedelta
) -> None:
    """A date falls due at the first moment at which the place of that moment has come to it.

    The run of a slot reads a person's rows `lag` after the slot has come.
    """
    zone, time = first
    person = at(a_paired_person(profile=a_profile(zone=zone)), time)
    lives: list[tuple[dt.datetime, Person]] = [(start, person)]
    due: Counter[tuple[dt.date, dt.datetime]] = Counter()
    now = start
    for step in steps:
        now += step.after
        after, caught_up = moved(lives[-1][1], at(in_zone(lives[-1][1], step.zone), step.time), now)
        due.update((each.date, each.instant) for each in caught_up if each.kind is PushKind.PROMPT)
        lives.append((now, after))

    places = {slots_of(each)[PushKind.PROMPT] for _, each in lives}
    dates = [start.date() + dt.timedelta(days=days) for days in range(-2, (now + SPAN - start).days + 2)]
    comes = {(place, date): slot_instant(date, place.time, place.zone) for place in places for date in dates}
    for (place, date), instant in comes.items():
        if instant is not None and start < instant < now + SPAN:
            reader = [each for since, each in lives if since <= instant + lag][-1]
            if date in claims_of(reader).get((place, PushKind.PROMPT), Claim(after=dt.date.max)):
                due[date, instant] += 1

    times = Counter(date for date, _ in due.elements())
    for date in dates:
        falls_due = None
        for (since, each), until in zip(lives, [*(since for since, _ in lives[1:]), now + SPAN], strict=True):
            instant = comes[slots_of(each)[PushKind.PROMPT], date]
            if instant is not None and instant < until:
                falls_due = max(instant, since), instant
                break
        if falls_due is None or falls_due[0] <= start:
            # Not reached, or reached before the test looked.
            assert times[date] <= (0 if falls_due is None else 1)
        elif falls_due[0] - falls_due[1] <= MAX_LATENESS:
            assert due[date, falls_due[1]] == times[date] == 1
        else:
            assert times[date] <= 1


def test_a_claim_names_its_dates() -> None:
    claim = Claim(after=DATE, owed=DATE - dt.timedelta(days=3))
    week = [DATE + dt.timedelta(days=days) for days in range(-4, 3)]
    assert [date in claim for date in week] == [False, True, False, False, False, True, True]


@pytest.mark.parametrize("kind", [PushKind.PROMPT, PushKind.EVENING])
def test_what_does_not_move_a_reminder_changes_no_claim(kind: PushKind) -> None:
    ada = a_paired_person()
    renamed = replace(ada, profile=replace(ada.profile, display_name="Countess"))
    after, caught_up = moved(ada, renamed, START)
    assert (after, caught_up) == (renamed, [])
    assert claims_of(after)[slots_of(after)[kind], kind] == EVERY_DATE
