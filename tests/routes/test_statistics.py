"""Statistics are shown rounded, without small counts, and unchanged all day."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from rekindle.domain.changes import FinishedRun
from rekindle.domain.ids import CoupleId, PackId, PromptId
from rekindle.domain.prompts import Theme
from rekindle.domain.pushes import PushKind, Reach
from rekindle.domain.tallies import DayProgress, Met, StreakProgress
from rekindle.store import keys
from rekindle.store.statistics import Statistics
from rekindle.store.table import Write
from rekindle.store.tallies import Tallies
from testing.builders import an_instant

if TYPE_CHECKING:
    from rekindle.store.table import Table

MONDAY = dt.date(2026, 3, 2)
AT = an_instant("2026-03-10T09:00:00Z")
STARTER, MONEY = PackId("starter"), PackId("money")
WALK, DANCE = (Met(STARTER, PromptId(name), again=False) for name in ("walk", "dance"))


def count(table: Table, couples: int, *progress: DayProgress | StreakProgress, named: str = "couple") -> None:
    Tallies(table).count({CoupleId(f"{named}-{number}"): progress for number in range(couples)})


def test_counts_are_shown_rounded_and_small_counts_are_not_shown(table: Table) -> None:
    count(table, 25, DayProgress(MONDAY, Theme.TIME, (WALK,), 2), StreakProgress(MONDAY, 9, 9), named="both")
    count(table, 14, DayProgress(MONDAY, Theme.TIME, (WALK, DANCE), 1), named="one")
    count(table, 9, DayProgress(MONDAY, Theme.FEAR, (WALK,), 2), StreakProgress(MONDAY, 1, 1), named="few")
    Tallies(table).count({}, [FinishedRun("7k#2026-03-02", MONDAY, {PushKind.PROMPT: Reach(99, 41)})])
    seen = Statistics(table).view(AT, {STARTER: False, MONEY: False})
    assert (seen["as_of"], seen["through"]) == ("2026-03-10", "2026-03-08")
    assert [day for day in seen["days"] if day["active"]] == [{"date": "2026-03-02", "active": 40}]
    week = seen["weeks"][0]
    assert (week["week"], week["active"], week["active_28"]) == ("2026-03-02", 40, 40)
    assert week["themes"]["time"] == {"offered": 30, "completed": 20}
    assert week["themes"]["fear"] == week["themes"]["spark"] == {"offered": None, "completed": None}
    assert week["packs"] == {"starter": {"offered": 40, "completed": 30}, "money": {"offered": None, "completed": None}}
    assert week["streaks"] == {"0": None, "1-6": None, "7-29": 20, "30-99": None, "100-364": None, "365+": None}
    assert week["reach"]["prompt"] == {"due": 40, "reached": 20}
    assert seen["prompts"] == {
        "starter": {
            "walk": {"offered": 40, "answered": 30, "completed": 30, "swapped": 10},
            "dance": {"offered": 10, "answered": 10, "completed": None, "swapped": None},
        }
    }


def test_a_date_that_somebody_can_still_answer_is_not_shown(table: Table) -> None:
    count(table, 30, DayProgress(dt.date(2026, 3, 9), Theme.TIME, (WALK,), 2))
    seen = Statistics(table).view(AT, {})
    assert not any(day["active"] for day in seen["days"])
    assert not any(week["active_28"] for week in seen["weeks"])


def test_the_view_of_a_date_stays_as_it_was_first_shown(table: Table) -> None:
    """A person who asks again and again must not see when a single couple does something."""
    count(table, 30, DayProgress(MONDAY, Theme.TIME, (WALK,), 1))
    first = Statistics(table).view(AT, {STARTER: False})
    count(table, 30, DayProgress(MONDAY, Theme.TIME, (WALK,), 2), named="more")
    later = AT.replace(hour=23, minute=59)
    assert Statistics(table).view(later, {STARTER: False, MONEY: False}) == first
    tomorrow = Statistics(table).view(later + dt.timedelta(minutes=1), {STARTER: False})
    assert tomorrow["prompts"]["starter"]["walk"]["offered"] == 60


def test_many_packs_of_many_prompts_are_shown(table: Table) -> None:
    """The prompts take more than one page of a query, but the view fits into one row."""
    packs = [PackId(f"pack-{number}") for number in range(3)]
    for pack in packs:
        for number in range(1000):
            prompt = PromptId(f"a-prompt-with-quite-a-long-name-{number}")
            item = {"offered": 10 + 7 * number, "answered": 6 * number, "completed": 5 * number, "swapped": number}
            table.write(Write("Put", keys.stats_of_prompt(pack, prompt), item=item))
    seen = Statistics(table).view(AT, dict.fromkeys(packs, False))
    assert {pack: len(prompts) for pack, prompts in seen["prompts"].items()} == dict.fromkeys(packs, 1000)
    assert Statistics(table).view(AT, dict.fromkeys(packs, False)) == seen


def test_a_view_too_large_for_one_row_is_kept_in_several(table: Table) -> None:
    count(table, 30, DayProgress(MONDAY, Theme.TIME, (WALK,), 2))
    small = Statistics(table, part=100)
    seen = small.view(AT, {STARTER: False})
    assert len(table.query(keys.shown(AT.date(), 0).pk).items) > 3
    assert small.view(AT, {}) == seen


def test_a_view_goes_after_three_days(table: Table) -> None:
    Statistics(table).view(AT, {})
    (row,) = table.query(keys.shown(AT.date(), 0).pk).items
    assert row["ttl"] == int((AT + dt.timedelta(days=3)).timestamp())
