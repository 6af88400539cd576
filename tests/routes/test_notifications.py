"""A person pauses all notifications at once. No push of any kind comes, and the partner cannot notice."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from typing import TYPE_CHECKING

from rekindle.crypto.sealing import SINGLE_KEY
from rekindle.domain.ids import Uid
from rekindle.domain.pushes import PushKind
from rekindle.push.jobs import NewDeviceJob, PersonJob
from rekindle.push.kinds import KINDS, REMINDERS
from rekindle.store import keys
from testing import fcm_wire
from testing.apis import phones_api
from testing.builders import LONDON, a_touching_person, an_instant
from testing.phones import Phone, pair, set_clocks
from testing.push_world import calls, do
from testing.stored import couple_id_of, person_of, row_in, slot_rows
from tests.routes.test_moved_reminders import due_at, jobs_for
from tests.routes.test_paused_reminders import on_table, token_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from couples_api.services import Services
    from delivery.services import Services as DeliveryServices
    from testing.fcm_wire import FcmWire
    from testing.phones import Handler, Reply
    from testing.push_world import Queue

URL = "/v1/me/notifications"
FIRST = dt.date(2026, 3, 2)
HOUR, SECOND = dt.timedelta(hours=1), dt.timedelta(seconds=1)
EVENING = dt.time(20, 30)


def pause(phone: Phone, *, paused: bool = True) -> None:
    reply = phone.put(URL, {"paused": paused})
    assert (reply.status, reply.body) == (200, {"paused": paused})


class TestRoute:
    def test_a_person_sees_their_own_pause_and_ends_it(self, londoners: tuple[Phone, Phone]) -> None:
        ada, ben = londoners
        assert ada.get(URL).body == {"paused": False}
        for paused in (True, True, False, False):
            pause(ada, paused=paused)
            assert (ada.get(URL).body, ben.get(URL).body) == ({"paused": paused}, {"paused": False})

    def test_whoever_has_no_profile_has_no_notifications(self, api: Handler) -> None:
        stranger = Phone(api, Uid("nobody-with-notifications"))
        assert [stranger.get(URL).problem, stranger.put(URL, {"paused": True}).problem] == ["no-profile"] * 2

    def test_a_person_stored_before_there_was_such_a_pause_is_notified(
        self, services: Services, londoners: tuple[Phone, Phone]
    ) -> None:
        """The row of whoever never paused is as before. A pause that is over leaves the instant of its end."""
        ada, _ = londoners
        table = services.people.table
        new = {"notifications_paused", "notified_since"}
        assert new.isdisjoint(row_in(table, keys.person(ada.uid)))
        assert ada.get(URL).body == {"paused": False}
        pause(ada)
        assert new & row_in(table, keys.person(ada.uid)).keys() == {"notifications_paused"}
        pause(ada, paused=False)
        assert new & row_in(table, keys.person(ada.uid)).keys() == {"notified_since"}

    def test_it_is_not_promised_beside_code_that_would_forget_it(
        self, new_services: Callable[[], Services], londoners: tuple[Phone, Phone]
    ) -> None:
        services = new_services()
        beside = replace(services, vault=replace(services.vault, scheme=SINGLE_KEY))
        refused = Phone(phones_api(lambda: beside), londoners[0].uid).put(URL, {"paused": True})
        assert (refused.status, refused.problem) == (503, "busy")


class TestReminders:
    def test_no_slot_holds_the_person_and_the_settings_stay(
        self, services: Services, londoners: tuple[Phone, Phone]
    ) -> None:
        ada, ben = londoners
        table = services.people.table
        settings, rows, bens = ada.get("/v1/me/reminders").body, slot_rows(table, ada.uid), slot_rows(table, ben.uid)
        assert rows
        pause(ada)
        assert slot_rows(table, ada.uid) == {}
        assert slot_rows(table, ben.uid) == bens
        assert ada.get("/v1/me/reminders").body == settings
        pause(ada, paused=False)
        assert slot_rows(table, ada.uid).keys() == rows.keys()

    def test_no_other_change_brings_a_reminder_back(self, services: Services, londoners: tuple[Phone, Phone]) -> None:
        ada, ben = londoners
        pause(ada)
        changes = [
            ada.put("/v1/me", {"display_name": "Ada", "zone": "Asia/Tokyo"}),
            ada.put("/v1/me/reminders", {"prompt_time": "06:05"}),
            ada.put("/v1/me/devices/tablet", {"token": f"tablet-{ada.uid}", "platform": "ios"}),
            ben.patch("/v1/couple", {"pause": {"until": "2026-03-09"}}),
            ben.delete("/v1/couple/pause"),
            ben.delete("/v1/couple"),
        ]
        assert {reply.status // 100 for reply in changes} == {2}
        pair(ada, ben, resume=(True, True))
        assert slot_rows(services.people.table, ada.uid) == {}
        assert jobs_for(services, ada) == []
        assert ada.get(URL).body == {"paused": True}

    def test_none_is_made_up_for_after_the_end(self, services: Services, londoners: tuple[Phone, Phone]) -> None:
        """The prompt's time passes within the pause. The evening reminder of the same date comes."""
        ada, _ = londoners
        ada.now = an_instant("2026-03-02T08:00:00Z")
        pause(ada)
        ada.now += HOUR
        pause(ada, paused=False)
        assert jobs_for(services, ada) == []
        morning = dt.time(8, 30)
        assert [due_at(services, ada, LONDON, morning, FIRST + dt.timedelta(days=days)) for days in (0, 1)] == [
            set(),
            {PushKind.PROMPT},
        ]
        assert due_at(services, ada, LONDON, EVENING, FIRST) == {PushKind.EVENING}


