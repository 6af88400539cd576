"""Races of single stores and routes keep the rules."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from couples_api import devices, invites, me
from couples_api.devices import DEVICES_LIMIT, DeviceBody
from couples_api.reminders import RemindersBody, put_reminders
from rekindle.api.callers import Caller
from rekindle.api.problems import Problem, ProblemError
from rekindle.domain.ids import PackId
from rekindle.domain.persons import Platform
from rekindle.domain.prompts import Audience, Theme
from rekindle.domain.reminders import Slot
from rekindle.domain.tallies import DayProgress
from rekindle.domain.touch_dates import calm_on, touch_seed
from rekindle.errors import WriteConflictError
from rekindle.store import keys
from rekindle.store.practice_codes import PracticeCode
from rekindle.store.runs import Runs
from rekindle.store.slots import Slots
from rekindle.store.statistics import Statistics
from testing.builders import (
    LONDON,
    NEW_YORK,
    TOKYO,
    a_paired_person,
    a_profile,
    a_token,
    a_uid,
    an_instant,
    prompts,
    publish,
)
from testing.phones import Phone, a_phone, pair, whole
from testing.push_world import saved
from testing.stored import couple_of, row_in
from tests.engine.racing import Racer, lost, race, racing_couple, won
from tests.routes.test_idempotency import KEY, WRONG, remembered_keys
from tests.routes.test_profile_and_devices import tokens_of
from tests.routes.test_runs import begun
from tests.routes.test_statistics import AT, MONDAY, STARTER, WALK, count
from tests.routes.test_touch_agreement import TOUCH, is_reminded

if TYPE_CHECKING:
    from couples_api.services import Services
    from rekindle.store.table import Table
    from testing.phones import Handler

WANTS_TOUCH = 0.7


def test_all_who_ask_at_once_are_shown_the_same(table: Table) -> None:
    def ask(number: int) -> str:
        count(table, 10, DayProgress(MONDAY, Theme.TIME, (WALK,), 1), named=f"couple-{number}")
        return json.dumps(Statistics(table).view(AT, {STARTER: False}))

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(ask, range(6)))) == 1


def test_one_of_many_who_race_moves_a_run(table: Table) -> None:
    runs = Runs(table)
    run = begun(runs)

    def moved(number: int) -> bool:
        try:
            runs.advance(run, f"p{number}", 1)
        except WriteConflictError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(moved, range(8))) == 1


@pytest.mark.parametrize(("early", "expected"), [(0, 5), (3, 2)])
def test_one_of_many_couples_that_join_at_once_makes_the_notice(early: int, expected: int, services: Services) -> None:
    """The practice says how many couples it expects before anybody joins, or when more have joined already."""
    table = services.people.table
    publish(table, prompts("group"), audience=Audience.CODE)
    code = PracticeCode(f"ABCD234{expected}", PackId("group"))
    table.write(code.new())
    for _ in range(early):
        racing_couple(services)[0].join(code.code)
    table.write(replace(code, expected=expected).expecting())
    couples = [racing_couple(services) for _ in range(8)]
    outcomes = race(*(lambda ada=ada: ada.join(code.code) for ada, _ in couples))
    assert len(won(outcomes)) == 8
    assert row_in(table, keys.practice_code(code.code))["couples"] == early + 8
    assert [notice["couples"] for notice in table.query(keys.NOTICES).items].count(expected) == 1


def test_wishes_that_cross_end_in_one_agreement(services: Services, api: Handler) -> None:
    """Both get touch reminders exactly if both want them in the end, in any order of the two requests."""
    ada, ben = (a_phone(api, name, NEW_YORK, touch_comfort=1) for name in ("ada", "ben"))
    pair(ada, ben)

    def wish(phone: Phone, touch: dict[str, Any] | None) -> None:
        body = RemindersBody.model_validate(whole("/v1/me/reminders", {"touch": touch}))
        put_reminders(body, Caller(phone.uid, phone.now), services)

    seed = touch_seed(couple_of(services, ada).seed)
    monday = next(
        date for date in (MONDAY + week * dt.timedelta(weeks=1) for week in range(1, 99)) if calm_on(seed, date)
    )
    dice = random.Random(20260302)  # noqa: S311  a test's dice
    for _ in range(40):
        wishes = [TOUCH if dice.random() < WANTS_TOUCH else None for _ in range(2)]
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(wish, (ada, ben), wishes))
        both = all(wishes)
        assert [is_reminded(services, phone, monday) for phone in (ada, ben)] == [both, both]


def test_first_words_from_two_phones_at_once_are_both_heard(services: Services, api: Handler) -> None:
    """The request that is acknowledged last decides the profile."""
    for _ in range(10):
        uid = a_uid()
        caller = Caller(uid, Phone(api, uid).now)

        def say(name: str, caller: Caller = caller) -> str:
            body = me.ProfileBody.model_validate(whole("/v1/me", {"display_name": name, "zone": LONDON}))
            return me.put_me(body, caller, services).display_name

        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(say, ("One", "Two"))) == ["One", "Two"]


def test_there_are_ten_at_most_though_all_come_at_once(services: Services, api: Handler) -> None:
    phone = Phone(api, a_uid())
    phone.put("/v1/me", {"display_name": "Ada", "zone": LONDON})

    def add(number: int) -> str:
        body = DeviceBody(token=a_token(), fid=None, platform=Platform.IOS)
        try:
            caller = Caller(phone.uid, phone.now, signed_in_at=phone.now)
            devices.put_device(f"phone-{number}", body, caller, services)
        except ProblemError as error:
            return error.problem.name
        return "registered"

    for number in range(DEVICES_LIMIT - 2):
        add(number)
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(add, range(20, 24)))
    assert sorted(outcomes) == ["TOO_MANY_DEVICES"] * 2 + ["registered"] * 2
    assert len(tokens_of(services, phone)) == DEVICES_LIMIT


def test_repeats_under_one_key_at_once_are_one_try(services: Services) -> None:
    for _ in range(10):
        ada, ben = Racer(services), Racer(services)
        right, wrong = (invites.RedeemBody(code=code) for code in (ada.invite().code, WRONG["code"]))
        for key, body in (("right", right), ("wrong", wrong)):
            outcomes = race(
                *([lambda key=key, body=body, caller=ben.caller: invites.post_redeem(body, caller, services, key)] * 7)
            )
            assert lost(outcomes) == [Problem.INVITE_NOT_USABLE] * (7 if body is wrong else 0)
        counted = row_in(services.people.table, keys.tries(ben.uid))
        assert len(counted["tries"]) == 2
        assert len(remembered_keys(services, ben.uid)) == 1


def test_one_key_for_two_codes_at_once_redeems_one(services: Services) -> None:
    for _ in range(10):
        ada, cai, ben = Racer(services), Racer(services), Racer(services)
        bodies = [invites.RedeemBody(code=each.invite().code) for each in (ada, cai)]
        outcomes = race(
            *(lambda body=body, caller=ben.caller: invites.post_redeem(body, caller, services, KEY) for body in bodies)
        )
        assert len(won(outcomes)) == 1
        assert Counter(lost(outcomes)) == {Problem.KEY_REUSED: 1}
        states = [invites.get_invite(each.caller, services).state for each in (ada, cai)]
        assert sorted(states) == ["open", "redeemed"]


def test_persons_who_need_a_new_slot_at_once_share_it(table: Table) -> None:
    zones, times = (NEW_YORK, TOKYO, LONDON), (dt.time(8, 30), dt.time(20, 30))
    people = [a_paired_person(profile=a_profile(zone=zone)) for zone in zones for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda person: saved(table, person), people))
    slots = {Slot(zone, time) for zone in zones for time in times}
    assert Slots(table).known() == slots
    for slot, shards in Slots(table).existing(slots).items():
        rows = [row for name in shards.all for row in Slots(table).page(name, None, 1000, an_instant()).rows]
        assert len(rows) == 8, slot
