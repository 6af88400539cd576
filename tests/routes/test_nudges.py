"""Nudges keep their limits, a repeat sends nothing twice, and a muted sender cannot notice."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rekindle.push.jobs import PersonJob
from rekindle.push.reactions import reaction_to
from rekindle.store import keys
from rekindle.store.stream import change_in
from rekindle.store.table import marshal
from testing.builders import LONDON, a_uid, an_instant
from testing.phones import Phone, Reply, a_couple, a_phone, pair
from testing.push_world import calls
from testing.stored import row_in, stream_record

if TYPE_CHECKING:
    from couples_api.services import Services
    from testing.phones import Handler

HOUR = dt.timedelta(hours=1)
DAY = 24 * HOUR
SECOND = dt.timedelta(seconds=1)
HUG = {"gesture": "hug"}


def mute(services: Services, phone: Phone, *, muted: bool = True) -> None:
    wish = services.people.change(
        phone.uid, phone.now, lambda person: replace(person, reminders=replace(person.reminders, nudges_muted=muted))
    )
    assert wish


def jobs_of(services: Services, sender: Phone) -> list[PersonJob]:
    """Let `react` handle all nudges of this person, as if they were in one record."""
    return jobs_in(services, keys.nudges(sender.uid))


def jobs_in(services: Services, key: keys.Key) -> list[PersonJob]:
    item = services.people.table.get(key)
    jobs = reaction_to(change_in(stream_record(None, marshal(item)))).jobs if item else ()
    return [job for job in jobs if isinstance(job, PersonJob)]


class TestSending:
    def test_the_partner_sees_what_was_sent_latest_first_for_a_day(self, couple: tuple[Phone, Phone]) -> None:
        ada, ben = couple
        first = ada.post("/v1/nudges", HUG)
        assert (first.status, first.body) == (201, {"gesture": "hug", "at": "2026-03-02T15:00:00Z"})
        ada.now += HOUR
        ada.post("/v1/nudges", {"gesture": "thank_you"})
        assert ben.get("/v1/nudges").body == {
            "received": [
                {"gesture": "thank_you", "at": "2026-03-02T16:00:00Z"},
                {"gesture": "hug", "at": "2026-03-02T15:00:00Z"},
            ],
            "left": 3,
            "next_at": None,
        }
        assert ada.get("/v1/nudges").body == {"received": [], "left": 1, "next_at": None}
        ben.now += DAY - SECOND
        assert len(ben.get("/v1/nudges").body["received"]) == 2
        ben.now += SECOND
        assert [nudge["gesture"] for nudge in ben.get("/v1/nudges").body["received"]] == ["thank_you"]

    def test_the_fourth_is_refused_until_the_first_is_a_day_old(self, couple: tuple[Phone, Phone]) -> None:
        ada, ben = couple
        ada.now = an_instant("2026-03-02T15:00:00.250Z")
        for _ in range(3):
            assert ada.post("/v1/nudges", HUG).status == 201
            ada.now += HOUR
        refused = ada.post("/v1/nudges", HUG)
        assert (refused.status, refused.problem) == (429, "too-many-nudges")
        wait = int(refused.headers["Retry-After"])
        assert wait == 21 * 3600
        assert ada.get("/v1/nudges").body == {"received": [], "left": 0, "next_at": "2026-03-03T15:00:01Z"}
        assert len(ben.get("/v1/nudges").body["received"]) == 3
        ada.now += dt.timedelta(seconds=wait) - SECOND
        assert ada.post("/v1/nudges", HUG).headers["Retry-After"] == "1"
        ada.now += SECOND
        assert ada.get("/v1/nudges").body["left"] == 1
        assert ada.post("/v1/nudges", HUG).status == 201
        assert ada.post("/v1/nudges", HUG).problem == "too-many-nudges"

    def test_each_of_the_two_has_a_cap_of_their_own(self, couple: tuple[Phone, Phone]) -> None:
        for phone in couple:
            assert [phone.post("/v1/nudges", HUG).status for _ in range(4)] == [201, 201, 201, 429]

    def test_the_cap_on_nudges_outlasts_a_couple(self, couple: tuple[Phone, Phone]) -> None:
        """A person cannot avoid the cap by unpairing. A new partner sees no old nudge."""
        ada, ben = couple
        for _ in range(3):
            assert ada.post("/v1/nudges", HUG).status == 201
        ben.delete("/v1/couple")
        pair(ada, ben)
        assert ada.post("/v1/nudges", HUG).problem == "too-many-nudges"
        assert ben.get("/v1/nudges").body["received"] == []
        assert ben.post("/v1/nudges", HUG).status == 201

    def test_the_item_goes_some_days_after_its_last_nudge(
        self, services: Services, couple: tuple[Phone, Phone]
    ) -> None:
        ada, ben = couple
        ada.post("/v1/nudges", HUG)
        item = row_in(services.people.table, keys.nudges(ada.uid))
        assert item["ttl"] - ada.now.timestamp() == 3 * 24 * 3600
        assert item["to"] == ben.uid


class TestRepeating:
    def test_a_repeat_under_one_key_gets_the_same_reply_and_is_sent_once(self, couple: tuple[Phone, Phone]) -> None:
        ada, ben = couple
        first = ada.post("/v1/nudges", HUG, key="tap")
        ada.post("/v1/nudges", HUG, key="another tap")
        ada.post("/v1/nudges", HUG)
        ada.now += DAY - SECOND
        assert ada.post("/v1/nudges", HUG, key="tap") == first
        assert ada.post("/v1/nudges", HUG, key="a third tap").problem == "too-many-nudges"
        assert len(ben.get("/v1/nudges").body["received"]) == 3

    def test_a_key_stands_for_one_body_and_one_route(self, couple: tuple[Phone, Phone]) -> None:
        ada, ben = couple
        ada.post("/v1/nudges", HUG, key="tap")
        other = ada.post("/v1/nudges", {"gesture": "miss_you"}, key="tap")
        assert (other.status, other.problem) == (409, "key-reused")
        assert ada.post("/v1/invites/redeem", {"code": "22222-22222"}, key="tap").problem == "key-reused"
        assert ada.get("/v1/nudges").body["left"] == 2
        # The same key of another person is a different key.
        assert ben.post("/v1/nudges", {"gesture": "miss_you"}, key="tap").status == 201

    def test_a_key_that_was_refused_is_worth_another_try(self, couple: tuple[Phone, Phone]) -> None:
        ada, _ = couple
        for _ in range(3):
            ada.post("/v1/nudges", HUG)
        refused = ada.post("/v1/nudges", HUG, key="tap")
        assert refused.problem == "too-many-nudges"
        ada.now += DAY
        sent = ada.post("/v1/nudges", HUG, key="tap")
        assert sent.status == 201
        assert ada.post("/v1/nudges", HUG, key="tap") == sent

    def test_a_request_that_comes_late_does_not_speak_to_somebody_new(self, api: Handler) -> None:
        ada, ben, cai = (a_phone(api, name, LONDON) for name in ("ada", "ben", "cai"))
        pair(ada, ben)
        ada.post("/v1/nudges", HUG, key="tap")
        ben.delete("/v1/couple")
        assert ada.post("/v1/nudges", HUG, key="tap").problem == "not-paired"
        pair(ada, cai)
        assert ada.post("/v1/nudges", HUG, key="tap").problem == "key-reused"
        assert cai.get("/v1/nudges").body["received"] == []


@dataclass(slots=True)
class Shown:
    """The replies and the database requests of a sender."""

    replies: list[Reply] = field(default_factory=list)
    operations: list[str] = field(default_factory=list)


class TestMuting:
    def test_a_muted_sender_gets_the_same_replies_byte_for_byte(self, services: Services, api: Handler) -> None:
        """The database gets the same requests too, so the time shows nothing either."""
        shown = {muted: self.as_shown(services, api, muted=muted) for muted in (False, True)}
        assert shown[True] == shown[False]
        assert [reply.status for reply in shown[True].replies] == [201, 201, 409, 201, 200, 201, 429, 200, 201]

    def as_shown(self, services: Services, api: Handler, *, muted: bool) -> Shown:
        ada, ben = a_couple(api, LONDON, LONDON)
        mute(services, ben, muted=muted)
        shown = Shown()
        with calls(services.people.table) as shown.operations:
            for body, key in ((HUG, "tap"), (HUG, "tap"), ({"gesture": "miss_you"}, "tap"), (HUG, None)):
                shown.replies.append(ada.post("/v1/nudges", body, key=key))
                ada.now += HOUR
            shown.replies.append(ada.get("/v1/nudges"))
            for _ in range(2):
                shown.replies.append(ada.post("/v1/nudges", {"gesture": "proud_of_you"}))
            shown.replies.append(ada.get("/v1/nudges"))
            ada.now += DAY
            shown.replies.append(ada.post("/v1/nudges", HUG))
        return shown

    def test_a_muted_nudge_is_never_seen_and_never_sent(self, services: Services, couple: tuple[Phone, Phone]) -> None:
        """The recipient's setting at the time of sending counts. A later change does not."""
        ada, ben = couple
        ada.post("/v1/nudges", {"gesture": "hug"})
        mute(services, ben)
        ada.post("/v1/nudges", {"gesture": "miss_you"}, key="tap")
        mute(services, ben, muted=False)
        # The nudge does not appear later either, when the phone asks again.
        ada.post("/v1/nudges", {"gesture": "miss_you"}, key="tap")
        ada.now += HOUR
        ada.post("/v1/nudges", {"gesture": "thank_you"})
        assert [nudge["gesture"] for nudge in ben.get("/v1/nudges").body["received"]] == ["thank_you", "hug"]
        assert [job.instant for job in jobs_of(services, ada)] == [ada.now - HOUR, ada.now]
        assert ada.post("/v1/nudges", HUG).problem == "too-many-nudges"

    def test_a_person_who_mutes_can_send(self, services: Services, couple: tuple[Phone, Phone]) -> None:
        ada, ben = couple
        mute(services, ada)
        ada.post("/v1/nudges", HUG)
        assert len(ben.get("/v1/nudges").body["received"]) == 1


def test_a_nudge_reads_four_items_and_writes_one(services: Services, couple: tuple[Phone, Phone]) -> None:
    """No transaction with the couple is needed: a person who has left the couple cannot read its nudges."""
    ada, ben = couple
    with calls(services.people.table) as seen:
        ada.post("/v1/nudges", HUG)
    assert Counter(seen) == {"GetItem": 4, "PutItem": 1}
    with calls(services.people.table) as seen:
        ben.get("/v1/nudges")
    assert Counter(seen) == {"GetItem": 2, "BatchGetItem": 1}


def test_a_stranger_is_asked_who_they_are(api: Handler) -> None:
    stranger = Phone(api, a_uid("stranger"))
    assert stranger.post("/v1/nudges", HUG, key="tap").problem == "no-profile"
