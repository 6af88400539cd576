"""A day has one prompt for both, and answers stay sealed until both have answered.

A change of zone never shortens an open day.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from rekindle.domain.prompts import PromptKind, Theme
from rekindle.store import keys
from rekindle.store.table import Write
from testing.apis import handler_of
from testing.builders import LONDON, NEW_YORK, TOKYO, a_token, an_instant
from testing.phones import Phone, Reply, a_couple, a_phone, confirmation, set_clocks
from testing.stored import couple_of, day_of, every_row

if TYPE_CHECKING:
    import io
    from collections.abc import Iterator

    from couples_api.services import Services
    from rekindle.domain.couples import Couple
    from rekindle.domain.ids import CoupleId
    from rekindle.domain.prompts import PromptRef
    from testing.phones import Handler

MILLISECOND = dt.timedelta(milliseconds=1)
DAY = dt.timedelta(days=1)


def answer(phone: Phone, date: str, text: str | None = "The way you hum.", **fields: Any) -> Reply:
    return phone.put(f"/v1/days/{date}/answer", {"text": text, **fields})


def dates(first: str, last: str) -> list[str]:
    start, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    return [str(start + number * DAY) for number in range((end - start).days + 1)]


class TestPrompt:
    """Both get the same prompt, and a week has every theme."""

    @pytest.mark.parametrize("first", [0, 1])
    def test_both_have_the_same_prompt_whoever_opens_the_day_first(
        self, couple: tuple[Phone, Phone], first: int
    ) -> None:
        ada, ben = couple
        opened = couple[first].get("/v1/days/2026-03-02").body["prompt"]
        assert couple[1 - first].get("/v1/days/2026-03-02").body["prompt"] == opened
        assert ada.get("/v1/today").body["today"]["prompt"] == opened
        assert ben.get("/v1/today").body["previous"]["prompt"] == opened

    def test_a_prompt_stays_though_the_couples_comfort_changes(self, couple: tuple[Phone, Phone]) -> None:
        ada, ben = couple
        before = ada.get("/v1/today").body["today"]["prompt"]
        for phone, zone in ((ada, NEW_YORK), (ben, TOKYO)):
            phone.put("/v1/me", {"display_name": "A", "zone": zone, "depth": 3, "touch_comfort": 3})
        assert ada.get("/v1/today").body["today"]["prompt"] == before

    def test_a_day_looked_at_counts_as_seen_and_one_never_opened_does_not(
        self, services: Services, couple: tuple[Phone, Phone]
    ) -> None:
        ada, _ = couple
        theme = Theme(ada.get("/v1/today").body["today"]["prompt"]["theme"])
        again = couple_of(services, ada)
        assert again.themes_met == {dt.date(2026, 3, 2): theme}
        assert list(services.days.seen(again.id, [theme]).values()) == [dt.date(2026, 3, 2)]

    def test_a_day_says_its_theme_and_whether_the_couple_had_met_its_prompt(
        self, services: Services, couple: tuple[Phone, Phone]
    ) -> None:
        ada, _ = couple
        met: list[PromptRef] = []
        for _ in range(28):
            shown = ada.get("/v1/today").body["today"]
            day = day_of(services, couple_of(services, ada).id, dt.date.fromisoformat(shown["date"]))
            assert day.theme == shown["prompt"]["theme"]
            assert day.again == (day.prompt in met)
            met.append(day.prompt)
            ada.now += DAY
        # For a couple in its first four weeks, the pack has three prompts of the theme touch.
        assert len(met) > len(set(met))

    def test_a_day_from_before_days_said_more_still_reads(
        self, services: Services, couple: tuple[Phone, Phone]
    ) -> None:
        ada, _ = couple
        opened = ada.get("/v1/today").body["today"]
        couple_id = couple_of(services, ada).id
        key = keys.day(couple_id, dt.date(2026, 3, 2))
        services.days.table.write(Write("Update", key, update="REMOVE theme, again"))
        day = day_of(services, couple_id, dt.date(2026, 3, 2))
        assert (day.theme, day.again, day.swapped) == (None, False, ())
        assert ada.get("/v1/today").body["today"] == opened


class TestTwoClocks:
    """A couple in New York and Tokyo has a day of 37 hours, and three hours more."""

    def test_the_day_before_is_shown_while_it_is_open(self, couple: tuple[Phone, Phone]) -> None:
        ada, ben = couple
        # 2 March ends in New York at 05:00 UTC, and takes answers for three more hours.
        set_clocks("2026-03-03T07:59:59.999Z", ada, ben)
        for phone in couple:
            body = phone.get("/v1/today").body
            assert (body["today"]["date"], body["previous"]["date"]) == ("2026-03-03", "2026-03-02")
            assert body["previous"]["open"]
        set_clocks("2026-03-03T08:00:00Z", ada, ben)
        assert [phone.get("/v1/today").body["previous"] for phone in couple] == [None, None]

    def test_a_day_closes_by_the_readers_own_clock_and_is_open_for_as_long_as_the_partners_needs(
        self, couple: tuple[Phone, Phone]
    ) -> None:
        ada, ben = couple
        set_clocks("2026-03-02T18:00:00Z", ada, ben)
        shown = [phone.get("/v1/days/2026-03-02").body for phone in couple]
        assert [day["closes_at"] for day in shown] == ["2026-03-03T08:00:00Z", "2026-03-02T18:00:00Z"]
        assert [day["open"] for day in shown] == [True, True]

    def test_no_reply_tells_where_the_partner_is(self, api: Handler) -> None:
        """Every date and instant is the same for a partner in the Azores, London or Warsaw."""
        seen = []
        for zone in ("Atlantic/Azores", "Europe/Warsaw"):
            ada, ben = a_couple(api, LONDON, zone, at="2026-06-05T12:00:00Z")
            replies: list[object] = []
            for date in dates("2026-06-05", "2026-06-07"):
                set_clocks(f"{date}T12:00:00Z", ada, ben)
                replies.append(answer(ben, date).status)
                for path in ("/v1/today", f"/v1/days/{date}", "/v1/days", "/v1/streak", "/v1/recap", "/v1/couple"):
                    reply = ada.get(path)
                    replies.append((reply.status, sorted(_instants(reply.body))))
            seen.append(replies)
        assert seen[0] == seen[1]

    def test_the_earlier_partner_answers_a_date_that_the_other_has_not_reached(
        self, couple: tuple[Phone, Phone]
    ) -> None:
        ada, ben = couple
        assert answer(ben, "2026-03-03").status == 200
        assert ada.get("/v1/today").body["today"]["date"] == "2026-03-02"
        assert answer(ada, "2026-03-03").body["revealed"]

    def test_a_day_ahead_is_shown_once_the_partner_has_answered_it(self, couple: tuple[Phone, Phone]) -> None:
        """In Tokyo it is 3 March, and in New York 2 March. The push about the partner's answer leads to 3 March."""
        ada, ben = couple
        ben.get("/v1/today")
        assert ada.get("/v1/today").body["next"] is None, "that the partner has looked is not to be seen"
        answer(ben, "2026-03-03", "Sealed.")
        shown = ada.get("/v1/today").body
        assert (shown["today"]["date"], shown["next"]["date"]) == ("2026-03-02", "2026-03-03")
        assert shown["next"] == ada.get("/v1/days/2026-03-03").body
        assert (shown["next"]["partner"], shown["next"]["open"]) == (
            {"state": "answered", "text": None, "edited": False},
            True,
        )
        assert ben.get("/v1/today").body["next"] is None
        assert answer(ada, "2026-03-03").body["partner"]["text"] == "Sealed."
        assert ada.get("/v1/today").body["next"]["revealed"]
        set_clocks("2026-03-03T15:00:00Z", ada, ben)
        shown = ada.get("/v1/today").body
        assert (shown["today"]["date"], shown["next"]) == ("2026-03-03", None)

    def test_a_day_ahead_is_hidden_if_only_the_reader_answered_it(self, couple: tuple[Phone, Phone]) -> None:
        ada, ben = couple
        assert answer(ada, "2026-03-03").status == 200
        assert ada.get("/v1/today").body["next"] is None
        assert ben.get("/v1/today").body["today"]["partner"]["state"] == "answered"

    def test_the_first_unanswered_of_two_days_ahead_is_shown(self, api: Handler) -> None:
        """The earlier date closes first. A date that waits for the reader comes before one that both have answered."""
        ada, ben = a_couple(api, "Etc/GMT+12", "Pacific/Kiritimati", at="2026-03-03T10:30:00Z")

        def ahead() -> Any:
            shown = ada.get("/v1/today").body
            assert shown["today"]["date"] == "2026-03-02"
            return shown["next"] and shown["next"]["date"]

        assert ben.get("/v1/today").body["today"]["date"] == "2026-03-04"
        assert ahead() is None
        answer(ben, "2026-03-04")
        assert ahead() == "2026-03-04"
        answer(ben, "2026-03-03")
        assert ahead() == "2026-03-03"
        assert answer(ada, "2026-03-03").body["revealed"]
        assert ahead() == "2026-03-04"
        assert answer(ada, "2026-03-04").body["revealed"]
        assert ahead() == "2026-03-03"

    def test_a_day_that_the_partner_answered_before_a_journey_west_is_a_day_ahead(self, api: Handler) -> None:
        ada, ben = a_couple(api, "Pacific/Kiritimati", "Pacific/Kiritimati", at="2026-03-02T10:30:00Z")
        answer(ben, "2026-03-03")
        for phone in (ada, ben):
            move(phone, "Pacific/Midway")
        assert ada.get("/v1/today").body["today"]["date"] == "2026-03-01"
        assert ada.get("/v1/today").body["next"]["date"] == "2026-03-03"

    def test_no_day_comes_before_the_couple_did(self, couple: tuple[Phone, Phone]) -> None:
        """On 2 March at 07:00 UTC 1 March is still open. A couple that pairs then does not get 1 March."""
        ada, ben = couple
        assert ada.get("/v1/days/2026-03-01").problem == "no-such-day"
        assert answer(ben, "2026-03-01").problem == "no-such-day"

    def test_a_new_couple_is_not_shown_the_day_before_it_was_made(self, api: Handler) -> None:
        ada, _ben = a_couple(api, LONDON, LONDON, at="2026-03-02T01:00:00Z")
        assert ada.get("/v1/today").body["previous"] is None

    def test_nobody_can_answer_tomorrow_yet(self, couple: tuple[Phone, Phone]) -> None:
        for phone in couple:
            assert phone.get("/v1/days/2026-03-04").problem == "no-such-day"
            assert answer(phone, "2026-03-04").problem == "no-such-day"

    def test_a_day_that_nobody_opened_is_gone_when_it_closes(self, couple: tuple[Phone, Phone]) -> None:
        ada, ben = couple
        set_clocks("2026-03-04T08:00:00Z", ada, ben)
        assert ada.get("/v1/days/2026-03-03").problem == "no-such-day"


