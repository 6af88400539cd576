"""Slots follow every change of a person's profile, reminders and phones."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from couples_api.devices import DEVICES_LIMIT
from rekindle.domain.persons import Platform, Target, TargetKind
from rekindle.domain.pushes import PushKind
from rekindle.domain.reminders import Slot
from rekindle.store import keys
from rekindle.store.devices import REFRESHED_AFTER
from rekindle.store.slot_rows import rows_of
from testing.builders import LONDON, NEW_YORK, TOKYO, a_token, a_uid
from testing.phones import Phone, a_phone, pair
from testing.stored import person_of, slot_rows

if TYPE_CHECKING:
    from couples_api.services import Services
    from rekindle.store.slot_rows import SlotAndKind, SlotRow
    from testing.phones import Handler


def tokens_of(services: Services, phone: Phone) -> dict[str, str]:
    return {name: device.target.value for name, device in person_of(services, phone).devices.items()}


def owner_of(services: Services, token: str, kind: TargetKind = TargetKind.TOKEN) -> str | None:
    item = services.people.table.get(keys.target(Target(kind, token)))
    return item["uid"] if item else None


def register(phone: Phone, device: str, token: str, platform: str = "android") -> None:
    reply = phone.put(f"/v1/me/devices/{device}", {"token": token, "platform": platform})
    assert reply.status == 200, reply.text


def current_rows(services: Services, phone: Phone) -> dict[SlotAndKind, SlotRow]:
    return slot_rows(services.people.table, phone.uid)


def current_tokens(services: Services, phone: Phone) -> list[set[str]]:
    """Return the tokens of each of the phone's rows."""
    return [{device.target.value for device in row.devices} for row in current_rows(services, phone).values()]


class TestProfile:
    """A profile is stored as a whole, with every field."""

    def test_a_person_comes_to_be_by_saying_who_they_are(self, api: Handler) -> None:
        phone = Phone(api, a_uid("new"))
        assert phone.get("/v1/me").problem == "no-profile"
        made = phone.put("/v1/me", {"display_name": "Ada", "zone": LONDON})
        assert made.status == 200
        assert made.body == {
            "display_name": "Ada",
            "zone": LONDON,
            "language": "en",
            "depth": 1,
            "touch_comfort": 0,
            "barriers": [],
            "streak_hidden": False,
            "uid": phone.uid,
            "paired": False,
        }
        assert phone.get("/v1/me") == made

    def test_a_profile_is_set_as_a_whole(self, api: Handler) -> None:
        phone = Phone(api, a_uid())
        full = {
            "display_name": "Ada",
            "zone": TOKYO,
            "language": "de",
            "depth": 3,
            "touch_comfort": 2,
            "barriers": ["neglect", "stress"],
            "streak_hidden": True,
        }
        assert phone.put("/v1/me", full).body == full | {"uid": phone.uid, "paired": False}
        slim = {"display_name": "Ada", "zone": LONDON}
        assert phone.put("/v1/me", slim).body["barriers"] == []
        assert phone.get("/v1/me").body["depth"] == 1

    def test_setting_the_same_profile_again_writes_nothing(self, services: Services, api: Handler) -> None:
        phone = a_phone(api, "ada", LONDON)
        before = person_of(services, phone)
        phone.put("/v1/me", {"display_name": "Ada", "zone": LONDON})
        assert person_of(services, phone).revision == before.revision

    def test_a_profile_leaves_devices_and_reminders_alone(self, services: Services, api: Handler) -> None:
        phone = a_phone(api, "ada", LONDON)
        phone.put("/v1/me/reminders", {"prompt_time": "06:05"})
        before = person_of(services, phone)
        phone.put("/v1/me", {"display_name": "Ada L.", "zone": TOKYO})
        after = person_of(services, phone)
        assert (after.devices, after.reminders) == (before.devices, before.reminders)

    def test_a_couple_repeats_what_both_say_of_themselves(
        self, services: Services, couple: tuple[Phone, Phone]
    ) -> None:
        ada, ben = couple
        for phone, zone in ((ada, LONDON), (ben, NEW_YORK)):
            phone.put("/v1/me", {"display_name": "New", "zone": zone, "barriers": ["stress"], "depth": 2})
        person = person_of(services, ada)
        assert person.couple
        repeated = services.couples.couple(person.couple)
        assert repeated
        assert dict(repeated.profiles) == {phone.uid: person_of(services, phone).profile for phone in couple}


