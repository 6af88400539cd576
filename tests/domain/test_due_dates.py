"""A reminder that moves falls due once on each date: the due_dates of all its places against a model of one clock."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter
from dataclasses import dataclass, replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rekindle.domain.calendar import local_date, slot_instant, zone_named
from rekindle.domain.due_dates import EVERY_DATE, CaughtUp, DueDates, due_dates_of, moved, slots_of
from rekindle.domain.models import CoupleId, Person, PushKind, Reminders, TouchReminder, Zone
from rekindle.domain.reminders import MAX_LATENESS, Slot
from testing.builders import LONDON, NEW_YORK, TOKYO, a_paired_person, a_profile, an_instant

HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)
START = an_instant("2026-03-02T15:00:00Z")
HALF_PAST_EIGHT = dt.time(8, 30)


def in_zone(person: Person, zone: Zone) -> Person:
    return replace(person, profile=replace(person.profile, zone=zone))


def at(person: Person, time: dt.time) -> Person:
    return replace(person, reminders=replace(person.reminders, prompt=time))


def prompt_due_dates(person: Person) -> dict[str, DueDates]:
    return {str(slot): due_dates for (slot, kind), due_dates in due_dates_of(person).items() if kind is PushKind.PROMPT}


# One move at a time

DATE = dt.date(2026, 3, 2)


def test_who_has_never_moved_has_one_place_for_every_date() -> None:
    assert prompt_due_dates(a_paired_person()) == {"America/New_York#08:30": EVERY_DATE}


def test_from_tokyo_to_new_york_a_date_that_had_come_does_not_come_again() -> None:
    """Tokyo's 2 March had come at 08:30 there, which is the evening of 1 March in New York."""
    ada = a_paired_person(profile=a_profile(zone=TOKYO))
    after, caught_up = moved(ada, in_zone(ada, NEW_YORK), an_instant("2026-03-02T05:00:00Z"))
    assert caught_up == []
    assert prompt_due_dates(after) == {"America/New_York#08:30": DueDates(after=DATE)}


def test_from_new_york_to_tokyo_a_date_that_has_just_passed_there_is_caught_up_with() -> None:
    ada = a_paired_person()
    at_nine_in_tokyo = an_instant("2026-03-02T00:00:00Z")
    after, caught_up = moved(ada, in_zone(ada, TOKYO), at_nine_in_tokyo)
    assert CaughtUp(PushKind.PROMPT, DATE, at_nine_in_tokyo - 30 * MINUTE) in caught_up
    assert prompt_due_dates(after) == {"Asia/Tokyo#08:30": DueDates(after=DATE)}


def test_what_had_just_fallen_due_is_still_owed_by_the_place_that_was_left() -> None:
    """Its run may not have come to this person yet."""
    ada = a_paired_person()
    after, _ = moved(ada, at(ada, dt.time(9)), an_instant("2026-03-02T13:31:00Z"))
    assert prompt_due_dates(after) == {
        "America/New_York#08:30": DueDates(after=dt.date.max, due_earlier=DATE),
        "America/New_York#09:00": DueDates(after=DATE),
    }
    later, _ = moved(after, in_zone(after, LONDON), an_instant("2026-03-02T17:00:00Z"))
    assert "America/New_York#08:30" not in prompt_due_dates(later)


def test_a_move_to_a_time_that_is_still_to_come_is_due_then() -> None:
    ada = a_paired_person()
    after, caught_up = moved(ada, at(ada, dt.time(9)), an_instant("2026-03-02T13:29:00Z"))
    assert caught_up == []
    assert DATE in prompt_due_dates(after)["America/New_York#09:00"]
    assert list(prompt_due_dates(after)) == ["America/New_York#09:00"]


def test_a_reminder_that_is_switched_off_is_owed_by_nobody_and_its_date_stays_taken() -> None:
    ada = a_paired_person()
    evening = an_instant("2026-03-03T01:31:00Z")
    off, _ = moved(ada, replace(ada, reminders=replace(ada.reminders, evening=None)), evening)
    assert {kind for _, kind in due_dates_of(off)} == {PushKind.PROMPT}
    late = replace(ada.reminders, evening=dt.time(21))
    on, caught_up = moved(off, replace(off, reminders=late), evening + 10 * MINUTE)
    assert caught_up == []
    assert due_dates_of(on)[Slot(NEW_YORK, dt.time(21)), PushKind.EVENING] == DueDates(after=DATE)


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
    assert DATE in due_dates_of(after)[Slot(NEW_YORK, dt.time(19)), PushKind.TOUCH]