class TestWindow:
    """An answer counts exactly while the day is open."""

    @pytest.fixture
    def opened(self, couple: tuple[Phone, Phone]) -> tuple[Phone, Phone]:
        """Open 3 March for the couple: its window ends on 4 March, 08:00 UTC."""
        couple[1].get("/v1/days/2026-03-03")
        return couple

    @pytest.mark.parametrize(
        ("instant", "counts"),
        [
            ("2026-03-02T14:59:59.999Z", False),
            ("2026-03-02T15:00:00Z", True),
            ("2026-03-04T07:59:59.999Z", True),
            ("2026-03-04T08:00:00Z", False),
        ],
    )
    def test_to_the_millisecond(self, opened: tuple[Phone, Phone], instant: str, *, counts: bool) -> None:
        set_clocks(instant, *opened)
        for phone in opened:
            reply = answer(phone, "2026-03-03")
            assert reply.status == (200 if counts else 409)
            assert counts or reply.problem == "day-closed"
            assert phone.get("/v1/days/2026-03-03").body["open"] is counts

    def test_a_closed_day_takes_no_edit(self, opened: tuple[Phone, Phone]) -> None:
        ada, _ = opened
        answer(ada, "2026-03-03", "Before")
        set_clocks("2026-03-04T08:00:00Z", ada)
        assert answer(ada, "2026-03-03", "After", revision=1).problem == "day-closed"
        assert ada.get("/v1/days/2026-03-03").body["me"]["text"] == "Before"

    def test_an_answer_sent_in_time_and_repeated_too_late_stands(self, opened: tuple[Phone, Phone]) -> None:
        ada, _ = opened
        set_clocks("2026-03-04T07:59:59.999Z", ada)
        assert answer(ada, "2026-03-03").status == 200
        ada.now += MILLISECOND
        assert answer(ada, "2026-03-03").status == 200

    def test_a_day_that_one_answered_and_the_other_missed_stays_sealed(self, opened: tuple[Phone, Phone]) -> None:
        ada, ben = opened
        answer(ada, "2026-03-03")
        set_clocks("2026-03-09T08:00:00Z", ada, ben)
        seen = ben.get("/v1/days/2026-03-03").body
        assert seen["partner"] == {"state": "answered", "text": None, "edited": False}
        assert not seen["revealed"]


