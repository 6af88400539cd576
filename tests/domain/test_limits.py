"""A limit counts within a window that slides. A plain count over all instants is the oracle."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekindle.domain.limits import LIMITS, Counted, Limit, counted, counted_change, next_at, remembered, without_latest
from rekindle.domain.persons import Barrier, QuietHours, Reminders, TouchReminder
from rekindle.errors import LimitError
from rekindle.store.people import person_writes
from rekindle.store.person_items import person_from, person_item
from testing.builders import EVERY_EVENING, TOKYO, a_person, a_profile, an_instant
from testing.memory_table import MemoryTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rekindle.store.table import Table

NOON = an_instant("2026-03-02T12:00:00Z")
MILLISECOND = dt.timedelta(milliseconds=1)

instants = st.integers(0, 3 * 86_400_000).map(lambda millis: NOON + millis * MILLISECOND)
limits = st.builds(Limit, st.integers(1, 6), st.integers(1, 86_400_000).map(lambda millis: millis * MILLISECOND))


def within(made: Sequence[dt.datetime], instant: dt.datetime, limit: Limit) -> int:
    """Count what was made in the window that ends at the instant."""
    return sum(instant - limit.span < each <= instant for each in made)


@given(st.lists(instants, max_size=60), st.lists(limits, min_size=1, max_size=3))
def test_no_window_ever_has_more_than_its_limit(asked: list[dt.datetime], given_limits: list[Limit]) -> None:
    made: list[dt.datetime] = []
    for instant in sorted(asked):
        if next_at(made, instant, *given_limits) is None:
            made = [*remembered(made, instant, *given_limits), instant]
        for limit in given_limits:
            assert within(made, instant, limit) <= limit.count


@given(st.lists(instants, max_size=60), st.lists(limits, min_size=1, max_size=3))
def test_what_is_forgotten_would_change_no_decision(asked: list[dt.datetime], given_limits: list[Limit]) -> None:
    everything: list[dt.datetime] = []
    kept: tuple[dt.datetime, ...] = ()
    for instant in sorted(asked):
        assert next_at(kept, instant, *given_limits) == next_at(everything, instant, *given_limits)
        if next_at(kept, instant, *given_limits) is None:
            everything.append(instant)
            kept = (*remembered(kept, instant, *given_limits), instant)


@given(st.lists(instants, max_size=20), instants, st.lists(limits, min_size=1, max_size=3))
def test_the_wait_ends_exactly_when_it_says(
    made: list[dt.datetime], instant: dt.datetime, given_limits: list[Limit]
) -> None:
    frees_at = next_at(made, instant, *given_limits)
    if frees_at is None:
        assert all(within(made, instant, limit) < limit.count for limit in given_limits)
    else:
        assert frees_at > instant
        assert next_at(made, frees_at - MILLISECOND, *given_limits) == frees_at
        assert next_at(made, frees_at, *given_limits) is None


@given(st.sampled_from(Counted), st.integers(0, 10_000))
def test_whoever_has_reached_a_limit_is_told_the_whole_seconds_to_wait(kind: Counted, millis: int) -> None:
    limit, person = LIMITS[kind], a_person()
    for _ in range(limit.count):
        person = counted(person, NOON, kind)
    later = NOON + millis * MILLISECOND
    with pytest.raises(LimitError) as refused:
        counted(person, later, kind)
    assert refused.value.seconds == math.ceil((NOON + limit.span - later).total_seconds())
    counted(person, later + dt.timedelta(seconds=refused.value.seconds), kind)


def test_each_kind_has_a_limit_of_its_own() -> None:
    assert LIMITS.keys() == set(Counted)
    person = a_person()
    for kind in Counted:
        person = counted(person, NOON, kind)
    assert person.counted == dict.fromkeys(Counted, (NOON,))


def test_a_change_counts_for_what_it_changes() -> None:
    before = a_person()
    renamed = replace(before, profile=replace(before.profile, display_name="Adele"))
    deeper = replace(before, profile=replace(before.profile, depth=3))
    for after, kinds in ((before, set()), (deeper, {Counted.PROFILE}), (renamed, {Counted.NAME, Counted.PROFILE})):
        assert counted_change(before, after, NOON, Counted.NAME, Counted.PROFILE).counted.keys() == kinds


def test_no_change_is_refused_that_changes_nothing() -> None:
    person = replace(a_person(), counted={Counted.NAME: (NOON,) * LIMITS[Counted.NAME].count})
    assert counted_change(person, person, NOON, Counted.NAME) is person
    with pytest.raises(LimitError):
        counted_change(person, replace(person, profile=a_profile(display_name="Other")), NOON, Counted.NAME)


@pytest.mark.parametrize(
    "fewer",
    [
        {"depth": 2},
        {"touch_comfort": 1},
        {"barriers": {Barrier.STRESS}},
        {"streak_hidden": True},
        {"depth": 1, "touch_comfort": 0, "barriers": set(), "streak_hidden": True},
    ],
)
def test_a_profile_that_asks_for_no_more_than_before_is_not_counted(fewer: dict[str, Any]) -> None:
    wishes = {"depth": 3, "touch_comfort": 2, "barriers": {Barrier.STRESS, Barrier.NEGLECT}, "streak_hidden": False}
    more, less = (a_person(profile=a_profile(**each)) for each in (wishes, wishes | fewer))
    assert not counted_change(more, less, NOON, Counted.NAME, Counted.PROFILE).counted
    assert counted_change(less, more, NOON, Counted.NAME, Counted.PROFILE).counted.keys() == {Counted.PROFILE}
    elsewhere = replace(less, profile=replace(less.profile, zone=TOKYO))
    assert counted_change(more, elsewhere, NOON, Counted.PROFILE).counted.keys() == {Counted.PROFILE}


TUESDAY = TouchReminder(frozenset({1}), dt.time(19))


@pytest.mark.parametrize(
    "fewer",
    [
        {"evening": None},
        {"quiet_hours": QuietHours(dt.time(22), dt.time(7))},
        {"touch": TUESDAY},
        {"touch": None},
        {"nudges_muted": True},
        {"news": False},
        {"evening": None, "touch": None, "nudges_muted": True, "news": False},
    ],
)
def test_reminders_that_ask_for_no_more_than_before_are_not_counted(fewer: dict[str, Any]) -> None:
    most = Reminders(evening=dt.time(20), quiet_hours=None, touch=EVERY_EVENING, nudges_muted=False, news=True)
    more, less = a_person(reminders=most), a_person(reminders=replace(most, **fewer))
    assert not counted_change(more, less, NOON, Counted.REMINDERS).counted
    assert counted_change(less, more, NOON, Counted.REMINDERS).counted.keys() == {Counted.REMINDERS}
    earlier = replace(less, reminders=replace(less.reminders, prompt=dt.time(7)))
    assert counted_change(more, earlier, NOON, Counted.REMINDERS).counted.keys() == {Counted.REMINDERS}


def test_touch_reminders_at_another_time_or_on_another_day_are_counted() -> None:
    before = a_person(reminders=Reminders(touch=TUESDAY))
    for touch in (replace(TUESDAY, time=dt.time(20)), replace(TUESDAY, weekdays=frozenset({2}))):
        after = replace(before, reminders=Reminders(touch=touch))
        assert counted_change(before, after, NOON, Counted.REMINDERS).counted.keys() == {Counted.REMINDERS}


def test_one_that_was_counted_can_be_given_back() -> None:
    person = counted(counted(a_person(), NOON, Counted.DEVICES, Counted.NAME), NOON + MILLISECOND, Counted.DEVICES)
    given_back = without_latest(person, Counted.DEVICES)
    assert given_back.counted == {Counted.DEVICES: (NOON,), Counted.NAME: (NOON,)}
    assert without_latest(given_back, Counted.DEVICES).counted == {Counted.NAME: (NOON,)}
    assert without_latest(person, Counted.EXPORTS) == person


def test_a_row_has_only_what_a_limit_still_counts() -> None:
    person = counted(a_person(), NOON, Counted.NAME)
    assert person_item(person)["counted"] == {"name": [1_772_452_800_000]}
    assert "counted" not in person_item(a_person())
    later = NOON + LIMITS[Counted.NAME].span
    for instant, kept in ((later - MILLISECOND, True), (later, False)):
        put = person_writes(cast("Table", MemoryTable()), instant, (person, person))[0]
        assert ("counted" in put.item) is kept
    key = {"pk": f"PERSON#{person.uid}", "revision": 0}
    assert person_from({**person_item(person), **key}) == person
    assert person_from({**person_item(a_person(uid=person.uid)), **key}).counted == {}
