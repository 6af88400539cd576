"""Two who unpair and pair again within thirty days go on with their couple, if each of them wants that."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import TYPE_CHECKING, Any

import pytest

from cleanup.ended import finish_end
from rekindle.domain.ids import PackId
from rekindle.store import key_rows, keys
from rekindle.store.couples import KEEPSAKE
from rekindle.store.slot_rows import rows_of
from rekindle.store.table import Write
from testing.apis import handler_of, phones_api
from testing.builders import LONDON, NEW_YORK, TOKYO, publish_choices
from testing.cleanups import cleanup_services
from testing.phones import Phone, Reply, a_phone, confirmation, pair, set_clocks
from testing.stored import couple_id_of, couple_of, person_of, row_in, slot_rows, until_touch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from couples_api.services import Services
    from rekindle.domain.ids import CoupleId

DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
MONDAY = dt.date(2026, 3, 2)
CHOICES = list(itertools.product([True, False], repeat=2))


@pytest.fixture
def world(own_services: Services) -> Services:
    publish_choices(own_services.people.table)
    return own_services


@pytest.fixture
def two(world: Services) -> tuple[Phone, Phone]:
    """Pair Ada and Ben in London. Both answer on five dates. The sixth is open, and Ada has answered it."""
    api = phones_api(lambda: world)
    ada, ben = (a_phone(api, name, LONDON, depth=3) for name in ("ada", "ben"))
    pair(ada, ben)
    for number in range(5):
        both_answer(MONDAY + number * DAY, ada, ben)
        wait(DAY, ada, ben)
    answer(ada, MONDAY + 5 * DAY)
    return ada, ben


def wait(span: dt.timedelta, *phones: Phone) -> None:
    for phone in phones:
        phone.now += span


def well(reply: Reply) -> Any:
    assert reply.status < 300, reply.text
    return reply.body if reply.text else None


def answer(phone: Phone, date: dt.date) -> None:
    well(phone.get(f"/v1/days/{date}"))
    well(phone.put(f"/v1/days/{date}/answer", {"text": f"{phone.uid} on {date}"}))


def both_answer(date: dt.date, *phones: Phone) -> None:
    for phone in phones:
        answer(phone, date)


def invited(inviter: Phone) -> Any:
    return well(inviter.post("/v1/invites"))


def redeem(phone: Phone, code: str, **choice: bool) -> Any:
    return well(phone.post("/v1/invites/redeem", {"code": code, **choice}))


def confirm(phone: Phone, invite: Any, **choice: bool) -> Reply:
    return phone.post("/v1/invites/confirm", confirmation(phone, invite["invite_id"], **choice))


def part(ada: Phone, ben: Phone, apart: dt.timedelta = 4 * DAY) -> None:
    """Let Ben unpair, and let some time go by."""
    well(ben.delete("/v1/couple"))
    wait(apart, ada, ben)


def clean_up(world: Services, couple: CoupleId) -> None:
    services = cleanup_services(world.people.table, world.vault.table.name)
    finish_end(services, couple)


class TestGoingOn:
    """Both want to go on: the couple stands again with everything that it had."""

    def test_the_journal_the_streak_and_the_packs_are_there_again(
        self, world: Services, two: tuple[Phone, Phone]
    ) -> None:
        ada, ben = two
        couple = couple_id_of(world, ada)
        well(ada.call("PUT", "/v1/couple/packs/choice"))
        before = {path: well(ada.get(path)) for path in ("/v1/days", "/v1/couple", "/v1/streak")}
        part(ada, ben)
        pair(ben, ada, (True, True))
        assert couple_id_of(world, ada) == couple_id_of(world, ben) == couple
        days = {day["date"]: day for day in well(ada.get("/v1/days"))["days"]}
        for day in before["/v1/days"]["days"]:
            assert days[day["date"]] == day | {"open": False, "swappable": False}
        assert well(ada.get("/v1/couple")) == before["/v1/couple"]
        streak = well(ben.get("/v1/streak"))
        assert {name: streak[name] for name in ("current", "longest", "total")} == {
            "current": 5,
            "longest": 5,
            "total": 5,
        }
        assert couple_of(world, ada).packs.keys() == {PackId("choice")}
        today = MONDAY + 9 * DAY
        both_answer(today, ada, ben)
        assert well(ben.get("/v1/streak"))["current"] == 6

    def test_the_time_apart_counts_as_a_pause(self, world: Services, two: tuple[Phone, Phone]) -> None:
        """The dates that were open at the end, or came after it, are no misses. Today takes part again."""
        ada, ben = two
        part(ada, ben, 20 * DAY)
        pair(ada, ben, (True, True))
        calendar = well(ada.get("/v1/streak"))["calendar"]
        today = MONDAY + 25 * DAY
        apart = [str(MONDAY + number * DAY) for number in range(5, 25)]
        assert [calendar[date] for date in apart] == ["paused"] * 20
        assert calendar[str(today)] == "open"
        assert well(ada.get("/v1/couple"))["pause"] is None
        for number in (1, 2):
            set_clocks(dt.datetime.combine(today + number * DAY, dt.time(15), dt.UTC), ada, ben)
            both_answer(today + number * DAY, ada, ben)
        assert well(ada.get("/v1/streak"))["current"] == 7, "today was missed, and is a rest day"
        assert person_of(world, ada).paused_until == today

    def test_a_date_that_was_missed_before_the_end_stays_missed(self, two: tuple[Phone, Phone]) -> None:
        """Nobody mends a streak by unpairing: two missed dates have ended it."""
        ada, ben = two
        wait(3 * DAY, ada, ben)
        assert well(ada.get("/v1/streak"))["current"] == 0
        part(ada, ben, HOUR)
        pair(ada, ben, (True, True))
        streak = well(ada.get("/v1/streak"))
        assert (streak["current"], streak["longest"]) == (0, 5)

    def test_a_pause_that_ran_at_the_end_goes_on(self, two: tuple[Phone, Phone]) -> None:
        ada, ben = two
        well(ada.patch("/v1/couple", {"pause": {"until": str(MONDAY + 30 * DAY)}}))
        part(ada, ben)
        pair(ada, ben, (True, True))
        pause = {"from": str(MONDAY + 5 * DAY), "until": str(MONDAY + 30 * DAY)}
        assert well(ben.get("/v1/couple"))["pause"] == pause

    def test_a_day_that_both_answered_just_before_the_end_counts(
        self, world: Services, two: tuple[Phone, Phone]
    ) -> None:
        """The request died after the answer, so nobody added the day to the streak before the end."""
        ada, ben = two
        couple = couple_id_of(world, ada)
        streak = row_in(world.people.table, keys.streak(couple))
        answer(ben, MONDAY + 5 * DAY)
        world.people.table.put_many([(keys.streak(couple), streak)])
        part(ada, ben)
        pair(ada, ben, (True, True))
        assert well(ada.get("/v1/streak"))["current"] == 6

    def test_the_rows_are_as_before_the_end(self, world: Services, two: tuple[Phone, Phone]) -> None:
        ada, ben = two
        couple = couple_id_of(world, ada)
        table, key_table = world.people.table, world.vault.table
        before = row_in(table, keys.couple(couple))
        key = row_in(key_table, key_rows.couple_keys(couple))
        part(ada, ben, HOUR)
        clean_up(world, couple)
        pair(ada, ben, (True, True))
        after = row_in(table, keys.couple(couple))
        assert after.keys() - before.keys() == set()
        assert after["touch"].pop("settled") > before["touch"].pop("settled")
        changed = {"revision", "paired_by"}
        assert {name: after[name] for name in before if name not in changed} == {
            name: before[name] for name in before if name not in changed
        }
        assert row_in(key_table, key_rows.couple_keys(couple)) == key
        for phone in two:
            person = person_of(world, phone)
            assert person.parted == {}
            assert person.invite is None
            assert slot_rows(table, person.uid) == rows_of(person)
            assert rows_of(person)

    def test_present_profiles_and_touch_choices_count(self, world: Services, two: tuple[Phone, Phone]) -> None:
        ada, ben = two
        part(ada, ben)
        touch = {"touch": {"weekdays": ["monday"], "time": "18:00"}}
        for phone in two:
            well(phone.put("/v1/me", {"display_name": phone.uid[:3].title() * 2, "zone": TOKYO, "touch_comfort": 2}))
            well(phone.put("/v1/me/reminders", touch))
        pair(ada, ben, (True, True))
        couple = couple_of(world, ada)
        assert couple.profiles == {phone.uid: person_of(world, phone).profile for phone in two}
        assert couple.touch_from == MONDAY + 11 * DAY, "the date after the one in Tokyo"
        assert person_of(world, ben).touch_dates == couple.touch_dates
        until_touch(world, ada, ben)
        assert well(ada.get("/v1/touch/today"))["gesture"]

    def test_an_open_day_gets_longer_for_a_partner_who_moved_west(
        self, world: Services, two: tuple[Phone, Phone]
    ) -> None:
        ada, ben = two
        date = MONDAY + 5 * DAY
        part(ada, ben, HOUR)
        well(ben.put("/v1/me", {"display_name": "Ben", "zone": NEW_YORK, "depth": 3}))
        pair(ada, ben, (True, True))
        day = world.days.day(couple_id_of(world, ada), date)
        assert day
        assert day.window.closes_at == dt.datetime.combine(date + DAY, dt.time(8), dt.UTC)
        set_clocks(day.window.closes_at - HOUR, ada, ben)
        answer(ben, date)
        assert well(ada.get(f"/v1/days/{date}"))["revealed"]

    def test_they_can_part_and_come_back_again(self, world: Services, two: tuple[Phone, Phone]) -> None:
        ada, ben = two
        couple = couple_id_of(world, ada)
        for apart in (DAY, 29 * DAY, 2 * DAY):
            part(ada, ben, apart)
            assert person_of(world, ada).parted.keys() == {couple}
            pair(ada, ben, (True, True))
            assert couple_id_of(world, ben) == couple
        assert well(ada.get("/v1/streak"))["total"] == 5

    def test_a_partner_in_between_changes_nothing(self, world: Services, two: tuple[Phone, Phone]) -> None:
        ada, ben = two
        couple = couple_id_of(world, ada)
        cai = a_phone(ada.handler, "cai", LONDON)
        part(ada, ben)
        cai.now = ada.now
        pair(cai, ada)
        between = couple_id_of(world, ada)
        well(ada.delete("/v1/couple"))
        pair(ada, ben, (True, True))
        assert couple_id_of(world, ben) == couple
        assert person_of(world, ada).parted.keys() == {between}

    def test_the_export_follows(self, two: tuple[Phone, Phone]) -> None:
        ada, ben = two
        part(ada, ben)
        pair(ada, ben, (True, True))
        ada.claims["auth_time"] = str(int(ada.now.timestamp()))
        export = well(ada.post("/v1/me/export"))
        assert [(each["until"], each["included"]) for each in export["couples"]] == [(None, True)]
        assert len(export["entries"]) == 6
        assert sum(bool(entry["partner"]) for entry in export["entries"]) == 5


class TestAsking:
    """Each of the two is asked alone, and nobody learns what the other said."""

    def test_the_redeemer_is_asked_before_anything_is_redeemed(self, two: tuple[Phone, Phone]) -> None:
        ada, ben = two
        part(ada, ben)
        invite = invited(ada)
        asked = redeem(ben, invite["code"])
        assert asked == {
            "invite_id": invite["invite_id"],
            "inviter": "Ada",
            "state": "open",
            "words": None,
            "together_before": True,
        }
        assert well(ada.get("/v1/invites"))["state"] == "open"
        assert confirm(ada, invite).problem == "not-redeemed-yet"
        assert redeem(ben, invite["code"], resume=False)["state"] == "redeemed"
        assert redeem(ben, invite["code"])["state"] == "redeemed", "who has chosen is not asked again"

    def test_the_inviter_is_asked_before_the_confirmation(self, two: tuple[Phone, Phone]) -> None:
        ada, ben = two
        part(ada, ben)
        invite = invited(ada)
        redeem(ben, invite["code"], resume=True)
        assert well(ada.get("/v1/invites"))["together_before"]
        refused = confirm(ada, invite)
        assert (refused.status, refused.problem) == (409, "choice-missing")
        assert confirm(ada, invite, resume=True).status == 200

    @pytest.mark.parametrize("key", [None, "tap"])
    def test_the_answer_to_the_question_is_no_further_try(self, two: tuple[Phone, Phone], key: str | None) -> None:
        ada, ben = two
        part(ada, ben)
        invite = invited(ada)
        for _ in range(4):
            assert ben.post("/v1/invites/redeem", {"code": "22222-22222"}).problem == "invite-not-usable"
        assert ben.post("/v1/invites/redeem", {"code": invite["code"]}, key=key).status == 200
        assert ben.post("/v1/invites/redeem", {"code": "22222-22222"}).problem == "too-many-tries"
        for _ in range(2):
            body = {"code": invite["code"], "resume": True}
            assert ben.post("/v1/invites/redeem", body, key=key).body["state"] == "redeemed"

    def test_a_choice_does_not_help_to_guess_a_code(self, two: tuple[Phone, Phone]) -> None:
        ada, ben = two
        part(ada, ben)
        guesses = [{"code": f"22222-2222{symbol}", "resume": True} for symbol in "234567"]
        said = [ben.post("/v1/invites/redeem", guess).problem for guess in guesses]
        assert said == ["invite-not-usable"] * 5 + ["too-many-tries"]

    @pytest.mark.parametrize("mine", [True, False])
    @pytest.mark.parametrize("asked_first", [True, False])
    def test_no_reply_to_the_inviter_shows_the_redeemer_s_choice(
        self,
        two: tuple[Phone, Phone],
        *,
        mine: bool,
        asked_first: bool,
    ) -> None:
        """Until the inviter has confirmed, each reply has the same bytes for both choices of the redeemer."""
        ada, ben = two
        part(ada, ben)
        invite, seen = invited(ada), []
        for theirs in (True, False):
            redeem(ben, invite["code"], resume=theirs)
            replies = [ada.get("/v1/invites"), confirm(ada, invite)]
            if asked_first:
                replies += [ada.get("/v1/me"), ada.get("/v1/couple")]
            seen.append([(reply.status, reply.headers, reply.text) for reply in replies])
        assert seen[0] == seen[1]
        assert confirm(ada, invite, resume=mine).status == 200

    @pytest.mark.parametrize(("inviters", "redeemers"), CHOICES)
    def test_they_go_on_only_if_both_want_it(
        self,
        world: Services,
        two: tuple[Phone, Phone],
        *,
        inviters: bool,
        redeemers: bool,
    ) -> None:
        ada, ben = two
        couple = couple_id_of(world, ada)
        part(ada, ben)
        pair(ada, ben, (inviters, redeemers))
        assert (couple_id_of(world, ada) == couple) == (inviters and redeemers)
        assert bool(well(ben.get("/v1/days"))["days"]) == (inviters and redeemers)

    def test_who_refuses_gets_the_same_replies_whatever_the_other_wanted(
        self, world: Services, two: tuple[Phone, Phone]
    ) -> None:
        """Both choices of the redeemer lead to the same replies and the same rows, but for the random ones."""
        ada, ben = two
        part(ada, ben)
        seen = []
        for theirs in (True, False):
            invite = invited(ada)
            redeem(ben, invite["code"], resume=theirs)
            said = [confirm(ada, invite, resume=False), ada.get("/v1/couple"), ada.get("/v1/days"), ben.get("/v1/days")]
            seen.append([(reply.status, reply.text) for reply in said])
            assert couple_of(world, ada).paired_by == invite["invite_id"]
            well(ada.delete("/v1/couple"))
        assert seen[0] == seen[1]

    def test_the_redeemer_may_change_their_mind_until_the_confirmation(
        self, world: Services, two: tuple[Phone, Phone]
    ) -> None:
        ada, ben = two
        couple = couple_id_of(world, ada)
        part(ada, ben)
        invite = invited(ada)
        for choice in (False, True):
            redeem(ben, invite["code"], resume=choice)
        well(confirm(ada, invite, resume=True))
        assert couple_id_of(world, ada) == couple

    @pytest.mark.parametrize("choice", [{}, {"resume": True}, {"resume": False}])
    def test_two_who_were_no_couple_are_not_asked(self, world: Services, choice: dict[str, bool]) -> None:
        api = handler_of(lambda: world)
        ada, ben = (a_phone(api, name, LONDON) for name in ("ada", "ben"))
        invite = invited(ada)
        redeemed = redeem(ben, invite["code"], **choice)
        assert (redeemed["state"], redeemed["together_before"]) == ("redeemed", False)
        assert not well(ada.get("/v1/invites"))["together_before"]
        assert confirm(ada, invite, **choice).status == 200

    def test_a_choice_is_true_or_false(self, two: tuple[Phone, Phone]) -> None:
        ada, ben = two
        part(ada, ben)
        for choice in ("true", 1, "yes"):
            assert ben.post("/v1/invites/redeem", {"code": "22222-22222", "resume": choice}).problem == "invalid-fields"


class TestTooLate:
    """After thirty days, or without a key, there is nothing to go on with, and nobody is asked."""

    @pytest.mark.parametrize(("left", "asked"), [(dt.timedelta(milliseconds=1), True), (dt.timedelta(), False)])
    def test_the_way_back_ends_with_the_keepsake_period(
        self,
        two: tuple[Phone, Phone],
        left: dt.timedelta,
        *,
        asked: bool,
    ) -> None:
        ada, ben = two
        part(ada, ben, KEEPSAKE - left)
        assert redeem(ben, invited(ada)["code"])["together_before"] == asked

    def test_it_may_end_between_the_question_and_the_confirmation(
        self, world: Services, two: tuple[Phone, Phone]
    ) -> None:
        ada, ben = two
        couple = couple_id_of(world, ada)
        part(ada, ben, KEEPSAKE - HOUR)
        invite = invited(ada)
        redeem(ben, invite["code"], resume=True)
        wait(HOUR, ada, ben)
        well(confirm(ada, invite))
        assert couple_id_of(world, ada) != couple

    @pytest.mark.parametrize("gone", ["all keys", "one author's key", "the couple's row"])
    def test_without_both_keys_and_the_row_nobody_is_asked(
        self, world: Services, two: tuple[Phone, Phone], gone: str
    ) -> None:
        ada, ben = two
        couple = couple_id_of(world, ada)
        part(ada, ben)
        remove(world, couple, gone, ben)
        invite = invited(ada)
        assert not redeem(ben, invite["code"])["together_before"]
        assert confirm(ada, invite).status == 200

    @pytest.mark.parametrize("gone", ["all keys", "one author's key", "the couple's row"])
    def test_what_goes_after_the_question_makes_them_start_clean(
        self, world: Services, two: tuple[Phone, Phone], gone: str
    ) -> None:
        ada, ben = two
        couple = couple_id_of(world, ada)
        part(ada, ben)
        invite = invited(ada)
        redeem(ben, invite["code"], resume=True)
        remove(world, couple, gone, ben)
        well(confirm(ada, invite, resume=True))
        assert couple_id_of(world, ada) == couple_id_of(world, ben) != couple


def remove(world: Services, couple: CoupleId, gone: str, ben: Phone) -> None:
    table, key_table = world.people.table, world.vault.table
    key = key_rows.couple_keys(couple)
    row = row_in(key_table, key)
    match gone:
        case "all keys":
            key_table.write(Write("Delete", key))
        case "one author's key":
            del row["authors"][ben.uid]
            key_table.put_many([(key, row)])
        case _:
            table.write(Write("Delete", keys.couple(couple)))


class TestRepeats:
    """A repeated or late request does no harm."""

    @pytest.mark.parametrize("key", [None, "tap"])
    def test_confirming_again_finds_the_couple(self, two: tuple[Phone, Phone], key: str | None) -> None:
        ada, ben = two
        part(ada, ben)
        invite = invited(ada)
        redeem(ben, invite["code"], resume=True)
        body = confirmation(ada, invite["invite_id"], resume=True)
        replies = [ada.post("/v1/invites/confirm", body, key=key) for _ in range(3)]
        assert {(reply.status, reply.text) for reply in replies} == {(200, replies[0].text)}

    def test_a_key_belongs_to_one_choice(self, two: tuple[Phone, Phone]) -> None:
        ada, ben = two
        part(ada, ben)
        code = invited(ada)["code"]
        assert ben.post("/v1/invites/redeem", {"code": code, "resume": True}, key="tap").status == 200
        assert ben.post("/v1/invites/redeem", {"code": code, "resume": False}, key="tap").problem == "key-reused"

    def test_a_confirmation_that_comes_again_after_another_end_resumes_nothing(self, two: tuple[Phone, Phone]) -> None:
        ada, ben = two
        part(ada, ben)
        invite = invited(ada)
        redeem(ben, invite["code"], resume=True)
        well(confirm(ada, invite, resume=True))
        part(ada, ben, HOUR)
        assert confirm(ada, invite, resume=True).problem == "no-invite"
        assert ada.get("/v1/couple").problem == "not-paired"

    @pytest.mark.parametrize("phase", ["before", "after"])
    def test_a_late_job_of_the_earlier_end_does_nothing(
        self, world: Services, two: tuple[Phone, Phone], phase: str
    ) -> None:
        """The job has read the couple before they came back, and goes on afterwards."""
        ada, ben = two
        couple = couple_id_of(world, ada)
        part(ada, ben)
        ended = world.couples.couple(couple)
        assert ended
        pair(ada, ben, (True, True))
        if phase == "before":
            for uid in ended.members:
                world.couples.free(uid, ended)
            world.couples.expire_keys(ended, world.vault.table.name)
        else:
            clean_up(world, couple)
        for phone in two:
            assert well(phone.get("/v1/couple"))
            assert person_of(world, phone).parted == {}
        assert "ttl" not in row_in(world.vault.table, key_rows.couple_keys(couple))


class TestSharedAnswers:
    """A solo answer has one copy at most, which has the text of the answer."""

    def test_an_answer_that_was_shown_is_shown_again(self, world: Services) -> None:
        ada, ben = self.shown(world)
        part(ada, ben)
        pair(ada, ben, (True, True))
        assert self.texts(ben) == ["Alone."]
        well(ada.delete(f"/v1/solo/days/{MONDAY}/share"))
        assert self.texts(ben) == []

    def test_an_answer_that_was_edited_meanwhile_is_shown_no_more(self, world: Services) -> None:
        ada, ben = self.shown(world)
        part(ada, ben, HOUR)
        well(ada.put(f"/v1/solo/days/{MONDAY}/answer", {"text": "Better.", "revision": 1}))
        pair(ada, ben, (True, True))
        assert self.texts(ben) == []
        assert not well(ada.get("/v1/solo/days"))["days"][0]["shared"]
        well(ada.post(f"/v1/solo/days/{MONDAY}/share"))
        assert self.texts(ben) == ["Better."]

    def test_an_answer_that_another_partner_saw_meanwhile_is_shown_no_more(self, world: Services) -> None:
        ada, ben = self.shown(world)
        part(ada, ben)
        cai = a_phone(ada.handler, "cai", LONDON)
        cai.now = ada.now
        pair(cai, ada)
        well(ada.post(f"/v1/solo/days/{MONDAY}/share"))
        assert self.texts(cai) == ["Alone."]
        well(ada.delete("/v1/couple"))
        pair(ada, ben, (True, True))
        assert self.texts(ben) == []
        assert not well(ada.get("/v1/solo/days"))["days"][0]["shared"]

    def shown(self, world: Services) -> Sequence[Phone]:
        api = handler_of(lambda: world)
        ada, ben = (a_phone(api, name, LONDON, depth=3) for name in ("ada", "ben"))
        well(ada.put(f"/v1/solo/days/{MONDAY}/answer", {"text": "Alone."}))
        pair(ada, ben)
        well(ada.post(f"/v1/solo/days/{MONDAY}/share"))
        return ada, ben

    def texts(self, phone: Phone) -> list[str]:
        return [each["text"] for each in well(phone.get("/v1/solo/shared"))["answers"]]
