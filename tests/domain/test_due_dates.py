"""Each date comes due once, however often a person moves the reminder.

A property test compares all of a person's slots with a model of one clock.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections import Counter
from dataclasses import dataclass, replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rekindle.domain.calendar import local_date, slot_instant, zone_named
from rekindle.domain.due_dates import EVERY_DATE, CaughtUp, DueDates, due_dates_of, move_reminders, slots_of
from rekindle.domain.ids import CoupleId, Zone
from rekindle.domain.persons import Person, Reminders, TouchReminder
from rekindle.domain.pushes import PushKind
from rekindle.domain.reminders import MAX_LATENESS, Slot
from rekindle.domain.touch_dates import TouchDates
from testing.builders import LONDON, NEW_YORK, TOKYO, a_paired_person, a_profile, a_touching_person, an_instant

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


def test_a_person_who_never_moved_has_one_slot_for_every_date() -> None:
    assert prompt_due_dates(a_paired_person()) == {"America/New_York#08:30": EVERY_DATE}


def test_a_date_that_came_due_in_tokyo_does_not_come_due_again_in_new_york() -> None:
    """In Tokyo 08:30 of 2 March had come. That was the evening of 1 March in New York."""
    ada = a_paired_person(profile=a_profile(zone=TOKYO))
    after, caught_up = move_reminders(ada, in_zone(ada, NEW_YORK), an_instant("2026-03-02T05:00:00Z"))
    assert caught_up == []
    assert prompt_due_dates(after) == {"America/New_York#08:30": DueDates(after=DATE)}


def test_a_date_whose_time_has_passed_in_tokyo_is_caught_up_on_the_move_there() -> None:
    ada = a_paired_person()
    at_nine_in_tokyo = an_instant("2026-03-02T00:00:00Z")
    after, caught_up = move_reminders(ada, in_zone(ada, TOKYO), at_nine_in_tokyo)
    assert CaughtUp(PushKind.PROMPT, DATE, at_nine_in_tokyo - 30 * MINUTE) in caught_up
    assert prompt_due_dates(after) == {"Asia/Tokyo#08:30": DueDates(after=DATE)}


def test_the_old_slot_still_sends_the_date_that_had_just_come_due() -> None:
    """The run of the old slot may not have reached this person yet."""
    ada = a_paired_person()
    after, _ = move_reminders(ada, at(ada, dt.time(9)), an_instant("2026-03-02T13:31:00Z"))
    assert prompt_due_dates(after) == {
        "America/New_York#08:30": DueDates(after=dt.date.max, also_on=DATE),
        "America/New_York#09:00": DueDates(after=DATE),
    }
    later, _ = move_reminders(after, in_zone(after, LONDON), an_instant("2026-03-02T17:00:00Z"))
    assert "America/New_York#08:30" not in prompt_due_dates(later)


def test_a_reminder_moved_to_a_later_time_today_comes_due_at_that_time() -> None:
    ada = a_paired_person()
    after, caught_up = move_reminders(ada, at(ada, dt.time(9)), an_instant("2026-03-02T13:29:00Z"))
    assert caught_up == []
    assert DATE in prompt_due_dates(after)["America/New_York#09:00"]
    assert list(prompt_due_dates(after)) == ["America/New_York#09:00"]


def test_a_reminder_that_is_switched_off_has_no_slot_and_its_date_does_not_come_due_again() -> None:
    ada = a_paired_person()
    evening = an_instant("2026-03-03T01:31:00Z")
    off, _ = move_reminders(ada, replace(ada, reminders=replace(ada.reminders, evening=None)), evening)
    assert {kind for _, kind in due_dates_of(off)} == {PushKind.PROMPT}
    late = replace(ada.reminders, evening=dt.time(21))
    on, caught_up = move_reminders(off, replace(off, reminders=late), evening + 10 * MINUTE)
    assert caught_up == []
    assert due_dates_of(on)[Slot(NEW_YORK, dt.time(21)), PushKind.EVENING] == DueDates(after=DATE)


def test_touch_has_a_slot_only_while_both_want_it() -> None:
    touch = TouchReminder(frozenset({0, 4}), dt.time(19))
    ada = a_touching_person(reminders=Reminders(touch=touch))
    assert slots_of(ada)[PushKind.TOUCH] == Slot(NEW_YORK, dt.time(19))
    for change in ({"touch_dates": None}, {"reminders": Reminders()}, {"profile": a_profile(touch_comfort=0)}):
        assert PushKind.TOUCH not in slots_of(replace(ada, **change))


def test_a_date_without_touch_is_not_caught_up_with() -> None:
    """At 18:59:50, the partner agrees to touch from tomorrow on. Today's slot comes just then."""
    ada = a_touching_person(touch_dates=None)
    tomorrow = DATE + dt.timedelta(days=1)
    agreed = replace(ada, touch_dates=TouchDates((tomorrow,)))
    after, caught_up = move_reminders(ada, agreed, an_instant("2026-03-02T23:59:50Z"))
    assert caught_up == []
    assert tomorrow in due_dates_of(after)[Slot(NEW_YORK, dt.time(19)), PushKind.TOUCH]


