"""Both get the same gesture: small ones first, never beyond their comfort, and none tells of a partner's change."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rekindle.domain.calendar import dates, local_date
from rekindle.domain.gestures import CATALOGUE, ENGLISH, FRENCH, SPANISH, TouchGesture, text_of
from rekindle.domain.ids import Language, Uid, Zone
from rekindle.domain.persons import Reminders
from rekindle.domain.touch import LEAST_DAYS, MOST_DAYS, are_apart, gesture_for, grown_warmth, touch_of, warmth_on
from rekindle.domain.touch_dates import calm_on, touch_seed
from testing.builders import (
    EVERY_EVENING,
    LONDON,
    NEW_YORK,
    TOKYO,
    a_couple,
    a_paired_person,
    a_profile,
    an_instant,
)

if TYPE_CHECKING:
    from rekindle.domain.couples import Couple
    from rekindle.domain.persons import Person

FROM = dt.date(2026, 3, 2)
DAY = dt.timedelta(days=1)
WARMTHS = (1, 2, 3)
ADA, BEN = Uid("ada"), Uid("ben")

seeds = st.text(max_size=8).map(touch_seed)
comforts = st.integers(1, 3)
days = st.integers(0, 800)


def touching(comforts: tuple[int, int] = (3, 3), zones: tuple[str, str] = (NEW_YORK, NEW_YORK)) -> Couple:
    """Return a couple that has wanted touch since FROM, with the lower of the two comforts."""
    profiles = {
        uid: a_profile(touch_comfort=comfort, zone=Zone(zone))
        for uid, comfort, zone in zip((ADA, BEN), comforts, zones, strict=True)
    }
    wanted_by = frozenset(uid for uid, profile in profiles.items() if profile.touch_comfort)
    levels = {FROM: min(comforts)}
    return a_couple(profiles=profiles, touch_from=FROM, touch_levels=levels, touch_wanted_by=wanted_by)


def warmths(seed: str, level: int, first: int, count: int) -> list[int]:
    """Return the warmths of a couple's dates, beginning on the day with this number."""
    return [warmth_on(seed, FROM + day * DAY, FROM, level) for day in range(first, first + count)]


class TestRule:
    @given(seeds, comforts, days)
    def test_it_is_never_warmer_than_the_couple_is_at_ease_with(self, seed: str, level: int, day: int) -> None:
        date = FROM + day * DAY
        assert 0 <= warmth_on(seed, date, FROM, level) <= min(level, calm_on(seed, date))

    @given(seeds, comforts, days)
    def test_a_date_has_no_gesture_only_in_a_break(self, seed: str, level: int, day: int) -> None:
        date = FROM + day * DAY
        assert (warmth_on(seed, date, FROM, level) == 0) is (calm_on(seed, date) == 0)

    @given(seeds, comforts, days)
    def test_a_lower_level_changes_only_the_warmer_dates(self, seed: str, level: int, day: int) -> None:
        """Each gesture of a couple that allows less is one that any couple can have."""
        date = FROM + day * DAY
        assert warmth_on(seed, date, FROM, level) == min(level, warmth_on(seed, date, FROM, 3))

    @given(seeds, days)
    def test_it_grows_from_small_to_warm(self, seed: str, day: int) -> None:
        grown = grown_warmth(seed, day)
        assert grown >= grown_warmth(seed, day - 1)
        if day < 14:
            assert grown == 1
        elif day < 28:
            assert grown <= 2
        if day >= 2 * MOST_DAYS:
            assert grown == 3

    def test_couples_grow_on_different_dates(self) -> None:
        """So a warmth that is missing does not prove at once that the partner does not want it."""
        for warmth in (2, 3):
            firsts = {
                next(day for day in range(99) if grown_warmth(touch_seed(f"{number}"), day) == warmth)
                for number in range(1000)
            }
            steps = warmth - 1
            assert firsts >= set(range(steps * (LEAST_DAYS + 5), steps * (MOST_DAYS - 5)))
            assert min(firsts) >= steps * LEAST_DAYS
            assert max(firsts) <= steps * MOST_DAYS

    @given(seeds, st.dates(dt.date(2020, 1, 1), dt.date(2080, 1, 1)), st.sampled_from(WARMTHS), st.booleans())
    def test_no_gesture_returns_before_all_of_its_warmth_had_their_turn(
        self,
        seed: str,
        first: dt.date,
        warmth: int,
        apart: bool,  # noqa: FBT001
    ) -> None:
        all_of_it = {each.id for each in CATALOGUE if (each.warmth, each.apart) == (warmth, apart)}
        span = dates(first, first + (len(all_of_it) - 1) * DAY)
        assert {gesture_for(seed, date, warmth, apart=apart).id for date in span} == all_of_it

    @pytest.mark.parametrize("level", WARMTHS)
    def test_most_are_of_the_warmest_with_smaller_ones_between(self, level: int) -> None:
        shown = Counter(
            warmth for number in range(20) for warmth in warmths(touch_seed(f"{number}"), level, 2 * MOST_DAYS, 200)
        )
        assert shown.keys() == set(range(level + 1))
        assert all(shown[level] > shown[other] for other in range(level))

    def test_two_couples_get_the_gestures_in_different_orders(self) -> None:
        orders = {
            tuple(gesture_for(touch_seed(f"{n}"), FROM + day * DAY, 1, apart=False).id for day in range(12))
            for n in range(20)
        }
        assert len(orders) == 20