class TestAnswers:
    """A writer can change an answer until the reveal. After it nobody can."""

    def test_an_answer_can_be_edited_until_the_reveal_and_never_after(self, couple: tuple[Phone, Phone]) -> None:
        ada, ben = couple
        assert answer(ada, "2026-03-02", "One").body["me"]["revision"] == 1
        assert answer(ada, "2026-03-02", "Two", revision=1).body["me"] == {
            "state": "answered",
            "text": "Two",
            "share_first": False,
            "revision": 2,
        }
        assert answer(ada, "2026-03-02", "Three", revision=2).body["me"]["revision"] == 3
        assert answer(ben, "2026-03-02").body["partner"]["text"] == "Three"
        refused = answer(ada, "2026-03-02", "Four", revision=3)
        assert (refused.status, refused.problem) == (409, "answers-are-open")
        assert ben.get("/v1/days/2026-03-02").body["partner"]["text"] == "Three"

    def test_two_phones_of_one_person_cannot_overwrite_each_other_unseen(self, couple: tuple[Phone, Phone]) -> None:
        phone, _ = couple
        tablet = dataclasses.replace(phone)
        answer(phone, "2026-03-02", "From the phone")
        assert answer(tablet, "2026-03-02", "From the tablet").problem == "answered-already"
        assert answer(tablet, "2026-03-02", "From the tablet", revision=1).status == 200
        assert answer(phone, "2026-03-02", "The phone again", revision=1).problem == "edited-since"
        assert phone.get("/v1/today").body["today"]["me"] == {
            "state": "answered",
            "text": "From the tablet",
            "share_first": False,
            "revision": 2,
        }

    def test_an_edit_of_what_was_never_written_is_refused(self, couple: tuple[Phone, Phone]) -> None:
        ada, _ = couple
        assert answer(ada, "2026-03-02", "An edit", revision=1).problem == "nothing-to-edit"
        assert ada.get("/v1/today").body["today"]["me"]["state"] == "waiting"

    def test_the_same_answer_sent_again_is_acknowledged_also_after_the_reveal(
        self, couple: tuple[Phone, Phone]
    ) -> None:
        ada, ben = couple
        first, again = (answer(ada, "2026-03-02", "Mine") for _ in range(2))
        assert again == first
        edited, again = (answer(ada, "2026-03-02", "Mine, better", revision=1) for _ in range(2))
        assert again == edited
        answer(ben, "2026-03-02", "His")
        late = answer(ada, "2026-03-02", "Mine, better", revision=1)
        assert late.status == 200
        assert late.body["partner"]["text"] == "His"
        assert answer(ben, "2026-03-02", "His") == answer(ben, "2026-03-02", "His")
        # The first version has been replaced, so the API must not acknowledge it.
        assert answer(ada, "2026-03-02", "Mine").problem == "answers-are-open"
        assert ada.get("/v1/streak").body["total"] == 1

    def test_an_answer_is_kept_to_the_letter(self, couple: tuple[Phone, Phone]) -> None:
        ada, ben = couple
        text = "Zeile eins\nline two\r\n\tquoted “so”, 👩‍❤️‍💋‍👨 مرحبا \N{RIGHT-TO-LEFT MARK}"
        text += "e\N{COMBINING ACUTE ACCENT}\x00!"
        assert answer(ada, "2026-03-02", f"  {text}\n").body["me"]["text"] == text
        assert answer(ben, "2026-03-02").body["partner"]["text"] == text

    @pytest.mark.parametrize("ascii_only", [True, False])
    def test_the_longest_answer_fits_whatever_it_is_made_of(
        self, couple: tuple[Phone, Phone], *, ascii_only: bool
    ) -> None:
        """2,000 characters beyond the BMP are 24,000 bytes where JSON escapes each of them as a pair of surrogates."""
        ada, _ = couple
        text = "🫶" * 2000
        whole = {"text": text, "share_first": False, "revision": None, "prompt": None}
        body = json.dumps(whole, ensure_ascii=ascii_only)
        reply = ada.call("PUT", "/v1/days/2026-03-02/answer", raw=body)
        assert reply.status == 200, reply.text
        assert reply.body["me"]["text"] == text
        too_long = answer(ada, "2026-03-03", "a" * 2001)
        assert (too_long.status, too_long.problem) == (422, "invalid-fields")

    def test_the_first_answer_may_be_opened_at_once(self, couple: tuple[Phone, Phone]) -> None:
        ada, ben = couple
        mine = answer(ada, "2026-03-02", "I lead", share_first=True).body
        assert (mine["me"]["share_first"], mine["revealed"]) == (True, False)
        for seen in (ben.get("/v1/days/2026-03-02").body, ben.get("/v1/days").body["days"][0]):
            assert seen["partner"] == {"state": "answered", "text": "I lead", "edited": False}
            assert not seen["revealed"]
        # Her shared answer does not open his: his answer stays sealed.
        assert ada.get("/v1/today").body["today"]["partner"] == {"state": "waiting", "text": None, "edited": False}
        assert answer(ben, "2026-03-02", "I follow").body["revealed"]

    def test_sharing_first_can_be_chosen_and_taken_back_by_an_edit(self, couple: tuple[Phone, Phone]) -> None:
        ada, ben = couple
        answer(ada, "2026-03-02", "Not yet")
        answer(ada, "2026-03-02", "Now", revision=1, share_first=True)
        assert ben.get("/v1/days/2026-03-02").body["partner"]["text"] == "Now"
        answer(ada, "2026-03-02", "Not yet", revision=2)
        assert ben.get("/v1/days/2026-03-02").body["partner"]["text"] is None

    @pytest.mark.parametrize(
        ("edits", "edited"),
        [
            ([("One", True), ("Two", True)], True),
            ([("One", False), ("Two", True)], False),
            ([("One", True), ("One", True)], False),
            ([("One", True), ("One", False), ("One", True)], False),
            ([("One", True), ("Two", False)], True),
            ([("One", True), ("One", False), ("Two", False)], True),
            ([("One", True), ("Two", True), ("One", True)], True),
            ([("One", False), ("Two", False)], False),
        ],
        ids=[
            "shown and edited",
            "edited before it was shown",
            "not changed",
            "hidden and shown again",
            "edited and hidden",
            "hidden and then edited",
            "changed back",
            "sealed all the time",
        ],
    )
    def test_an_answer_that_was_edited_after_the_partner_could_read_it_says_so(
        self, couple: tuple[Phone, Phone], edits: list[tuple[str, bool]], *, edited: bool
    ) -> None:
        ada, ben = couple
        for number, (text, share_first) in enumerate(edits):
            reply = answer(ada, "2026-03-02", text, revision=number or None, share_first=share_first)
            assert reply.status == 200, reply.text
            assert ben.get("/v1/days/2026-03-02").body["partner"]["text"] == (text if share_first else None)
        last, is_open = edits[-1]
        seen = ben.get("/v1/days/2026-03-02").body["partner"]
        assert seen["edited"] == (edited and is_open), "nothing is told about a sealed answer"
        opened = answer(ben, "2026-03-02", "Mine").body["partner"]
        assert opened == {"state": "answered", "text": last, "edited": edited}

    def test_an_edit_of_a_sealed_answer_changes_no_byte_for_the_partner(self, couple: tuple[Phone, Phone]) -> None:
        ada, ben = couple
        answer(ada, "2026-03-02", "One")
        before = _whole(ben.get("/v1/days/2026-03-02"))
        answer(ada, "2026-03-02", "Two", revision=1)
        assert _whole(ben.get("/v1/days/2026-03-02")) == before

    def test_a_question_wants_words(self, couple: tuple[Phone, Phone]) -> None:
        ada, _ = couple
        reply = answer(ada, "2026-03-02", None)
        assert (reply.status, reply.problem) == (422, "text-missing")
        assert answer(ada, "2026-03-02", " \n ").problem == "invalid-fields"
        assert ada.get("/v1/today").body["today"]["me"]["state"] == "waiting"


