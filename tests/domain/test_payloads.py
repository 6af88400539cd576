"""A push's text and payload reveal nothing to a stranger, and fit the phone."""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import replace
from typing import Any

import pytest

from rekindle.domain.ids import CoupleId, Language
from rekindle.domain.persons import Reminders
from rekindle.domain.pushes import PushKind
from rekindle.domain.streaks import MILESTONES
from rekindle.domain.touch_dates import TouchDates
from rekindle.push.kinds import KINDS, OF_A_DATE, REMINDERS
from rekindle.push.payloads import Occasion, Payload, payload_of
from rekindle.push.texts import CATALOGUE, Text, text_of
from testing.builders import EVERY_EVENING, a_paired_person, a_profile, a_touching_person, an_instant

ENGLISH = Language("en")
LINK = "https://app.example"
DATE = dt.date(2026, 3, 2)
COUPLE = CoupleId("couple-1")
HOUR = dt.timedelta(hours=1)

TEXTS = [
    pytest.param(text, id=f"{language}-{kind}-{variant}")
    for language, kinds in CATALOGUE.items()
    for kind, variants in kinds.items()
    for variant, text in variants.items()
]
VARIED = [kind for kind in PushKind if kind is not PushKind.STREAK_MILESTONE]
OCCASIONS = [
    *(Occasion(kind, DATE, an_instant()) for kind in VARIED),
    *(Occasion(PushKind.STREAK_MILESTONE, DATE, an_instant(), days) for days in MILESTONES),
]

TELLTALES = re.compile(
    r"""therap|counsel|clinic|practice|treat|heal|session      # what it is for
    |touch|hug|kiss|hold|embrace|sex|intima|body|skin|\bhand|\barms?\b|cuddl|caress|tender|close\b   # what it may ask
    |nudge|gesture|thinking|proud|thank                         # what it may bring
    |partner|husband|wife|spouse|love|marri|relationship        # who with
    |answer|prompt|question|repl[iy]|wrote|said                 # what was said
    |miss(ed|ing)|forg[eo]t|late|still\ wait|haven|didn|don't|again|last\ chance|streak|lose|lost|break|broken|only
    |should|must|need\ to|guilt|sorry|fail|hurry|now\ or     # blame and pressure
    # the same in Spanish
    |terap|psic|clínic|pareja|espos|marid|mujer|amor|quiero|abraz|beso|piel|cuerpo|\btoc|respuest|respond|pregunt
    |caric|cariñ|mano|brazo|cerca|íntim|gesto|pensando|orgull|gracias|extrañ
    |contest|escrib|olvid|perd|falt|tarde\b|últim|racha|debe|que\ no|culpa|todavía|no\ has|prisa\b(?<!sin\ prisa)
    # and in French
    |thérap|psych|couple|\bmari|femme|conjoint|amour|aime|câlin|baiser|peau|corps|toucher|répon|écri|oubli|manqu|retard
    |caress|tendre|\bmains?\b|\bbras\b|proche|geste|pense|fière?\b|merci
    |derni|série|\bdois|\bdoit|faut|pas\ encore|n'as|n'avez""",
    re.IGNORECASE | re.VERBOSE,
)


def test_every_kind_has_a_record_with_a_code_of_its_own() -> None:
    assert KINDS.keys() == set(PushKind)
    assert len({record.code for record in KINDS.values()}) == len(PushKind)
    for record in KINDS.values():
        assert re.fullmatch("[a-z]", record.code)
        assert re.fullmatch("[a-z]", record.page)
        assert record.replaces in {None, *REMINDERS}


def test_reminders_and_what_replaces_them_end_with_their_date() -> None:
    assert REMINDERS == (PushKind.PROMPT, PushKind.EVENING, PushKind.TOUCH)
    assert (*REMINDERS, PushKind.NEWS) == OF_A_DATE


@pytest.mark.parametrize(
    ("kind", "unwanted"),
    [
        (PushKind.EVENING, {"reminders": Reminders(evening=None, touch=EVERY_EVENING)}),
        (PushKind.TOUCH, {"touch_dates": None}),
        (PushKind.NUDGE, {"reminders": Reminders(nudges_muted=True, touch=EVERY_EVENING)}),
        (PushKind.STREAK_MILESTONE, {"profile": a_profile(streak_hidden=True, touch_comfort=1)}),
    ],
)
def test_a_push_concerns_a_person_only_while_they_want_its_kind(kind: PushKind, unwanted: dict[str, Any]) -> None:
    person = a_touching_person()
    assert all(record.concerns(person, DATE) for record in KINDS.values())
    after = replace(person, **unwanted)
    assert [other for other, record in KINDS.items() if not record.concerns(after, DATE)] == [kind]


def test_a_push_about_touch_concerns_a_person_on_the_dates_with_touch() -> None:
    """A push of today may wait in the queue when the partner stops touch from tomorrow on."""
    tomorrow = DATE + dt.timedelta(days=1)
    person = a_touching_person(touch_dates=TouchDates((DATE, tomorrow)))
    today = Occasion(PushKind.TOUCH, DATE, an_instant())
    assert today.concerns(person, None)
    assert not replace(today, date=tomorrow).concerns(person, None)
    assert not today.concerns(replace(person, reminders=Reminders()), None), "their own change holds at once"