def test_a_weekday_without_touch_does_not_count_as_due() -> None:
    """The person changes from Tuesdays to Mondays on a Monday. Today's reminder is still to come."""
    tuesdays = TouchReminder(frozenset({1}), dt.time(8))
    ada = a_touching_person(reminders=Reminders(touch=tuesdays))
    mondays = replace(ada, reminders=Reminders(touch=TouchReminder(frozenset({0}), dt.time(19))))
    after, _ = move_reminders(ada, mondays, START)
    assert DATE in due_dates_of(after)[Slot(NEW_YORK, dt.time(19)), PushKind.TOUCH]


def test_a_slot_that_comes_during_a_request_counts_as_come() -> None:
    """Its run may read the rows before the change. The old slot sends then, and the new slot does not send again."""
    ada = a_paired_person()
    just_before = an_instant("2026-03-02T13:29:59Z")
    after, caught_up = move_reminders(ada, at(ada, dt.time(9)), just_before)
    assert caught_up == []
    assert prompt_due_dates(after) == {
        "America/New_York#08:30": DueDates(after=dt.date.max, also_on=DATE),
        "America/New_York#09:00": DueDates(after=DATE),
    }
    late = at(ada, dt.time(20))
    after, caught_up = move_reminders(late, at(late, HALF_PAST_EIGHT), just_before)
    assert caught_up == [CaughtUp(PushKind.PROMPT, DATE, an_instant("2026-03-02T13:30:00Z"))]
    assert prompt_due_dates(after) == {"America/New_York#08:30": DueDates(after=DATE)}


# A pause of all notifications


def muted(person: Person, instant: dt.datetime, *, paused: bool = True) -> tuple[Person, list[CaughtUp]]:
    return move_reminders(person, person.with_notifications(instant, paused=paused), instant)


def test_whoever_pauses_notifications_has_no_slots_also_none_of_an_earlier_move() -> None:
    ada = a_paired_person()
    at_nine, _ = move_reminders(ada, at(ada, dt.time(9)), an_instant("2026-03-02T13:31:00Z"))
    assert at_nine.due_earlier
    silent, caught_up = muted(at_nine, an_instant("2026-03-02T13:32:00Z"))
    assert (due_dates_of(silent), caught_up) == ({}, [])
    back, caught_up = muted(silent, an_instant("2026-03-02T13:33:00Z"), paused=False)
    assert (prompt_due_dates(back), caught_up) == ({"America/New_York#09:00": DueDates(after=DATE)}, [])