class TestMoving:
    """After a move, an open day keeps its hours and gains those of the new zone."""

    @pytest.fixture
    def lisbon(self, api: Handler) -> tuple[Phone, Phone]:
        """Pair two in London, whose 2 March is open until 3 March, 03:00 UTC."""
        ada, ben = a_couple(api, LONDON, LONDON)
        assert ada.get("/v1/today").body["today"]["closes_at"] == "2026-03-03T03:00:00Z"
        return ada, ben

    def test_west_keeps_a_day_open_longer(self, lisbon: tuple[Phone, Phone]) -> None:
        ada, ben = lisbon
        move(ben, NEW_YORK)
        assert ada.get("/v1/today").body["today"]["closes_at"] == "2026-03-03T03:00:00Z"
        assert ben.get("/v1/today").body["today"]["closes_at"] == "2026-03-03T08:00:00Z"
        set_clocks("2026-03-03T07:59:59.999Z", ada, ben)
        assert answer(ada, "2026-03-02").status == 200

    def test_east_takes_no_hour_from_an_open_day(self, services: Services, lisbon: tuple[Phone, Phone]) -> None:
        ada, ben = lisbon
        for phone in lisbon:
            move(phone, TOKYO)
        day = day_of(services, couple_of(services, ada).id, dt.date(2026, 3, 2))
        assert day.window.opens_at == an_instant("2026-03-01T15:00:00Z")
        assert day.window.closes_at == an_instant("2026-03-03T03:00:00Z")
        set_clocks("2026-03-03T02:59:59.999Z", ada, ben)
        assert answer(ada, "2026-03-02").status == 200
        # A phone shows instants of its present clock.
        assert ada.get("/v1/today").body["today"]["closes_at"] == "2026-03-03T18:00:00Z"

    @pytest.mark.parametrize("opened", [False, True])
    def test_a_date_that_has_closed_stays_closed_when_a_partner_moves_west(self, api: Handler, *, opened: bool) -> None:
        """The couple missed 6 and 7 June in New York. In Pago Pago it is 7 June again."""
        ada, ben = a_couple(api, NEW_YORK, NEW_YORK, at="2026-05-30T16:00:00Z")
        for date in dates("2026-05-31", "2026-06-05"):
            set_clocks(f"{date}T16:00:00Z", ada, ben)
            assert answer(ada, date).status == 200
            assert answer(ben, date).body["revealed"]
        for date in dates("2026-06-06", "2026-06-07") if opened else []:
            set_clocks(f"{date}T16:00:00Z", ada, ben)
            ben.get("/v1/today")
        set_clocks("2026-06-08T07:30:00Z", ada, ben)
        before = ben.get("/v1/streak").body
        assert (before["current"], before["total"]) == (0, 6)
        move(ada, "Pacific/Pago_Pago")
        assert ben.get("/v1/streak").body == before
        assert ada.get("/v1/streak").body["calendar"]["2026-06-07"] == "rest"
        assert answer(ada, "2026-06-07").problem == ("day-closed" if opened else "no-such-day")
        today = ada.get("/v1/today").body
        assert (today["today"]["date"], today["today"]["open"]) == ("2026-06-07", False)
        assert today["streak"]["current"] == 0
        # Looking at a closed date opens no day. The journal has the date only if its day was opened in time.
        assert [day["date"] for day in ada.get("/v1/days?limit=1").body["days"]] == [
            "2026-06-07" if opened else "2026-06-05"
        ]
        assert answer(ben, "2026-06-08").status == 200
        assert ben.get("/v1/today").body["previous"] is None

    @pytest.mark.parametrize("opened", [False, True])
    def test_a_date_that_is_open_stays_open_when_both_move_east(self, api: Handler, *, opened: bool) -> None:
        """6 June is open in New York until 07:00 UTC. In Tokyo it has long ended."""
        ada, ben = a_couple(api, NEW_YORK, NEW_YORK, at="2026-06-04T16:00:00Z")
        if opened:
            set_clocks("2026-06-06T16:00:00Z", ada, ben)
            ada.get("/v1/today")
        set_clocks("2026-06-07T06:00:00Z", ada, ben)
        for phone in (ada, ben):
            move(phone, TOKYO)
        set_clocks("2026-06-07T06:59:59.999Z", ada, ben)
        assert ada.get("/v1/streak").body["calendar"]["2026-06-06"] == "open"
        assert ada.get("/v1/today").body["previous"]["date"] == "2026-06-06"
        assert answer(ada, "2026-06-06").status == 200
        set_clocks("2026-06-07T07:00:00Z", ada, ben)
        assert answer(ben, "2026-06-06").problem == "day-closed"
        assert ada.get("/v1/streak").body["calendar"]["2026-06-06"] == "rest"

    @pytest.mark.parametrize("first", ["2026-03-02", "2026-03-03"])
    def test_a_couple_that_flies_west_on_its_first_day_lives_through_that_date_again(
        self, api: Handler, first: str
    ) -> None:
        """They pair on 3 March in Tokyo, and land in New York on 2 March, a date before the couple's first."""
        ada, ben = a_couple(api, TOKYO, TOKYO, at="2026-03-02T15:30:00Z")
        assert ada.get("/v1/couple").body["since"] == "2026-03-03"
        ada.get("/v1/today")
        for phone in (ada, ben):
            move(phone, NEW_YORK)
        assert ada.get("/v1/today").body["today"]["date"] == "2026-03-02"
        for date in (first, "2026-03-02" if first == "2026-03-03" else "2026-03-03"):
            assert answer(ada, date).status == 200
            assert answer(ben, date).body["revealed"]
        assert ada.get("/v1/streak").body | {"calendar": {}} == {
            "current": 2,
            "longest": 2,
            "total": 2,
            "hidden": False,
            "calendar": {},
        }
        assert ada.get("/v1/streak").body["calendar"] == {"2026-03-02": "complete"}
        set_clocks("2026-03-03T15:30:00Z", ada, ben)
        assert ada.get("/v1/today").body["streak"] == {"current": 2, "longest": 2, "total": 2}
        assert ada.get("/v1/streak").body["calendar"] == {"2026-03-02": "complete", "2026-03-03": "complete"}


