"""Both see a pause, no reminder is sent in it, and the streak does not suffer."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from rekindle.domain.pushes import PushKind
from rekindle.push.reactions import reaction_to
from rekindle.store import keys
from rekindle.store.stream import change_in
from rekindle.store.table import marshal
from testing.builders import LONDON
from testing.phones import Phone, Reply, a_phone, at_noon, pair
from testing.stored import person_of, row_in, stream_record

if TYPE_CHECKING:
    from couples_api.services import Services
    from testing.phones import Handler

DAY = dt.timedelta(days=1)
FIRST = dt.date(2026, 3, 2)
NO_WAIT = dt.timedelta(0)


def pause(phone: Phone, until: dt.date | str | None) -> Reply:
    return phone.patch("/v1/couple", {"pause": {"until": str(until)}}) if until else phone.delete("/v1/couple/pause")


def paused(phone: Phone, until: dt.date | None) -> Any:
    """Ask for a pause, and return the pause of the reply."""
    reply = pause(phone, until)
    assert reply.status == (200 if until else 204), reply.text
    return (reply if until else phone.get("/v1/couple")).body["pause"]


def shown(phone: Phone) -> Any:
    """Return the pause, and check that the couple's and the day's route agree."""
    couple, today = phone.get("/v1/couple").body, phone.get("/v1/today").body
    assert couple["pause"] == today["pause"]
    return couple["pause"]


def meet(date: dt.date, *phones: Phone) -> None:
    for phone in phones:
        reply = phone.put(f"/v1/days/{date}/answer", {"text": "Yes."})
        assert reply.status == 200, reply.text


def numbers(phone: Phone) -> list[int]:
    body = phone.get("/v1/streak").body
    return [body[name] for name in ("current", "longest", "total")]


def marks(phone: Phone, *dates: dt.date) -> list[str]:
    calendar = phone.get("/v1/streak").body["calendar"]
    return [calendar[str(date)] for date in dates]


def dates_from(first: dt.date, count: int) -> list[dt.date]:
    return [first + number * DAY for number in range(count)]


class TestWishing:
    """Either may start, move or end a pause; nobody sees who did."""

    def test_both_see_a_pause_until_it_ends_by_itself(self, londoners: tuple[Phone, Phone]) -> None:
        ada, ben = londoners
        assert shown(ada) is None
        assert paused(ben, FIRST + 3 * DAY) == {"from": "2026-03-02", "until": "2026-03-05"}
        for number, expected in enumerate([True, True, True, False, False]):
            at_noon(FIRST + number * DAY, ada, ben)
            assert shown(ada) == shown(ben)
            assert (shown(ada) is not None) is expected

    def test_either_moves_the_end_and_either_ends_it(self, londoners: tuple[Phone, Phone]) -> None:
        ada, ben = londoners
        paused(ben, FIRST + 3 * DAY)
        at_noon(FIRST + DAY, ada, ben)
        assert paused(ada, FIRST + 30 * DAY) == {"from": "2026-03-02", "until": "2026-04-01"} == shown(ben)
        assert paused(ben, FIRST + 2 * DAY) == {"from": "2026-03-02", "until": "2026-03-04"} == shown(ada)
        assert paused(ada, None) is None is shown(ben)
        assert marks(ben, FIRST, FIRST + DAY) == ["paused", "open"]

    def test_to_say_it_again_changes_nothing(self, services: Services, londoners: tuple[Phone, Phone]) -> None:
        ada, ben = londoners
        for until in (FIRST + 3 * DAY, None):
            first = paused(ada, until)
            stored = [services.people.table.get(keys.couple(person_of(services, ada).couple)), person_of(services, ben)]  # type: ignore[arg-type]
            for phone in (ada, ben, ada):
                assert paused(phone, until) == first
            assert stored == [
                services.people.table.get(keys.couple(person_of(services, ada).couple)),  # type: ignore[arg-type]
                person_of(services, ben),
            ]

    def test_nothing_tells_who_paused(self, api: Handler) -> None:
        """Both couples get the same answers, whoever paused."""
        seen = []
        for who in (0, 1):
            two = a_phone(api, "ada", LONDON), a_phone(api, "ben", LONDON)
            pair(*two)
            paused(two[who], FIRST + 3 * DAY)
            seen.append([phone.get(path).body for phone in two for path in ("/v1/couple", "/v1/me/reminders")])
        assert seen[0] == seen[1]

    @pytest.mark.parametrize("days", [0, -1, 93, 4000])
    def test_an_end_that_is_past_or_too_far_ahead_is_refused(self, londoners: tuple[Phone, Phone], days: int) -> None:
        reply = pause(londoners[0], FIRST + days * DAY)
        assert (reply.status, reply.problem) == (422, "pause-out-of-range")
        assert (reply.body["earliest"], reply.body["latest"]) == ("2026-03-03", "2026-06-02")
        assert shown(londoners[0]) is None

    @pytest.mark.parametrize("days", [1, 92])
    def test_the_shortest_and_the_longest_are_taken(self, londoners: tuple[Phone, Phone], days: int) -> None:
        assert paused(londoners[0], FIRST + days * DAY)["until"] == str(FIRST + days * DAY)

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"pause": {}},
            {"pause": "2026-03-05"},
            {"pause": True},
            {"pause": {"until": None}},
            {"pause": {"until": "someday"}},
            {"pause": {"until": "2026-02-30"}},
            {"pause": {"until": 1772700000}},
            {"pause": {"until": "2026-03-05T00:00:00Z"}},
            {"pause": {"until": "2026-03-05", "from": "2026-03-01"}},
            {"pause": None},
            {"pause": {"until": "2026-03-05"}, "packs": []},
        ],
        ids=repr,
    )
    def test_a_pause_that_makes_no_sense_is_refused(self, londoners: tuple[Phone, Phone], body: dict[str, Any]) -> None:
        assert londoners[0].patch("/v1/couple", body).problem == "invalid-fields"

    def test_each_speaks_by_their_own_clock(self, couple: tuple[Phone, Phone]) -> None:
        """At 15:00 UTC it is 2 March in New York, and already 3 March in Tokyo."""
        ada, ben = couple
        assert paused(ben, FIRST + 3 * DAY) == {"from": "2026-03-03", "until": "2026-03-05"} == shown(ada)
        assert paused(ada, FIRST + 3 * DAY) == {"from": "2026-03-02", "until": "2026-03-05"} == shown(ben)
        assert paused(ada, FIRST + DAY)["until"] == "2026-03-03"
        assert shown(ben) is None, "in Tokyo it is over"


class TestPeace:
    """Whoever has ended the partner's pause is not paused again by them for seven days."""

    def test_the_other_may_pause_again_after_a_week_and_not_before(self, londoners: tuple[Phone, Phone]) -> None:
        ada, ben = londoners
        paused(ada, FIRST + 30 * DAY)
        ben.now += dt.timedelta(hours=1)
        paused(ben, None)
        ada.now = ben.now
        refused = pause(ada, FIRST + 3 * DAY)
        assert (refused.status, refused.problem) == (429, "pause-too-soon")
        assert refused.headers["Retry-After"] == str(7 * 24 * 60 * 60)
        assert shown(ada) is shown(ben) is None
        ada.now += 7 * DAY - dt.timedelta(milliseconds=1)
        assert pause(ada, FIRST + 9 * DAY).headers["Retry-After"] == "1"
        ada.now += dt.timedelta(seconds=1)
        assert paused(ada, FIRST + 9 * DAY)

    def test_a_refused_pause_tells_the_hour_in_which_the_partner_has_ended_it_and_not_the_second(
        self, londoners: tuple[Phone, Phone]
    ) -> None:
        ada, ben = londoners
        for number, seconds in enumerate((1, 1800, 3600)):
            paused(ada, FIRST + 30 * DAY)
            ben.now = ada.now + dt.timedelta(seconds=seconds)
            paused(ben, None)
            ada.now += dt.timedelta(hours=1, minutes=10)
            refused = pause(ada, FIRST + (9 + 8 * number) * DAY)
            assert refused.headers["Retry-After"] == str(7 * 24 * 60 * 60 - 10 * 60)
            ada.now += 8 * DAY - dt.timedelta(hours=1, minutes=10)

    def test_the_one_who_ended_it_may_pause_and_the_other_may_only_shorten(
        self, londoners: tuple[Phone, Phone]
    ) -> None:
        ada, ben = londoners
        paused(ada, FIRST + 30 * DAY)
        paused(ben, None)
        paused(ben, FIRST + 9 * DAY)
        assert pause(ada, FIRST + 10 * DAY).problem == "pause-too-soon"
        assert paused(ada, FIRST + 9 * DAY) == {"from": "2026-03-02", "until": "2026-03-11"}, "nothing changes"
        assert paused(ada, FIRST + 2 * DAY) == {"from": "2026-03-02", "until": "2026-03-04"} == shown(ben)
        assert pause(ben, FIRST + 9 * DAY).problem == "pause-too-soon"

    def test_a_refused_pause_leaves_no_trace_and_its_notes_go_with_the_couple(
        self, services: Services, londoners: tuple[Phone, Phone]
    ) -> None:
        ada, ben = londoners
        paused(ada, FIRST + 30 * DAY)
        paused(ben, None)
        couple = person_of(services, ada).couple
        assert couple
        before = row_in(services.people.table, keys.couple(couple))
        assert before["paused_by"] == {ada.uid: "2026-03-02"}
        assert pause(ada, FIRST + 30 * DAY).problem == "pause-too-soon"
        assert row_in(services.people.table, keys.couple(couple)) == before
        assert ben.delete("/v1/couple").status == 204
        assert row_in(services.people.table, keys.couple(couple)).keys().isdisjoint({"paused_by", "pauses_ended"})


