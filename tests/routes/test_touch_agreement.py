"""Touch reminders come only while both have opted in. Either can stop them silently, and their own at once."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from rekindle.domain.calendar import dates
from rekindle.domain.pushes import PushKind
from rekindle.domain.reminders import Slot
from rekindle.domain.touch_dates import EVERY_TOUCH_DATE
from rekindle.store import keys
from rekindle.store.slot_rows import rows_of
from rekindle.store.slots import Slots
from rekindle.store.table import Write
from testing.builders import NEW_YORK, TOKYO
from testing.phones import Phone, a_phone, pair
from testing.stored import couple_of, person_of, row_in, slot_rows, until_touch

if TYPE_CHECKING:
    from collections.abc import Callable

    from couples_api.services import Services
    from rekindle.domain.ids import Zone
    from testing.phones import Handler

TOUCH = {"weekdays": ["monday", "friday"], "time": "19:00"}
MONDAY = dt.date(2026, 3, 2)


def wish(phone: Phone, touch: dict[str, Any] | None = TOUCH) -> None:
    reply = phone.put("/v1/me/reminders", {"touch": touch})
    assert reply.status == 200, reply.text
    assert reply.body["touch"] == touch


def comfort(phone: Phone, zone: str, touch_comfort: int) -> None:
    body = {"display_name": "Someone", "zone": zone, "touch_comfort": touch_comfort}
    assert phone.put("/v1/me", body).status == 200


def next_date(services: Services, phone: Phone, weekday: int = 0) -> dt.date:
    """Return the first date with this weekday, after 2 March, on which the couple has touch."""
    known, date = couple_of(services, phone).touch_dates, MONDAY + dt.timedelta(days=weekday or 7)
    assert known
    while date not in known:
        date += dt.timedelta(weeks=1)
    return date


def is_reminded(services: Services, phone: Phone, date: dt.date, zone: Zone = NEW_YORK) -> bool:
    """Return whether the person has a touch reminder at 19:00 on the date."""
    slot = Slot(zone, dt.time(19))
    slots = Slots(services.people.table)
    return any(
        row.person == keys.pseudonym_of(phone.uid) and row.kind is PushKind.TOUCH and row.is_due(date)
        for shards in slots.existing([slot]).values()
        for name in shards.all
        for row in slots.page(name, None, 1000, phone.now).rows
    )


@pytest.fixture
def two(api: Handler) -> tuple[Phone, Phone]:
    ada, ben = (a_phone(api, name, NEW_YORK, touch_comfort=1) for name in ("ada", "ben"))
    pair(ada, ben)
    return ada, ben


def is_never_reminded(services: Services, phone: Phone, zone: Zone = NEW_YORK) -> bool:
    return not any(is_reminded(services, phone, date, zone) for date in dates(MONDAY, MONDAY + dt.timedelta(days=60)))


def test_nobody_is_reminded_of_touch_unless_they_ask(services: Services, two: tuple[Phone, Phone]) -> None:
    for phone in two:
        assert phone.get("/v1/me/reminders").body["touch"] is None
        assert is_never_reminded(services, phone)


def test_both_are_reminded_once_both_want_it_on_the_days_each_has_chosen(
    services: Services, two: tuple[Phone, Phone]
) -> None:
    ada, ben = two
    wish(ada)
    assert is_never_reminded(services, ada)
    wish(ben, {"weekdays": ["tuesday"], "time": "19:00"})
    monday, tuesday = next_date(services, ada), next_date(services, ada, 1)
    assert is_reminded(services, ada, monday)
    assert not is_reminded(services, ben, monday)
    assert is_reminded(services, ben, tuesday)
    assert not is_reminded(services, ada, tuesday)


def test_the_first_reminder_comes_on_a_date_after_the_agreement(services: Services, two: tuple[Phone, Phone]) -> None:
    for phone in two:
        wish(phone)
    for phone in two:
        assert not is_reminded(services, phone, MONDAY)


def test_no_reminder_comes_in_a_break(services: Services, two: tuple[Phone, Phone]) -> None:
    for phone in two:
        wish(phone)
    known, first = couple_of(services, two[0]).touch_dates, MONDAY + dt.timedelta(weeks=1)
    assert known
    mondays = [first + dt.timedelta(weeks=week) for week in range(60)]
    assert [is_reminded(services, two[1], date) for date in mondays] == [date in known for date in mondays]
    assert {date in known for date in mondays} == {True, False}


def _stop(phone: Phone) -> None:
    wish(phone, None)


def _lose_comfort(phone: Phone) -> None:
    comfort(phone, NEW_YORK, 0)


def _unpair(phone: Phone) -> None:
    assert phone.delete("/v1/couple").status == 204


@pytest.mark.parametrize("stop", [_stop, _lose_comfort], ids=["stop", "no comfort"])
def test_either_can_stop_their_own_at_once_and_the_partner_s_from_the_next_date(
    services: Services, two: tuple[Phone, Phone], stop: Callable[[Phone], None]
) -> None:
    ada, ben = two
    for phone in two:
        wish(phone)
    until_touch(services, ada, ben, weekday=0)
    monday = ada.now.date()
    stop(ben)
    assert is_never_reminded(services, ben)
    reminded = [date for date in dates(monday, monday + dt.timedelta(days=60)) if is_reminded(services, ada, date)]
    assert reminded == [monday]


def test_the_end_of_the_couple_stops_both_at_once(services: Services, two: tuple[Phone, Phone]) -> None:
    for phone in two:
        wish(phone)
    _unpair(two[1])
    for phone in two:
        assert is_never_reminded(services, phone)


def test_the_partner_does_not_see_that_one_has_stopped(services: Services, two: tuple[Phone, Phone]) -> None:
    ada, ben = two
    for phone in two:
        wish(phone)
    before = [ada.get(path).text for path in ("/v1/me/reminders", "/v1/me", "/v1/couple")]
    _stop(ben)
    assert [ada.get(path).text for path in ("/v1/me/reminders", "/v1/me", "/v1/couple")] == before
    wish(ben)
    assert is_reminded(services, ada, next_date(services, ada))


def test_a_wish_from_before_pairing_counts(services: Services, api: Handler) -> None:
    ada, ben = (a_phone(api, name, NEW_YORK, touch_comfort=2) for name in ("ada", "ben"))
    wish(ada)
    wish(ben)
    assert is_never_reminded(services, ada)
    pair(ada, ben)
    for phone in (ada, ben):
        assert is_reminded(services, phone, next_date(services, ada))
        assert not is_reminded(services, phone, MONDAY)


def test_a_person_without_touch_comfort_is_asked_for_it_first(services: Services, api: Handler) -> None:
    """The wish is stored, and takes effect as soon as the person allows touch."""
    ada, ben = a_phone(api, "ada", NEW_YORK), a_phone(api, "ben", TOKYO, touch_comfort=1)
    pair(ada, ben)
    wish(ada)
    wish(ben)
    assert is_never_reminded(services, ben, TOKYO)
    comfort(ada, NEW_YORK, 1)
    monday = next_date(services, ada)
    assert is_reminded(services, ada, monday)
    assert is_reminded(services, ben, monday, TOKYO)


def test_a_person_of_version_0_1_0_gets_the_breaks_with_the_next_gesture(
    services: Services, two: tuple[Phone, Phone]
) -> None:
    """That version stored neither the dates nor the seed beside the person."""
    ada, _ = two
    for phone in two:
        wish(phone)
    until_touch(services, ada, weekday=0)
    table, key = services.people.table, keys.person(ada.uid)
    older = row_in(table, key)
    del older["touch_dates"]
    table.write(Write("Put", key, item=older))
    assert person_of(services, ada).touch_dates == EVERY_TOUCH_DATE
    assert ada.get("/v1/touch/today").body["gesture"]
    assert person_of(services, ada).touch_dates == couple_of(services, ada).touch_dates
    assert slot_rows(table, ada.uid, [Slot(NEW_YORK, dt.time(19))]) == {
        place: row for place, row in rows_of(person_of(services, ada)).items() if place[1] is PushKind.TOUCH
    }


def test_a_couple_of_version_0_1_0_keeps_today_s_gesture_when_one_stops(
    services: Services, two: tuple[Phone, Phone]
) -> None:
    """That version stored only who wants touch, and since when."""
    ada, ben = two
    for phone in two:
        wish(phone)
    until_touch(services, *two, weekday=0)
    gesture, key = ada.get("/v1/touch/today").text, keys.couple(couple_of(services, ada).id)
    older = row_in(services.people.table, key)
    older["touch"] = {name: older["touch"][name] for name in ("wanted_by", "from")}
    services.people.table.write(Write("Put", key, item=older))
    assert ada.get("/v1/touch/today").text == gesture
    _stop(ben)
    assert ada.get("/v1/touch/today").text == gesture
    assert is_reminded(services, ada, ada.now.date())
    ada.now += dt.timedelta(days=1)
    assert ada.get("/v1/touch/today").body["gesture"] is None


@pytest.mark.parametrize(
    "touch",
    [
        {"weekdays": [], "time": "19:00"},
        {"weekdays": ["someday"], "time": "19:00"},
        {"weekdays": ["monday"], "time": "19:03"},
        {"weekdays": ["monday"]},
        {"weekdays": ["monday"], "time": "19:00", "gesture": "hug"},
        {"weekdays": [0], "time": "19:00"},
    ],
    ids=repr,
)
def test_a_wish_that_makes_no_sense_is_refused(two: tuple[Phone, Phone], touch: dict[str, Any]) -> None:
    assert two[0].put("/v1/me/reminders", {"touch": touch}).problem == "invalid-fields"
