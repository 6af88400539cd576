"""The simulation passes with a small population, and fails if a store is broken."""

from __future__ import annotations

import datetime as dt
import logging
from typing import TYPE_CHECKING, Any, cast

import pytest
from rich.console import Console

from bench.initial_rows import LETTERS, InitialRows
from bench.population import Population, number_of, owner_of, token_of, uid_of
from bench.simulate import CHANGES, LENGTH, backlog, main, report
from bench.simulation import Simulation
from rekindle.domain.pushes import PushKind, Reach
from rekindle.push.kinds import REMINDERS
from rekindle.store import keys
from rekindle.store.people import person_writes
from rekindle.store.runs import NOBODY, Run, Runs
from rekindle.store.slots import SlotPage, Slots
from rekindle.store.targets import unpacked
from rekindle.telemetry import logger
from testing.memory_table import Bill, MemoryTable, size_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bench.expected import WrongCount
    from rekindle.store.table import Item, Table

PERSONS = 1_000
MANY_MOVE = 0.2
SHARD_ROWS = 100
"""A shard holds so few rows that slots have several shards, and delivery reshards one slot."""


class DroppingSlots(Slots):
    """Slots that lose the first half of the last page of each shard."""

    def page(self, shard: str, after: str | None, limit: int, at: dt.datetime) -> SlotPage:
        page = super().page(shard, after, limit, at)
        return SlotPage(page.rows[len(page.rows) // 2 :], page.last) if page.last is None else page


class ForgetfulRuns(Runs):
    """Runs that remember no job, so that a repeated job sends again."""

    def begin(self, shard: str, date: dt.date, instant: dt.datetime) -> Run:
        super().begin(shard, date, instant)
        return Run(keys.run(shard, date), cursor=None, done=False)

    def finish(self, run: Run, reach: Mapping[PushKind, Reach] = NOBODY) -> None:
        """Store nothing."""


@pytest.fixture(autouse=True)
def _no_log_lines() -> Iterator[None]:
    """Switch log lines off, because tens of thousands would take time."""
    level = logger.log_level
    logger.setLevel(logging.CRITICAL)
    yield
    logger.setLevel(level)


def a_simulation(change: str = "autumn", persons: int = PERSONS, **settings: Any) -> Simulation:
    given: dict[str, Any] = {"movers": MANY_MOVE, "shard_rows": SHARD_ROWS}
    return Simulation.of(persons, CHANGES[change], LENGTH, **(given | settings))


def wrong_after(simulation: Simulation) -> list[WrongCount]:
    simulation.run()
    return list(simulation.expected.wrong(simulation.phones.counts))


@pytest.mark.parametrize("change", CHANGES)
def test_everybody_receives_each_reminder_once_while_clocks_change_ticks_fail_and_many_move(change: str) -> None:
    simulation = a_simulation(change)
    assert wrong_after(simulation) == []
    assert simulation.jobs["spread"] > 0, "a slot was resharded meanwhile"
    assert simulation.caught_up > 0, "some reminders fell due as they moved"
    assert simulation.deleted > 0, "some slots held nobody any more"
    assert simulation.phones.pushes[PushKind.PROMPT] > 2 * PERSONS
    assert simulation.phones.news > PERSONS, "news replace the prompt on one of the dates"
    assert simulation.written_for_pushes == 0


def test_a_dropped_page_is_noticed_and_its_persons_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    simulation = a_simulation(slots=DroppingSlots)
    wrong = wrong_after(simulation)
    assert wrong
    assert all(each.sent < each.expected for each in wrong)
    assert report(simulation, 1000, Console(width=200)) == 1
    assert f"person {uid_of(wrong[0].number)}, prompt of" in capsys.readouterr().out


def test_a_run_that_sends_twice_is_noticed() -> None:
    wrong = wrong_after(a_simulation(runs=ForgetfulRuns))
    assert wrong
    assert all(each.sent > each.expected for each in wrong)


def test_the_same_seed_plays_the_same_two_days() -> None:
    def played(seed: int) -> tuple[object, ...]:
        simulation = a_simulation(persons=200, seed=seed)
        simulation.run()
        return simulation.bill.units, simulation.phones.pushes, simulation.jobs

    assert played(1) == played(1)
    assert played(1) != played(2)


def test_initial_rows_equal_those_of_the_store_and_are_billed_by_their_size() -> None:
    simulation = a_simulation(persons=400, shard_rows=50)
    initial = simulation.rows
    written = {key.sk: item for number in range(400) for key, item in written_rows(initial.population, number)}
    read: dict[str, Item] = {}
    for pk in initial.shards:
        rows = initial.rows(pk, keys.SLOT_ROWS, "", None)
        assert [row.sk for row in rows] == sorted(row.sk for row in rows)
        assert [row.size for row in rows] == [size_of(row.item) for row in rows]
        read |= {row.sk: row.item for row in rows}
    assert read.keys() == written.keys(), "every row is in some shard of its slot"
    assert all({**item, "pk": ""} == {**written[sk], "pk": ""} for sk, item in read.items())
    assert simulation.bill.total("") == Bill().total("")


def written_rows(population: Population, number: int) -> list[tuple[keys.Key, Item]]:
    person = population.person(number)
    writes = person_writes(cast("Table", MemoryTable(Bill())), person.created_at, (None, person))
    return [
        (write.key, {**write.key._asdict(), **write.item})
        for write in writes
        if write.key.pk.startswith("DUE#") and write.key.sk[0] in LETTERS.values()
    ]


def test_initial_days_are_billed_by_their_size() -> None:
    initial = a_simulation(persons=400).rows
    couples = {initial.population.person(number).couple for number in range(400)} - {None}
    dates = [(CHANGES["autumn"] + dt.timedelta(days=days)).date() for days in range(2)]
    days = [initial.item(keys.day(couple, date)) for couple in couples if couple for date in dates]
    found = [day for day in days if day]
    assert 0 < len(found) < len(days), "some couples have opened the day"
    assert [day.size for day in found] == [size_of(day.item) for day in found]


def test_a_token_and_a_uid_name_their_person() -> None:
    assert [owner_of(token_of(number, 1)) for number in (0, 63, 1_999_999)] == [(0, 1), (63, 1), (1_999_999, 1)]
    assert number_of(uid_of(1_999_999)) == 1_999_999
    population = Population.drawn(2, CHANGES["autumn"], 1)
    packed = next(item for _, item in written_rows(population, 1))["t"]
    assert {each.target for each in unpacked(packed)} == {
        device.target for device in population.person(1).devices.values()
    }
    assert InitialRows.of(population).pseudonym(1) == keys.pseudonym_of(uid_of(1))


def test_a_backlog_lasts_until_pushes_of_one_moment_are_sent() -> None:
    at = CHANGES["autumn"]
    assert backlog({at: 1000}, 1000) == dt.timedelta(minutes=1)
    assert backlog({at: 3000, at + dt.timedelta(minutes=1): 1000}, 1000) == dt.timedelta(minutes=3)
    assert backlog({at: 3000, at + dt.timedelta(minutes=5): 1000}, 1000) == dt.timedelta(minutes=3)


def test_the_command_prints_its_results(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--persons", "1000", "--change", "spring"]) == 0
    printed = capsys.readouterr().out
    assert "Everybody received each due reminder exactly once" in printed
    assert "dollars for a million pushes" in printed
    assert all(f"pushes: {kind}" in printed for kind in REMINDERS)


def test_a_single_couple_has_results_too() -> None:
    simulation = a_simulation(persons=2, movers=0.5)
    simulation.run()
    assert report(simulation, 1000, Console(quiet=True)) == 0