def test_no_push_of_any_kind_is_sent_while_it_is_paused_or_later_about_that_time(
    own_services: Services, delivery: DeliveryServices, queue: Queue, wire: FcmWire
) -> None:
    """The queue has a job of every kind, and a second try of every kind that FCM had refused.

    Only the warning about a new device comes. After the end, only what happens then comes.
    """
    api = phones_api(lambda: own_services)
    ada, ben = Phone(api, Uid("ada")), Phone(api, Uid("ben"))
    for phone in (ada, ben):
        assert phone.put("/v1/me", {"display_name": phone.uid, "zone": LONDON}).status == 200
        assert phone.put("/v1/me/devices/phone", {"token": f"token-{phone.uid}", "platform": "ios"}).status == 200
    pair(ada, ben)
    on_api, couple = on_table(delivery, own_services.people.table), couple_id_of(own_services, ada)
    touching = a_touching_person()
    assert own_services.people.change(
        ada.uid,
        ada.now,
        lambda person: replace(
            person, profile=touching.profile, reminders=touching.reminders, touch_dates=touching.touch_dates
        ),
    )
    kinds = [kind for kind in PushKind if kind is not PushKind.NEW_DEVICE]

    def jobs(instant: dt.datetime) -> list[PersonJob | NewDeviceJob]:
        return [
            NewDeviceJob(uid=ada.uid, added="another", date=FIRST, instant=instant),
            *(
                PersonJob(
                    kind=kind,
                    uid=ada.uid,
                    couple=couple,
                    date=FIRST,
                    instant=instant,
                    milestone=7 if KINDS[kind].has_milestone else None,
                )
                for kind in kinds
            ),
        ]

    def arrived() -> list[str]:
        tags = sorted(message["android"]["notification"]["tag"][0] for message in wire.messages)
        wire.messages.clear()
        return tags

    warning = KINDS[PushKind.NEW_DEVICE].code
    everything = sorted(KINDS[kind].code for kind in PushKind)
    wire.script[token_of(own_services, ada)] = [fcm_wire.INTERNAL] * len(PushKind)
    do(on_api, *jobs(ada.now))
    retries = queue.taken()
    assert [each.type for each in retries] == ["retry"] * len(PushKind)
    wire.messages.clear()
    begin, end = ada.now, ada.now + HOUR
    pause(ada)
    do(on_api, *retries, *jobs(begin), *jobs(begin + SECOND))
    assert arrived() == [warning] * 3
    assert queue.taken() == []
    set_clocks(end, ada)
    pause(ada, paused=False)
    do(on_api, *retries, *jobs(begin), *jobs(end - SECOND))
    assert arrived() == [warning] * 3
    do(on_api, *jobs(end))
    assert arrived() == everything
    assert set(REMINDERS) <= set(kinds)


def test_the_partner_gets_the_same_replies_byte_for_byte(new_services: Callable[[], Services]) -> None:
    """Two worlds in which chance falls alike.

    While they are a couple, the database gets the same requests too, so the time shows nothing.
    """
    worlds = {paused: _as_shown(new_services(), paused=paused) for paused in (False, True)}
    assert worlds[True] == worlds[False]
    assert {status for status, _ in worlds[True][0]} == {200, 201, 204, 404, 409, 429}, (
        "the week of a recap is yet to come"
    )


def _as_shown(services: Services, *, paused: bool) -> tuple[list[tuple[int, str]], list[str]]:
    entropy = random.Random(1).randbytes  # noqa: S311  nothing here is secret
    services = replace(services, entropy=entropy)
    api = phones_api(lambda: services, entropy=entropy)
    ada, ben = Phone(api, Uid("ada")), Phone(api, Uid("ben"))
    for phone in (ada, ben):
        phone.put("/v1/me", {"display_name": phone.uid.title(), "zone": LONDON})
        phone.put("/v1/me/devices/phone", {"token": f"token-{phone.uid}", "platform": "ios"})
    pair(ada, ben)
    pause(ben, paused=paused)
    set_clocks(an_instant("2026-03-03T12:00:00Z"), ada, ben)
    date = ada.now.date()
    replies: list[Reply] = []

    def look() -> None:
        urls = f"me couple today days?limit=3 days/{date} streak recap touch/today packs nudges".split()
        replies.extend(ada.get(f"/v1/{url}") for url in urls)

    with calls(services.people.table) as operations:
        look()
        replies += [ada.post("/v1/nudges", {"gesture": "hug"}) for _ in range(4)]
        replies.append(ada.put(f"/v1/days/{date}/answer", {"text": "Yes."}))
        replies.append(ada.put("/v1/me/reminders", {"touch": {"weekdays": ["monday"], "time": "18:00"}}))
        replies.append(ada.put("/v1/me", {"display_name": "Ada", "zone": LONDON, "touch_comfort": 2}))
        replies.append(ada.patch("/v1/couple", {"pause": {"until": "2026-03-09"}}))
        look()
        replies.append(ada.delete("/v1/couple/pause"))
    assert ben.put(f"/v1/days/{date}/answer", {"text": "No."}).status == 200
    with calls(services.people.table) as more:
        replies.append(ada.put(f"/v1/days/{date}/answer", {"text": "Maybe."}))
        look()
    replies.append(ada.delete("/v1/couple"))
    assert person_of(services, ben).notifications_paused is paused
    return [(reply.status, reply.text) for reply in replies], operations + more
