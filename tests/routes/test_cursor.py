"""A cursor leads back to its position in an export, and only its own person can use it."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from privacy.cursor import Position, cursor_of, position_from
from rekindle.domain.ids import Uid

POSITIONS = st.builds(Position, st.integers(0, 65_535), st.none() | st.dates(dt.date.min + dt.timedelta(days=1)))
UIDS = st.text(min_size=1, max_size=128).map(Uid)


@given(POSITIONS, UIDS)
def test_a_cursor_leads_back_to_its_position(position: Position, uid: Uid) -> None:
    assert position_from(cursor_of(position, uid), uid) == position


@given(POSITIONS, UIDS, UIDS)
def test_another_person_s_cursor_is_refused(position: Position, uid: Uid, other: Uid) -> None:
    if uid != other:
        assert position_from(cursor_of(position, uid), other) is None


@given(st.text(max_size=64))
def test_a_forged_cursor_is_refused(text: str) -> None:
    assert position_from(text, Uid("ada")) is None
