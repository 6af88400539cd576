"""Store tallies and counters. A tally is one couple's history of the last weeks, and shows what is counted already.

One transaction writes a couple's tally and adds new changes to the counters. So each change is counted only once.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import deque
from dataclasses import dataclass
from itertools import batched, zip_longest
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rekindle.domain.ids import PackId
from rekindle.domain.prompts import Theme
from rekindle.domain.tallies import (
    CountedDay,
    Counts,
    DayProgress,
    DayRow,
    History,
    Latest,
    PromptRow,
    RunLength,
    WeekRow,
    after,
    reach_contributions,
    total_of,
)
from rekindle.errors import ContentionError, WriteConflictError
from rekindle.store import keys
from rekindle.store.instants import ttl_of_date
from rekindle.store.table import Write

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rekindle.domain.changes import FinishedRun
    from rekindle.domain.ids import CoupleId, PromptId
    from rekindle.domain.tallies import Progress
    from rekindle.store.table import Item, Table

KEPT: Final = dt.timedelta(days=60)
"""The table keeps a tally for at least this time after the tally's latest date.

This time must be longer than `rekindle.domain.tallies.KEPT` weeks.
"""
RUN_KEPT: Final = dt.timedelta(days=8)
"""The run of a shard stays marked as counted for at least this time after the run's date.

The stream can repeat a run's record, but for a shorter time than this.
"""

COUNTERS_KEPT: Final = dt.timedelta(days=2 * 365 + 1)
"""The table keeps the counters of a date or a week for two years.

The statistics show twelve weeks. Two years let the practice compare a season with the same season of the year before.
Counters of a prompt have no end: their number does not grow with time, and they name no couple.
"""

WRITES: Final = 100
"""A transaction has at most this many writes."""
PIECE: Final = 20
"""A transaction counts at most this many changes of one couple. It has room for all counters of these changes."""
CONFLICTS: Final = 10
"""After a failed transaction, `Tallies.count` makes at most this many new attempts, and then raises ContentionError.

An attempt fails if a different process has counted the same couples or runs.
"""

_DAY: Final = re.compile(r"(\d+)([a-z]{2}|--)(\d)([\d.]+)")
"""A stored day. `3op20.1`: 3 days after the tally's first date, theme openness, 2 answers, `packs[0]`, `packs[1]`."""
_THEMES: Final = {theme[:2]: theme for theme in Theme}
_NO_THEME: Final = "--"


@dataclass(frozen=True, slots=True)
class _CoupleChanges:
    """Changes of one couple, in the order of the stream."""

    key: keys.Key
    changes: tuple[Progress, ...]

    @property
    def prompts(self) -> list[PromptId]:
        """The current prompt of each changed day. `Tallies.count` sorts couples by these prompts."""
        return [each.prompts[-1].prompt for each in self.changes if isinstance(each, DayProgress)]

    def entry(self, row: Item | None) -> _Entry | None:
        """Return the write of the couple's tally and the counts to add. `row` is the current tally.

        Return None if no change counts: each change is counted already, or is in a week that takes no more changes.
        """
        history = before = history_from(row) if row else History()
        counts = []
        for change in self.changes:
            history, added = after(history, change)
            counts.append(added)
        if history is before:
            return None
        return _Entry(
            Write.versioned(self.key, item_from(history), row["revision"] if row else 0),
            total_of(counts),
        )


@dataclass(frozen=True, slots=True)
class _RunToCount:
    """A finished run of a shard, to count only once."""

    key: keys.Key
    run: FinishedRun

    def entry(self, row: Item | None) -> _Entry | None:
        """Return the write that marks the run as counted, and the counts to add.

        `row` is the run's stored mark. Return None if the run has a mark already.
        """
        if row:
            return None
        ttl = ttl_of_date(self.run.date, RUN_KEPT)
        return _Entry(Write.new(self.key, {"ttl": ttl}), reach_contributions(self.run.date, self.run.reach))


type _Subject = _CoupleChanges | _RunToCount


class _Entry(NamedTuple):
    """The write of a couple's tally or a run's mark, and the counts to add to the counters."""

    write: Write
    counts: Counts


