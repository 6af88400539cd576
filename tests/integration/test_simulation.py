"""The simulation of a large population, with a small one: that it holds, and that it would say so if it did not."""

from __future__ import annotations

import datetime as dt
import logging
from typing import TYPE_CHECKING, Any, cast

import pytest
from rich.console import Console

from bench.ground import LETTERS, Laid
from bench.population import Population, number_of, owner_of, token_of, uid_of
from bench.simulate import CHANGES, LENGTH, backlog, main, reported, table
from bench.simulation import Simulation
from rekindle.domain.models import PushKind, Reach
from rekindle.push.kinds import REMINDERS
from rekindle.store import keys
from rekindle.store.people import People
from rekindle.store.runs import NOBODY, Run, Runs
from rekindle.store.slots import SlotPage, Slots
from rekindle.store.targets import unpacked
from rekindle.telemetry import logger
from testing.memory_table import Bill, MemoryTable, size_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rekindle.store.table import Item, Table

PERSONS = 1_000
MANY_MOVE = 0.2
SHARD_ROWS = 100
"""So few that slots are spread over several shards, and one of them meanwhile."""


class DroppingSlots(Slots):
    """Slots that lose the first half of the last page of each shard."""

    def page(self, shard: str, after: str | None, limit: int, at: dt.datetime) -> SlotPage:
        page = super().page(shard, after, limit, at)
        return SlotPage(page.rows[len(page.rows) // 2 :], page.last) if page.last is None else page


class ForgetfulRuns(Runs):
    """Runs that remember no job, so that a job which comes twice is done twice."""

    def begin(self, shard: str, date: dt.date, instant: dt.datetime) -> Run:
        super().begin(shard, date, instant)
        return Run(keys.run(shard, date), cursor=None, done=False)

    def finish(self, run: Run, reach: Mapping[PushKind, Reach] = NOBODY) -> None:
        """Nothing is noted."""


@pytest.fixture(autouse=True)
def _no_log_lines() -> Iterator[None]:
    """Tens of thousands of them would say nothing and take their time."""
    level = logger.log_level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


def a_simulation(change: str = "autumn", persons: int = PERSONS, **settings: Any) -> Simulation:
    given: dict[str, Any] = {"movers": MANY_MOVE, "shard_rows": SHARD_ROWS}
    return Simulation.of(persons, CHANGES[change], LENGTH, **(given | settings))


@pytest.mark.parametrize("change", CHANGES)
def test_everybody_is_told_once_for_each_date_while_clocks_change_ticks_fail_and_many_move(change: str) -> None:
    simulation = a_simulation(change)
    simulation.run()
    assert list(simulation.wrong()) == []
    assert simulation.jobs["spread"] > 0, "a slot was spread meanwhile"
    assert simulation.caught_up > 0, "some reminders fell due as they moved"
    assert simulation.phones.pushes[PushKind.PROMPT] > 2 * PERSONS
    assert simulation.phones.news > PERSONS, "on one of the dates, in the place of the prompt"
    assert simulation.written_for_pushes == 0


def test_each_slot_comes_whether_or_not_the_clock_shows_it() -> None:
    """What is expected has the night in which New York's clock skips two o'clock, and that which has one o'clock twice.

    Else the simulation would prove nothing about them.
    """
    zone = "America/New_York"
    expected = {"spring": ((2, 30), "2026-03-08T07:00:00Z"), "autumn": ((1, 30), "2026-11-01T05:30:00Z")}
    for change, (time, instant) in expected.items():
        simulation = a_simulation(change, persons=100)
        clock = simulation.clocks[simulation.population.zones.index(cast("Any", zone))]
        comes = dt.datetime.fromisoformat(instant)
        assert clock.came(comes.date(), time[0] * 12 + time[1] // 5) == comes


def test_a_dropped_page_is_noticed_and_its_persons_named(capsys: pytest.CaptureFixture[str]) -> None:
    simulation = a_simulation(slots=DroppingSlots)
    simulation.run()
    wrong = list(simulation.wrong())
    assert wrong
    assert all(each.told < each.expected for each in wrong)
    assert reported(simulation, 1000, Console(width=200)) == 1
    assert f"person {uid_of(wrong[0].number)}, prompt of" in capsys.readouterr().out


def test_a_run_that_is_done_twice_is_noticed() -> None:
    simulation = a_simulation(runs=ForgetfulRuns)
    simulation.run()
    wrong = list(simulation.wrong())
    assert wrong
    assert all(each.told > each.expected for each in wrong)


def test_the_same_seed_plays_the_same_two_days() -> None:
    def played(seed: int) -> tuple[object, ...]:
        simulation = a_simulation(persons=200, seed=seed)
        simulation.run()
        return simulation.bill.units, simulation.phones.pushes, simulation.jobs

    assert played(1) == played(1)
    assert played(1) != played(2)


def test_rows_are_those_that_the_store_writes_and_are_billed_by_their_size() -> None:
    simulation = a_simulation(persons=400, shard_rows=50)
    ground, bill = simulation.ground, simulation.bill
    written = {key: item for number in range(len(ground.population)) for key, item in written_rows(ground, number)}
    read: dict[keys.Key, Item] = {}
    for pk in ground.shards:
        rows = ground.rows(pk, keys.SLOT_ROWS, "", None)
        assert [row.sk for row in rows] == sorted(row.sk for row in rows)
        for row in rows:
            assert row.size == size_of(row.item)
            read[keys.Key(pk, row.sk)] = row.item
    assert {key.sk for key in read} == {key.sk for key in written}, "every row is in some shard of its slot"
    by_row = {key.sk: item for key, item in written.items()}
    assert all({**item, "pk": ""} == {**by_row[key.sk], "pk": ""} for key, item in read.items())
    assert bill.total("") == Bill().total("")


def written_rows(ground: Laid, number: int) -> list[tuple[keys.Key, Item]]:
    person = ground.population.person(number)
    writes = People(cast("Table", MemoryTable(Bill()))).saves(person.created_at, (None, person))
    return [
        (write.key, {**write.key._asdict(), **write.item})
        for write in writes
        if write.key.pk.startswith("DUE#") and write.key.sk[0] in LETTERS.values()
    ]


def test_a_days_items_are_billed_by_their_size() -> None:
    ground = a_simulation(persons=400).ground
    dates = [(CHANGES["autumn"] + dt.timedelta(days=days)).date() for days in range(2)]
    days = [
        ground.item(keys.day(couple, date))
        for number in range(0, 400, 2)
        if (couple := ground.population.person(number).couple)
        for date in dates
    ]
    found = [day for day in days if day]
    assert 0 < len(found) < len(days), "some have been opened"
    assert all(day.size == size_of(day.item) for day in found)


def test_a_token_and_a_uid_tell_whose_they_are() -> None:
    assert [owner_of(token_of(number, 1)) for number in (0, 63, 1_999_999)] == [(0, 1), (63, 1), (1_999_999, 1)]
    assert number_of(uid_of(1_999_999)) == 1_999_999
    person = Population.drawn(2, CHANGES["autumn"], 1).person(1)
    packed = next(item for _, item in written_rows(Laid.under(Population.drawn(2, CHANGES["autumn"], 1)), 1))["t"]
    assert {each.target for each in unpacked(packed)} == {device.target for device in person.devices.values()}


def test_a_backlog_lasts_until_what_came_together_is_sent() -> None:
    at = CHANGES["autumn"]
    assert backlog({at: 1000}, 1000) == dt.timedelta(minutes=1)
    assert backlog({at: 3000, at + dt.timedelta(minutes=1): 1000}, 1000) == dt.timedelta(minutes=3)
    assert backlog({at: 3000, at + dt.timedelta(minutes=5): 1000}, 1000) == dt.timedelta(minutes=3)


def test_the_command_says_what_it_took(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--persons", "1000", "--change", "spring"]) == 0
    said = capsys.readouterr().out
    assert "Everybody was told exactly once" in said
    assert "dollars for a million pushes" in said
    assert all(f"pushes: {kind}" in said for kind in REMINDERS)


def test_a_small_population_has_no_figures_to_hide_behind() -> None:
    simulation = a_simulation(persons=2, movers=0.5)
    simulation.run()
    assert list(simulation.wrong()) == []
    assert table(simulation, 1000).row_count > 0
