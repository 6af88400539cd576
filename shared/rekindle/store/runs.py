"""Store the progress of each run. A run sends one date's reminders for a shard, page by page.

A shard is a part of a slot's rows. If the run's job is delivered again, the run continues after its last stored page.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from rekindle.domain.changes import FinishedRun
from rekindle.domain.pushes import PushKind, Reach
from rekindle.errors import WriteConflictError
from rekindle.store import keys
from rekindle.store.instants import to_ttl
from rekindle.store.table import Write

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rekindle.store.table import Table

KEPT: Final = dt.timedelta(days=3)
"""The table keeps a run for at least this time. The queue repeats the run's job for a much shorter time."""

NOBODY: Final[Mapping[PushKind, Reach]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Run:
    """A run with its progress.

    `cursor` is the sort key of the last handled row, or None if the run has not handled a page yet. `rows` is the
    number of handled rows. `finish` does not add the rows of the last page. `reach` says for each kind of push how many
    persons of the handled pages were due, and how many were reached.
    """

    key: keys.Key
    cursor: str | None
    done: bool
    rows: int = 0
    reach: Mapping[PushKind, Reach] = field(default_factory=dict)

    def reach_with(self, reach: Mapping[PushKind, Reach]) -> dict[PushKind, Reach]:
        """Return the run's reach plus the reach of one more page."""
        return {kind: self.reach.get(kind, Reach()) + reach.get(kind, Reach()) for kind in {*self.reach, *reach}}


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of the table. A run takes one write at its beginning and one for each page."""

    table: Table

    def begin(self, shard: str, date: dt.date, instant: dt.datetime) -> Run:
        """Begin the run of a job, and return the run.

        If the job was delivered already, return the existing run with its stored progress.
        """
        run = Run(keys.run(shard, date), cursor=None, done=False)
        item = {"done": False, "ttl": to_ttl(instant + KEPT)}
        try:
            self.table.write(Write.new(run.key, item))
        except WriteConflictError as conflict:
            existing: Mapping[str, Any] = conflict.existing[0] or item
            return replace(
                run,
                cursor=existing.get("cursor"),
                done=existing["done"],
                rows=existing.get("passed", 0),
                reach=_reach_from(existing),
            )
        return run

    def are_done(self, shards: Iterable[str], date: dt.date) -> bool:
        """Return whether the runs of all these shards are done."""
        wanted = [keys.run(shard, date) for shard in shards]
        items = self.table.get_many(wanted, consistent=True)
        return len(items) == len(wanted) and all(item["done"] for item in items)

    def advance(self, run: Run, last: str, rows: int, reach: Mapping[PushKind, Reach] = NOBODY) -> Run:
        """Add a handled page to the run, and return the run.

        The page has `rows` rows and ends at the sort key `last`. Raise WriteConflictError if a second delivery of the
        job has continued or finished the run.
        """
        advanced = replace(run, cursor=last, rows=run.rows + rows, reach=run.reach_with(reach))
        values = {":last": last, ":passed": advanced.rows}
        self._save(run, advanced.reach, "SET #cursor = :last, passed = :passed", values)
        return advanced

    def finish(self, run: Run, reach: Mapping[PushKind, Reach] = NOBODY) -> None:
        """Add the last page to the run, and mark the run as done.

        The function `tally` reads the finished run from the stream and counts its reach. Raise WriteConflictError if a
        second delivery of the job has continued or finished the run.
        """
        self._save(run, run.reach_with(reach), "SET done = :yes", {":yes": True})

    def _save(self, run: Run, reach: Mapping[PushKind, Reach], update: str, values: Mapping[str, object]) -> None:
        condition, reads = (
            ("attribute_not_exists(#cursor)", {}) if run.cursor is None else ("#cursor = :read", {":read": run.cursor})
        )
        # Invariant: a run counts each page only once, even if two workers handle its job at the same time.
        counts = {f":{name}": value for name, value in _reach_item(reach).items()}
        self.table.write(
            Write(
                "Update",
                run.key,
                update=f"{update}, due = :due, reached = :reached",
                condition=f"attribute_exists(pk) AND done = :no AND {condition}",
                names={"#cursor": "cursor"},
                values={":no": False, **reads, **values, **counts},
            )
        )


def finished_run_from(item: Mapping[str, Any]) -> FinishedRun | None:
    """Read a finished run from its item. Return None if the run is not done, or if nobody was due."""
    reach = _reach_from(item)
    if not item["done"] or not reach:
        return None
    name = item["pk"].removeprefix(keys.RUN_PREFIX)
    return FinishedRun(name, dt.date.fromisoformat(name.rpartition("#")[2]), reach)


def _reach_item(reach: Mapping[PushKind, Reach]) -> dict[str, dict[str, int]]:
    return {
        "due": {kind: each.due for kind, each in reach.items()},
        "reached": {kind: each.reached for kind, each in reach.items()},
    }


def _reach_from(item: Mapping[str, Any]) -> dict[PushKind, Reach]:
    return {PushKind(kind): Reach(due, item["reached"].get(kind, 0)) for kind, due in item.get("due", {}).items()}