@pytest.mark.parametrize(
    ("begin", "end", "first"),
    [
        ("2026-03-02T12:00:00Z", "2026-03-02T13:00:00Z", DATE),
        ("2026-03-02T12:00:00Z", "2026-03-02T13:31:00Z", DATE + dt.timedelta(days=1)),
        ("2026-03-02T13:31:00Z", "2026-03-02T13:32:00Z", DATE + dt.timedelta(days=1)),
        ("2026-03-02T13:31:00Z", "2026-03-20T13:31:00Z", dt.date(2026, 3, 21)),
    ],
    ids=["over before the slot", "over after the slot", "begun after the slot", "weeks"],
)
def test_no_reminder_is_sent_late_after_a_pause_of_notifications(begin: str, end: str, first: dt.date) -> None:
    silent, _ = muted(a_paired_person(), an_instant(begin))
    back, caught_up = muted(silent, an_instant(end), paused=False)
    assert caught_up == []
    (due_dates,) = prompt_due_dates(back).values()
    assert [first + dt.timedelta(days=days) in due_dates for days in (-1, 0)] == [False, True]


# A pause

TOMORROW = DATE + dt.timedelta(days=1)
EVENING = dt.time(20, 30)


def paused(person: Person, until: dt.date | None) -> Person:
    return replace(person, paused_until=until)


def test_no_date_of_a_pause_comes_due_and_every_later_date_does() -> None:
    touch = Reminders(touch=TouchReminder(frozenset({0}), dt.time(19)))
    ada = a_touching_person(reminders=touch)
    resting, caught_up = move_reminders(ada, paused(ada, DATE + dt.timedelta(days=7)), START)
    assert caught_up == []
    assert set(due_dates_of(resting)) == set(due_dates_of(ada)), "no row is lost: nothing has to be done when it ends"
    assert set(due_dates_of(resting).values()) == {DueDates(after=DATE + dt.timedelta(days=6))}


def test_a_date_that_had_just_come_due_is_not_sent_once_a_pause_begins() -> None:
    ada = a_paired_person()
    at_nine, _ = move_reminders(ada, at(ada, dt.time(9)), an_instant("2026-03-02T13:31:00Z"))
    assert at_nine.due_earlier
    resting, _ = move_reminders(at_nine, paused(at_nine, TOMORROW), an_instant("2026-03-02T13:32:00Z"))
    assert prompt_due_dates(resting) == {"America/New_York#09:00": DueDates(after=DATE)}


def test_a_pause_ended_by_hand_sends_no_late_prompt_but_sends_the_evening_reminder() -> None:
    resting, _ = move_reminders(
        a_paired_person(), paused(a_paired_person(), TOMORROW), an_instant("2026-03-02T12:00:00Z")
    )
    back, caught_up = move_reminders(resting, paused(resting, None), an_instant("2026-03-02T13:31:00Z"))
    assert caught_up == []
    assert prompt_due_dates(back) == {"America/New_York#08:30": DueDates(after=DATE)}
    assert DATE in due_dates_of(back)[Slot(NEW_YORK, EVENING), PushKind.EVENING]


def test_a_pause_that_is_taken_back_before_anything_came_changes_nothing() -> None:
    ada = a_paired_person()
    resting, _ = move_reminders(ada, paused(ada, TOMORROW), an_instant("2026-03-02T12:00:00Z"))
    back, _ = move_reminders(resting, paused(resting, None), an_instant("2026-03-02T12:01:00Z"))
    assert all(DATE in due_dates for due_dates in due_dates_of(back).values())


def test_a_date_sent_before_a_pause_is_not_sent_again_after_a_flight_in_the_pause() -> None:
    """The couple pauses in Tokyo after the date's push, flies to New York, and ends the pause before the date."""
    ada = a_paired_person(profile=a_profile(zone=TOKYO))
    resting, _ = move_reminders(ada, paused(ada, TOMORROW), an_instant("2026-03-02T00:00:00Z"))
    away, _ = move_reminders(resting, in_zone(resting, NEW_YORK), an_instant("2026-03-02T10:00:00Z"))
    back, caught_up = move_reminders(away, paused(away, None), an_instant("2026-03-02T12:00:00Z"))
    assert caught_up == []
    assert DATE not in prompt_due_dates(back)["America/New_York#08:30"]


