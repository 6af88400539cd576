"""Codes that people can read out, and how often they may try one."""

from __future__ import annotations

import datetime as dt
import string
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekindle.invites import (
    ALPHABET,
    CODE_LENGTH,
    VALIDITY,
    code_from,
    displayed,
    next_try_at,
    normalised,
    remembered,
)

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
NOON = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)
MOMENT = dt.timedelta(microseconds=1)

codes = st.text(ALPHABET, min_size=CODE_LENGTH, max_size=CODE_LENGTH)
instants = st.timedeltas(-2 * DAY, dt.timedelta(minutes=1)).map(lambda ago: NOON + ago)
histories = st.lists(instants, max_size=40)


def is_allowed(tries: list[dt.datetime], instant: dt.datetime) -> bool:
    """The rule in its plainest words: fewer than 5 tries in the hour up to now, and fewer than 20 in the day."""
    return sum(made > instant - HOUR for made in tries) < 5 and sum(made > instant - DAY for made in tries) < 20


def test_the_alphabet_has_31_symbols_that_nobody_mixes_up() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET) == 31
    assert set(ALPHABET) == set(string.digits + string.ascii_uppercase) - set("01OIL")


def test_an_invite_holds_for_a_day() -> None:
    assert VALIDITY == DAY


@given(st.binary(min_size=16, max_size=64))
def test_a_code_is_ten_symbols_of_the_alphabet(entropy: bytes) -> None:
    code = code_from(entropy)
    assert len(code) == 10
    assert set(code) <= set(ALPHABET)
    assert code_from(entropy) == code


@given(codes)
def test_every_code_can_come_up(code: str) -> None:
    number = sum(ALPHABET.index(symbol) * 31**place for place, symbol in enumerate(code))
    assert code_from(number.to_bytes(16)) == code


def test_each_symbol_comes_up_as_often_as_any_other_in_every_place() -> None:
    """31 counted-out neighbours differ in their first symbol only, so each of its values comes up once."""
    first_symbols = Counter(code_from(number.to_bytes(16))[0] for number in range(31 * 20))
    assert set(first_symbols.values()) == {20}


@given(st.binary(max_size=15))
def test_too_little_randomness_makes_no_code(entropy: bytes) -> None:
    with pytest.raises(ValueError, match="at least 16"):
        code_from(entropy)


@given(codes)
def test_a_code_reads_back_as_it_is_displayed(code: str) -> None:
    assert displayed(code) == f"{code[:5]}-{code[5:]}"
    assert normalised(displayed(code)) == normalised(code) == code


@given(codes, st.data())
def test_case_spaces_and_dashes_are_forgiven(code: str, data: st.DataObject) -> None:
    filler = st.text(" \t\n\u00a0\u2009-\u2010\u2011\u2013\u2014\u2212", max_size=2)
    typed = "".join(data.draw(filler) + data.draw(st.sampled_from([symbol, symbol.lower()])) for symbol in code)
    assert normalised(typed + data.draw(filler)) == code


@given(st.text())
def test_whatever_is_typed_gives_a_code_or_nothing(text: str) -> None:
    code = normalised(text)
    assert code is None or (len(code) == CODE_LENGTH and set(code) <= set(ALPHABET))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ABCDE-FGHJ",
        "ABCDE-FGHJKM",
        "ABCDE-FGHJ0",
        "ABCDE-FGHJO",
        "ABCDE-FGHJ1",
        "ABCDE-FGHJI",
        "ABCDE-FGHJL",
        "ABCDE_FGHJK",
        "ABCDE.FGHJK",
        "\u017fBCDE-FGHJK",
        "ABCDE-FGH\u00df",
        "\uff21BCDE-FGHJK",
        "A" * 1_000_000,
    ],
)
def test_what_cannot_be_a_code_is_none(text: str) -> None:
    """The long s and the sharp s have capitals that are in the alphabet, and still nobody typed a code."""
    assert normalised(text) is None


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


def test_the_sixth_try_in_an_hour_waits_until_the_first_is_an_hour_old() -> None:
    tries = [NOON + n * dt.timedelta(minutes=10) for n in range(5)]
    assert next_try_at(tries, tries[-1]) == NOON + HOUR
    assert next_try_at(tries, NOON + HOUR) is None


def test_the_21st_try_in_a_day_waits_until_the_first_is_a_day_old() -> None:
    tries = [NOON + n * HOUR for n in range(20)]
    assert next_try_at(tries, NOON + 20 * HOUR) == NOON + DAY
