"""Invariants hold on AWS's DynamoDB Local, whichever racing request comes first.

The requests of a race start together, each in its own thread, and several races run at a time. The threads call the
routes' functions directly, because the resolver handles one request at a time, as in Lambda.
"""
# ruff: noqa: B023  the requests of a race are over before the loop that makes them goes on

from __future__ import annotations

import datetime as dt
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from cleanup.ended import finish_end
from couples_api import days, invites, solo, streak
from couples_api.reader import AnswerState
from rekindle.api.problems import Problem
from rekindle.domain.persons import Target, TargetKind
from rekindle.domain.prompts import Audience
from rekindle.domain.streaks import unpack_dates
from rekindle.store import key_rows, keys
from rekindle.store.catalogue import Catalogue
from rekindle.store.slot_rows import rows_of
from rekindle.store.table import URGENT_ATTEMPTS
from testing.builders import NEW_YORK, TOKYO, a_token, a_uid, an_instant, give_code, prompts, publish
from testing.cleanups import cleanup_services
from testing.stored import day_of, every_row, row_in, slot_rows
from testing.wire import refusal, tapped
from tests.engine.racing import (
    LOOPS,
    RACES,
    Racer,
    couples_among,
    lost,
    pair,
    race,
    racing_couple,
    rewrite_until,
    run_all,
    won,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

    from couples_api.services import Services
    from rekindle.domain.ids import CoupleId

    type Outcome = Any
    """What a route returned, or the problem that it raised."""

DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def services(new_services: Callable[[], Services]) -> Services:
    """Make tables for the races. A test reads all their rows at the end."""
    made = new_services()
    for name in ("first", "second"):
        publish(made.people.table, prompts(name), audience=Audience.CHOICE)
    publish(made.people.table, prompts("group"), audience=Audience.CODE)
    give_code(made.people.table, "group")
    return made


class TestPairing:
    """I1, I2 and I3 under races of redeeming and confirming."""

    def test_races_to_redeem_and_to_confirm_end_with_whole_couples_only(self, services: Services) -> None:
        rounds = [self.one_code, self.both_invite, self.one_wanted_by_two, self.confirmed_and_cancelled]
        groups = 10

        def play(group: int) -> None:
            ada, ben, cai = (Racer(services, a_uid(f"{name}{group}")) for name in ("ada", "ben", "cai"))
            for number in range(RACES // groups):
                rounds[number % len(rounds)](ada, ben, cai)
                # Two days later all tries are forgotten, and all invites have expired.
                for racer in (ada, ben, cai):
                    racer.now += 2 * DAY

        run_all([lambda group=group: play(group) for group in range(groups)])  # type: ignore[misc]
        self.assert_no_trace_of_a_half(services)

    def one_code(self, ada: Racer, ben: Racer, cai: Racer) -> None:
        """Let two redeem one code while the inviter confirms. One of the two is paired."""
        invite = ada.invite()
        outcomes = race(
            lambda: ben.redeem(invite.code), lambda: cai.redeem(invite.code), lambda: ada.confirm(invite.invite_id)
        )
        assert len(won(outcomes[:2])) == 1
        assert lost(outcomes[:2]) == [Problem.INVITE_NOT_USABLE]
        # If nobody had redeemed the code when the inviter looked, the confirmation names no words of anybody.
        assert outcomes[2] in {Problem.NOT_REDEEMED_YET, Problem.OTHER_WORDS} or won(outcomes[2:])
        # The inviter taps twice.
        taps = race(lambda: ada.confirm(invite.invite_id), lambda: ada.confirm(invite.invite_id))
        assert len(won(taps)) == 2
        winner, other = (ben, cai) if won(outcomes[:1]) else (cai, ben)
        assert {tap.partner for tap in taps} == {winner.uid}
        (couple_id,) = couples_among(ada.services, [ada, ben, cai])
        assert other.person.couple is None
        # Both unpair at the same moment.
        race(ada.unpair, winner.unpair)
        assert couples_among(ada.services, [ada, ben, cai]) == set()
        ended = ada.services.couples.couple(couple_id)
        assert ended
        assert ended.ended_at

    def both_invite(self, ada: Racer, ben: Racer, cai: Racer) -> None:
        """Let each redeem the other's code, and both confirm: they become one couple."""
        first, second = ada.invite(), ben.invite()
        redeemed = race(lambda: ada.redeem(second.code), lambda: ben.redeem(first.code))
        assert len(won(redeemed)) == 2
        outcomes = race(
            lambda: ada.confirm(first.invite_id), lambda: ben.confirm(second.invite_id), lambda: cai.redeem(first.code)
        )
        assert len(won(outcomes[:2])) == 1
        assert set(lost(outcomes[:2])) <= {Problem.ALREADY_PAIRED, Problem.INVITE_NOT_USABLE, Problem.NO_INVITE}
        assert outcomes[2] is Problem.INVITE_NOT_USABLE
        assert len(couples_among(ada.services, [ada, ben, cai])) == 1
        assert ada.person.invite is None
        assert ben.person.invite is None
        ada.unpair()

    def one_wanted_by_two(self, ada: Racer, ben: Racer, cai: Racer) -> None:
        """Let Cai redeem both codes; the first to confirm pairs with Cai."""
        first, second = ada.invite(), ben.invite()
        cai.redeem(first.code)
        cai.redeem(second.code)
        outcomes = race(lambda: ada.confirm(first.invite_id), lambda: ben.confirm(second.invite_id))
        assert len(won(outcomes)) == 1
        assert lost(outcomes) == [Problem.INVITE_NOT_USABLE]
        winner, other = (ada, ben) if won(outcomes[:1]) else (ben, ada)
        assert len(couples_among(ada.services, [ada, ben, cai])) == 1
        assert winner.person.couple == cai.person.couple
        assert other.person.couple is None
        cai.unpair()
        other.cancel()

    def confirmed_and_cancelled(self, ada: Racer, ben: Racer, cai: Racer) -> None:
        """Let Ada confirm and cancel at once, while Cai confirms an invite to Ben."""
        invite, other = ada.invite(), cai.invite()
        ben.redeem(invite.code)
        ben.redeem(other.code)
        outcomes = race(
            lambda: ada.confirm(invite.invite_id), ada.cancel, lambda: cai.confirm(other.invite_id), ben.invite
        )
        assert set(lost(outcomes)) <= {
            Problem.NO_INVITE,
            Problem.INVITE_NOT_USABLE,
            Problem.ALREADY_PAIRED,
        }
        couples = couples_among(ada.services, [ada, ben, cai])
        assert len(couples) == 1
        assert len(won([outcomes[0], outcomes[2]])) == 1
        ben.unpair()
        for racer in (ada, ben, cai):
            racer.cancel()

    def assert_no_trace_of_a_half(self, services: Services) -> None:
        """Check every row of both tables: the couples, their keys and their persons."""
        rows = every_row(services.people.table)
        couples = {row["pk"]: row for row in rows if row["sk"] == "COUPLE"}
        wrapped = services.vault.table.client.get_paginator("scan").paginate(TableName=services.vault.table.name)
        assert couples.keys() == {pk for pk in wrapped.search("Items[].pk.S") if pk.startswith("COUPLE#")}
        current = {pk for pk, row in couples.items() if "ended_at" not in row}
        bound = Counter(f"COUPLE#{row['couple']}" for row in rows if row["sk"] == "PERSON" and "couple" in row)
        assert bound == dict.fromkeys(current, 2)
        # A confirmed invite keeps no name and no state, as a canceled one.
        used = [row for row in rows if row["sk"] == "INVITE" and "state" not in row]
        # Other tests may have stored couples directly, without an invite.
        assert min(len(used), len(couples)) >= RACES * 0.9


class TestAnswers:
    """I4 to I7 under races of two answers."""

    def test_double_answers_always_open_and_count_once(self, services: Services) -> None:
        couples, rounds = 20, RACES // 20
        first = dt.date(2026, 3, 2)

        def play(number: int) -> None:
            dice = random.Random(number)  # noqa: S311  only who else comes along
            ada, ben = racing_couple(services)
            couple_id = ada.couple_id
            for offset in range(rounds):
                date = first + offset * DAY
                ada.now = ben.now = an_instant(f"{date}T15:00:00Z")
                others = [ada.today, ben.today, lambda: ada.answer(date, "A"), *[None] * 9]
                another = dice.choice(others)
                requests = [lambda: ada.answer(date, "A"), lambda: ben.answer(date, "B")]
                outcomes = race(*requests, *([another] if another else []))
                assert lost(outcomes) == []
                # The second answer's reply always has the first answer, so nobody waits for a reveal that has happened.
                assert [outcome for outcome in outcomes[:2] if outcome.revealed]
                for outcome in outcomes[:2]:
                    assert outcome.partner.text == ({"A": "B", "B": "A"}[outcome.me.text] if outcome.revealed else None)
            assert_streak_is_the_days(services, couple_id, rounds)
            for phone, texts in ((ada, ("A", "B")), (ben, ("B", "A"))):
                journal = days.get_days(phone.caller, services).days
                assert [(day.me.text, day.partner.text, day.me.revision) for day in journal] == [(*texts, 1)] * rounds
            assert ada.today().streak == streak.StreakView(current=rounds, longest=rounds, total=rounds)

        run_all([lambda number=number: play(number) for number in range(couples)])  # type: ignore[misc]

    def test_two_open_days_completed_at_once_both_count(self, services: Services) -> None:
        for _ in range(15):
            ada, ben = racing_couple(services, NEW_YORK, TOKYO)
            today, tomorrow = dt.date(2026, 3, 2), dt.date(2026, 3, 3)
            outcomes = race(
                *(
                    lambda racer=racer, date=date: racer.answer(date, "text")
                    for racer in (ada, ben)
                    for date in (today, tomorrow)
                )
            )
            assert lost(outcomes) == []
            assert_streak_is_the_days(services, ada.couple_id, 2)
            themes = {ada.day(date).prompt.theme for date in (today, tomorrow)}
            assert len(themes) == 2

    def test_one_of_two_simultaneous_edits_is_refused(self, services: Services) -> None:
        """An acknowledged answer is never silently replaced (I5)."""
        for number in range(25):
            ada, _ben = racing_couple(services)
            date = dt.date(2026, 3, 2)
            if number % 2:
                ada.answer(date, "first")
                outcomes = race(lambda: ada.answer(date, "one", 1), lambda: ada.answer(date, "two", 1))
            else:
                outcomes = race(lambda: ada.answer(date, "one"), lambda: ada.answer(date, "two"))
            (kept,) = won(outcomes)
            assert lost(outcomes) == [Problem.EDITED_SINCE if number % 2 else Problem.ANSWERED_ALREADY]
            assert ada.day(date).me == kept.me

    def test_an_edit_that_races_the_reveal_is_either_opened_or_refused(self, services: Services) -> None:
        """The partner reads the stored version, never one that was replaced later."""
        seen = Counter[bool]()
        ada, ben = racing_couple(services)
        for offset in range(40):
            date = dt.date(2026, 3, 2) + offset * DAY
            ada.now = ben.now = an_instant(f"{date}T15:00:00Z")
            ada.answer(date, "before")
            edit, reveal = race(lambda: ada.answer(date, "after", 1), lambda: ben.answer(date, "B"))
            assert reveal.revealed
            edited = edit is not Problem.ANSWERS_ARE_OPEN
            assert reveal.partner.text == ("after" if edited else "before")
            assert ben.day(date).partner.text == reveal.partner.text
            seen[edited] += 1
        assert sum(seen.values()) == 40

    def test_many_who_open_a_day_first_all_have_the_same_one(self, services: Services) -> None:
        """Each request has its own caches, as in a separate process."""
        for _ in range(15):
            ada, ben = racing_couple(services, NEW_YORK, TOKYO)
            alone = [replace(services, catalogue=Catalogue(services.people.table)) for _ in range(4)]
            opened = race(
                *(
                    lambda racer=racer, services=each: days.get_today(racer.caller, services)
                    for racer in (ada, ben)
                    for each in alone[:3]
                )
            )
            seen: dict[dt.date, set[str]] = {}
            for view in opened:
                for day in (view.today, view.previous):
                    if day:
                        seen.setdefault(day.date, set()).add(day.prompt.text)
            assert [len(texts) for texts in seen.values()] == [1, 1]
            current = ada.couple
            assert current.themes_met.keys() == seen.keys()
            assert len(set(current.themes_met.values())) == 2


class TestSwapping:
    """A prompt is swapped once, and each answer is for the prompt that its writer has read."""

    DATE = dt.date(2026, 3, 2)

    def test_one_of_two_simultaneous_swaps_counts_and_both_see_it(self, services: Services) -> None:
        for _ in range(25):
            ada, ben = racing_couple(services)
            before = ada.day(self.DATE).prompt
            outcomes = race(lambda: ada.swap(self.DATE), lambda: ben.swap(self.DATE))
            (swapped,) = won(outcomes)
            assert lost(outcomes) == [Problem.SWAPPED_ALREADY]
            assert ada.day(self.DATE).prompt == ben.day(self.DATE).prompt == swapped.prompt
            couple_id = ada.couple_id
            seen = services.days.seen(couple_id, [before.theme])
            assert {f"{pack}/{prompt}" for pack, prompt in seen} == {before.id, swapped.prompt.id}
            day = day_of(services, couple_id, self.DATE)
            assert len(day.swapped) == 1

    def test_a_swap_races_an_answer_and_only_one_of_them_holds(self, services: Services) -> None:
        outcomes_seen = Counter[bool]()
        for number in range(60):
            ada, ben = racing_couple(services)
            old = ada.day(self.DATE).prompt
            named = old.id if number % 2 else None
            swapped, answered = race(lambda: ada.swap(self.DATE), lambda: ben.answer(self.DATE, "B", prompt=named))
            stands = ben.day(self.DATE)
            if answered is Problem.PROMPT_CHANGED:
                assert stands.prompt == swapped.prompt != old
                assert stands.me.state is AnswerState.WAITING
                assert ben.answer(self.DATE, "B", prompt=stands.prompt.id).me.text == "B"
            else:
                assert swapped is Problem.SWAP_TOO_LATE
                assert stands.prompt == answered.prompt == old
                assert stands.me.text == "B"
            outcomes_seen[isinstance(answered, Problem)] += 1
        assert sum(outcomes_seen.values()) == 60

    def test_a_swap_races_the_opening_of_another_date_and_an_unpairing(self, services: Services) -> None:
        for number in range(30):
            ada, ben = racing_couple(services, NEW_YORK, TOKYO)
            before = ada.day(self.DATE).prompt
            third = ben.today if number % 3 else ben.unpair
            swapped, other = race(lambda: ada.swap(self.DATE), third)
            if number % 3:
                assert swapped.prompt.theme == before.theme
                assert other.today.prompt.theme != before.theme
                assert ada.day(self.DATE).prompt == swapped.prompt
            else:
                assert swapped is Problem.NOT_PAIRED or swapped.prompt.theme == before.theme
                assert race(lambda: ada.swap(self.DATE), ada.today) == [Problem.NOT_PAIRED] * 2


class TestChoosing:
    """Simultaneous choices of packs are all kept."""

    def test_both_choose_at_once_and_nothing_is_lost(self, services: Services) -> None:
        for number in range(25):
            ada, ben = racing_couple(services)
            outcomes = race(
                lambda: ada.choose("first"),
                lambda: ben.choose("second"),
                lambda: ada.turn_off("test"),
                lambda: ben.join("ABCD-2345"),
                ada.today,
            )
            assert lost(outcomes) == []
            current = ada.couple
            assert {pack: str(said.wish) for pack, said in current.packs.items()} == {
                "first": "chosen",
                "second": "chosen",
                "test": "aside",
                "group": "joined",
            }
            if number % 5 == 0:
                left, chosen = race(ada.unpair, lambda: ben.choose("test"))
                assert left is None
                assert not isinstance(chosen, Problem) or chosen is Problem.NOT_PAIRED

    def test_a_couple_that_joins_twice_at_once_joins_once(self, services: Services) -> None:
        for _ in range(15):
            ada, ben = racing_couple(services)
            outcomes = race(*(lambda racer=racer: racer.join("ABCD-2345") for racer in (ada, ben, ada)))
            assert lost(outcomes) == []
            assert len({view.model_dump_json() for view in outcomes}) == 1


class TestReflections:
    """Each person leaves one reflection, also if both do at the same moment."""

    def test_of_all_that_are_left_at_once_each_persons_first_stands(self, services: Services) -> None:
        date = dt.date(2026, 3, 2)

        def play() -> None:
            ada, ben = racing_couple(services)
            ada.answer(date, "A")
            ben.answer(date, "B")
            outcomes = race(*(lambda r=r, t=t: r.reflect(date, t) for r in (ada, ben) for t in ("one", "two", "one")))
            mine, theirs = outcomes[:3], outcomes[3:]
            day = ada.day(date)
            for each, current in ((mine, day.reflections.me), (theirs, day.reflections.partner)):
                assert current
                refused = [Problem.REFLECTED_ALREADY] * (1 if current.text == "one" else 2)
                assert lost(each) == refused
                assert {outcome.reflections.me.text for outcome in won(each)} == {current.text}
            assert (day.me.text, day.partner.text) == ("A", "B")

        run_all([play] * 30)


class TestAlone:
    """A person has two phones, and shares solo answers while the couple ends."""

    def test_two_phones_open_the_same_days_and_make_one_key(self, services: Services) -> None:
        today, before = dt.date(2026, 3, 2), dt.date(2026, 3, 1)

        def play() -> None:
            ada = Racer(services)
            opened, again, late, mine, other = race(
                ada.today_alone,
                ada.today_alone,
                lambda: ada.answer_alone(before, "late"),
                lambda: ada.answer_alone(today, "mine"),
                lambda: ada.answer_alone(today, "other"),
            )
            assert opened.prompt == again.prompt
            assert late.me.text == "late"
            assert lost([mine, other]) == [Problem.ANSWERED_ALREADY]
            journal = solo.get_solo_days(ada.caller, services).days
            assert [day.date for day in journal] == [today, before]
            assert journal[0].me.text == won([mine, other])[0].me.text
            assert len({day.prompt.theme for day in journal}) == 2
            assert len(services.solo.history(ada.uid).seen) == 2

        run_all([play] * 30)

    def test_both_sides_agree_after_simultaneous_shares_and_withdrawals(self, services: Services) -> None:
        date = dt.date(2026, 3, 2)

        def play() -> None:
            ada, ben = Racer(services), Racer(services)
            ada.answer_alone(date, "mine")
            pair(ada, ben)
            outcomes = race(*[lambda: ada.share(date), lambda: ada.take_back(date)] * 2, ben.shared)
            assert lost(outcomes) == []
            assert outcomes[-1] in ([], ["mine"])
            (day,) = solo.get_solo_days(ada.caller, services).days
            assert ben.shared() == (["mine"] if day.shared else [])

        run_all([play] * 20)

    def test_parting_closes_what_is_being_shown(self, services: Services) -> None:
        date = dt.date(2026, 3, 2)
        for _ in range(15):
            ada, ben = Racer(services), Racer(services)
            ada.answer_alone(date, "mine")
            pair(ada, ben)
            left, shown, seen = race(ben.unpair, lambda: ada.share(date), ben.shared)
            assert left is None
            assert not isinstance(shown, Problem) or shown is Problem.NOT_PAIRED
            assert seen in ([], ["mine"], Problem.NOT_PAIRED)
            assert race(ada.shared, ben.shared) == [Problem.NOT_PAIRED] * 2
            assert not solo.get_solo_days(ada.caller, services).days[0].shared


class TestPausing:
    """One of several simultaneous pauses remains: the same in the couple, both persons and their rows."""

    TODAY = dt.date(2026, 3, 2)

    def is_whole(self, services: Services, ada: Racer, ben: Racer) -> dt.date | None:
        """Return the end of the pause, and check that all rows agree on it."""
        current = ada.couple
        until = current.pause.until if current.pause else None
        for racer in (ada, ben):
            assert racer.person.paused_until == until
            assert slot_rows(services.people.table, racer.uid) == rows_of(racer.person)
            assert racer.person.devices
        assert max(current.paused, default=None) == (until and until - DAY)
        return until

    def test_one_of_two_simultaneous_pauses_stays(self, services: Services) -> None:
        stood = Counter[dt.date | None]()
        for number in range(40):
            ada, ben = racing_couple(services)
            for racer in (ada, ben):
                racer.register(a_token())
            if number % 2:
                ada.pause(self.TODAY + 5 * DAY)
            wishes = [self.TODAY + 9 * DAY, None if number % 2 else self.TODAY + 3 * DAY]
            outcomes = race(lambda: ada.pause(wishes[0]), lambda: ben.pause(wishes[1]), lambda: ben.register(a_token()))
            # If Ben ends Ada's pause first, she may not make it longer.
            assert lost(outcomes) in ([], [Problem.PAUSE_TOO_SOON] if number % 2 else [])
            until = self.is_whole(services, ada, ben)
            assert until in wishes
            stood[until] += 1
        assert sum(stood.values()) == 40

    def test_a_pause_races_a_day_a_flight_and_an_unpairing(self, services: Services) -> None:
        for number in range(30):
            ada, ben = racing_couple(services)
            for racer in (ada, ben):
                racer.register(a_token())
            ada.answer(self.TODAY, "A")
            until = self.TODAY + 5 * DAY
            if number % 3:
                outcomes = race(
                    lambda: ada.pause(until), lambda: ben.answer(self.TODAY, "B"), lambda: ben.move(NEW_YORK)
                )
                assert lost(outcomes) == []
                assert self.is_whole(services, ada, ben) == until
                # The date was complete before the pause or just after it began. In both cases both see the same.
                current = ada.couple
                assert services.streaks.history(current).complete == {self.TODAY}
                assert ada.today().streak == ben.today().streak
            else:
                paused, left = race(lambda: ada.pause(until), ben.unpair)
                assert left is None
                assert not isinstance(paused, Problem) or paused is Problem.NOT_PAIRED
                for racer in (ada, ben):
                    assert racer.person.paused_until is None
                    assert slot_rows(services.people.table, racer.uid) == {}


class TestLeaving:
    """I8: an unpairing races other requests of the couple."""

    def test_unpairings_race_an_answer(self, services: Services) -> None:
        groups = 10

        def play(group: int) -> None:
            for number in range(group, RACES, groups):
                ada, ben = racing_couple(services)
                self.unpair_against_an_answer(services, ada, ben, answered_before=number % 3 > 0)

        run_all([partial(play, group) for group in range(groups)])

    def unpair_against_an_answer(self, services: Services, ada: Racer, ben: Racer, *, answered_before: bool) -> None:
        date = dt.date(2026, 3, 2)
        if answered_before:
            ben.answer(date, "B")
        couple_id = ada.couple_id
        left, answered, seen = race(ada.unpair, lambda: ben.answer(date, "B"), ben.today)
        assert left is None
        for outcome in (answered, seen):
            assert not isinstance(outcome, Problem) or outcome is Problem.NOT_PAIRED
        for racer in (ada, ben):
            assert race(racer.today, lambda: racer.answer(date, "late")) == [Problem.NOT_PAIRED] * 2
        assert couples_among(services, [ada, ben]) == set()
        assert "ttl" in row_in(services.vault.table, key_rows.couple_keys(couple_id))

    def test_nothing_that_a_partner_does_keeps_the_other_from_leaving(self, services: Services) -> None:
        """Ben rewrites his profile in sixteen loops, and moves each time, which changes the couple's row too."""
        for _ in range(10):
            ada, ben = racing_couple(services)
            couple_id, over, begun = ada.couple_id, threading.Event(), threading.Barrier(LOOPS + 1)
            with ThreadPoolExecutor(LOOPS) as pool:
                loops = [pool.submit(rewrite_until, ben, over, begun) for _ in range(LOOPS)]
                begun.wait()
                ada.unpair()
                left = [attempt(ada.today), attempt(ben.today)]
                over.set()
                rewritten = sum(loop.result() for loop in loops)
            assert left == [Problem.NOT_PAIRED] * 2
            assert rewritten
            finish_end(cleanup_services(services.people.table, services.vault.table.name), couple_id)
            assert couples_among(services, [ada, ben]) == set()
            for racer in (ada, ben):
                assert racer.person.parted.keys() == {couple_id}
                assert slot_rows(services.people.table, racer.uid) == {}
            assert "ttl" in row_in(services.vault.table, key_rows.couple_keys(couple_id))

    @pytest.mark.parametrize("transactions", [20, URGENT_ATTEMPTS - 1])
    def test_an_end_outlasts_many_transactions_of_the_partner(self, services: Services, transactions: int) -> None:
        """DynamoDB refuses a write while a transaction changes the same row. DynamoDB Local never does."""
        ada, ben = racing_couple(services)
        refused = 0

        def conflict(operation: str, _request: AWSPreparedRequest) -> AWSResponse | None:
            nonlocal refused
            if operation != "UpdateItem" or refused == transactions:
                return None
            refused += 1
            return refusal("TransactionConflictException")

        with tapped(conflict, services.people.table.client):
            ada.unpair()
        assert refused == transactions
        assert [attempt(ada.today), attempt(ben.today)] == [Problem.NOT_PAIRED] * 2

    def test_an_unpairing_races_a_second_tap_on_confirm(self, services: Services) -> None:
        """The second tap finds the couple or its end. It never brings the couple back."""
        for _ in range(20):
            ada, ben = Racer(services), Racer(services)
            invite = ada.invite()
            ben.redeem(invite.code)
            ada.confirm(invite.invite_id)
            tapped, left = race(lambda: ada.confirm(invite.invite_id), ben.unpair)
            assert left is None
            assert not isinstance(tapped, Problem) or tapped in {Problem.NOT_PAIRED, Problem.NO_INVITE}
            assert couples_among(services, [ada, ben]) == set()

    def test_an_unpairing_races_a_pairing_with_another(self, services: Services) -> None:
        for _ in range(20):
            ada, ben, cai = Racer(services), Racer(services), Racer(services)
            pair(ada, ben)
            invite = cai.invite()
            outcomes = race(ada.unpair, lambda: ben.redeem(invite.code), ben.unpair)
            assert set(lost(outcomes)) <= {Problem.ALREADY_PAIRED, Problem.NOT_PAIRED}
            ben.redeem(invite.code)
            cai.confirm(invite.invite_id)
            # Late writes of the first couple must not change the second.
            assert race(ada.unpair, lambda: ada.move(TOKYO))[0] is Problem.NOT_PAIRED
            assert len(couples_among(services, [ada, ben, cai])) == 1

    def test_a_move_races_an_unpairing_and_the_opening_of_a_day(self, services: Services) -> None:
        for number in range(30):
            ada, ben = racing_couple(services)
            requests: list[Callable[[], object]] = [lambda: ben.move(TOKYO), ada.today, ben.today]
            if number % 3 == 0:
                requests.append(ada.unpair)
            outcomes = race(*requests)
            assert set(lost(outcomes)) <= {Problem.NOT_PAIRED}
            assert ben.person.profile.zone == TOKYO
            if number % 3:
                couple_id = ada.couple_id
                current = ada.couple
                assert current.profiles[ben.uid].zone == TOKYO
                day = day_of(services, couple_id, dt.date(2026, 3, 2))
                # The window has the hours of both zones, whichever move came first.
                assert day.window.opens_at == an_instant("2026-03-01T15:00:00Z")
                assert day.window.closes_at == an_instant("2026-03-03T03:00:00Z")

    def test_two_who_move_at_once_lose_no_hour_of_a_date_that_nobody_has_opened(self, services: Services) -> None:
        """Both move from London to Tokyo, where 2 March is over. The date stays open as long as in London."""
        for _ in range(15):
            ada, ben = racing_couple(services)
            assert lost(race(partial(ada.move, TOKYO), partial(ben.move, TOKYO))) == []
            couple = ada.couple
            assert set(couple.zones) == {TOKYO}
            window = couple.windows[dt.date(2026, 3, 2)]
            assert window.opens_at == an_instant("2026-03-01T15:00:00Z")
            assert window.closes_at == an_instant("2026-03-03T03:00:00Z")


class TestComingBack:
    """Two who come back at the same moment, or while an earlier end is still being cleaned up, are one whole couple."""

    def test_races_to_resume_end_with_the_one_couple(self, services: Services) -> None:
        rounds = [self.two_taps, self.both_confirm, self.another_choice, self.back_and_away]
        groups = 10

        def play() -> None:
            ada, ben = racing_couple(services)
            couple_id = ada.couple_id
            for number in range(RACES // groups):
                ada.unpair()
                rounds[number % len(rounds)](ada, ben)
                if ada.person.couple != couple_id:
                    # They have started clean, or have parted again. Begin anew with the old couple.
                    ada, ben = racing_couple(services)
                    couple_id = ada.couple_id
                for racer in (ada, ben):
                    racer.now += 2 * DAY

        run_all([play] * groups)

    def two_taps(self, ada: Racer, ben: Racer) -> None:
        """Let the inviter confirm three times at once."""
        invite, ended = ada.invite(), ada.person.parted
        ben.redeem(invite.code, resume=True)
        taps = race(*[lambda: ada.confirm(invite.invite_id, resume=True)] * 3)
        assert [tap.partner for tap in taps] == [ben.uid] * 3
        assert couples_among(ada.services, [ada, ben]) == ended.keys()
        assert ada.person.parted == ben.person.parted == {}

    def both_confirm(self, ada: Racer, ben: Racer) -> None:
        """Let each redeem the other's code, and both confirm."""
        first, second, ended = ada.invite(), ben.invite(), ada.person.parted
        ben.redeem(first.code, resume=True)
        ada.redeem(second.code, resume=True)
        outcomes = race(
            lambda: ada.confirm(first.invite_id, resume=True), lambda: ben.confirm(second.invite_id, resume=True)
        )
        assert len(won(outcomes)) == 1
        assert set(lost(outcomes)) <= {Problem.ALREADY_PAIRED, Problem.INVITE_NOT_USABLE, Problem.NO_INVITE}
        assert couples_among(ada.services, [ada, ben]) == ended.keys()
        assert ada.couple.revision == ben.couple.revision

    def another_choice(self, ada: Racer, ben: Racer) -> None:
        """Let the redeemer change their mind while the inviter confirms. The couple is the old one or a new one."""
        partings = ada.person.parted
        former = max(partings, key=partings.__getitem__)
        invite = ada.invite()
        ben.redeem(invite.code, resume=True)
        changed, confirmed = race(
            lambda: ben.redeem(invite.code, resume=False), lambda: ada.confirm(invite.invite_id, resume=True)
        )
        assert confirmed.partner == ben.uid
        (couple_id,) = couples_among(ada.services, [ada, ben])
        refused = isinstance(changed, Problem)
        assert not refused or changed in {Problem.INVITE_NOT_USABLE, Problem.ALREADY_PAIRED}
        assert ada.couple.paired_by == invite.invite_id
        assert (couple_id == former) == refused
        assert (couple_id in ada.person.parted) is False

    def back_and_away(self, ada: Racer, ben: Racer) -> None:
        """Let one of them unpair while the other taps again. Either they are a couple or both are free."""
        invite = ada.invite()
        ben.redeem(invite.code, resume=True)
        ada.confirm(invite.invite_id, resume=True)
        couple_id = ada.couple_id
        tapped, left = race(lambda: ada.confirm(invite.invite_id, resume=True), ben.unpair)
        assert left is None
        assert not isinstance(tapped, Problem) or tapped is Problem.NO_INVITE
        assert couples_among(ada.services, [ada, ben]) == set()
        assert ada.person.parted.keys() == ben.person.parted.keys() == {couple_id}

    def test_late_jobs_of_an_earlier_end_undo_nothing(self, services: Services) -> None:
        """The job reads the couple before they come back, or at the same moment."""
        cleanup, groups = cleanup_services(services.people.table, services.vault.table.name), 10

        def play() -> None:
            ada, ben = racing_couple(services)
            couple_id = ada.couple_id
            for number in range(RACES // groups):
                ended = services.couples.end(ada.uid, couple_id, ada.now)
                assert ended
                if number % 3:
                    services.couples.finish_end(ended, services.vault.table.name, first=ada.uid)
                invite = ada.invite()
                ben.redeem(invite.code, resume=True)
                late = [partial(services.couples.free, uid, ended) for uid in (ada.uid, ben.uid)]
                late.append(partial(services.couples.expire_keys, ended, services.vault.table.name))
                late.append(partial(finish_end, cleanup, couple_id))
                outcomes = race(lambda: ada.confirm(invite.invite_id, resume=True), *late)
                assert lost(outcomes) == []
                for job in late:
                    job()
                assert couples_among(services, [ada, ben]) == {couple_id}
                assert ada.person.parted == ben.person.parted == {}
                for racer in (ada, ben):
                    racer.now += 2 * DAY

        run_all([play] * groups)


class TestTokens:
    """I11: a token that many persons register has one owner, and only the owner's devices have it."""

    def test_a_token_claimed_by_three_at_once_is_ones(self, services: Services) -> None:
        for number in range(15):
            racers = [Racer(services) for _ in range(3)]
            pair(racers[0], racers[1])
            tokens = [a_token(), a_token()]
            if number % 2:
                racers[0].register(tokens[0])
            outcomes = race(
                *(lambda racer=racer, token=token: racer.register(token) for racer in racers for token in tokens)
            )
            assert lost(outcomes) == []
            for token in tokens:
                target = Target(TargetKind.TOKEN, token)
                owner = (services.people.table.get(keys.target(target)) or {}).get("uid")
                holders = [
                    racer.uid
                    for racer in racers
                    if target in {device.target for device in racer.person.devices.values()}
                ]
                assert holders == ([owner] if owner else [])
            # Each person has one phone. The token of the last owner may be gone, but two persons never have it.
            assert sum(len(racer.person.devices) for racer in racers) <= len(tokens)


class TestGuessing:
    """Tries that come at the same moment are all counted."""

    def test_no_more_than_five_codes_are_tried_however_many_come_at_once(self, services: Services) -> None:
        for _ in range(6):
            ada, (cai, _) = Racer(services), racing_couple(services)
            for guess, problem in (
                (lambda: ada.redeem("22222-22222", resume=None), Problem.INVITE_NOT_USABLE),
                (lambda: cai.join("2222-2222"), Problem.CODE_NOT_USABLE),
            ):
                assert Counter(lost(race(*[guess] * 9))) == {problem: 5, Problem.TOO_MANY_TRIES: 4}

    def test_one_tap_that_arrives_many_times_is_one_invite(self, services: Services) -> None:
        for _ in range(10):
            ada = Racer(services)
            caller = ada.caller
            same = race(*([lambda: invites.post_invite(caller, services, "tap")] * 4))
            assert len({view.model_dump_json() for view in won(same)}) == 1
            assert len(won(same)) == 4


def attempt(request: Callable[[], object]) -> Outcome:
    (outcome,) = race(request)
    return outcome


def assert_streak_is_the_days(services: Services, couple_id: CoupleId, complete: int) -> None:
    """Check I6 and I7: the bitmap has the days with two answers, one for each race."""
    items = services.days.table.query(keys.couple(couple_id).pk).items
    rows = {item["sk"].removeprefix(keys.DAY_PREFIX): item for item in items if item["sk"].startswith(keys.DAY_PREFIX)}
    whole = {date for date, item in rows.items() if len(item["answers"]) == 2}
    row = row_in(services.streaks.table, keys.streak(couple_id))
    noted = unpack_dates(dt.date.fromisoformat(row["bits_from"]), row["bits"])
    assert {str(date) for date in noted} == whole
    assert len(whole) == complete
    assert row["run"] == complete