def test_who_pairs_after_the_time_has_passed_was_not_due_then_and_is_at_a_later_time_they_choose() -> None:
    """They pair at 09:00, and at 09:10 choose 10:00: today's is still to come."""
    alone = a_paired_person(couple=None)
    at_nine = an_instant("2026-03-02T14:00:00Z")
    paired, caught_up = moved(alone, replace(alone, couple=CoupleId("couple-1")), at_nine)
    assert caught_up == []
    assert prompt_due_dates(paired) == {"America/New_York#08:30": DueDates(after=DATE)}
    later, caught_up = moved(paired, at(paired, dt.time(10)), at_nine + 10 * MINUTE)
    assert caught_up == []
    assert prompt_due_dates(later) == {"America/New_York#10:00": DueDates(after=DATE - dt.timedelta(days=1))}


def test_a_slot_that_comes_while_a_request_is_carried_out_counts_as_come() -> None:
    """Its run may read the rows before they are changed: the old place tells of it, and the new one does not again."""
    ada = a_paired_person()
    just_before = an_instant("2026-03-02T13:29:59Z")
    after, caught_up = moved(ada, at(ada, dt.time(9)), just_before)
    assert caught_up == []
    assert prompt_due_dates(after) == {
        "America/New_York#08:30": DueDates(after=dt.date.max, due_earlier=DATE),
        "America/New_York#09:00": DueDates(after=DATE),
    }
    late = at(ada, dt.time(20))
    after, caught_up = moved(late, at(late, HALF_PAST_EIGHT), just_before)
    assert caught_up == [CaughtUp(PushKind.PROMPT, DATE, an_instant("2026-03-02T13:30:00Z"))]
    assert prompt_due_dates(after) == {"America/New_York#08:30": DueDates(after=DATE)}


# A pause

TOMORROW = DATE + dt.timedelta(days=1)
EVENING = dt.time(20, 30)


def paused(person: Person, until: dt.date | None) -> Person:
    return replace(person, paused_until=until)


def test_while_a_pause_lasts_no_date_is_claimed_and_then_each_is_again() -> None:
    ada = a_paired_person()
    resting, caught_up = moved(ada, paused(ada, DATE + dt.timedelta(days=7)), START)
    assert caught_up == []
    assert set(due_dates_of(resting)) == set(due_dates_of(ada)), "no row is lost: nothing has to be done when it ends"
    assert set(due_dates_of(resting).values()) == {DueDates(after=DATE + dt.timedelta(days=6))}


def test_what_had_just_fallen_due_as_a_pause_begins_is_not_told_any_more() -> None:
    ada = a_paired_person()
    at_nine, _ = moved(ada, at(ada, dt.time(9)), an_instant("2026-03-02T13:31:00Z"))
    assert at_nine.due_earlier
    resting, _ = moved(at_nine, paused(at_nine, TOMORROW), an_instant("2026-03-02T13:32:00Z"))
    assert prompt_due_dates(resting) == {"America/New_York#09:00": DueDates(after=DATE)}


def test_what_fell_due_in_a_pause_that_is_ended_by_hand_is_not_told_late_and_the_evening_is_told() -> None:
    resting, _ = moved(a_paired_person(), paused(a_paired_person(), TOMORROW), an_instant("2026-03-02T12:00:00Z"))
    back, caught_up = moved(resting, paused(resting, None), an_instant("2026-03-02T13:31:00Z"))
    assert caught_up == []
    assert prompt_due_dates(back) == {"America/New_York#08:30": DueDates(after=DATE)}
    assert DATE in due_dates_of(back)[Slot(NEW_YORK, EVENING), PushKind.EVENING]


def test_a_pause_that_is_taken_back_before_anything_came_changes_nothing() -> None:
    ada = a_paired_person()
    resting, _ = moved(ada, paused(ada, TOMORROW), an_instant("2026-03-02T12:00:00Z"))
    back, _ = moved(resting, paused(resting, None), an_instant("2026-03-02T12:01:00Z"))
    assert all(DATE in due_dates for due_dates in due_dates_of(back).values())


def test_what_was_told_before_a_pause_is_not_told_again_after_a_flight_in_it() -> None:
    """Told at 08:30 in Tokyo, paused at 09:00, flown to where that date is yet to come, and resumed there."""
    ada = a_paired_person(profile=a_profile(zone=TOKYO))
    resting, _ = moved(ada, paused(ada, TOMORROW), an_instant("2026-03-02T00:00:00Z"))
    away, _ = moved(resting, in_zone(resting, NEW_YORK), an_instant("2026-03-02T10:00:00Z"))
    back, caught_up = moved(away, paused(away, None), an_instant("2026-03-02T12:00:00Z"))
    assert caught_up == []
    assert DATE not in prompt_due_dates(back)["America/New_York#08:30"]