class TestCouple:
    def test_a_couple_that_has_not_agreed_has_none(self) -> None:
        couple = replace(touching(), touch_from=None, touch_levels={})
        assert {touch_of(couple, ADA, FROM + day * DAY) for day in range(30)} == {None}

    @pytest.mark.parametrize("comforts", [(0, 3), (3, 0), (0, 0)])
    def test_a_couple_has_no_gesture_if_one_partner_wants_no_touch(self, comforts: tuple[int, int]) -> None:
        couple = touching(comforts)
        assert {touch_of(couple, uid, FROM + day * DAY) for uid in (ADA, BEN) for day in range(30)} == {None}

    @given(comforts, comforts, days)
    def test_the_smaller_comfort_counts_whoever_has_it(self, mine: int, theirs: int, day: int) -> None:
        date = FROM + day * DAY
        gesture = touch_of(touching((mine, theirs)), ADA, date)
        assert gesture == touch_of(touching((theirs, mine)), ADA, date)
        assert gesture == touch_of(touching((mine, theirs)), BEN, date)
        assert gesture == touch_of(touching((min(mine, theirs),) * 2), ADA, date)

    def test_the_gestures_come_on_the_dates_of_the_reminders(self) -> None:
        couple = touching()
        known = couple.touch_dates
        assert known
        found = [FROM + day * DAY for day in range(-3, 200)]
        assert [date for date in found if touch_of(couple, ADA, date)] == [date for date in found if date in known]

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
        gesture = next(filter(None, (touch_of(couple, ADA, FROM + day * DAY) for day in range(30))))
        assert gesture.apart is apart


ZONES = [Zone(name) for name in (NEW_YORK, "Pacific/Kiritimati", "Pacific/Niue", "Africa/Cairo", "Etc/GMT+12")]
"""Some are 26 hours apart. In Cairo, some dates begin at 01:00."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A person's choice after some hours: a comfort, whether they want a touch reminder, and a zone (None: no move)."""

    hours: int
    who: Uid
    comfort: int
    zone: Zone | None = None
    wants: bool = field(kw_only=True)


@st.composite
def choices(draw: st.DrawFn, moves: st.SearchStrategy[Zone | None]) -> Choice:
    who, hours = draw(st.sampled_from((ADA, BEN))), draw(st.sampled_from((0, 1, 5, 11, 24, 30, 200)))
    return Choice(hours, who, draw(st.integers(0, 3)), draw(moves), wants=draw(st.booleans()))


class History:
    """A couple that makes choices. The clock is the same for both, and each has their own zone."""

    def __init__(self, zones: tuple[Zone, Zone], seed: str, *, agreed: bool = False) -> None:
        """If `agreed`, both have wanted touch for some months."""
        self.now = an_instant("2026-04-20T15:00:00Z")
        self.persons: dict[Uid, Person] = {
            uid: a_paired_person(uid=uid, profile=a_profile(zone=zone))
            for uid, zone in zip((ADA, BEN), zones, strict=True)
        }
        profiles = {uid: person.profile for uid, person in self.persons.items()}
        self.couple = a_couple(profiles=profiles, seed=seed)
        self.begun: set[dt.date] = set()
        self.note()
        for _ in range(2 if agreed else 0):
            for uid in self.persons:
                self.choose(Choice(1000, uid, 3, wants=True))

    def note(self) -> None:
        """Note the dates that the partners have begun."""
        self.begun |= {self.today(uid) for uid in self.persons}

    def today(self, uid: Uid) -> dt.date:
        return local_date(self.now, self.persons[uid].profile.zone)

    def choose(self, choice: Choice) -> None:
        self.now += choice.hours * dt.timedelta(hours=1)
        self.note()
        person = self.persons[choice.who]
        profile = replace(person.profile, touch_comfort=choice.comfort, zone=choice.zone or person.profile.zone)
        reminders = Reminders(touch=EVERY_EVENING if choice.wants else None)
        self.persons[choice.who] = replace(person, profile=profile, reminders=reminders)
        self.couple = self.couple.with_person(self.persons[choice.who], self.now)
        self.note()

    def shown(self, uid: Uid, last: dt.date | None = None) -> dict[dt.date, tuple[TouchGesture | None, bool]]:
        """Return what the person sees on the latest begun dates up to `last`, and whether they have touch there."""
        last, known = last or max(self.begun), self.couple.touch_dates
        return {
            date: (
                touch_of(self.couple, uid, date),
                self.persons[uid].wants_touch and known is not None and date in known,
            )
            for date in dates(last - 2 * DAY, last)
        }


