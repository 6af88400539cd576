"""A person alone has days of their own, before a couple and between two couples.

A partner reads only the answers that the person has shared.
"""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from rekindle.domain.prompts import Audience, Theme
from rekindle.store import keys
from rekindle.store.keys import Key
from rekindle.store.table import every_item
from testing.apis import handler_of, rereading
from testing.builders import LONDON, NEW_YORK, TOKYO, an_instant, prompts, publish
from testing.phones import Phone, Reply, a_phone, pair
from testing.push_world import calls, watched
from testing.stored import couple_id_of, every_row, row_in

if TYPE_CHECKING:
    import io

    from couples_api.services import Services
    from testing.phones import Handler

DAY = dt.timedelta(days=1)
DATE = dt.date(2026, 3, 2)
WAITING = {"state": "waiting", "text": None, "revision": None}


@pytest.fixture
def ada(api: Handler) -> Phone:
    """Return Ada, alone in New York at 15:00 UTC of Monday, 2 March 2026."""
    return a_phone(api, "ada", NEW_YORK)


@pytest.fixture
def ben(api: Handler) -> Phone:
    return a_phone(api, "ben", TOKYO)


def answer(phone: Phone, text: str = "Mine.", date: dt.date = DATE, **more: Any) -> Reply:
    return phone.put(f"/v1/solo/days/{date}/answer", {"text": text, **more})


def share(phone: Phone, date: dt.date = DATE) -> Reply:
    return phone.post(f"/v1/solo/days/{date}/share")


def take_back(phone: Phone, date: dt.date = DATE) -> Reply:
    return phone.delete(f"/v1/solo/days/{date}/share")


def shared(phone: Phone, query: str = "") -> list[tuple[str, str, str]]:
    reply = phone.get(f"/v1/solo/shared{query}")
    assert reply.status == 200, reply.text
    return [(each["date"], each["by"], each["text"]) for each in reply.body["answers"]]