def test_a_slot_that_comes_while_a_pause_begins_is_silent_and_while_it_ends_is_told() -> None:
    ada, just_before = a_paired_person(), an_instant("2026-03-02T13:29:59Z")
    resting, caught_up = moved(ada, paused(ada, TOMORROW), just_before)
    assert (caught_up, prompt_due_dates(resting)) == ([], {"America/New_York#08:30": DueDates(after=DATE)})
    resting, _ = moved(ada, paused(ada, TOMORROW), START - dt.timedelta(days=1))
    back, caught_up = moved(resting, paused(resting, None), just_before)
    assert caught_up == [CaughtUp(PushKind.PROMPT, DATE, just_before + dt.timedelta(seconds=1))]
    assert prompt_due_dates(back) == {"America/New_York#08:30": DueDates(after=DATE)}


def test_a_partner_whose_clock_has_left_the_pause_behind_is_still_owed_what_had_just_fallen_due() -> None:
    """In New York they pause for the rest of 1 March; in Tokyo it is the 2nd, of which the prompt is under way."""
    ben = a_paired_person(profile=a_profile(zone=TOKYO))
    after, caught_up = moved(ben, paused(ben, DATE), an_instant("2026-03-01T23:31:00Z"))
    assert caught_up == []
    assert prompt_due_dates(after) == {"Asia/Tokyo#08:30": DueDates(after=DATE, due_earlier=DATE)}


def test_a_pause_that_is_long_over_is_forgotten() -> None:
    ada = a_paired_person(paused_until=DATE)
    for days, kept in ((3, DATE), (4, None)):
        later, _ = moved(ada, replace(ada, couple=ada.couple), START + dt.timedelta(days=days))
        assert later.paused_until == kept


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
    """`after` the last one, to a place in a couple, or out of it."""

    after: dt.timedelta
    zone: Zone
    time: dt.time
    paired: bool = True


@dataclass(frozen=True)
class Rest:
    """`after` the last step, a pause until so many dates after their own; none is its end, 0 one by a clock behind."""

    after: dt.timedelta
    dates: int | None


waits = st.integers(0, 36 * 12).map(lambda fives: fives * 5 * MINUTE + 7 * dt.timedelta(seconds=1))
rests = st.builds(Rest, after=waits, dates=st.sampled_from([None, None, 0, 1, 2, 4]))
moves = st.builds(
    Move,
    after=waits,
    zone=st.sampled_from(ZONES),
    time=st.sampled_from(TIMES),
    paired=st.sampled_from([True, True, True, False]),
)


def placed(person: Person, move: Move) -> Person:
    there = at(in_zone(person, move.zone), move.time)
    return (
        replace(there, couple=CoupleId("couple-1")) if move.paired else replace(there, couple=None, paused_until=None)
    )


def rested(person: Person, rest: Rest, now: dt.datetime) -> Person:
    if person.couple is None or rest.dates is None:
        return paused(person, None)
    return paused(person, local_date(now, person.profile.zone) + dt.timedelta(days=rest.dates))


def falls_due(
    date: dt.date, lives: list[tuple[dt.datetime, Person]], end: dt.datetime
) -> tuple[dt.datetime, dt.datetime] | None:
    """When a date falls due, and when its place came: the first moment at which a place of theirs has come to it.

    What a place had come to before they paired is none of theirs.
    """
    paired_at = None
    for (since, person), until in zip(lives, [*(since for since, _ in lives[1:]), end], strict=True):
        slot = slots_of(person).get(PushKind.PROMPT)
        paired_at = (paired_at or since) if slot else None
        instant = slot_instant(date, slot.time, slot.zone) if slot else None
        if instant is not None and paired_at and paired_at < instant < until:
            return max(instant, since), instant
    return None