class TestSeal:
    """Before the reveal, the partner learns only that an answer exists."""

    ROUTES = (
        "/v1/today",
        "/v1/days",
        "/v1/days?limit=1",
        "/v1/days/2026-03-02",
        "/v1/days/2026-03-03",
        "/v1/streak",
        "/v1/couple",
        "/v1/me",
        "/v1/me/reminders",
        "/v1/invites",
    )

    def test_the_partner_s_bytes_do_not_depend_on_the_answer_or_its_time(
        self, services: Services, couple: tuple[Phone, Phone]
    ) -> None:
        """No byte differs for one letter, 2,000 letters or no text, at different times, and after an edit."""
        ada, ben = couple
        ben.get("/v1/today")
        _make_kind(services, couple_of(services, ada), dt.date(2026, 3, 2), PromptKind.TOGETHER)
        dice = random.Random(7)  # noqa: S311  the same canaries each time
        texts = [None, "c", "canary " * 285, *(_canary(dice, length) for length in (2, 16, 17, 255, 1024, 2000))]
        seen, refusals = set(), set()
        for number, text in enumerate(texts):
            for edits in range(number % 3 + 1):
                ada.now += dt.timedelta(seconds=dice.randrange(1, 600))
                edited = text and text[: 2000 - edits] + "!" * edits
                reply = answer(ada, "2026-03-02", edited, revision=edits or None)
                assert reply.status == 200, reply.text
            seen.add(tuple((path, _whole(ben.get(path))) for path in self.ROUTES))
            refusals.add(_whole(answer(ben, "2026-03-02", "x", revision=3)))
            _take_back(services, couple_of(services, ada).id, dt.date(2026, 3, 2))
        assert (len(seen), len(refusals)) == (1, 1)
        assert "canary" not in repr(seen)

    def test_the_partner_sees_none_of_a_person_s_private_settings(self, couple: tuple[Phone, Phone]) -> None:
        """Barriers, depth, touch comfort and a hidden streak never show on the partner's side."""
        ada, ben = couple
        ben.get("/v1/today")
        before = [_whole(ben.get(path)) for path in self.ROUTES]
        private = {
            "barriers": ["vulnerability"],
            "depth": 3,
            "touch_comfort": 2,
            "streak_hidden": True,
            "language": "fr",
        }
        assert ada.put("/v1/me", {"display_name": "Ada", "zone": NEW_YORK} | private).status == 200
        assert ada.put("/v1/me/reminders", {"prompt_time": "06:05", "quiet_hours": None}).status == 200
        assert [_whole(ben.get(path)) for path in self.ROUTES] == before

    def test_no_log_line_holds_what_is_private(self, api: Handler, logged: io.StringIO) -> None:
        token, name, text = a_token("canary"), "Canarina", "A canary sings"
        ada, ben = a_phone(api, "ada", NEW_YORK, display_name=name), a_phone(api, "ben", TOKYO)
        ada.put("/v1/me/devices/tablet", {"token": token, "platform": "ios"})
        invite = ada.post("/v1/invites", key="a-key-of-ada").body
        ben.post("/v1/invites/redeem", {"code": invite["code"] + "2"})
        ben.post("/v1/invites/redeem", {"code": invite["code"]})
        ada.post("/v1/invites/confirm", confirmation(ada, invite["invite_id"]))
        answer(ada, "2026-03-02", text)
        answer(ada, "2026-03-02", text * 300)
        answer(ada, "2026-03-02", text, unheard_of=text)
        ada.call("PUT", "/v1/days/2026-03-02/answer", raw=text)
        ada.put("/v1/me", {"display_name": name * 20, "zone": text})
        ada.put("/v1/me/devices/tablet", {"token": token, "platform": token})
        ada.get(f"/v1/days/{text}")
        ada.get(f"/v1/days?before={token}")
        ada.put(f"/v1/{token}", {})
        for path in self.ROUTES:
            ada.get(path)
        lines = logged.getvalue()
        assert lines.count('"message":"answered"') > 10
        assert lines.count('"message":"refused"') > 6
        secrets = (token, name, "canary", invite["code"], invite["code"].replace("-", ""), "a-key-of-ada", "2026-03-02")
        assert [secret for secret in secrets if secret in lines] == []

    def test_no_stored_item_holds_what_was_written_nor_any_code(self, own_services: Services) -> None:
        api = handler_of(lambda: own_services)
        ada, ben = a_phone(api, "ada", NEW_YORK), a_phone(api, "ben", TOKYO)
        invite = ada.post("/v1/invites", key="a-key-of-ada").body
        ben.post("/v1/invites/redeem", {"code": invite["code"]})
        ada.post("/v1/invites/confirm", confirmation(ada, invite["invite_id"]))
        answer(ada, "2026-03-02", "A canary sings")
        answer(ben, "2026-03-02", "Another canary sings", share_first=True)
        answer(ada, "2026-03-03", "A third canary")
        rows = list(_rows(own_services))
        assert {row["pk"].partition("#")[0] for row in rows} >= {"PERSON", "COUPLE", "INVITE", "CELL", "TARGET"}
        kept = repr(rows)
        for secret in ("canary", invite["code"].replace("-", ""), invite["code"], "a-key-of-ada"):
            assert secret not in kept
        tokens = repr([row for row in rows if not row["pk"].startswith(("PERSON#", "DUE#"))])
        assert "token-ada" not in tokens