class TestAlone:
    """A person alone has days, answers and a journal."""

    def test_a_person_gets_a_question_of_their_own_and_answers_it(self, ada: Phone) -> None:
        today = ada.get("/v1/solo/today")
        assert today.status == 200, today.text
        assert (today.body["date"], today.body["open"], today.body["shared"]) == ("2026-03-02", True, False)
        assert today.body["prompt"]["kind"] == "question"
        assert today.body["me"] == WAITING
        text = (
            "Me\N{COMBINING ACUTE ACCENT}, \N{FAMILY}\N{ZERO WIDTH JOINER}\N{HEAVY BLACK HEART}."  # kept to the letter
        )
        mine = answer(ada, text)
        assert mine.status == 200, mine.text
        assert mine.body["me"] == {"state": "answered", "text": text, "revision": 1}
        assert mine.body == ada.get("/v1/solo/today").body
        assert ada.get("/v1/solo/days").body == {"days": [mine.body], "before": None}

    def test_a_prompt_once_opened_stays_whatever_is_published_or_changed(self, own_services: Services) -> None:
        ada = a_phone(handler_of(partial(rereading, own_services)), "ada", NEW_YORK)
        first = ada.get("/v1/solo/today").body
        publish(own_services.people.table, prompts("other", version=1))
        ada.put("/v1/me", {"display_name": "Ada", "zone": NEW_YORK, "depth": 3, "barriers": ["neglect"]})
        assert ada.get("/v1/solo/today").body == first
        assert answer(ada).body["prompt"] == first["prompt"]

    def test_the_date_is_the_one_on_their_clock(self, ada: Phone, ben: Phone) -> None:
        ada.now = ben.now = an_instant("2026-03-02T20:00:00Z")
        dates = [phone.get("/v1/solo/today").body["date"] for phone in (ada, ben)]
        assert dates == ["2026-03-02", "2026-03-03"]

    def test_only_packs_for_everyone_speak_to_one_alone(self, own_services: Services) -> None:
        table = own_services.people.table
        publish(table, prompts(), audience=Audience.CHOICE)
        ada = a_phone(handler_of(lambda: own_services), "ada", NEW_YORK)
        assert (ada.get("/v1/solo/today").status, ada.get("/v1/solo/today").problem) == (503, "no-prompt")

    def test_an_answer_is_taken_for_today_and_for_the_day_before(self, ada: Phone) -> None:
        before, after = DATE - DAY, DATE + DAY
        assert answer(ada, date=before).status == 200
        assert answer(ada, date=after).problem == "no-such-day"
        assert answer(ada, date=before - DAY).problem == "no-such-day"
        ada.get("/v1/solo/today")
        ada.now += DAY
        assert answer(ada).status == 200
        assert answer(ada, "A little late.", revision=1).status == 200
        assert answer(ada, date=before, revision=1).problem == "day-closed"
        days = {day["date"]: day["open"] for day in ada.get("/v1/solo/days").body["days"]}
        assert days == {"2026-03-02": True, "2026-03-01": False}

    def test_yesterday_ends_with_their_own_clocks_day(self, ada: Phone) -> None:
        ada.get("/v1/solo/today")
        ada.now = an_instant("2026-03-04T04:59:59.999Z")
        assert answer(ada).status == 200
        ada.now = an_instant("2026-03-04T05:00:00Z")
        assert answer(ada, "Too late.", revision=1).problem == "day-closed"
        assert answer(ada).status == 200, "what was sent in time is acknowledged"

    def test_an_edit_names_what_it_replaces(self, ada: Phone) -> None:
        assert answer(ada, revision=1).problem == "nothing-to-edit"
        assert answer(ada, "One.").status == 200
        assert answer(ada, "One.").status == 200, "a repeat"
        assert answer(ada, "Two.").problem == "answered-already"
        edited = answer(ada, "Two.", revision=1)
        assert edited.body["me"] == {"state": "answered", "text": "Two.", "revision": 2}
        assert answer(ada, "Two.", revision=1).status == 200
        assert answer(ada, "Three.", revision=1).problem == "edited-since"
        assert ada.get("/v1/solo/today").body["me"]["text"] == "Two."

    @pytest.mark.parametrize(
        "body",
        [{}, {"text": None}, {"text": " \n"}, {"text": "x" * 2001}, {"text": "x", "share_first": True}, {"text": 1}],
    )
    def test_an_answer_alone_has_words(self, ada: Phone, body: Any) -> None:
        refused = ada.put(f"/v1/solo/days/{DATE}/answer", body)
        assert (refused.status, refused.problem) == (422, "invalid-fields")
        assert ada.get("/v1/solo/today").body["me"] == WAITING

    @pytest.mark.parametrize("text", ["x" * 2000, "🫶" * 2000, "a\nb"])
    def test_it_is_kept_to_the_letter(self, ada: Phone, text: str) -> None:
        assert answer(ada, text).status == 200
        assert ada.get("/v1/solo/today").body["me"]["text"] == text

    def test_pages_follow_on_from_each_other(self, ada: Phone) -> None:
        dates = []
        for _ in range(5):
            dates.append(ada.get("/v1/solo/today").body["date"])
            ada.now += DAY
        pages, before = [], ""
        while True:
            page = ada.get(f"/v1/solo/days?limit=2{before}").body
            pages.append([day["date"] for day in page["days"]])
            if page["before"] is None:
                break
            before = f"&before={page['before']}"
        assert list(itertools.chain(*pages)) == dates[::-1]
        assert ada.get("/v1/solo/days?before=0001-01-01").body == {"days": [], "before": None}
        assert len(ada.get("/v1/solo/days?before=9999-12-31").body["days"]) == 5
        assert ada.get("/v1/solo/days?limit=31").problem == "invalid-fields"

    def test_a_person_without_a_profile_is_asked_for_it(self, api: Handler) -> None:
        nobody = Phone(api, "nobody-known")  # type: ignore[arg-type]
        for reply in (
            nobody.get("/v1/solo/today"),
            nobody.get("/v1/solo/days"),
            nobody.get("/v1/solo/shared"),
            answer(nobody),
            share(nobody),
            take_back(nobody),
        ):
            assert reply.problem == "no-profile"