class TestChange:
    """A partner's choices never change a date that somebody has begun, whatever both chose before, and wherever."""

    @given(
        zones=st.tuples(st.sampled_from(ZONES), st.sampled_from(ZONES)),
        seed=st.text(max_size=4),
        agreed=st.booleans(),
        before=st.lists(choices(st.none() | st.sampled_from(ZONES)), max_size=8),
        changes=st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=4),
        own=st.lists(choices(st.none() | st.sampled_from(ZONES)), max_size=4),
        who=st.sampled_from((ADA, BEN)),
    )
    def test_the_partner_sees_the_same_until_a_date_that_neither_has_begun(
        self,
        *,
        zones: tuple[Zone, Zone],
        seed: str,
        agreed: bool,
        before: list[Choice],
        changes: list[tuple[int, bool]],
        own: list[Choice],
        who: Uid,
    ) -> None:
        """Compare with a history without the changes. In both, the partner may make choices and fly afterwards."""
        history, unchanged = (History(zones, seed, agreed=agreed) for _ in range(2))
        for choice, each in itertools.product(before, (history, unchanged)):
            each.choose(choice)
        partner, settled = BEN if who == ADA else ADA, max(history.begun)
        for comfort, wants in changes:
            history.choose(Choice(0, who, comfort, wants=wants))
            assert history.shown(partner, settled) == unchanged.shown(partner, settled)
        for choice in own:
            for each in (history, unchanged):
                each.choose(replace(choice, who=partner))
            if max(history.begun) - settled < 2 * DAY:  # no clock can show the dates later
                assert history.shown(partner, settled) == unchanged.shown(partner, settled)

    @given(
        st.tuples(st.sampled_from(ZONES), st.sampled_from(ZONES)),
        st.text(max_size=4),
        st.lists(choices(st.none() | st.sampled_from(ZONES)), max_size=8),
    )
    def test_from_the_next_date_on_both_see_what_both_want(
        self, zones: tuple[Zone, Zone], seed: str, found: list[Choice]
    ) -> None:
        history = History(zones, seed)
        for choice in found:
            history.choose(choice)
            wanted = [
                person.profile.touch_comfort if person.reminders.touch else 0 for person in history.persons.values()
            ]
            couple, date = history.couple, max(history.begun) + DAY
            warmth = warmth_on(touch_seed(seed), date, couple.touch_from or date, min(wanted)) if min(wanted) else 0
            for uid in (ADA, BEN):
                gesture = touch_of(couple, uid, date)
                assert (gesture.warmth if gesture else 0) == warmth

    @given(
        seed=st.text(max_size=4),
        before=st.lists(choices(st.none()), max_size=2),
        who=st.sampled_from((ADA, BEN)),
        comfort=st.integers(0, 3),
        wants=st.booleans(),
    )
    def test_a_person_s_own_change_holds_at_once_for_them(
        self, *, seed: str, before: list[Choice], who: Uid, comfort: int, wants: bool
    ) -> None:
        history = History((ZONES[0], ZONES[1]), seed, agreed=True)
        for choice in before:
            history.choose(choice)
        history.choose(Choice(0, who, comfort, wants=wants))
        own = comfort if wants else 0
        assert all((gesture.warmth if gesture else 0) <= own for gesture, _ in history.shown(who).values())

    @given(st.lists(choices(st.none()), max_size=8), st.lists(choices(st.none()), max_size=8))
    def test_a_person_who_wants_no_touch_always_sees_the_same(self, one: list[Choice], other: list[Choice]) -> None:
        for found in (one, other):
            history = History((ZONES[0], ZONES[1]), "seed")
            for choice in found:
                history.choose(choice if choice.who == BEN else replace(choice, wants=False))
                assert set(history.shown(ADA).values()) == {(None, False)}

    def test_growth_goes_on_after_a_partner_has_stopped_and_begun_again(self) -> None:
        """A return to small gestures would show that the absence was no break."""
        history = History((ZONES[0], ZONES[0]), "seed")
        for who in (ADA, BEN):
            history.choose(Choice(0, who, 3, wants=True))
        since = history.couple.touch_from
        history.choose(Choice(2400, BEN, 3, wants=False))
        history.choose(Choice(240, BEN, 3, wants=True))
        assert history.couple.touch_from == since

    def test_a_choice_that_never_held_begins_nothing(self) -> None:
        history = History((ZONES[0], ZONES[0]), "seed")
        for who, wants in ((ADA, True), (BEN, True), (BEN, False)):
            history.choose(Choice(0, who, 3, wants=wants))
        assert (history.couple.touch_from, history.couple.touch_dates) == (None, None)


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