def test_a_slot_that_comes_while_a_pause_begins_is_silent_and_while_it_ends_is_sent() -> None:
    ada, just_before = a_paired_person(), an_instant("2026-03-02T13:29:59Z")
    resting, caught_up = move_reminders(ada, paused(ada, TOMORROW), just_before)
    assert (caught_up, prompt_due_dates(resting)) == ([], {"America/New_York#08:30": DueDates(after=DATE)})
    resting, _ = move_reminders(ada, paused(ada, TOMORROW), START - dt.timedelta(days=1))
    back, caught_up = move_reminders(resting, paused(resting, None), just_before)
    assert caught_up == [CaughtUp(PushKind.PROMPT, DATE, just_before + dt.timedelta(seconds=1))]
    assert prompt_due_dates(back) == {"America/New_York#08:30": DueDates(after=DATE)}


def test_a_partner_on_whose_clock_the_pause_is_over_still_gets_the_date_that_had_just_come_due() -> None:
    """New York pauses for the rest of 1 March. In Tokyo it is the 2nd, whose prompt is under way."""
    ben = a_paired_person(profile=a_profile(zone=TOKYO))
    after, caught_up = move_reminders(ben, paused(ben, DATE), an_instant("2026-03-01T23:31:00Z"))
    assert caught_up == []
    assert prompt_due_dates(after) == {"Asia/Tokyo#08:30": DueDates(after=DATE, also_on=DATE)}


def test_a_pause_that_is_long_over_is_forgotten() -> None:
    ada = a_paired_person(paused_until=DATE)
    for days, kept in ((3, DATE), (4, None)):
        later, _ = move_reminders(ada, replace(ada, couple=ada.couple), START + dt.timedelta(days=days))
        assert later.paused_until == kept


# Any moves