class TestPaired:
    """A couple does not see its partners' solo answers."""

    def test_a_couple_has_days_together_and_none_alone(self, ada: Phone, ben: Phone) -> None:
        answer(ada)
        mine = ada.get("/v1/solo/days").body["days"]
        pair(ada, ben)
        for reply in (ada.get("/v1/solo/today"), answer(ada, "x", revision=1), answer(ben)):
            assert (reply.status, reply.problem) == (409, "already-paired")
        assert ada.get("/v1/solo/days").body["days"] == [mine[0] | {"open": False}]
        assert ben.get("/v1/solo/days").body["days"] == []

    def test_nothing_of_it_is_shown_and_nothing_counts(self, services: Services, ada: Phone, ben: Phone) -> None:
        answer(ada, "A canary sang.")
        pair(ada, ben)
        today = ben.get("/v1/today").body
        assert today["streak"]["total"] == 0
        couple = couple_id_of(services, ada)
        rows = list(every_item(services.people.table, keys.couple(couple).pk))
        assert not [row for row in rows if row["sk"].startswith("SHARED#")]
        for path in ("/v1/today", "/v1/days", "/v1/solo/days", "/v1/solo/shared", "/v1/streak", "/v1/couple"):
            assert "canary" not in ben.get(path).text
        assert shared(ben) == []
        met = {day["prompt"]["id"] for day in ben.get("/v1/days").body["days"]}
        seen = {f"{pack}/{prompt}" for pack, prompt in services.days.seen(couple, Theme)}
        assert seen == met, "what either met alone, the couple has yet to meet"

    def test_its_writer_shows_it_and_takes_it_back(self, ada: Phone, ben: Phone) -> None:
        answer(ada, "Look.")
        pair(ada, ben)
        shown = share(ada)
        assert shown.status == 200, shown.text
        assert shown.body["shared"]
        assert share(ada).body == shown.body
        assert shared(ben) == [("2026-03-02", "partner", "Look.")]
        assert shared(ada) == [("2026-03-02", "me", "Look.")]
        assert ada.get("/v1/solo/days").body["days"][0]["shared"]
        for _ in range(2):
            assert take_back(ada).status == 204
        assert shared(ben) == [] == shared(ada)
        assert not ada.get("/v1/solo/days").body["days"][0]["shared"]
        assert share(ada).status == 200
        assert shared(ben) == [("2026-03-02", "partner", "Look.")]

    def test_the_prompt_comes_with_it_in_the_readers_language(self, ada: Phone, ben: Phone) -> None:
        prompt = ada.get("/v1/solo/today").body["prompt"]
        answer(ada)
        pair(ada, ben)
        share(ada)
        assert ben.get("/v1/solo/shared").body["answers"][0]["prompt"] == prompt

    def test_one_cannot_show_nor_take_back_what_is_the_others(self, ada: Phone, ben: Phone) -> None:
        answer(ada, "Hers.")
        pair(ada, ben)
        assert share(ben).problem == "no-such-day"
        share(ada)
        assert take_back(ben).status == 204
        assert shared(ben) == [("2026-03-02", "partner", "Hers.")]

    def test_there_has_to_be_something_to_show_and_somebody_to_show_it_to(self, ada: Phone, ben: Phone) -> None:
        ada.get("/v1/solo/today")
        assert share(ada).problem == "not-paired"
        assert take_back(ada).problem == "not-paired"
        assert ada.get("/v1/solo/shared").problem == "not-paired"
        pair(ada, ben)
        assert (share(ada).status, share(ada).problem) == (409, "nothing-to-share")
        assert share(ada, DATE - DAY).problem == "no-such-day"
        assert take_back(ada, DATE - DAY).status == 204

    def test_pages_of_what_is_shown_hold_whole_dates(self, ada: Phone, ben: Phone) -> None:
        dates = [DATE + number * DAY for number in range(5)]
        for number, date in enumerate(dates):
            for phone in (ada, ben)[: 1 + number % 2]:
                phone.now = dt.datetime.combine(date, dt.time(14), dt.UTC)
                assert answer(phone, f"{phone.uid} {date}", date).status == 200
        pair(ada, ben)
        for phone, date in itertools.product((ada, ben), dates):
            share(phone, date)
        whole = shared(ada)
        assert [date for date, _, _ in whole] == [
            "2026-03-06", "2026-03-05", "2026-03-05", "2026-03-04", "2026-03-03", "2026-03-03", "2026-03-02",
        ]  # fmt: skip
        for limit in (1, 2, 3):
            pages, before = [], ""
            while True:
                page = ada.get(f"/v1/solo/shared?limit={limit}{before}").body
                pages += [(each["date"], each["by"], each["text"]) for each in page["answers"]]
                assert len({each["date"] for each in page["answers"]}) <= limit
                if page["before"] is None:
                    break
                before = f"&before={page['before']}"
            assert pages == whole

    def test_an_edit_that_arrives_while_it_is_shown_is_what_is_shown(
        self, services: Services, ada: Phone, ben: Phone
    ) -> None:
        """The edit was sent before they paired."""
        answer(ada, "Old.")
        pair(ada, ben)
        edited: list[int] = []

        def meanwhile(operation: str) -> None:
            if operation == "TransactWriteItems" and not edited:
                edited.append(1)
                day = services.solo.day(ada.uid, DATE)
                assert day
                assert day.answer
                key = services.vault.person_key(ada.uid)
                newer = key.seal_answer(day, replace(day.answer, revision=2), "New.")
                services.solo.record_answer(day, newer, 1)

        with watched(services.people.table, meanwhile):
            assert share(ada).status == 200
        assert shared(ben) == [("2026-03-02", "partner", "New.")]

    def test_an_edit_that_arrives_once_it_is_shown_is_refused(self, services: Services, ada: Phone, ben: Phone) -> None:
        """The partner always reads the text that the writer reads."""
        answer(ada, "Old.")
        shown: list[int] = []
        beside = Phone(handler_of(lambda: services), ada.uid, ada.now)
        ben.handler = beside.handler

        def meanwhile(operation: str) -> None:
            if operation == "UpdateItem" and not shown:
                shown.append(0)
                pair(beside, ben)
                shown.append(share(beside).status)

        with watched(services.people.table, meanwhile):
            refused = answer(ada, "New.", revision=1)
        assert shown == [0, 200]
        assert (refused.status, refused.problem) == (409, "edited-since")
        (mine,) = ada.get("/v1/solo/days").body["days"]
        assert mine["me"]["text"] == "Old."
        assert shared(ben) == [("2026-03-02", "partner", "Old.")]


