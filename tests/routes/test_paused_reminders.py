"""A pause stops both persons' reminders, which begin again on the first date after it."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from delivery.services import Queues
from delivery.services import Services as DeliveryServices
from rekindle.domain.calendar import local_date, slot_instant
from rekindle.domain.pushes import PushKind
from rekindle.push.jobs import PersonJob
from rekindle.push.kinds import KINDS
from rekindle.store.slots import Slots
from rekindle.store.watermark import Watermark
from testing import fcm_wire
from testing.apis import handler_of
from testing.builders import LONDON, NEW_YORK, TOKYO
from testing.phones import Phone, a_phone, pair
from testing.push_world import NO_WAIT, do
from testing.stored import person_of
from tests.routes.test_moved_reminders import due_at, jobs_for
from tests.routes.test_news import announce, sent, work
from tests.routes.test_pause import DAY, FIRST, pause, paused
from tick.handler import Tick

if TYPE_CHECKING:
    from couples_api.services import Services
    from rekindle.store.table import Table
    from testing.fcm_wire import FcmWire
    from testing.push_world import Queue

HALF_AN_HOUR = dt.timedelta(minutes=30)
WISHES, PAUSES = 0.04, 0.6
"""The chance that somebody chooses something within half an hour, and the chance that the choice is a pause."""
MORNING, NIGHT = dt.time(8, 30), dt.time(20, 30)


def on_table(delivery: DeliveryServices, table: Table) -> DeliveryServices:
    """Return delivery's services on the table of the API."""
    queues = Queues(delivery.outbox, delivery.dead_letters, delivery.cleanup)
    return DeliveryServices.on(table, queues, delivery.gateway, delivery.app_link)


def token_of(services: Services, phone: Phone) -> str:
    (device,) = person_of(services, phone).devices.values()
    return device.target.value


class TestReminders:
    """The slot rows of both are due again after the pause, without another write."""

    def test_neither_is_reminded_of_a_date_in_it_and_both_are_of_the_first_after(
        self, services: Services, londoners: tuple[Phone, Phone]
    ) -> None:
        paused(londoners[0], FIRST + 3 * DAY)
        for phone in londoners:
            for time, kind in ((MORNING, PushKind.PROMPT), (NIGHT, PushKind.EVENING)):
                due = [due_at(services, phone, LONDON, time, FIRST + days * DAY) for days in range(5)]
                assert due == [set(), set(), set(), {kind}, {kind}]

    def test_a_move_keeps_the_pause(self, services: Services, londoners: tuple[Phone, Phone]) -> None:
        """The person flies, chooses another time, and registers a new phone."""
        ada, _ = londoners
        paused(ada, FIRST + 4 * DAY)
        ada.now += DAY
        assert ada.put("/v1/me", {"display_name": "Ada", "zone": TOKYO}).status == 200
        assert ada.put("/v1/me/reminders", {"prompt_time": "21:00"}).status == 200
        assert ada.put("/v1/me/devices/tablet", {"token": f"token-{ada.uid}", "platform": "ios"}).status == 200
        due = [due_at(services, ada, TOKYO, dt.time(21), FIRST + days * DAY) for days in range(6)]
        assert due == [set(), set(), set(), set(), {PushKind.PROMPT}, {PushKind.PROMPT}]
        assert jobs_for(services, ada) == []

    def test_a_queued_push_is_not_sent_in_a_pause(
        self, own_services: Services, delivery: DeliveryServices, queue: Queue, wire: FcmWire
    ) -> None:
        """The queue has a reminder that was moved, and one that FCM had refused.

        Pushes about nudges and answers still arrive.
        """
        ada, ben = (a_phone(handler_of(lambda: own_services), name, LONDON) for name in ("ada", "ben"))
        pair(ada, ben)
        on_api = on_table(delivery, own_services.people.table)
        person = person_of(own_services, ada)

        def job(kind: PushKind) -> PersonJob:
            couple = person.couple
            assert couple
            return PersonJob(kind=kind, uid=ada.uid, couple=couple, date=FIRST, instant=ada.now, late=NO_WAIT)

        wire.script[token_of(own_services, ada)] = [fcm_wire.INTERNAL] * 2
        for kind in (PushKind.PROMPT, PushKind.NUDGE):
            do(on_api, job(kind))
        retries = queue.taken()
        assert [each.type for each in retries] == ["retry", "retry"]
        paused(ben, FIRST + 2 * DAY)
        reminders = [job(kind) for kind in (PushKind.PROMPT, PushKind.EVENING, PushKind.TOUCH, PushKind.NEWS)]
        do(on_api, *retries, *reminders)
        for kind in (PushKind.PARTNER_ANSWERED, PushKind.BOTH_ANSWERED):
            do(on_api, job(kind))
        arrived = [message["android"]["notification"]["tag"][0] for message in wire.messages]
        assert arrived == [
            KINDS[kind].code for kind in (PushKind.NUDGE, PushKind.PARTNER_ANSWERED, PushKind.BOTH_ANSWERED)
        ]


