"""Packed targets are small, and are unpacked unchanged."""

from __future__ import annotations

import datetime as dt
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekindle.domain.persons import Target, TargetKind
from rekindle.store.targets import Registered, packed, unpacked

MONTH = dt.date(2026, 3, 1)
SYMBOLS = string.ascii_letters + string.digits + "-_"

symbols = st.text(SYMBOLS, min_size=1, max_size=210)
looks_real = st.builds("{}:APA91b{}".format, st.text(SYMBOLS, min_size=20, max_size=24), symbols)
printable = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=1024)
registered = st.builds(
    Registered,
    target=st.builds(Target, st.sampled_from(TargetKind), looks_real | symbols | printable),
    month=st.dates(dt.date(2024, 1, 1), dt.date(2045, 3, 31)).map(lambda date: date.replace(day=1)),
)


@given(st.lists(registered, max_size=10).map(tuple))
def test_packed_targets_are_unpacked_unchanged(devices: tuple[Registered, ...]) -> None:
    assert unpacked(packed(devices)) == devices


@pytest.mark.parametrize(
    ("target", "size"),
    [
        (Target(TargetKind.TOKEN, "c" * 22 + ":APA91b" + "x" * 134), 120),
        (Target(TargetKind.FID, "c" * 22), 21),
        (Target(TargetKind.TOKEN, "not-as-fcm-makes-them"), 25),
    ],
    ids=["a token", "an installation id", "anything else"],
)
def test_a_target_of_fcm_takes_three_quarters_of_its_length(target: Target, size: int) -> None:
    assert len(packed([Registered(target, MONTH)])) == size


def test_a_month_outside_the_range_becomes_the_nearest_one() -> None:
    early = Registered(Target(TargetKind.FID, "abc"), dt.date(2020, 5, 1))
    assert unpacked(packed([early])) == (early._replace(month=dt.date(2024, 1, 1)),)
