"""The weekly recap shows what the two have done and what is new, and no reproach."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from rekindle.domain.ids import Language, PackId
from rekindle.domain.prompts import Audience
from rekindle.store import keys
from rekindle.store.catalogue import packed
from rekindle.store.table import Write
from testing.apis import handler_of, rereading
from testing.builders import LONDON, an_instant, give_code, prompts, publish
from testing.phones import Phone, a_couple, at_noon, noon
from testing.push_world import calls
from testing.stored import couple_id_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from couples_api.services import Services
    from testing.phones import Handler

DAY = dt.timedelta(days=1)
MONDAY = dt.date(2026, 3, 2)
NOTHING_NEW = {"packs": [], "milestones": [], "longest": False}


def meet(dates: Iterable[dt.date], *phones: Phone) -> None:
    for date in dates:
        at_noon(date, *phones)
        for phone in phones:
            assert phone.put(f"/v1/days/{date}/answer", {"text": f"Sealed {phone.uid}."}).status == 200


def recap(phone: Phone, week: object = None) -> Any:
    reply = phone.get(f"/v1/recap?week={week}" if week else "/v1/recap")
    assert reply.status == 200, reply.text
    return reply.body


@pytest.fixture
def londoners(api: Handler) -> tuple[Phone, Phone]:
    """Pair two in London at noon on Monday, 2 March 2026."""
    return a_couple(api, LONDON, LONDON, at=noon(MONDAY))


def test_the_week_that_is_over_tells_days_themes_and_the_streak(londoners: tuple[Phone, Phone]) -> None:
    ada, ben = londoners
    met = [MONDAY + n * DAY for n in (0, 1, 2, 4, 6)]
    meet(met, ada, ben)
    themes = [ada.get(f"/v1/days/{date}").body["prompt"]["theme"] for date in met]
    meet([MONDAY + 7 * DAY], ada, ben)
    seen = recap(ada)
    assert seen == {
        "week": "2026-03-02",
        "days_met": {"count": 5, "dates": [str(date) for date in met]},
        "themes": themes,
        "streak": {"current": 1, "longest": 4, "total": 5},
        "new": {"packs": [], "milestones": [], "longest": True},
    }
    assert seen == recap(ben) == recap(ada, MONDAY)


def test_it_never_says_who_missed_nor_what_lacked(londoners: tuple[Phone, Phone]) -> None:
    """A day that only one has answered looks to both like a day that nobody has answered."""
    ada, ben = londoners
    meet([MONDAY], ada, ben)
    at_noon(MONDAY + DAY, ada, ben)
    ada.get("/v1/today")
    looks = []
    for date, phones in ((MONDAY + DAY, [ada]), (MONDAY + 2 * DAY, [ben]), (MONDAY + 3 * DAY, [])):
        meet([date], *phones)
        at_noon(MONDAY + 8 * DAY, ada, ben)
        looks += [ada.get("/v1/recap").text, ben.get("/v1/recap").text]
    assert len(set(looks)) == 1
    assert "2026-03-03" not in looks[0]
    assert "Sealed" not in looks[0]
    assert ada.uid not in looks[0]


def test_the_current_week_is_shown_up_to_today(londoners: tuple[Phone, Phone]) -> None:
    ada, ben = londoners
    meet([MONDAY + n * DAY for n in range(10)], ada, ben)
    seen = recap(ada, MONDAY + 7 * DAY)
    assert seen["days_met"]["count"] == 3
    assert seen["streak"]["current"] == 10, "what is ahead is no miss"
    assert recap(ada)["new"] == {"packs": [], "milestones": [7], "longest": True}
    assert seen["new"] == {"packs": [], "milestones": [], "longest": True}


def test_a_pause_leaves_the_run_whole_and_is_not_spoken_of(londoners: tuple[Phone, Phone]) -> None:
    """Both answer one day in the pause, and that day counts."""
    ada, ben = londoners
    meet([MONDAY, MONDAY + DAY], ada, ben)
    at_noon(MONDAY + 2 * DAY, ada, ben)
    paused = ada.call("PATCH", "/v1/couple", {"pause": {"until": str(MONDAY + 14 * DAY)}})
    assert paused.status == 200, paused.text
    meet([MONDAY + 4 * DAY], ada, ben)
    at_noon(MONDAY + 14 * DAY, ada, ben)
    first, second = recap(ada, MONDAY), recap(ben)
    assert first["days_met"]["dates"] == ["2026-03-02", "2026-03-03", "2026-03-06"]
    assert first["streak"] == {"current": 3, "longest": 3, "total": 3}
    assert second["days_met"] == {"count": 0, "dates": []}
    assert second["streak"] == first["streak"]
    assert second["new"] == NOTHING_NEW
    assert "paus" not in ada.get(f"/v1/recap?week={MONDAY}").text + ben.get("/v1/recap").text


def test_a_hidden_streak_is_not_in_the_recap(londoners: tuple[Phone, Phone]) -> None:
    ada, ben = londoners
    meet([MONDAY + n * DAY for n in range(7)], ada, ben)
    at_noon(MONDAY + 7 * DAY, ada, ben)
    ada.put("/v1/me", {"display_name": "Ada", "zone": LONDON, "streak_hidden": True})
    seen = recap(ada)
    assert (seen["streak"], seen["new"]) == (None, NOTHING_NEW)
    assert seen["days_met"]["count"] == 7
    assert recap(ben)["new"]["milestones"] == [7]


@pytest.mark.parametrize(
    ("week", "status", "problem"),
    [
        ("2026-03-03", 422, "invalid-fields"),
        ("2026-03-08", 422, "invalid-fields"),
        ("today", 422, "invalid-fields"),
        ("1772409600", 422, "invalid-fields"),
        ("2026-W10", 422, "invalid-fields"),
        ("2026-03-09", 404, "no-such-week"),
        ("2026-02-23", 404, "no-such-week"),
        ("0001-01-01", 404, "no-such-week"),
        ("9999-12-27", 404, "no-such-week"),
        (None, 404, "no-such-week"),
    ],
)
def test_a_week_without_a_recap_is_refused(
    londoners: tuple[Phone, Phone], week: str | None, status: int, problem: str
) -> None:
    """The default week is before they paired. There is no recap until one whole week is over."""
    ada, _ = londoners
    refused = ada.get(f"/v1/recap?week={week}" if week else "/v1/recap")
    assert (refused.status, refused.problem) == (status, problem)
    if status == 422:
        assert refused.body["errors"][0]["field"] == "query.week"


def test_a_week_in_which_they_paired_is_theirs(api: Handler) -> None:
    ada, ben = a_couple(api, LONDON, LONDON, at=noon(MONDAY + 6 * DAY))
    meet([MONDAY + 6 * DAY], ada, ben)
    assert recap(ada, MONDAY)["days_met"]["dates"] == ["2026-03-08"]


def test_on_two_clocks_a_week_has_the_couples_dates_and_the_last_is_by_ones_own(api: Handler) -> None:
    ada, ben = a_couple(api)
    for phone in (ada, ben):
        phone.now = an_instant("2026-03-08T15:30:00Z")  # Sunday in New York, and Monday in Tokyo for half an hour
    for phone in (ada, ben):
        assert phone.put("/v1/days/2026-03-08/answer", {"text": "So."}).status == 200
    assert ada.get("/v1/recap").problem == "no-such-week"
    assert recap(ben)["days_met"]["dates"] == ["2026-03-08"]
    assert recap(ada, MONDAY) == recap(ben)
    assert recap(ben, "2026-03-09")["days_met"]["count"] == 0
    assert ada.get("/v1/recap?week=2026-03-09").problem == "no-such-week", "not before her own Monday"


def test_a_day_from_before_days_said_their_theme_has_it_from_its_prompt(
    services: Services, londoners: tuple[Phone, Phone]
) -> None:
    ada, ben = londoners
    meet([MONDAY], ada, ben)
    key = keys.day(couple_id_of(services, ada), MONDAY)
    services.days.table.write(Write("Update", key, update="REMOVE theme"))
    at_noon(MONDAY + 7 * DAY, ada, ben)
    assert recap(ada)["themes"] == [ada.get(f"/v1/days/{MONDAY}").body["prompt"]["theme"]]


def test_a_completed_day_that_nobody_has_noted_counts_and_is_noted(
    services: Services, londoners: tuple[Phone, Phone]
) -> None:
    ada, ben = londoners
    meet([MONDAY], ada, ben)
    table, key = services.streaks.table, keys.streak(couple_id_of(services, ada))
    table.write(Write("Delete", key))
    at_noon(MONDAY + 9 * DAY, ada, ben)
    assert recap(ada)["days_met"]["count"] == 1
    assert ada.get("/v1/streak").body["total"] == 1


class TestNewPacks:
    """The recap names packs that became available to the couple in that week."""

    @pytest.fixture
    def londoners(self, own_services: Services) -> tuple[Phone, Phone]:
        return a_couple(handler_of(partial(rereading, own_services)), LONDON, LONDON, at=noon(MONDAY))

    def publish(self, services: Services, pack: str, at: str, version: int = 1, **changes: Any) -> None:
        """Publish a pack as the practice does, with its release row."""
        release = publish(services.people.table, prompts(pack, version), live_from=an_instant(at), **changes)
        services.people.table.write(
            Write(
                "Update",
                keys.release(release.pack, version),
                update="SET packed = :packed",
                values={":packed": packed([release])},
            )
        )

    def new(self, phone: Phone, week: dt.date = MONDAY) -> list[str]:
        return [pack["id"] for pack in recap(phone, week)["new"]["packs"]]

    def test_a_pack_that_went_live_in_the_week_is_new(
        self, own_services: Services, londoners: tuple[Phone, Phone]
    ) -> None:
        ada, ben = londoners
        self.publish(own_services, "before-them", "2026-03-02T08:00:00Z")
        self.publish(own_services, "mine", "2026-03-04T08:00:00Z")
        self.publish(own_services, "to-choose", "2026-03-08T23:59:00Z", audience=Audience.CHOICE)
        self.publish(own_services, "with-a-code", "2026-03-04T08:00:00Z", audience=Audience.CODE)
        self.publish(own_services, "later", "2026-03-09T00:00:00Z")
        self.publish(own_services, "to-come", "2026-03-20T00:00:00Z")
        at_noon(MONDAY + 8 * DAY, ada, ben)
        assert self.new(ada) == ["mine", "to-choose"]
        assert self.new(ada, MONDAY + 7 * DAY) == ["later"]
        ada.call("DELETE", "/v1/couple/packs/mine")
        assert self.new(ben) == ["to-choose"]

    def test_a_new_version_is_no_new_pack_and_takes_nothing_from_it(
        self, own_services: Services, londoners: tuple[Phone, Phone]
    ) -> None:
        ada, ben = londoners
        self.publish(own_services, "old", "2026-01-01T00:00:00Z")
        self.publish(own_services, "old", "2026-03-05T00:00:00Z", version=2)
        self.publish(own_services, "fixed", "2026-03-05T00:00:00Z")
        self.publish(own_services, "fixed", "2026-03-10T00:00:00Z", version=2)
        at_noon(MONDAY + 9 * DAY, ada, ben)
        assert self.new(ada) == ["fixed"]
        assert self.new(ada, MONDAY + 7 * DAY) == []

    def test_a_pack_whose_first_publication_crashed_is_new_with_its_next(
        self, own_services: Services, londoners: tuple[Phone, Phone]
    ) -> None:
        """The crash has used up the number of version 1, and left no row of it."""
        ada, _ = londoners
        self.publish(own_services, "mine", "2026-03-04T08:00:00Z", version=2)
        at_noon(MONDAY + 8 * DAY, ada)
        assert self.new(ada) == ["mine"]

    def test_a_pack_joined_by_its_code_is_new_in_the_week_it_was_joined(
        self, own_services: Services, londoners: tuple[Phone, Phone]
    ) -> None:
        ada, ben = londoners
        self.publish(own_services, "group", "2026-01-01T00:00:00Z", audience=Audience.CODE)
        give_code(own_services.people.table, "group")
        at_noon(MONDAY + 3 * DAY, ada, ben)
        assert ada.post("/v1/couple/practice-code", {"code": "ABCD-2345"}).status == 200
        assert self.new(ben) == ["group"]

    def test_each_reads_a_title_in_their_own_language(
        self, own_services: Services, londoners: tuple[Phone, Phone]
    ) -> None:
        ada, ben = londoners
        self.publish(own_services, "mine", "2026-03-04T08:00:00Z")
        words = {Language("en"): "Mine", Language("es"): "Mío"}
        own_services.people.table.write(
            Write(
                "Update",
                keys.release(PackId("mine"), 1),
                update="SET titles = :words, written_for = :words",
                values={":words": words},
            )
        )
        at_noon(MONDAY + 8 * DAY, ada, ben)
        ben.put("/v1/me", {"display_name": "Ben", "zone": LONDON, "language": "es"})
        titles = [recap(phone, MONDAY)["new"]["packs"][0]["title"] for phone in (ada, ben)]
        assert titles == ["Mine", "Mío"]


def test_it_takes_one_query_more_than_the_streak(services: Services, londoners: tuple[Phone, Phone]) -> None:
    ada, ben = londoners
    meet([MONDAY], ada, ben)
    at_noon(MONDAY + 8 * DAY, ada, ben)
    with calls(services.people.table) as streak:
        ada.get("/v1/streak")
    with calls(services.people.table) as looked_back:
        ada.get("/v1/recap")
    assert sorted(looked_back) == sorted([*streak, "Query"])
