"""Every couple counts once, whatever order, repetition or crash happens."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rekindle.domain.changes import FinishedRun
from rekindle.domain.ids import CoupleId, PackId, PromptId
from rekindle.domain.prompts import Theme
from rekindle.domain.pushes import PushKind, Reach
from rekindle.domain.tallies import (
    CountedDay,
    DayProgress,
    History,
    Latest,
    Met,
    RunLength,
    StreakProgress,
    after,
    contributions,
    length_of,
    week_of,
)
from rekindle.store import keys
from rekindle.store.table import marshal
from rekindle.store.tallies import Tallies, history_from, item_from
from testing.memory_table import Bill, MemoryTable
from testing.meter import item_bytes
from tests.tally_model import FIRST, by_couple, couples_lives, deliveries, model

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hypothesis.strategies import DataObject, SearchStrategy

    from rekindle.domain.tallies import Progress
    from rekindle.store.table import Item, Write
    from tests.tally_model import Event

COUPLE = CoupleId("couple-0")
STARTER = PackId("starter")


class CrashError(Exception):
    """The process is killed here."""


@dataclass
class FaultyTable:
    """A table in memory that loses some transactions, or some replies, by their number."""

    memory: MemoryTable = field(default_factory=lambda: MemoryTable(Bill()))
    lost: frozenset[int] = frozenset()
    unanswered: frozenset[int] = frozenset()
    stale: bool = False
    transactions: int = 0
    old: dict[keys.Key, Item] = field(default_factory=dict)

    def get_many(self, wanted: Iterable[keys.Key]) -> list[Item]:
        fresh = {keys.Key(item["pk"], item["sk"]): item for item in self.memory.get_many(wanted)}
        seen = {key: self.old[key] for key in fresh if key in self.old} if self.stale else fresh
        self.old |= fresh
        return list(seen.values())

    def transact(self, writes: Sequence[Write]) -> None:
        assert len(writes) <= 100
        assert len({write.key for write in writes}) == len(writes)
        self.transactions += 1
        if self.transactions in self.lost:
            raise CrashError
        self.memory.transact(writes)
        if self.transactions in self.unanswered:
            raise CrashError

    def counters(self) -> dict[tuple[str, str, str], int]:
        return {
            (pk, sk, name): count
            for pk, partition in self.memory._partitions.items()
            if pk.startswith("STATS")
            for sk, sized in partition.items.items()
            if sized
            for name, count in sized.item.items()
            if isinstance(count, int) and count and name != "ttl"
        }


def count(table: FaultyTable, events: Sequence[Event]) -> None:
    Tallies(table).count(by_couple(events))  # type: ignore[arg-type]  # all that it asks of a table


def in_batches(data: DataObject, events: Sequence[Event]) -> Iterable[Sequence[Event]]:
    start = 0
    while start < len(events):
        end = start + data.draw(st.integers(1, 30))
        yield events[start:end]
        start = end


@pytest.mark.parametrize("crashes", [st.just(frozenset[int]()), st.frozensets(st.integers(1, 30), max_size=8)])
@given(st.data())
@settings(max_examples=2 * settings().max_examples)
def test_the_counters_equal_a_plain_count_of_everything_whichever_writes_crash(
    crashes: SearchStrategy[frozenset[int]], data: DataObject
) -> None:
    """A crash comes before the write or after it. The stream then delivers the batch again."""
    events = data.draw(couples_lives())
    table = FaultyTable(lost=data.draw(crashes), unanswered=data.draw(crashes), stale=data.draw(st.booleans()))
    for batch in in_batches(data, data.draw(deliveries(events))):
        while True:
            try:
                count(table, batch)
            except CrashError:
                continue
            break
    assert table.counters() == model(events)


@given(st.data())
@settings(max_examples=2 * settings().max_examples)
def test_a_change_repeated_much_later_is_not_counted_again(data: DataObject) -> None:
    events = data.draw(couples_lives(couples=1))
    table = FaultyTable()
    count(table, events)
    for batch in in_batches(data, data.draw(st.permutations(events))):
        count(table, batch)
    assert table.counters() == model(events)


@given(st.lists(st.tuples(st.integers(0, 80), st.integers(0, 2)), max_size=25))
@settings(max_examples=3 * settings().max_examples)
def test_forgotten_history_affects_no_change_that_still_counts(days: list[tuple[int, int]]) -> None:
    """Each change that still counts has the same effect as with the whole history, in any order."""
    kept, whole, newest = History(), History(), FIRST
    for number, answered in days:
        change = progress(FIRST + dt.timedelta(days=number), answered, again=True)
        newest = max(newest, change.date)
        kept, counts = after(kept, change)
        if week_of(change.date) < week_of(newest) - dt.timedelta(weeks=2):
            assert not counts
            continue
        grown = whole.with_progress(change)
        expected = contributions(grown)
        expected.subtract(contributions(whole))
        assert counts == {counted: count for counted, count in expected.items() if count}
        whole = grown


@given(st.data())
@settings(max_examples=2 * settings().max_examples)
def test_a_history_comes_back_as_it_was_kept(data: DataObject) -> None:
    history = History()
    for event in data.draw(couples_lives(couples=1)):
        history, _ = after(history, event.progress)
        assert history_from(item_from(history)) == history


def progress(
    date: dt.date, answered: int = 0, *prompts: str, again: bool = False, theme: Theme = Theme.TIME
) -> DayProgress:
    met = tuple(Met(STARTER, PromptId(prompt), again) for prompt in prompts or ("walk",))
    return DayProgress(date, theme, met, answered)


def test_a_busy_couples_row_is_within_a_kilobyte() -> None:
    """The row has six weeks of days, eight packs with long names, a swapped prompt on each day, and each week's run."""
    history = History()
    packs = [PackId(f"for-each-of-us-number-{number}") for number in range(8)]
    for number in range(60):
        date = FIRST + dt.timedelta(days=number)
        met = tuple(Met(packs[(number + other) % 8], PromptId("prompt"), again=False) for other in range(2))
        history, _ = after(history, DayProgress(date, Theme.TIME, met, 2))
        history, _ = after(history, StreakProgress(date, 1000 + number, number // 7 % 2 * 100))
    assert len(history.days) > 35
    key = keys.tally(CoupleId("6b7635cf7b2b08cafbeab602"))
    assert item_bytes(marshal({**key._asdict(), **item_from(history), "revision": 12345})) <= 1024


def test_a_couple_counts_for_one_streak_length_in_a_week() -> None:
    history, _ = after(History(), StreakProgress(FIRST, 6, 6))
    history, counts = after(history, StreakProgress(FIRST + dt.timedelta(days=1), 7, 7))
    assert {counted.name: count for counted, count in counts.items()} == {"streaks/1-6": -1, "streaks/7-29": 1}
    _, counts = after(history, StreakProgress(FIRST, 6, 6))
    assert not counts


def test_a_change_of_a_week_that_takes_no_more_changes_is_ignored() -> None:
    history, _ = after(History(), progress(FIRST + dt.timedelta(weeks=3)))
    assert after(history, progress(FIRST, 2)) == (history, {})
    assert after(history, progress(FIRST + dt.timedelta(weeks=1), 2))[1]


@pytest.mark.parametrize(
    ("run", "length"),
    [(0, "0"), (1, "1-6"), (6, "1-6"), (7, "7-29"), (29, "7-29"), (30, "30-99"), (100, "100-364"), (365, "365+")],
)
def test_a_run_is_as_long_as_the_milestones_that_it_has_passed(run: int, length: str) -> None:
    assert length_of(run) == length


def test_days_are_kept_in_few_bytes_that_can_still_be_read() -> None:
    history = History(
        {
            FIRST: CountedDay(Theme.TOUCH, (STARTER,), 2),
            FIRST + dt.timedelta(days=9): CountedDay(None, (STARTER, PackId("a")), 0),
        },
        {week_of(FIRST): Latest(41, RunLength.WEEKS)},
    )
    item = item_from(history)
    assert item["days"] == "0to21 9--01.0"
    assert history_from(item) == history


def run_done(name: str = "7k#2026-03-02", **reach: Reach) -> FinishedRun:
    return FinishedRun(name, FIRST, {PushKind(kind): each for kind, each in reach.items()})


def test_a_run_of_reminders_is_counted_once_and_by_kind() -> None:
    table = FaultyTable(unanswered=frozenset({2}))
    tallies = Tallies(table)  # type: ignore[arg-type]  # as above
    first, second = run_done(prompt=Reach(30, 28), evening=Reach(9, 9)), run_done("7l#2026-03-02", prompt=Reach(5, 0))
    tallies.count({}, [first, first])
    with pytest.raises(CrashError):
        tallies.count({}, [second])
    tallies.count({}, [second, first])
    week = ("STATS", "WEEK#2026-03-02")
    assert table.counters() == {
        (*week, "reach/prompt/due"): 35,
        (*week, "reach/prompt/reached"): 28,
        (*week, "reach/evening/due"): 9,
        (*week, "reach/evening/reached"): 9,
    }


def test_a_batch_of_many_couples_takes_few_transactions() -> None:
    table = FaultyTable()
    couples: dict[CoupleId, list[Progress]] = {
        CoupleId(f"couple-{number}"): [progress(FIRST, 1)] for number in range(500)
    }
    Tallies(table).count(couples)  # type: ignore[arg-type]  # as above
    assert table.transactions == 6
    assert table.counters()["STATS", "DAY#2026-03-02", "active"] == 500


def test_a_couples_many_weeks_at_once_fit() -> None:
    """After a long outage a couple can have more changes than fit in one transaction."""
    table = FaultyTable()
    days: list[Progress] = [progress(FIRST + dt.timedelta(days=number), 2, f"prompt-{number}") for number in range(60)]
    Tallies(table).count({COUPLE: days})  # type: ignore[arg-type]  # as above
    assert sum(count for (_, _, name), count in table.counters().items() if name == "active_28") == 9 + 3


def test_a_known_change_makes_no_write() -> None:
    table = FaultyTable()
    for _ in range(2):
        Tallies(table).count({COUPLE: [progress(FIRST, 1)]})  # type: ignore[arg-type]  # as above
    assert table.transactions == 1
