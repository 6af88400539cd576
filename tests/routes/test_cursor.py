"""Where an export goes on: opaque to a phone, and nobody else's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.cursor import Place, cursor_of, place_from
from rekindle.domain.models import Uid

PLACES = st.builds(Place, st.integers(0, 65_535), st.dates())
UIDS = st.text(min_size=1, max_size=128).map(Uid)


@given(PLACES, UIDS)
def test_a_cursor_leads_back_to_its_place(place: Place, uid: Uid) -> None:
    assert place_from(cursor_of(place, uid), uid) == place


@given(PLACES, UIDS, UIDS)
def test_another_person_s_cursor_is_none(place: Place, uid: Uid, other: Uid) -> None:
    if uid != other:
        assert place_from(cursor_of(place, uid), other) is None


@given(st.text(max_size=64))
def test_what_nobody_was_given_is_no_cursor(text: str) -> None:
    assert place_from(text, Uid("ada")) is None


def test_an_export_that_has_not_begun_has_no_cursor() -> None:
    with pytest.raises(ValueError, match="no cursor"):
        cursor_of(Place(), Uid("ada"))