def test_a_push_ends_with_its_couple_and_a_reminder_with_any_couple() -> None:
    """A reminder is not about a particular couple. A person in a new couple still gets it."""
    person = a_paired_person()
    single, elsewhere = replace(person, couple=None), replace(person, couple=CoupleId("another"))
    answered, prompt = (Occasion(kind, DATE, an_instant()) for kind in (PushKind.BOTH_ANSWERED, PushKind.PROMPT))
    assert [answered.concerns(each, COUPLE) for each in (person, single, elsewhere)] == [True, False, False]
    added = Occasion(PushKind.NEW_DEVICE, DATE, an_instant())
    assert [added.concerns(each, None) for each in (person, single, elsewhere)] == [True, True, True]
    assert [prompt.concerns(each, None) for each in (person, single, elsewhere)] == [True, False, True]


@pytest.mark.parametrize("kind", VARIED)
def test_a_pause_silences_what_ends_with_its_date(kind: PushKind) -> None:
    person = a_touching_person(paused_until=DATE + dt.timedelta(days=1))
    assert Occasion(kind, DATE, an_instant()).concerns(person, COUPLE) is (kind not in OF_A_DATE)
    assert Occasion(kind, DATE + dt.timedelta(days=1), an_instant()).concerns(person, COUPLE)


@pytest.mark.parametrize("kind", PushKind)
def test_nothing_but_a_warning_comes_while_notifications_are_paused_or_of_a_time_before_the_end(kind: PushKind) -> None:
    begin, end = an_instant(), an_instant() + dt.timedelta(hours=1)
    person = a_touching_person()
    silent = person.with_notifications(begin, paused=True)
    back = silent.with_notifications(end, paused=False).with_notifications(end + dt.timedelta(hours=1), paused=False)
    assert Occasion(kind, DATE, begin).concerns(person, None)
    for each, instant in ((silent, begin), (silent, end), (back, end - dt.timedelta(milliseconds=1))):
        assert Occasion(kind, DATE, instant).concerns(each, None) is (kind is PushKind.NEW_DEVICE)
    assert Occasion(kind, DATE, end).concerns(back, None)


@pytest.mark.parametrize("language", CATALOGUE)
def test_a_language_of_the_catalogue_has_a_text_for_every_kind(language: Language) -> None:
    kinds = CATALOGUE[language]
    assert kinds.keys() == set(PushKind)
    assert kinds[PushKind.STREAK_MILESTONE].keys() == set(MILESTONES)
    for kind in VARIED:
        assert list(kinds[kind]) == list(range(len(kinds[kind])))


@pytest.mark.parametrize("kind", VARIED)
@pytest.mark.parametrize("language", CATALOGUE)
def test_a_kind_has_several_texts_and_a_reminder_has_more(language: Language, kind: PushKind) -> None:
    """A reminder comes every day, so it needs more texts."""
    variants = CATALOGUE[language][kind].values()
    assert len(variants) >= (4 if kind in REMINDERS else 3)
    assert len({text.title for text in variants}) == len({text.body for text in variants}) == len(variants)


@pytest.mark.parametrize("language", CATALOGUE)
def test_the_texts_of_one_date_do_not_look_alike(language: Language) -> None:
    """Each title of a date begins in its own way, so that two pushes in a list look different."""
    for turn in range(math.lcm(*(len(CATALOGUE[language][kind]) for kind in VARIED))):
        texts = [text_of(kind, language, None, turn) for kind in VARIED]
        assert len({tuple(text.title.split()[:2]) for text in texts}) == len(texts)
        assert len({text.body for text in texts}) == len(texts)


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_fits_a_lock_screen_and_tells_a_stranger_nothing_and_blames_nobody(text: Text) -> None:
    """A narrow phone shows some 35 characters of a title, and two lines of a body."""
    assert 5 <= len(text.title) <= 35
    assert 10 <= len(text.body) <= 80
    assert text.body.endswith(".")
    assert not text.title.endswith(".")
    assert not TELLTALES.search(f"{text.title}\n{text.body}")


def payload(occasion: Occasion, language: Language = ENGLISH, *, quiet: bool = False) -> Payload:
    """Return the payload of an occasion, sent at once."""
    return payload_of(occasion, language, occasion.instant, quiet=quiet, app_link=LINK)