@dataclass(frozen=True, slots=True)
class Tallies:
    """The tallies of the table."""

    table: Table

    def count(self, couples: Mapping[CoupleId, Sequence[Progress]], runs: Iterable[FinishedRun] = ()) -> None:
        """Count the couples' changes and the shards' runs. Ignore each change and each run that is counted already.

        Many couples share a transaction, so that one write updates a counter for all of them. After an error, the
        changes that were counted before the error stay counted. Raise ContentionError if a different process kept
        counting the same couples or runs.
        """
        pieces = [
            [_CoupleChanges(keys.tally(couple), piece) for piece in batched(changes, PIECE, strict=False)]
            for couple, changes in couples.items()
        ]
        finished_runs = {run.name: run for run in runs}
        runs_to_count = [_RunToCount(keys.tallied_run(name), run) for name, run in finished_runs.items()]
        wanted = [keys.tally(couple) for couple in couples]
        # This eventually consistent read may return an old row. Then the condition of the tally's write fails, and the
        # error has the current row.
        rows = {keys.Key(row["pk"], row["sk"]): row for row in self.table.get_many(wanted)}
        for turn in zip_longest(*pieces):
            # Sort couples with the same prompt next to each other, so that they share a transaction. Then one write
            # updates the prompt's counters for all these couples.
            couples_in_turn: list[_CoupleChanges] = sorted(filter(None, turn), key=lambda each: each.prompts)
            self._count_all(couples_in_turn, rows)
        self._count_all(runs_to_count, rows)

    def _count_all(self, subjects: Iterable[_Subject], rows: dict[keys.Key, Item]) -> None:
        pending, conflicts = deque(subjects), 0
        while group := _next_group(pending, rows):
            entries = [entry for _, entry in group]
            try:
                self.table.transact([*(entry.write for entry in entries), *_additions(entries)])
            except WriteConflictError as conflict:
                conflicts += 1
                if conflicts > CONFLICTS:
                    raise ContentionError("another process kept counting the same couples") from conflict
                for index, row in conflict.existing.items():
                    rows.pop(entries[index].write.key, None)
                    if row:
                        rows[entries[index].write.key] = dict(row)
                pending.extendleft(subject for subject, _ in reversed(group))
            else:
                conflicts = 0
                rows |= {entry.write.key: {**entry.write.item} for entry in entries}


def _next_group(pending: deque[_Subject], rows: Mapping[keys.Key, Item]) -> list[tuple[_Subject, _Entry]]:
    """Remove the subjects of one transaction from `pending`, and return them with their entries.

    A subject is a couple's changes, or a run. Take as many subjects as fit into the transaction. Also remove each
    subject that has nothing to count, but do not return it. Return an empty list if nothing is left to count.
    """
    group: list[tuple[_Subject, _Entry]] = []
    counter_rows: set[DayRow | WeekRow | PromptRow] = set()
    while pending:
        subject = pending[0]
        if entry := subject.entry(rows.get(subject.key)):
            with_entry = counter_rows.union(counted.row for counted in entry.counts)
            if group and len(group) + 1 + len(with_entry) > WRITES:
                break
            counter_rows = with_entry
            group.append((subject, entry))
        pending.popleft()
    return group


def _additions(entries: Iterable[_Entry]) -> Iterator[Write]:
    """Yield one write for each row of counters. The write adds the entries' counts."""
    by_row: dict[DayRow | WeekRow | PromptRow, list[tuple[str, int]]] = {}
    for (row, name), count in total_of(entry.counts for entry in entries).items():
        by_row.setdefault(row, []).append((name, count))
    for row, counts in by_row.items():
        ttl = _ttl_of(row)
        yield Write(
            "Update",
            _key_of(row),
            update=("SET #ttl = :ttl " if ttl else "")
            + "ADD "
            + ", ".join(f"#{number} :{number}" for number in range(len(counts))),
            names={f"#{number}": name for number, (name, _) in enumerate(counts)} | ({"#ttl": "ttl"} if ttl else {}),
            values={f":{number}": count for number, (_, count) in enumerate(counts)} | ({":ttl": ttl} if ttl else {}),
        )


def _key_of(row: DayRow | WeekRow | PromptRow) -> keys.Key:
    match row:
        case DayRow(date):
            return keys.stats_of_date(date)
        case WeekRow(week):
            return keys.stats_of_week(week)
        case PromptRow(pack, prompt):
            return keys.stats_of_prompt(pack, prompt)


def _ttl_of(row: DayRow | WeekRow | PromptRow) -> int | None:
    match row:
        case DayRow(first) | WeekRow(first):
            return counters_ttl(first)
        case PromptRow():
            return None


def counters_ttl(first: dt.date) -> int:
    """Return the `ttl` of the counters of a date, or of a week with this first date."""
    return ttl_of_date(first, COUNTERS_KEPT)


def item_from(history: History) -> Item:
    """Return the item of a couple's history. Each day takes about eight bytes of the item."""
    first, last = min([*history.days, *history.runs]), max([*history.days, *history.runs])
    packs = sorted({pack for day in history.days.values() for pack in day.packs})
    numbers = {pack: str(number) for number, pack in enumerate(packs)}
    days = [
        f"{(date - first).days}{day.theme[:2] if day.theme else _NO_THEME}{day.answered}"
        + ".".join(numbers[pack] for pack in day.packs)
        for date, day in sorted(history.days.items())
    ]
    return {
        "from": str(first),
        "packs": packs,
        "days": " ".join(days),
        "runs": {str(week): [latest.total, latest.run] for week, latest in history.runs.items()},
        "ttl": ttl_of_date(last, KEPT),
    }


def history_from(item: Mapping[str, Any]) -> History:
    """Read a couple's history from its item."""
    first, packs = dt.date.fromisoformat(item["from"]), [PackId(pack) for pack in item["packs"]]
    return History(
        days={
            first + dt.timedelta(days=int(offset)): CountedDay(
                _THEMES.get(theme), tuple(packs[int(number)] for number in numbers.split(".")), int(answered)
            )
            for offset, theme, answered, numbers in _DAY.findall(item["days"])
        },
        runs={
            dt.date.fromisoformat(week): Latest(total, RunLength(length))
            for week, (total, length) in item["runs"].items()
        },
    )