class TestAfterwards:
    """The couple has ended."""

    def test_parting_closes_shared_answers_and_keeps_one_s_own(self, ada: Phone, ben: Phone) -> None:
        answer(ada, "Hers.")
        pair(ada, ben)
        share(ada)
        ben.delete("/v1/couple")
        for phone in (ada, ben):
            assert phone.get("/v1/solo/shared").problem == "not-paired"
        assert ben.get("/v1/solo/days").body["days"] == []
        (mine,) = ada.get("/v1/solo/days").body["days"]
        assert (mine["me"]["text"], mine["shared"], mine["open"]) == ("Hers.", False, True)

    def test_solo_goes_on(self, ada: Phone, ben: Phone) -> None:
        answer(ada)
        pair(ada, ben)
        share(ada)
        ben.delete("/v1/couple")
        ada.now += DAY
        assert ada.get("/v1/solo/today").body["date"] == "2026-03-03"
        assert answer(ada, date=DATE + DAY).status == 200
        assert answer(ada, "Seen anew.", revision=1).status == 200
        assert len(ada.get("/v1/solo/days").body["days"]) == 2


class TestSealed:
    """A solo answer is sealed with the person's own key, and nowhere stored in clear."""

    CANARY = "a canary sang alone"

    def test_no_log_line_and_no_stored_item_holds_it(self, own_services: Services, logged: io.StringIO) -> None:
        api = handler_of(lambda: own_services)
        ada, ben = a_phone(api, "ada", LONDON), a_phone(api, "ben", LONDON)
        answer(ada, self.CANARY)
        answer(ada, self.CANARY + "!", revision=1)
        answer(ada, self.CANARY * 200)
        answer(ada, "x", unknown=self.CANARY)
        ada.get("/v1/solo/days")
        pair(ada, ben)
        share(ada)
        assert self.CANARY in ben.get("/v1/solo/shared").text
        assert logged.getvalue().count("answered") > 5
        assert "canary" not in logged.getvalue()
        for table in (own_services.people.table, own_services.vault.table):
            rows = every_row(table)
            assert {row["pk"].partition("#")[0] for row in rows} >= {"PERSON", "COUPLE"}
            assert "canary" not in repr(rows)

    def test_a_person_who_writes_nothing_alone_has_no_key(self, services: Services, ada: Phone) -> None:
        row = Key(f"PERSON#{ada.uid}", "")
        ada.get("/v1/solo/today")
        ada.get("/v1/solo/days")
        assert services.vault.table.get(row) is None
        answer(ada)
        kept = row_in(services.vault.table, row)
        assert kept.keys() == {"pk", "cell", "wrapped"}

    def test_a_look_at_an_opened_day_is_two_reads(self, services: Services, ada: Phone) -> None:
        ada.get("/v1/solo/today")
        with calls(services.people.table) as seen:
            ada.get("/v1/solo/today")
        assert seen == ["GetItem", "GetItem"]