class TestReminders:
    """A person's reminders say when the system may send pushes."""

    def test_they_have_their_defaults_from_the_start(self, api: Handler) -> None:
        expected = {
            "prompt_time": "08:30",
            "evening_time": "20:30",
            "quiet_hours": {"start": "22:00", "end": "07:00"},
            "touch": None,
            "nudges_muted": False,
            "news": True,
        }
        phone = a_phone(api, "ada", LONDON)
        assert phone.get("/v1/me/reminders").body == expected
        refused = phone.call("PUT", "/v1/me/reminders", raw="{}")
        missing = {error["field"] for error in refused.body["errors"]}
        assert (refused.problem, missing) == ("invalid-fields", {f"body.{name}" for name in expected})

    @pytest.mark.parametrize(
        "wish",
        [
            {"prompt_time": "00:00", "evening_time": "23:55", "quiet_hours": {"start": "00:00", "end": "23:59"}},
            {"prompt_time": "08:30", "evening_time": "08:30", "quiet_hours": {"start": "13:01", "end": "13:02"}},
            {"prompt_time": "12:00", "evening_time": None, "quiet_hours": None},
            {"prompt_time": "12:00", "evening_time": None, "quiet_hours": None, "nudges_muted": True, "news": False},
            {
                "prompt_time": "12:00",
                "evening_time": None,
                "quiet_hours": None,
                "touch": {"weekdays": ["monday", "sunday"], "time": "19:05"},
            },
        ],
    )
    def test_they_are_kept_as_they_are_set(self, api: Handler, wish: dict[str, Any]) -> None:
        phone = a_phone(api, "ada", LONDON)
        kept = {"touch": None, "nudges_muted": False, "news": True} | wish
        assert phone.put("/v1/me/reminders", wish).body == kept
        assert phone.get("/v1/me/reminders").body == kept


class TestDevices:
    """A token or a Firebase installation id belongs to one person, and a person has at most ten phones."""

    def test_a_phone_is_kept_and_taken_back(self, services: Services, api: Handler) -> None:
        phone, token = a_phone(api, "ada", LONDON), a_token()
        register(phone, "tablet", token, "ios")
        kept = person_of(services, phone).devices
        assert {str(name): device.platform for name, device in kept.items()} == {
            "phone": Platform.ANDROID,
            "tablet": Platform.IOS,
        }
        assert owner_of(services, token) == phone.uid
        assert phone.delete("/v1/me/devices/tablet").status == 204
        assert "tablet" not in tokens_of(services, phone)
        assert owner_of(services, token) is None
        assert phone.delete("/v1/me/devices/tablet").status == 204

    def test_a_phones_new_token_replaces_its_old_one(self, services: Services, api: Handler) -> None:
        phone = a_phone(api, "ada", LONDON)
        old, new = tokens_of(services, phone)["phone"], a_token()
        register(phone, "phone", new)
        assert tokens_of(services, phone) == {"phone": new}
        assert (owner_of(services, old), owner_of(services, new)) == (None, phone.uid)

    def test_a_token_under_another_name_is_one_phone(self, services: Services, api: Handler) -> None:
        """A reinstalled app has a new device id, and may have its old token. It must get one push, not two."""
        phone = a_phone(api, "ada", LONDON)
        token = tokens_of(services, phone)["phone"]
        register(phone, "installed-anew", token)
        assert tokens_of(services, phone) == {"installed-anew": token}
        assert owner_of(services, token) == phone.uid

    def test_a_token_that_signs_in_elsewhere_moves_whole(self, services: Services, couple: tuple[Phone, Phone]) -> None:
        """A phone that gets a new owner must not show the old owner's pushes (I11)."""
        ada, ben = couple
        token = tokens_of(services, ada)["phone"]
        register(ben, "from-ada", token)
        assert tokens_of(services, ada) == {}
        assert tokens_of(services, ben)["from-ada"] == token
        assert owner_of(services, token) == ben.uid
        assert current_rows(services, ada) == {}
        assert all(token in tokens for tokens in current_tokens(services, ben))
        register(ada, "phone", token)
        assert owner_of(services, token) == ada.uid
        assert "from-ada" not in tokens_of(services, ben)

    def test_a_phone_can_be_known_by_its_installation_instead(self, services: Services, api: Handler) -> None:
        phone, fid = a_phone(api, "ada", LONDON), a_token("fid")
        old = tokens_of(services, phone)["phone"]
        assert phone.put("/v1/me/devices/phone", {"fid": fid, "platform": "android"}).status == 200
        (device,) = person_of(services, phone).devices.values()
        assert device.target == Target(TargetKind.FID, fid)
        assert owner_of(services, fid, TargetKind.FID) == phone.uid
        assert (owner_of(services, fid), owner_of(services, old)) == (None, None)

    def test_a_phone_that_comes_by_at_every_start_is_written_once_a_week(
        self, services: Services, api: Handler
    ) -> None:
        phone = a_phone(api, "ada", LONDON)
        token, first = tokens_of(services, phone)["phone"], person_of(services, phone)
        phone.now += REFRESHED_AFTER - dt.timedelta(milliseconds=1)
        register(phone, "phone", token)
        assert person_of(services, phone) == first
        register(phone, "phone", token, "ios")
        phone.now += REFRESHED_AFTER
        register(phone, "phone", token, "ios")
        (device,) = person_of(services, phone).devices.values()
        assert (device.platform, device.registered_at) == (Platform.IOS, phone.now)

    def test_there_are_ten_at_most(self, services: Services, api: Handler) -> None:
        phone = a_phone(api, "ada", LONDON)
        for number in range(DEVICES_LIMIT - 1):
            register(phone, f"phone-{number}", a_token())
        one_more, token = a_token(), tokens_of(services, phone)["phone-3"]
        refused = phone.put("/v1/me/devices/phone-10", {"token": one_more, "platform": "ios"})
        assert (refused.status, refused.problem) == (409, "too-many-devices")
        assert owner_of(services, one_more) is None
        # These add no eleventh phone: the same phone again, a new token for it, and a known token under a new id.
        register(phone, "phone-3", token)
        register(phone, "phone-3", a_token())
        register(phone, "phone-4-anew", tokens_of(services, phone)["phone-4"])
        phone.delete("/v1/me/devices/phone-5")
        register(phone, "phone-10", one_more)
        assert len(tokens_of(services, phone)) == DEVICES_LIMIT


