"""Both get the day's gesture in their own language, or neither gets one."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from rekindle.domain.gestures import CATALOGUE, ENGLISH, FRENCH, SPANISH
from testing.builders import LONDON, NEW_YORK, TOKYO
from testing.phones import Phone, a_phone, pair
from testing.stored import until_touch

if TYPE_CHECKING:
    from couples_api.services import Services
    from testing.phones import Handler

DAY = dt.timedelta(days=1)
GESTURES = {gesture.id: gesture for gesture in CATALOGUE}


def a_couple(
    api: Handler, zones: tuple[str, str] = (LONDON, LONDON), languages: tuple[str, str] = ("en", "en")
) -> tuple[Phone, Phone]:
    """Pair two whose touch comfort is the highest."""
    ada, ben = (
        a_phone(api, name, zone, language=language, touch_comfort=3)
        for name, zone, language in zip(("ada", "ben"), zones, languages, strict=True)
    )
    pair(ada, ben)
    return ada, ben


def agree(services: Services, *phones: Phone) -> None:
    """Let both opt in, and wait until both have a gesture."""
    for phone in phones:
        asked = phone.put("/v1/me/reminders", {"touch": {"weekdays": ["monday"], "time": "19:00"}})
        assert asked.status == 200, asked.text
    until_touch(services, *phones)


def today(phone: Phone) -> Any:
    reply = phone.get("/v1/touch/today")
    assert reply.status == 200, reply.text
    return reply.body


def test_both_find_the_same_gesture_each_in_their_own_language(services: Services, api: Handler) -> None:
    ada, ben = a_couple(api, languages=("es", "fr"))
    agree(services, ada, ben)
    spanish, french = today(ada)["gesture"], today(ben)["gesture"]
    gesture = GESTURES[spanish["id"]]
    assert gesture.warmth == spanish["warmth"] == 1
    assert spanish == {"id": gesture.id, "warmth": 1, "text": gesture.texts[SPANISH]}
    assert french == {"id": gesture.id, "warmth": 1, "text": gesture.texts[FRENCH]}


def test_a_language_that_is_not_there_yet_reads_english(services: Services, api: Handler) -> None:
    ada, ben = a_couple(api, languages=("de", "en"))
    agree(services, ada, ben)
    gesture = today(ada)["gesture"]
    assert gesture["text"] == GESTURES[gesture["id"]].texts[ENGLISH]


def test_without_an_agreement_both_see_the_same_empty_answer(services: Services, api: Handler) -> None:
    """Nobody can tell whether the partner was not asked, wants no touch, or is the only one who wants it."""
    ada, ben = a_couple(api)
    nothing = {"date": "2026-03-02", "gesture": None}
    assert [today(phone) for phone in (ada, ben)] == [nothing] * 2
    agree(services, ada, ben)
    assert today(ada)["gesture"]


def test_a_partner_who_stops_sees_nothing_at_once_and_the_other_from_the_next_date(
    services: Services, api: Handler
) -> None:
    ada, ben = a_couple(api)
    agree(services, ada, ben)
    gesture = today(ada)["gesture"]
    ben.put("/v1/me", {"display_name": "Ben", "zone": LONDON, "touch_comfort": 0})
    assert (today(ben)["gesture"], today(ada)["gesture"]) == (None, gesture)
    for _ in range(30):
        ada.now += DAY
        assert today(ada)["gesture"] is None


def test_two_clocks_show_each_their_own_date(services: Services, api: Handler) -> None:
    """At 15:00 UTC it is already tomorrow in Tokyo. Each date has its own gesture, for two who are apart."""
    ada, ben = a_couple(api, zones=(NEW_YORK, TOKYO))
    agree(services, ada, ben)
    mine, theirs = today(ada), today(ben)
    assert dt.date.fromisoformat(theirs["date"]) - dt.date.fromisoformat(mine["date"]) == DAY
    assert mine["gesture"]["id"] != theirs["gesture"]["id"]
    assert GESTURES[mine["gesture"]["id"]].apart
    ada.now += DAY
    assert today(ada)["gesture"] == theirs["gesture"]
