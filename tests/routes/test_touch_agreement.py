"""Touch reminders come only while both have opted in. Either can stop them at once and silently."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from rekindle.domain.pushes import PushKind
from rekindle.domain.reminders import Slot
from rekindle.store import keys
from rekindle.store.slots import Slots
from testing.builders import NEW_YORK, TOKYO
from testing.phones import Phone, a_phone, pair

if TYPE_CHECKING:
    from collections.abc import Callable

    from couples_api.services import Services
    from rekindle.domain.ids import Zone
    from testing.phones import Handler

TOUCH = {"weekdays": ["monday", "friday"], "time": "19:00"}
WANTS = 0.7
MONDAY = dt.date(2026, 3, 2)


def wish(phone: Phone, touch: dict[str, Any] | None = TOUCH) -> None:
    reply = phone.put("/v1/me/reminders", {"touch": touch})
    assert reply.status == 200, reply.text
    assert reply.body["touch"] == touch


def comfort(phone: Phone, zone: str, touch_comfort: int) -> None:
    body = {"display_name": "Someone", "zone": zone, "touch_comfort": touch_comfort}
    assert phone.put("/v1/me", body).status == 200


def is_reminded(services: Services, phone: Phone, zone: Zone = NEW_YORK, date: dt.date = MONDAY) -> bool:
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


def test_nobody_is_reminded_of_touch_unless_they_ask(services: Services, two: tuple[Phone, Phone]) -> None:
    for phone in two:
        assert phone.get("/v1/me/reminders").body["touch"] is None
        assert not is_reminded(services, phone)


def test_both_are_reminded_once_both_want_it_on_the_days_each_has_chosen(
    services: Services, two: tuple[Phone, Phone]
) -> None:
    ada, ben = two
    wish(ada)
    assert not is_reminded(services, ada)
    wish(ben, {"weekdays": ["tuesday"], "time": "19:00"})
    assert is_reminded(services, ada)
    assert not is_reminded(services, ben)
    tuesday = MONDAY + dt.timedelta(days=1)
    assert is_reminded(services, ben, date=tuesday)
    assert not is_reminded(services, ada, date=tuesday)


def _stop(phone: Phone) -> None:
    wish(phone, None)


def _lose_comfort(phone: Phone) -> None:
    comfort(phone, NEW_YORK, 0)


def _unpair(phone: Phone) -> None:
    assert phone.delete("/v1/couple").status == 204


@pytest.mark.parametrize("stop", [_stop, _lose_comfort, _unpair], ids=["stop", "no comfort", "unpair"])
def test_either_can_stop_for_both_at_once(
    services: Services, two: tuple[Phone, Phone], stop: Callable[[Phone], None]
) -> None:
    ada, ben = two
    for phone in two:
        wish(phone)
    stop(ben)
    assert not is_reminded(services, ada)
    assert not is_reminded(services, ben)


def test_the_partner_does_not_see_that_one_has_stopped(services: Services, two: tuple[Phone, Phone]) -> None:
    ada, ben = two
    for phone in two:
        wish(phone)
    before = [ada.get(path).text for path in ("/v1/me/reminders", "/v1/me", "/v1/couple")]
    _stop(ben)
    assert [ada.get(path).text for path in ("/v1/me/reminders", "/v1/me", "/v1/couple")] == before
    wish(ben)
    assert is_reminded(services, ada)


def test_a_wish_from_before_pairing_counts(services: Services, api: Handler) -> None:
    ada, ben = (a_phone(api, name, NEW_YORK, touch_comfort=2) for name in ("ada", "ben"))
    wish(ada)
    wish(ben)
    assert not is_reminded(services, ada)
    pair(ada, ben)
    assert is_reminded(services, ada)
    assert is_reminded(services, ben)


def test_a_person_without_touch_comfort_is_asked_for_it_first(services: Services, api: Handler) -> None:
    """The wish is stored, and takes effect as soon as the person allows touch."""
    ada, ben = a_phone(api, "ada", NEW_YORK), a_phone(api, "ben", TOKYO, touch_comfort=1)
    pair(ada, ben)
    wish(ada)
    wish(ben)
    assert not is_reminded(services, ben, TOKYO)
    comfort(ada, NEW_YORK, 1)
    assert is_reminded(services, ada)
    # In Tokyo it was too late for Monday when the second one opted in.
    assert is_reminded(services, ben, TOKYO, MONDAY + dt.timedelta(weeks=1))


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