class TestSlots:
    """After every change, a person's slot rows match the person."""

    def test_rows_follow_a_person_through_every_change(self, services: Services, api: Handler) -> None:
        ada, ben = a_phone(api, "ada", NEW_YORK), a_phone(api, "ben", NEW_YORK)

        def counted() -> list[int]:
            self.assert_rows_are_what_persons_are(services, ada, ben)
            return [len(current_rows(services, phone)) for phone in (ada, ben)]

        assert counted() == [0, 0]
        pair(ada, ben)
        assert counted() == [2, 2]
        for phone in (ada, ben):
            phone.now += dt.timedelta(days=1)
        ada.put("/v1/me", {"display_name": "Ada", "zone": TOKYO})
        # The morning had come in her old zone an hour and a half ago, so the old slot may still send the push.
        assert counted() == [3, 2]
        assert current_rows(services, ada).keys() >= {(Slot(NEW_YORK, dt.time(8, 30)), PushKind.PROMPT)}
        for phone in (ada, ben):
            phone.now += dt.timedelta(hours=1)
        ada.put("/v1/me", {"display_name": "Ada", "zone": TOKYO, "language": "ja"})
        assert {row.language for row in current_rows(services, ada).values()} == {"ja"}
        assert counted() == [2, 2]
        ada.put("/v1/me/reminders", {"prompt_time": "06:05", "evening_time": None, "quiet_hours": None})
        assert counted() == [1, 2]
        assert [row.quiet_hours for row in current_rows(services, ada).values()] == [None]
        ada.put("/v1/me/reminders", {"prompt_time": "06:05", "evening_time": "21:55"})
        assert counted() == [2, 2]
        token = a_token()
        register(ada, "tablet", token)
        assert all(token in tokens and len(tokens) == 2 for tokens in current_tokens(services, ada))
        ada.delete("/v1/me/devices/tablet")
        assert all(len(tokens) == 1 for tokens in current_tokens(services, ada))
        ada.delete("/v1/me/devices/phone")
        assert counted() == [0, 2]
        register(ada, "phone", a_token())
        assert counted() == [2, 2]
        register(ben, "phone", tokens_of(services, ada)["phone"])
        assert counted() == [0, 2]
        ben.put("/v1/me", {"display_name": "Ben", "zone": LONDON})
        assert counted() == [0, 2]
        ada.delete("/v1/couple")
        assert counted() == [0, 0]
        register(ada, "phone", a_token())
        assert counted() == [0, 0]
        pair(ben, ada, resume=(False, False))
        assert counted() == [2, 2]

    def assert_rows_are_what_persons_are(self, services: Services, *phones: Phone) -> None:
        for phone in phones:
            person = person_of(services, phone)
            rows = rows_of(person)
            assert current_rows(services, phone) == rows
            assert {row.uid_and_couple for (_, kind), row in rows.items() if kind is PushKind.EVENING} <= {
                (phone.uid, person.couple)
            }


def test_a_persons_item_keeps_the_names_that_it_was_first_stored_with(services: Services, api: Handler) -> None:
    """A renamed attribute would make stored persons unreadable.

    After a rollback, the old version could not read new persons either.
    """
    phone = a_phone(api, "ada", LONDON)
    item = services.people.table.get(keys.person(phone.uid))
    assert item
    assert item.keys() == {
        *("pk", "sk", "revision", "profile", "reminders", "touch_agreed", "last_due", "reminded_since", "owed"),
        *("devices", "created_at", "counted"),
    }
