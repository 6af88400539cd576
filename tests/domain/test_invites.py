"""An invite expires on time, and a person may try a limited number of codes."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from rekindle.domain.invites import VALIDITY, next_try_at, remembered

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
NOON = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)
MOMENT = dt.timedelta(microseconds=1)

instants = st.timedeltas(-2 * DAY, dt.timedelta(minutes=1)).map(lambda ago: NOON + ago)
histories = st.lists(instants, max_size=40)


def is_allowed(tries: list[dt.datetime], instant: dt.datetime) -> bool:
    """Return whether there were fewer than 5 tries in an hour and 20 in a day."""
    return sum(made > instant - HOUR for made in tries) < 5 and sum(made > instant - DAY for made in tries) < 20


def test_an_invite_is_valid_for_a_day() -> None:
    assert VALIDITY == DAY


@given(histories, instants)
def test_a_try_is_allowed_exactly_when_the_rule_says_so(tries: list[dt.datetime], instant: dt.datetime) -> None:
    assert (next_try_at(tries, instant) is None) == is_allowed(tries, instant)


@given(histories, instants)
def test_the_next_try_is_allowed_from_the_instant_named_and_not_before(
    tries: list[dt.datetime], instant: dt.datetime
) -> None:
    allowed_at = next_try_at(tries, instant)
    if allowed_at is not None:
        assert allowed_at > instant
        assert next_try_at(tries, allowed_at) is None
        assert is_allowed(tries, allowed_at)
        assert not is_allowed(tries, allowed_at - MOMENT)


@given(histories, instants, st.timedeltas(dt.timedelta(0), DAY))
def test_tries_that_are_forgotten_no_longer_matter(
    tries: list[dt.datetime], instant: dt.datetime, later: dt.timedelta
) -> None:
    kept = remembered(tries, instant)
    assert list(kept) == sorted(kept)
    assert Counter(kept) <= Counter(tries)
    assert next_try_at(kept, instant + later) == next_try_at(tries, instant + later)


@given(st.lists(st.timedeltas(dt.timedelta(0), dt.timedelta(minutes=30)), max_size=120))
def test_nobody_gets_more_than_five_tries_in_any_hour_or_twenty_in_any_day(pauses: list[dt.timedelta]) -> None:
    instant = NOON
    tries: tuple[dt.datetime, ...] = ()
    allowed = []
    for pause in pauses:
        instant += pause
        if next_try_at(tries, instant) is None:
            tries = (*remembered(tries, instant), instant)
            allowed.append(instant)
    assert all(sum(start <= made < start + HOUR for made in allowed) <= 5 for start in allowed)
    assert all(sum(start <= made < start + DAY for made in allowed) <= 20 for start in allowed)
