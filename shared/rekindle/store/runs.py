"""Runs: how far the pushes of one shard on one date have come, so that a crash resumes and a repeat is refused."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from rekindle.errors import WriteConflictError
from rekindle.store import keys
from rekindle.store.instants import to_ttl
from rekindle.store.table import Write

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rekindle.store.table import Table

KEPT: Final = dt.timedelta(days=3)
"""How long after its instant a run is remembered: far longer than any queue keeps a repeat of its job."""


@dataclass(frozen=True, slots=True)
class Run:
    """`cursor` is the sort key of the last row pushed to, None before the first page; `rows` counts those before it."""

    key: keys.Key
    cursor: str | None
    done: bool
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of the table: two writes for a run of one page, one more for each further page, none for a push."""

    table: Table

    def begin(self, shard: str, date: dt.date, instant: dt.datetime) -> Run:
        """The run of a job: a new one, or where an earlier delivery of the job has left it."""
        run = Run(keys.run(shard, date), cursor=None, done=False)
        item = {"done": False, "ttl": to_ttl(instant + KEPT)}
        try:
            self.table.write(Write("Put", run.key, item=item, condition="attribute_not_exists(pk)"))
        except WriteConflictError as conflict:
            standing: Mapping[str, Any] = conflict.standing[0] or item
            return replace(run, cursor=standing.get("cursor"), done=standing["done"], rows=standing.get("passed", 0))
        return run

    def are_done(self, shards: Iterable[str], date: dt.date) -> bool:
        """Whether the runs of all these shards have ended."""
        wanted = [keys.run(shard, date) for shard in shards]
        items = self.table.get_many(wanted, consistent=True)
        return len(items) == len(wanted) and all(item["done"] for item in items)

    def advance(self, run: Run, last: str, rows: int) -> Run:
        """The run with everything up to `last` behind it, a page of so many rows.

        Raises WriteConflictError when another delivery of the job has moved it since: that one goes on.
        """
        self._move(run, "SET #cursor = :last, passed = :passed", {":last": last, ":passed": run.rows + rows})
        return replace(run, cursor=last, rows=run.rows + rows)

    def finish(self, run: Run) -> None:
        """Note that the last page is behind the run. Raises WriteConflictError as `advance` does."""
        self._move(run, "SET done = :yes", {":yes": True})

    def _move(self, run: Run, update: str, values: Mapping[str, object]) -> None:
        condition, reads = (
            ("attribute_not_exists(#cursor)", {}) if run.cursor is None else ("#cursor = :read", {":read": run.cursor})
        )
        self.table.write(
            Write(
                "Update",
                run.key,
                update=update,
                condition=f"attribute_exists(pk) AND done = :no AND {condition}",
                names={"#cursor": "cursor"},
                values={":no": False, **reads, **values},
            )
        )
