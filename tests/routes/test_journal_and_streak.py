"""The journal and the streak show a couple's days correctly."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from rekindle.domain.streaks import unpack_dates
from rekindle.store import keys
from rekindle.store.table import Write
from testing.apis import handler_of
from testing.builders import LONDON
from testing.phones import Phone, a_couple, at_noon, noon
from testing.stored import couple_id_of

if TYPE_CHECKING:
    from couples_api.services import Services
    from rekindle.domain.ids import CoupleId
    from testing.phones import Handler

DAY = dt.timedelta(days=1)
FIRST = dt.date(2026, 3, 2)


def answer(phone: Phone, date: dt.date) -> None:
    reply = phone.put(f"/v1/days/{date}/answer", {"text": f"{phone.uid} on {date}"})
    assert reply.status == 200, reply.text


def meet(date: dt.date, *phones: Phone) -> None:
    for phone in phones:
        answer(phone, date)


def _dates(first: dt.date, last: dt.date) -> list[dt.date]:
    return [first + number * DAY for number in range((last - first).days + 1)]


def numbers(body: dict[str, Any]) -> dict[str, int]:
    return {name: body[name] for name in ("current", "longest", "total")}


def noted_days(services: Services, couple: CoupleId) -> set[dt.date]:
    item = services.streaks.table.get(keys.streak(couple))
    return set(unpack_dates(dt.date.fromisoformat(item["bits_from"]), item["bits"])) if item else set()


class TestJournal:
    """Days, latest first, page by page."""

    @pytest.fixture
    def reader(self, londoners: tuple[Phone, Phone]) -> Phone:
        """Make a reader whose journal has 1 to 7 March without the 4th. Only the last day is unrevealed."""
        ada, ben = londoners
        for date in _dates(FIRST - DAY, FIRST + 5 * DAY):
            at_noon(date, ada, ben)
            if date != dt.date(2026, 3, 4):
                meet(date, ada, *([] if date == FIRST + 5 * DAY else [ben]))
        return ben

    def test_pages_follow_on_from_each_other_and_end(self, reader: Phone) -> None:
        whole = reader.get("/v1/days").body
        assert whole["before"] is None
        assert [day["date"][-2:] for day in whole["days"]] == ["07", "06", "05", "03", "02", "01"]
        for limit in (1, 2, 4, 6, 30):
            days, query = [], ""
            while True:
                page = reader.get(f"/v1/days?limit={limit}{query}").body
                assert len(page["days"]) <= limit
                days += page["days"]
                if page["before"] is None:
                    break
                query = f"&before={page['before']}"
            assert days == whole["days"]

    def test_a_page_before_a_date_without_a_day_begins_with_the_one_before_it(self, reader: Phone) -> None:
        dates = [day["date"] for day in reader.get("/v1/days?before=2026-03-05&limit=2").body["days"]]
        assert dates == ["2026-03-03", "2026-03-02"]

    def test_a_page_before_the_beginning_of_time_is_empty_and_before_its_end_the_first(self, reader: Phone) -> None:
        """DynamoDB refuses to read on from the very first key."""
        for before in ("0001-01-01", "0001-01-02"):
            assert reader.get(f"/v1/days?before={before}").body == {"days": [], "before": None}
        assert reader.get("/v1/days?before=9999-12-31").body == reader.get("/v1/days").body

    def test_each_day_is_as_it_is_alone(self, reader: Phone) -> None:
        for day in reader.get("/v1/days").body["days"]:
            assert reader.get(f"/v1/days/{day['date']}").body == day
            assert day["revealed"] is (day["date"] != "2026-03-07")
            assert (day["partner"]["text"] is None) is (day["date"] == "2026-03-07")

    def test_a_closed_day_stays_sealed_to_the_one_who_missed_it_also_beside_days_that_are_open_to_both(
        self, reader: Phone
    ) -> None:
        """A page reads the couple's keys for its revealed days, so the partner's sealed text could be opened too."""
        at_noon(dt.date(2026, 3, 20), reader)
        days = {day["date"]: day for day in reader.get("/v1/days").body["days"]}
        assert days["2026-03-07"]["partner"] == {"state": "answered", "text": None, "edited": False}
        assert days["2026-03-06"]["partner"]["text"] is not None

    def test_a_full_page_is_thirty_days(self, londoners: tuple[Phone, Phone]) -> None:
        ada, _ = londoners
        for date in _dates(FIRST, FIRST + 31 * DAY):
            at_noon(date, ada)
            ada.get("/v1/today")
        first = ada.get("/v1/days").body
        assert len(first["days"]) == 30
        rest = ada.get(f"/v1/days?before={first['before']}").body
        assert [day["date"] for day in rest["days"]] == ["2026-03-03", "2026-03-02"]
        assert rest["before"] is None


class TestStreak:
    """The route shows the days of the current run, of the longest run, and all days."""

    def test_a_missed_day_is_a_rest_day_and_a_second_one_too_soon_ends_the_run(
        self, londoners: tuple[Phone, Phone]
    ) -> None:
        ada, ben = londoners
        current = []
        for number, date in enumerate(_dates(FIRST, FIRST + 12 * DAY)):
            at_noon(date, ada, ben)
            if number not in {2, 9, 11}:
                meet(date, ada, ben)
            current.append(ada.get("/v1/streak").body["current"])
        # They miss the 3rd, and a date seven days later, which is far enough. The next miss comes two days later, which
        # is not.
        assert current == [1, 2, 2, 3, 4, 5, 6, 7, 8, 8, 9, 9, 1]

    def test_an_open_day_never_breaks_a_run_and_is_judged_only_when_it_has_closed(
        self, londoners: tuple[Phone, Phone]
    ) -> None:
        ada, ben = londoners
        at_noon(FIRST, ada, ben)
        meet(FIRST, ada, ben)
        at_noon(FIRST + 2 * DAY, ada, ben)
        assert ada.get("/v1/streak").body["current"] == 1
        # 4 March closes at 03:00 of the 5th. Until then only the 3rd is missed.
        ada.now = dt.datetime(2026, 3, 5, 2, 59, 59, 999_000, dt.UTC)
        assert ada.get("/v1/streak").body["current"] == 1
        assert ada.get("/v1/streak").body["calendar"]["2026-03-04"] == "open"
        ada.now += dt.timedelta(milliseconds=1)
        assert ada.get("/v1/streak").body["current"] == 0
        assert ada.get("/v1/streak").body["calendar"]["2026-03-04"] == "rest"

    def test_two_open_days_completed_the_wrong_way_round_both_count(self, services: Services, api: Handler) -> None:
        ada, ben = a_couple(api)
        later, earlier = dt.date(2026, 3, 3), dt.date(2026, 3, 2)
        meet(later, ben, ada)
        assert ada.get("/v1/streak").body["current"] == 1
        meet(earlier, ada, ben)
        assert numbers(ben.get("/v1/streak").body) == {"current": 2, "longest": 2, "total": 2}
        assert noted_days(services, couple_id_of(services, ada)) == {earlier, later}

    @pytest.mark.parametrize("lost", [False, True])
    def test_a_day_noted_again_in_whatever_order_counts_once(
        self, services: Services, londoners: tuple[Phone, Phone], *, lost: bool
    ) -> None:
        """`react` adds days that the API has added already, or that a crash has lost."""
        ada, ben = londoners
        couple = couple_id_of(services, ada)
        for date in _dates(FIRST, FIRST + 3 * DAY):
            at_noon(date, ada, ben)
            meet(date, ada, ben)
        before = ada.get("/v1/streak").body
        row = services.streaks.table.get(keys.streak(couple))
        if lost:
            services.streaks.table.write(Write("Delete", keys.streak(couple)))
        for date in (*reversed(_dates(FIRST, FIRST + 3 * DAY)), FIRST):
            services.streaks.complete(couple, date, ada.now)
        assert services.streaks.table.get(keys.streak(couple)) == row
        assert ada.get("/v1/streak").body == before

    def test_a_day_that_had_begun_when_they_paired_is_not_theirs_to_miss(self, londoners: tuple[Phone, Phone]) -> None:
        ada, ben = londoners
        for date in _dates(FIRST, FIRST + 4 * DAY):
            at_noon(date, ada, ben)
            if date != FIRST + 3 * DAY:
                meet(date, ada, ben)
        # They never answered on 1 March. If it counted as missed, the 5th would end the run.
        assert ada.get("/v1/streak").body["current"] == 4

    @pytest.mark.parametrize("outage", [True, False])
    def test_a_day_lost_through_our_own_fault_is_not_a_miss(self, own_services: Services, *, outage: bool) -> None:
        api = handler_of(lambda: own_services)
        ada, ben = a_couple(api, LONDON, LONDON, at=noon(FIRST - DAY))
        if outage:
            own_services.streaks.table.write(Write("Put", keys.OUTAGES, item={"dates": {"2026-03-04"}}))
        for date in _dates(FIRST, FIRST + 5 * DAY):
            at_noon(date, ada, ben)
            if date.day not in {4, 6}:
                meet(date, ada, ben)
        assert ada.get("/v1/streak").body["current"] == (4 if outage else 1)

    def test_a_streak_is_hidden_from_who_wishes_so_and_from_nobody_else(self, londoners: tuple[Phone, Phone]) -> None:
        ada, ben = londoners
        at_noon(FIRST, ada, ben)
        meet(FIRST, ada, ben)
        ada.put("/v1/me", {"display_name": "Ada", "zone": LONDON, "streak_hidden": True})
        assert ada.get("/v1/today").body["streak"] is None
        assert ada.get("/v1/streak").body["hidden"] is True
        assert ben.get("/v1/today").body["streak"] == {"current": 1, "longest": 1, "total": 1}
        assert ben.get("/v1/streak").body["hidden"] is False

    def test_nothing_says_who_missed(self, londoners: tuple[Phone, Phone]) -> None:
        """Both get the same bytes, whoever left the day unanswered."""
        ada, ben = londoners
        at_noon(FIRST, ada, ben)
        answer(ada, FIRST)
        at_noon(FIRST + DAY, ada, ben)
        answer(ben, FIRST + DAY)
        at_noon(FIRST + 3 * DAY, ada, ben)
        assert ada.get("/v1/streak") == ben.get("/v1/streak")
        assert set(ada.get("/v1/streak").body["calendar"].values()) == {"rest", "open"}

    def test_the_calendar_reaches_back_twelve_months(self, londoners: tuple[Phone, Phone]) -> None:
        ada, _ = londoners
        at_noon(FIRST + 400 * DAY, ada)
        marks = ada.get("/v1/streak").body["calendar"]
        assert len(marks) == 365
        assert list(marks)[-1] == str(FIRST + 400 * DAY)
        at_noon(dt.date(2028, 12, 31), ada)
        marks = ada.get("/v1/streak").body["calendar"]
        assert (min(marks), max(marks), len(marks)) == ("2028-01-01", "2028-12-31", 366)