def test_news_of_a_date_in_a_pause_are_not_made_up_for(
    own_services: Services, delivery: DeliveryServices, queue: Queue, wire: FcmWire
) -> None:
    ada, ben = (a_phone(handler_of(lambda: own_services), name, LONDON) for name in ("ada", "ben"))
    pair(ada, ben)
    table = own_services.people.table
    announce(table, FIRST + DAY)
    on_api = on_table(delivery, table)
    paused(ben, FIRST + 2 * DAY)
    for date in (FIRST + DAY, FIRST + 2 * DAY):
        came = slot_instant(date, MORNING, LONDON)
        assert came
        work(table, on_api, queue, came)
    assert {kind for _, kind, _ in sent(wire)} == {PushKind.PROMPT}
    assert [date for _, _, date in sent(wire)] == [FIRST + 2 * DAY] * 2


@dataclass(frozen=True)
class Wish:
    """A choice at an instant: a pause until a date, or its end (None)."""

    at: dt.datetime
    until: dt.date | None


def is_silent(date: dt.date, instant: dt.datetime, wishes: list[Wish]) -> bool:
    """Return whether the last choice before an instant keeps a date silent."""
    latest = [wish for wish in wishes if wish.at <= instant][-1:]
    return any(wish.until and date < wish.until for wish in latest)


@pytest.mark.parametrize("seed", range(4))
def test_each_date_is_sent_once_unless_it_fell_due_in_a_pause(
    own_services: Services, delivery: DeliveryServices, queue: Queue, wire: FcmWire, seed: int
) -> None:
    """Two in New York and Tokyo start, move and end pauses at any time for twelve days. Each run is late."""
    dice = random.Random(seed)  # noqa: S311  days to be had again by their seed
    api = handler_of(lambda: own_services)
    phones = [(a_phone(api, "ada", NEW_YORK), NEW_YORK), (a_phone(api, "ben", TOKYO), TOKYO)]
    pair(phones[0][0], phones[1][0])
    couple_id = person_of(own_services, phones[0][0]).couple
    assert couple_id
    table = own_services.people.table
    tick, on_api = Tick(Slots(table), Watermark(table), queue.outbox), on_table(delivery, table)
    wishes: list[Wish] = []
    start = at = phones[0][0].now
    end = start + 12 * DAY
    while at < end:
        tick.run(at)
        if dice.random() < WISHES:
            phone, zone = dice.choice(phones)
            phone.now = at + dt.timedelta(minutes=dice.randint(1, 25))
            until = local_date(phone.now, zone) + dice.randint(1, 3) * DAY
            reply = pause(phone, until if dice.random() < PAUSES else None)
            # Whoever has had a pause ended by the partner may have to wait before the next one.
            assert reply.status in {200, 204} or reply.problem == "pause-too-soon", reply.text
            couple = own_services.couples.couple(couple_id)
            assert couple
            wishes.append(Wish(phone.now, couple.pause.until if couple.pause else None))
        do(on_api, *queue.taken(), waited=HALF_AN_HOUR)
        at += HALF_AN_HOUR
    counted = Counter(sent(wire))
    expected = Counter[tuple[str, PushKind, dt.date]]()
    hushed = set()
    for phone, zone in phones:
        for date in (start.date() + number * DAY for number in range(-1, 14)):
            for kind, time in ((PushKind.PROMPT, MORNING), (PushKind.EVENING, NIGHT)):
                came = slot_instant(date, time, zone)
                if came is None or not start < came < end:
                    continue
                if is_silent(date, came, wishes) or is_silent(date, came + HALF_AN_HOUR, wishes):
                    hushed.add((phone.uid, kind, date))
                else:
                    expected[token_of(own_services, phone), kind, date] = 1
    assert counted == expected
    assert expected
    assert hushed