PLACES = ("Pacific/Kiritimati", "Pacific/Midway", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Nuuk")
ZONES = [NEW_YORK, TOKYO, LONDON, *map(zone_named, PLACES)]
TIMES = [dt.time(0), dt.time(2, 30), dt.time(8, 30), dt.time(8, 35), dt.time(20, 30), dt.time(23, 55)]
SPAN = dt.timedelta(days=8)


@dataclass(frozen=True)
class Move:
    """A move to a zone and a time, or out of the couple. `after` is the time since the last step."""

    after: dt.timedelta
    zone: Zone
    time: dt.time
    paired: bool = True


@dataclass(frozen=True)
class Rest:
    """A pause until so many dates after the person's today. None ends the pause. 0 comes from a clock behind."""

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
    """Return the instant at which a date comes due, and the instant of the first slot of that date.

    A slot that came before they paired does not count.
    """
    paired_at = None
    for (since, person), until in zip(lives, [*(since for since, _ in lives[1:]), end], strict=True):
        slot = slots_of(person).get(PushKind.PROMPT)
        paired_at = (paired_at or since) if slot else None
        instant = slot_instant(date, slot.time, slot.zone) if slot else None
        if instant is not None and paired_at and paired_at < instant < until:
            return max(instant, since), instant
    return None


@settings(max_examples=10 * settings().max_examples)
@given(
    start=st.sampled_from(["2026-03-26T12:00:00Z", "2026-10-31T09:30:00Z", "2026-03-05T23:50:00Z"]).map(an_instant),
    first=st.builds(Move, st.just(dt.timedelta(0)), st.sampled_from(ZONES), st.sampled_from(TIMES), st.booleans()),
    steps=st.lists(st.one_of(moves, rests), max_size=8),
    lag=st.integers(0, 120).map(lambda minutes: minutes * MINUTE),
)
@example(
    # The person leaves and comes back while the run of the first slot is under way.
    start=an_instant("2026-03-05T23:50:00Z"),
    first=Move(dt.timedelta(0), ZONES[0], HALF_PAST_EIGHT),
    steps=[Move(13 * HOUR + 42 * MINUTE, ZONES[1], dt.time(20, 30)), Move(10 * MINUTE, ZONES[0], HALF_PAST_EIGHT)],
    lag=60 * MINUTE,
)
@example(
    # The person pairs after the time has passed, and chooses another time at once.
    start=an_instant("2026-03-05T23:50:00Z"),
    first=Move(dt.timedelta(0), ZONES[0], HALF_PAST_EIGHT, paired=False),
    steps=[Move(14 * HOUR + 10 * MINUTE, ZONES[0], HALF_PAST_EIGHT), Move(10 * MINUTE, ZONES[0], dt.time(20, 30))],
    lag=0 * MINUTE,
)
@example(
    # A slot comes exactly when the test ends.
    start=an_instant("2026-03-26T12:00:00Z"),
    first=Move(dt.timedelta(0), ZONES[2], dt.time(0)),
    steps=[],
    lag=0 * MINUTE,
)
def test_each_date_comes_due_once_wherever_and_whenever_a_person_moves(
    start: dt.datetime, first: Move, steps: list[Move | Rest], lag: dt.timedelta
) -> None:
    """Read a person's rows `lag` after each slot comes, as a run does.

    A date inside a pause sends nothing, even if the pause ends soon after.
    """
    person = placed(a_paired_person(reminded_since={PushKind.PROMPT: start}), first)
    lives: list[tuple[dt.datetime, Person]] = [(start, person)]
    due: Counter[tuple[dt.date, dt.datetime]] = Counter()
    now = start
    for step in steps:
        now += step.after
        before = lives[-1][1]
        change = placed(before, step) if isinstance(step, Move) else rested(before, step, now)
        after, caught_up = move_reminders(before, change, now)
        due.update((each.date, each.instant) for each in caught_up if each.kind is PushKind.PROMPT)
        lives.append((now, after))
    end = now + SPAN

    dates = [start.date() + dt.timedelta(days=days) for days in range(-2, (end - start).days + 2)]
    slots = {slot for _, each in lives if (slot := slots_of(each).get(PushKind.PROMPT))}
    for slot, date in itertools.product(slots, dates):
        instant = slot_instant(date, slot.time, slot.zone)
        if instant is not None and start < instant < end:
            reader = [each for since, each in lives if since <= instant + lag][-1]
            if date in due_dates_of(reader).get((slot, PushKind.PROMPT), DueDates(after=dt.date.max)):
                due[date, instant] += 1

    times = Counter(date for date, _ in due.elements())
    falls = {date: found for date in dates if (found := falls_due(date, lives, end))}
    for date in dates:
        assert times[date] <= 1
        if date not in falls:
            assert times[date] == 0
            continue
        fell, came = falls[date]
        overtaken = [later for later, (when, _) in falls.items() if later > date and when < fell]
        as_it_fell = [each for since, each in lives if since <= fell][-1]
        if as_it_fell.is_silent_on(date):
            assert times[date] == 0
            continue
        unpaired = [since for since, each in lives if each.couple is None and fell < since <= came + lag]
        hushed = [since for since, each in lives if each.is_silent_on(date) and fell < since <= came + lag]
        # Once a date has come, earlier dates are over, even if a clock shows them again.
        if fell - came <= MAX_LATENESS and not unpaired and not hushed and not overtaken:
            assert due[date, came] == 1


def test_due_dates_contain_later_dates_and_the_one_due_earlier() -> None:
    due_dates = DueDates(after=DATE, also_on=DATE - dt.timedelta(days=3))
    week = [DATE + dt.timedelta(days=days) for days in range(-4, 3)]
    assert [date in due_dates for date in week] == [False, True, False, False, False, True, True]


@pytest.mark.parametrize("kind", [PushKind.PROMPT, PushKind.EVENING])
def test_a_change_that_moves_no_reminder_changes_no_due_dates(kind: PushKind) -> None:
    ada = a_paired_person()
    renamed = replace(ada, profile=replace(ada.profile, display_name="Countess"))
    after, caught_up = move_reminders(ada, renamed, START)
    assert (after, caught_up) == (renamed, [])
    assert due_dates_of(after)[slots_of(after)[kind], kind] == EVERY_DATE
