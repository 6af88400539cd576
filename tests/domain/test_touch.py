"""Both get the same gesture: small ones first, and never beyond their comfort."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekindle.domain.gestures import CATALOGUE, ENGLISH, FRENCH, SPANISH, TouchGesture, text_of
from rekindle.domain.ids import CoupleId, Language, Uid, Zone
from rekindle.domain.touch import are_apart, gesture_for, touch_of, warmth_of
from testing.builders import LONDON, NEW_YORK, TOKYO, a_couple, a_profile

if TYPE_CHECKING:
    from rekindle.domain.couples import Couple

FROM = dt.date(2026, 3, 2)
WARMTHS = (1, 2, 3)

couples = st.text(min_size=1, max_size=24).map(CoupleId)
comforts = st.integers(1, 3)
days = st.integers(-3, 800)


def touching(comforts: tuple[int, int] = (3, 3), zones: tuple[str, str] = (NEW_YORK, NEW_YORK)) -> Couple:
    profiles = {
        Uid(name): a_profile(touch_comfort=comfort, zone=Zone(zone))
        for name, comfort, zone in zip(("ada", "ben"), comforts, zones, strict=True)
    }
    return a_couple(profiles=profiles, touch_from=FROM)


def gestures(couple: CoupleId, comfort: int, count: int, *, apart: bool = False) -> list[TouchGesture]:
    """Return the gestures of a couple, beginning on its first day."""
    dates = [FROM + dt.timedelta(days=day) for day in range(count)]
    return [gesture_for(couple, date, FROM, comfort, apart=apart) for date in dates]


class TestRule:
    @given(couple=couples, comfort=comforts, day=days, apart=st.booleans())
    def test_it_is_never_warmer_than_the_couple_is_at_ease_with(
        self, couple: CoupleId, comfort: int, day: int, *, apart: bool
    ) -> None:
        gesture = gesture_for(couple, FROM + dt.timedelta(days=day), FROM, comfort, apart=apart)
        assert 1 <= gesture.warmth <= comfort
        assert gesture.apart is apart

    @given(couples, comforts, days)
    def test_it_grows_from_small_to_warm(self, couple: CoupleId, comfort: int, day: int) -> None:
        gesture = gesture_for(couple, FROM + dt.timedelta(days=day), FROM, comfort, apart=False)
        if day < 14:
            assert gesture.warmth == 1
        elif day < 28:
            assert gesture.warmth <= 2

    @given(couple=couples, comfort=comforts, apart=st.booleans())
    def test_no_gesture_returns_before_all_of_its_warmth_have_come(
        self, couple: CoupleId, comfort: int, *, apart: bool
    ) -> None:
        found = gestures(couple, comfort, 150, apart=apart)
        for warmth in range(1, comfort + 1):
            shown = [gesture.id for gesture in found if gesture.warmth == warmth]
            all_of_it = {each.id for each in CATALOGUE if (each.warmth, each.apart) == (warmth, apart)}
            spans = [shown[first : first + len(all_of_it)] for first in range(len(shown) - len(all_of_it) + 1)]
            assert spans
            assert all(set(span) == all_of_it for span in spans)

    @given(comforts, st.integers(28, 800))
    def test_most_are_of_the_warmest_with_smaller_ones_between(self, comfort: int, first: int) -> None:
        warmths = Counter(warmth_of(day, comfort) for day in range(first, first + 15))
        assert warmths.keys() == set(range(1, comfort + 1))
        assert warmths[comfort] > 15 / 2

    def test_the_second_warmth_comes_after_two_weeks_and_the_third_after_four(self) -> None:
        firsts = {warmth: next(day for day in range(99) if warmth_of(day, 3) == warmth) for warmth in WARMTHS}
        assert firsts[1] == 0
        assert 14 <= firsts[2] <= 16
        assert 28 <= firsts[3] <= 30

    def test_the_date_that_the_other_clock_still_shows_has_a_gesture_of_its_own(self) -> None:
        dates = [FROM + dt.timedelta(days=day) for day in range(-2, 3)]
        found = [gesture_for(CoupleId("couple-1"), date, FROM, 3, apart=False) for date in dates]
        assert len({gesture.id for gesture in found}) == len(found)

    def test_two_couples_get_the_gestures_in_different_orders(self) -> None:
        orders = {tuple(gesture.id for gesture in gestures(CoupleId(f"{n}"), 1, 12)) for n in range(20)}
        assert len(orders) == 20

    def test_there_is_a_gesture_after_many_years(self) -> None:
        assert gesture_for(CoupleId("couple-1"), FROM.replace(year=2076), FROM, 3, apart=False) in CATALOGUE


class TestCouple:
    def test_a_couple_that_has_not_agreed_has_none(self) -> None:
        assert touch_of(replace(touching(), touch_from=None), FROM) is None

    @pytest.mark.parametrize("comforts", [(0, 3), (3, 0), (0, 0)])
    def test_a_couple_has_no_gesture_if_one_partner_wants_no_touch(self, comforts: tuple[int, int]) -> None:
        assert touch_of(touching(comforts), FROM) is None

    @given(comforts, comforts, days)
    def test_the_smaller_comfort_counts_whoever_has_it(self, mine: int, theirs: int, day: int) -> None:
        date = FROM + dt.timedelta(days=day)
        assert touch_of(touching((mine, theirs)), date) == touch_of(touching((theirs, mine)), date)
        assert touch_of(touching((mine, theirs)), date) == touch_of(touching((min(mine, theirs),) * 2), date)

    @pytest.mark.parametrize(
        ("zones", "apart"),
        [
            ((NEW_YORK, NEW_YORK), False),
            ((NEW_YORK, TOKYO), True),
            ((LONDON, "Europe/Paris"), True),
            (("Asia/Calcutta", "Asia/Kolkata"), False),
            ((NEW_YORK, "America/Detroit"), False),
        ],
        ids=str,
    )
    def test_partners_whose_clocks_differ_are_apart(self, zones: tuple[str, str], *, apart: bool) -> None:
        """Two names of one zone do not count as different: one phone may say Calcutta, and the other Kolkata."""
        couple = touching(zones=zones)
        assert are_apart(couple, FROM) is apart
        gesture = touch_of(couple, FROM)
        assert gesture
        assert gesture.apart is apart


TEXTS = [
    pytest.param(language, text, id=f"{gesture.id}-{language}")
    for gesture in CATALOGUE
    for language, text in gesture.texts.items()
]
UNWELCOME = {
    ENGLISH: re.compile(
        r"""\b(he|she|him|his|hers?|husband|wife|spouse|boyfriend|girlfriend|married)\b        # any gender, any couple
        |therap|clinic|exercise|treatment|session|stimul|arous|sex|naked|undress|bed\b|breast|thigh|lips|\bskin
        |\bmust\b|\bshould\b|have\ to|need\ to|don't|wine|beer|church|pray|feet|foot""",
        re.IGNORECASE | re.VERBOSE,
    ),
    SPANISH: re.compile(
        r"""\b(él|ella|juntos|juntas|ambos|ambas|los\ dos|las\ dos|esposo|esposa|marido|novi[oa]|os|vosotros|usted)\b
        |terap|clínic|ejercicio|sesión|estimul|sexo|sexual|desnud|cama\b|pecho|muslo|labio|\bpiel
        |\bdebes?\b|tienes\ que|hay\ que|vino|cerveza|iglesia|rez[ao]|\bpies?\b(?<!de\ pie)|\bcog""",
        re.IGNORECASE | re.VERBOSE,
    ),
    FRENCH: re.compile(
        r"""\b(il|elle|époux|épouse|mari|femme|copain|copine|partenaire|conjoint|l'un|l'une|avez|êtes|votre\ main)\b
        |thérap|cliniq|exercice|séance|stimul|sexe|sexuel|\bnue?s?\b|\blit\b|poitrine|sein\b|cuisse|lèvre|\bpeau
        |\bdois\b|il\ faut|\bvin\b|bière|église|pri[eè]re|\bpieds?\b""",
        re.IGNORECASE | re.VERBOSE,
    ),
}