class TestStreak:
    """A date inside a pause is never missed, and a day that both answer counts all the same."""

    def test_a_day_that_both_answer_in_a_pause_counts(self, londoners: tuple[Phone, Phone]) -> None:
        ada, ben = londoners
        meet(FIRST, ada, ben)
        at_noon(FIRST + DAY, ada, ben)
        paused(ada, FIRST + 4 * DAY)
        assert ben.get("/v1/today").body["today"]["open"]
        meet(FIRST + DAY, ada, ben)
        assert (numbers(ada), marks(ada, FIRST + DAY)) == ([2, 2, 2], ["complete"])

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ([("ada", 4)], []),
            ([], [("ben", 4)]),
            ([("ada", 4)], [("ben", None)]),
            ([("ada", 9)], [("ben", 2), ("ben", 1)]),
            ([("ada", 2)], [("ben", 9), ("ada", None)]),
        ],
        ids=["paused before", "paused after", "ended early", "shortened twice", "lengthened and ended"],
    )
    def test_a_day_that_both_answer_counts_whatever_either_does_with_the_pause(
        self,
        londoners: tuple[Phone, Phone],
        before: list[tuple[str, int | None]],
        after: list[tuple[str, int | None]],
    ) -> None:
        """Some steps come before the two answers of the day, and some between and after them."""
        ada, ben = londoners
        phones = {"ada": ada, "ben": ben}

        def step(who: str, days: int | None) -> None:
            paused(phones[who], FIRST + days * DAY if days else None)

        for each in before:
            step(*each)
        meet(FIRST, ada)
        for each in after[:1]:
            step(*each)
        meet(FIRST, ben)
        for each in after[1:]:
            step(*each)
        for number in (0, 1, 2, 12):
            at_noon(FIRST + number * DAY, ada, ben)
            assert numbers(ada)[2] == numbers(ben)[2] == 1
            assert marks(ben, FIRST) == ["complete"]

    def test_a_milestone_that_is_reached_inside_a_pause_is_notified_then(
        self, services: Services, londoners: tuple[Phone, Phone]
    ) -> None:
        ada, ben = londoners
        for date in dates_from(FIRST, 7):
            at_noon(date, ada, ben)
            if date == FIRST + 6 * DAY:
                paused(ada, date + 3 * DAY)
            meet(date, ada, ben)
        couple = person_of(services, ada).couple
        assert couple
        row = row_in(services.people.table, keys.streak(couple))
        change = change_in(stream_record(marshal(row | {"run": 6}), marshal(row)))
        assert {(job.kind, job.milestone) for job in reaction_to(change).jobs} == {(PushKind.STREAK_MILESTONE, 7)}

    def test_a_pause_does_not_take_back_a_miss_on_a_date_that_a_clock_taken_west_shows_again(
        self, londoners: tuple[Phone, Phone]
    ) -> None:
        """2 March has closed in London, and is today again in Midway."""
        ada, ben = londoners
        for phone in londoners:
            phone.now = dt.datetime(2026, 3, 3, 3, tzinfo=dt.UTC)
        assert marks(ada, FIRST) == ["rest"]
        assert ada.put("/v1/me", {"display_name": "Ada", "zone": "Pacific/Midway"}).status == 200
        paused(ada, FIRST + 3 * DAY)
        assert marks(ben, FIRST, FIRST + DAY) == ["rest", "paused"]

    def test_the_years_pauses_are_in_the_calendar(self, londoners: tuple[Phone, Phone]) -> None:
        ada, ben = londoners
        for start in (0, 100, 200, 300):
            at_noon(FIRST + start * DAY, ada, ben)
            paused(ada, FIRST + (start + 2) * DAY)
        at_noon(FIRST + 363 * DAY, ada)
        calendar = ada.get("/v1/streak").body["calendar"]
        found = [date for date, mark in calendar.items() if mark == "paused"]
        assert found == [str(FIRST + number * DAY) for start in (0, 100, 200, 300) for number in (start, start + 1)]