@settings(max_examples=500)
@given(
    start=st.sampled_from(["2026-03-26T12:00:00Z", "2026-10-31T09:30:00Z", "2026-03-05T23:50:00Z"]).map(an_instant),
    first=st.builds(Move, st.just(dt.timedelta(0)), st.sampled_from(ZONES), st.sampled_from(TIMES), st.booleans()),
    steps=st.lists(st.one_of(moves, rests), max_size=8),
    lag=st.integers(0, 120).map(lambda minutes: minutes * MINUTE),
)
@example(
    # Away and back again while the first place's run is under way.
    start=an_instant("2026-03-05T23:50:00Z"),
    first=Move(dt.timedelta(0), ZONES[0], HALF_PAST_EIGHT),
    steps=[Move(13 * HOUR + 42 * MINUTE, ZONES[1], dt.time(20, 30)), Move(10 * MINUTE, ZONES[0], HALF_PAST_EIGHT)],
    lag=60 * MINUTE,
)
@example(
    # Paired after the time has passed, and another time chosen at once.
    start=an_instant("2026-03-05T23:50:00Z"),
    first=Move(dt.timedelta(0), ZONES[0], HALF_PAST_EIGHT, paired=False),
    steps=[Move(14 * HOUR + 10 * MINUTE, ZONES[0], HALF_PAST_EIGHT), Move(10 * MINUTE, ZONES[0], dt.time(20, 30))],
    lag=0 * MINUTE,
)
@example(
    # A slot that comes exactly where the test ends.
    start=an_instant("2026-03-26T12:00:00Z"),
    first=Move(dt.timedelta(0), ZONES[2], dt.time(0)),
    steps=[],
    lag=0 * MINUTE,
)
def test_each_date_falls_due_once_wherever_and_whenever_a_person_moves(
    start: dt.datetime, first: Move, steps: list[Move | Rest], lag: dt.timedelta
) -> None:
    """The run of a slot reads a person's rows `lag` after the slot has come.

    A date that falls due in a pause does so in silence, however soon the pause is over.
    """
    person = placed(a_paired_person(reminded_since={PushKind.PROMPT: start}), first)
    lives: list[tuple[dt.datetime, Person]] = [(start, person)]
    due: Counter[tuple[dt.date, dt.datetime]] = Counter()
    now = start
    for step in steps:
        now += step.after
        before = lives[-1][1]
        change = placed(before, step) if isinstance(step, Move) else rested(before, step, now)
        after, caught_up = moved(before, change, now)
        due.update((each.date, each.instant) for each in caught_up if each.kind is PushKind.PROMPT)
        lives.append((now, after))
    end = now + SPAN

    dates = [start.date() + dt.timedelta(days=days) for days in range(-2, (end - start).days + 2)]
    places = {place for _, each in lives if (place := slots_of(each).get(PushKind.PROMPT))}
    for place, date in itertools.product(places, dates):
        instant = slot_instant(date, place.time, place.zone)
        if instant is not None and start < instant < end:
            reader = [each for since, each in lives if since <= instant + lag][-1]
            if date in due_dates_of(reader).get((place, PushKind.PROMPT), DueDates(after=dt.date.max)):
                due[date, instant] += 1

    times = Counter(date for date, _ in due.elements())
    for date in dates:
        assert times[date] <= 1
        found = falls_due(date, lives, end)
        if found is None:
            assert times[date] == 0
            continue
        fell, came = found
        overtaken = [
            later for later in dates if later > date and (other := falls_due(later, lives, end)) and other[0] < fell
        ]
        as_it_fell = [each for since, each in lives if since <= fell][-1]
        if as_it_fell.is_silent_on(date):
            assert times[date] == 0
            continue
        unpaired = [since for since, each in lives if each.couple is None and fell < since <= came + lag]
        hushed = [since for since, each in lives if each.is_silent_on(date) and fell < since <= came + lag]
        # Once a date has come, the ones before it are over, also where a clock comes to them again.
        if fell - came <= MAX_LATENESS and not unpaired and not hushed and not overtaken:
            assert due[date, came] == 1


def test_a_claim_names_its_dates() -> None:
    due_dates = DueDates(after=DATE, due_earlier=DATE - dt.timedelta(days=3))
    week = [DATE + dt.timedelta(days=days) for days in range(-4, 3)]
    assert [date in due_dates for date in week] == [False, True, False, False, False, True, True]


@pytest.mark.parametrize("kind", [PushKind.PROMPT, PushKind.EVENING])
def test_what_does_not_move_a_reminder_changes_no_claim(kind: PushKind) -> None:
    ada = a_paired_person()
    renamed = replace(ada, profile=replace(ada.profile, display_name="Countess"))
    after, caught_up = moved(ada, renamed, START)
    assert (after, caught_up) == (renamed, [])
    assert due_dates_of(after)[slots_of(after)[kind], kind] == EVERY_DATE