class TestCatalogue:
    @pytest.mark.parametrize(("apart", "least"), [(False, 12), (True, 8)])
    @pytest.mark.parametrize("warmth", WARMTHS)
    def test_there_are_enough_of_each_warmth(self, warmth: int, least: int, *, apart: bool) -> None:
        assert sum((each.warmth, each.apart) == (warmth, apart) for each in CATALOGUE) >= least

    def test_each_has_a_name_of_its_own_that_stays(self) -> None:
        names = [gesture.id for gesture in CATALOGUE]
        assert len(set(names)) == len(names)
        assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in names)

    @pytest.mark.parametrize("gesture", CATALOGUE, ids=lambda gesture: gesture.id)
    def test_each_gesture_has_a_text_in_every_language(self, gesture: TouchGesture) -> None:
        assert gesture.texts.keys() == {ENGLISH, SPANISH, FRENCH}
        assert text_of(gesture, SPANISH) == gesture.texts[SPANISH]
        assert text_of(gesture, Language("de")) == gesture.texts[ENGLISH]

    def test_no_two_say_the_same(self) -> None:
        texts = [param.values[1] for param in TEXTS]
        assert len(set(texts)) == len(texts)

    @pytest.mark.parametrize(("language", "text"), TEXTS)
    def test_a_text_is_a_kind_sentence_or_two_for_anyone(self, language: Language, text: str) -> None:
        """A gesture names no gender or belief, is not clinical, does not press, and avoids feet, which offend some."""
        assert 20 <= len(text) <= 110
        assert text[0].isupper()
        assert text.endswith(".")
        assert not UNWELCOME[language].search(text)