@pytest.mark.parametrize("quiet", [True, False])
@pytest.mark.parametrize("language", CATALOGUE)
@pytest.mark.parametrize("occasion", OCCASIONS)
def test_a_payload_holds_a_text_in_the_persons_language_and_nothing_else_to_read(
    occasion: Occasion, language: Language, *, quiet: bool
) -> None:
    found = payload(occasion, language, quiet=quiet)
    texts = CATALOGUE[language][occasion.kind]
    assert found.text in ([texts[occasion.milestone]] if occasion.milestone else texts.values())
    assert re.fullmatch(r"https://app\.example/o/[dtnspm]20260302", found.link)
    code = KINDS[occasion.kind].code
    is_single = occasion.kind not in {PushKind.NUDGE, PushKind.NEW_DEVICE}
    named = f"{code}-2026-03-02" if is_single else f"{code}-[0-9a-f]{{16}}"
    assert re.fullmatch(named, found.collapse_id)
    assert not TELLTALES.search(f"{found.link} {found.collapse_id}"), "other apps on the phone may read them"
    assert found.quiet is quiet


@pytest.mark.parametrize("language", CATALOGUE)
def test_a_nudge_looks_like_nothing_else_on_any_date(language: Language) -> None:
    """A nudge has a date of UTC and a reminder a local date, so the two dates can differ by one."""
    openings = {
        kind: {tuple(text.title.split()[:2]) for text in variants.values()}
        for kind, variants in CATALOGUE[language].items()
    }
    nudges = openings.pop(PushKind.NUDGE)
    assert all(nudges.isdisjoint(others) for others in openings.values())


def test_no_two_languages_say_the_same() -> None:
    """This finds a text that was copied and never translated."""
    texts = [param.values[0] for param in TEXTS]
    assert len(set(texts)) == len(texts)


def test_an_unknown_language_gets_english_texts() -> None:
    assert payload(OCCASIONS[0], Language("de")) == payload(OCCASIONS[0])


def test_the_variants_of_a_text_take_turns_by_date() -> None:
    """Each date has one text, so a repeat on the same date has the same text."""
    variants = CATALOGUE[ENGLISH][PushKind.PROMPT]
    dates = [DATE + dt.timedelta(days=days) for days in range(len(variants))]
    shown = {payload(Occasion(PushKind.PROMPT, date, an_instant())).text for date in dates}
    assert shown == set(variants.values())


def test_a_milestone_without_words_is_an_error() -> None:
    with pytest.raises(KeyError):
        payload(Occasion(PushKind.STREAK_MILESTONE, DATE, an_instant(), 8))


@pytest.mark.parametrize("occasion", [each for each in OCCASIONS if each.kind not in OF_A_DATE])
def test_a_payload_does_not_tell_to_the_minute_when_somebody_answered(occasion: Occasion) -> None:
    """The payload does not tell when it was sent either. All instants of one hour give the same payload."""
    hour = an_instant("2026-03-02T15:00:00Z")
    times = [hour, hour + dt.timedelta(minutes=17, seconds=4, milliseconds=321), hour + dt.timedelta(minutes=59)]
    late = dt.timedelta(seconds=1, milliseconds=5)
    payloads = {
        # The exception is the part that identifies a nudge. It reveals no time.
        replace(
            payload_of(replace(occasion, instant=at), ENGLISH, at + late, quiet=False, app_link=LINK), collapse_id=""
        )
        for at in times
    }
    (found,) = payloads
    assert found.expires_at == hour + KINDS[occasion.kind].lifetime + HOUR
    assert found.ttl == KINDS[occasion.kind].lifetime + HOUR


@pytest.mark.parametrize("kind", OF_A_DATE)
@pytest.mark.parametrize("left", [dt.timedelta(minutes=10), dt.timedelta(hours=20)], ids=str)
def test_a_reminder_ends_with_its_date_on_every_phone(kind: PushKind, left: dt.timedelta) -> None:
    """Android counts a lifetime from when the push is sent, however late that is."""
    ends_at, late = an_instant() + left, dt.timedelta(minutes=4, seconds=3)
    occasion = Occasion(kind, DATE, an_instant(), ends_at=ends_at)
    found = payload_of(occasion, ENGLISH, an_instant() + late, quiet=False, app_link=LINK)
    assert found.expires_at == min(ends_at, an_instant() + KINDS[kind].lifetime)
    assert an_instant() + late + found.ttl == found.expires_at


def test_every_nudge_is_shown_for_itself_and_a_repeat_replaces_it() -> None:
    first = Occasion(PushKind.NUDGE, DATE, an_instant("2026-03-02T15:00:00.123Z"))
    second = replace(first, instant=an_instant("2026-03-02T15:00:00.124Z"))
    in_tokyo = replace(first, instant=an_instant("2026-03-03T00:00:00.123+09:00"))
    ids = [payload(each).collapse_id for each in (first, first, in_tokyo, second)]
    assert ids[0] == ids[1] == ids[2] != ids[3]


def test_each_kind_leads_to_its_own_place_in_the_app() -> None:
    links = {each.kind: payload(each).link.partition("/o/")[2] for each in OCCASIONS}
    assert {kind: link.removesuffix("20260302") for kind, link in links.items()} == {
        kind: record.page for kind, record in KINDS.items()
    }


def test_the_app_link_may_end_in_a_slash() -> None:
    found = payload_of(OCCASIONS[0], ENGLISH, an_instant(), quiet=False, app_link=f"{LINK}/")
    assert found.link == f"{LINK}/o/d20260302"
