"""A person sends at most three nudges in 24 hours, in whatever order requests arrive."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from rekindle.domain.ids import CoupleId
from rekindle.domain.nudges import (
    SPAN,
    Gesture,
    Nudge,
    next_nudge_at,
    nudges_left,
    original_of,
    remembered,
    shown_to_partner,
)
from testing.builders import an_instant

NOON = an_instant("2026-07-01T12:00:00Z")
MOMENT = dt.timedelta(milliseconds=1)

COUPLE, FORMER_COUPLE = CoupleId("couple-2"), CoupleId("couple-1")

instants = st.one_of(
    st.integers(0, 4 * 24).map(lambda hours: NOON + dt.timedelta(hours=hours)),  # so that 24 hours can end exactly then
    st.timedeltas(dt.timedelta(0), 4 * SPAN).map(lambda ahead: NOON + ahead),
)


@st.composite
def requests(draw: st.DrawFn) -> Nudge:
    """Draw one of a few ids, because a phone repeats a request that got no reply."""
    return Nudge(
        id=draw(st.sampled_from("abcdefgh")),
        couple=draw(st.sampled_from([COUPLE, FORMER_COUPLE])),
        gesture=draw(st.sampled_from(Gesture)),
        at=draw(instants),
        shown=draw(st.booleans()),
    )


def a_nudge(at: dt.datetime = NOON, name: str = "a", *, shown: bool = True) -> Nudge:
    return Nudge(name, COUPLE, Gesture.HUG, at, shown)


def sent_after(sent: tuple[Nudge, ...], nudge: Nudge) -> tuple[Nudge, ...] | Nudge | dt.datetime:
    """Return the nudges after a request, the repeated nudge, or when to try again."""
    return original_of(nudge, sent) or next_nudge_at(sent, nudge.at) or remembered([*sent, nudge])


@given(st.lists(requests(), max_size=40))
def test_the_remembered_nudges_decide_like_the_whole_history(asked: list[Nudge]) -> None:
    """Compare the three nudges that are kept with a plain model that forgets nothing."""
    history: list[Nudge] = []
    kept: tuple[Nudge, ...] = ()
    for nudge in asked:
        repeated = [each for each in history if each.id == nudge.id and each.at > nudge.at - SPAN]
        is_full = sum(each.at > nudge.at - SPAN for each in history) >= 3
        in_order = all(each.at <= nudge.at for each in history)
        outcome = sent_after(kept, nudge)
        if repeated and (in_order or isinstance(outcome, Nudge)):
            assert outcome in repeated
        elif repeated or is_full:
            # A repeat that comes after three later nudges is refused. It is not sent twice either.
            assert isinstance(outcome, dt.datetime)
        else:
            assert isinstance(outcome, tuple)
            history.append(nudge)
            kept = outcome
        assert nudges_left(kept, nudge.at) == max(0, 3 - sum(each.at > nudge.at - SPAN for each in history))
        if in_order:
            lately = [each for each in history if each.shown and each.at > nudge.at - SPAN]
            seen = [each.at for each in lately if each.couple == COUPLE]
            assert [each.at for each in shown_to_partner(kept, COUPLE, nudge.at)] == sorted(seen, reverse=True)
    at = sorted(nudge.at for nudge in history)
    assert all(fourth - first >= SPAN for first, fourth in zip(at, at[3:], strict=False))


@given(st.lists(requests(), max_size=3), instants)
def test_the_next_nudge_is_allowed_from_the_instant_named_and_not_before(
    sent: list[Nudge], instant: dt.datetime
) -> None:
    allowed_at = next_nudge_at(sent, instant)
    assert (allowed_at is None) is (nudges_left(sent, instant) > 0)
    if allowed_at is not None:
        assert allowed_at > instant
        assert next_nudge_at(sent, allowed_at) is None
        assert next_nudge_at(sent, allowed_at - dt.timedelta.resolution) == allowed_at


@given(st.lists(requests(), max_size=10), instants)
def test_a_muted_nudge_counts_and_is_never_seen(sent: list[Nudge], instant: dt.datetime) -> None:
    unmuted = [replace(each, shown=True) for each in sent]
    muted = [replace(each, shown=False) for each in sent]
    assert next_nudge_at(muted, instant) == next_nudge_at(unmuted, instant)
    assert nudges_left(muted, instant) == nudges_left(unmuted, instant)
    assert shown_to_partner(muted, COUPLE, instant) == []


def test_the_nudge_sent_last_is_the_latest_of_one_instant() -> None:
    sent: tuple[Nudge, ...] = ()
    for name in "abcd":
        sent = remembered([*sent, a_nudge(NOON, name)])
    assert [each.id for each in sent] == list("bcd")
    assert [each.id for each in shown_to_partner(sent, COUPLE, NOON)] == list("dcb")


def test_a_repeat_is_known_for_a_day_and_then_a_nudge_of_its_own() -> None:
    first = a_nudge(NOON, "tap")
    assert original_of(a_nudge(NOON + SPAN - MOMENT, "tap"), [first]) == first
    assert original_of(a_nudge(NOON + SPAN, "tap"), [first]) is None
    assert original_of(a_nudge(NOON, "another tap"), [first]) is None


def test_a_repeat_that_is_dated_earlier_than_its_first_is_known_too() -> None:
    """Two requests can be written out of order."""
    first = a_nudge(NOON, "tap")
    assert original_of(a_nudge(NOON - MOMENT, "tap"), [first]) == first