def _instants(body: Any) -> list[str]:
    """Every date and instant in a reply."""
    if isinstance(body, dict):
        return [found for name, value in body.items() for found in (*_instants(name), *_instants(value))]
    if isinstance(body, list):
        return [found for value in body for found in _instants(value)]
    return [body] if isinstance(body, str) and body.startswith("20") else []


def move(phone: Phone, zone: str) -> None:
    assert phone.put("/v1/me", {"display_name": "A", "zone": zone}).status == 200


def _whole(reply: Reply) -> tuple[int, str, str]:
    return reply.status, repr(sorted(reply.headers.items())), reply.text


def _canary(dice: random.Random, length: int) -> str:
    return "".join(itertools.islice(_letters(dice), length))


def _letters(dice: random.Random) -> Iterator[str]:
    while True:
        yield dice.choice("canary 🐤ñ\n")


def _take_back(services: Services, couple: CoupleId, date: dt.date) -> None:
    """Remove every answer from a day, so that a test can give another answer to the same day."""
    services.days.table.write(
        Write("Update", keys.day(couple, date), update="SET answers = :none", values={":none": {}})
    )


def _make_kind(services: Services, couple: Couple, date: dt.date, kind: PromptKind) -> None:
    """Replace the day's prompt with a prompt of this kind."""
    services.days.table.write(
        Write("Update", keys.day(couple.id, date), update="SET kind = :kind", values={":kind": kind})
    )


def _rows(services: Services) -> Iterator[dict[str, Any]]:
    for table in (services.people.table, services.vault.table, services.vault.cells):
        yield from every_row(table)
