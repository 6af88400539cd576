"""Runs: the progress of one shard's pushes on one date, so that a crash resumes and a repeat is refused."""

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
"""How long a run is kept after its instant: far longer than a queue can repeat its job."""

NOBODY: Final[Mapping[PushKind, Reach]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Run:
    """One shard's pushes on one date.

    `cursor` is the sort key of the last handled row, None before the first page. `rows` counts the handled rows, and
    `reach` their persons by kind. Each page is counted once.
    """

    key: keys.Key
    cursor: str | None
    done: bool
    rows: int = 0
    reach: Mapping[PushKind, Reach] = field(default_factory=dict)

    def reach_with(self, reach: Mapping[PushKind, Reach]) -> dict[PushKind, Reach]:
        """Return the reach with another page added."""
        return {kind: self.reach.get(kind, Reach()) + reach.get(kind, Reach()) for kind in {*self.reach, *reach}}


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of the table. A run of one page takes two writes, each further page one more, and a push none."""

    table: Table

    def begin(self, shard: str, date: dt.date, instant: dt.datetime) -> Run:
        """Begin the run of a job, or return it as an earlier delivery of the job has left it."""
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
        """Add a handled page of `rows` rows, up to the sort key `last`, to the run. Return the run.

        Raise WriteConflictError if another delivery of the job has continued the run.
        """
        moved = replace(run, cursor=last, rows=run.rows + rows, reach=run.reach_with(reach))
        self._move(run, moved, "SET #cursor = :last, passed = :passed", {":last": last, ":passed": moved.rows})
        return moved

    def finish(self, run: Run, reach: Mapping[PushKind, Reach] = NOBODY) -> None:
        """Add the last page to the run, and mark the run as done. Then `tally` counts its reach.

        Raise WriteConflictError if another delivery of the job has continued the run.
        """
        self._move(run, replace(run, reach=run.reach_with(reach)), "SET done = :yes", {":yes": True})

    def _move(self, run: Run, moved: Run, update: str, values: Mapping[str, object]) -> None:
        condition, reads = (
            ("attribute_not_exists(#cursor)", {}) if run.cursor is None else ("#cursor = :read", {":read": run.cursor})
        )
        # Invariant: each page is counted once, even if two deliveries of a job run at the same time.
        counts = {f":{name}": value for name, value in _reach_item(moved.reach).items()}
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
    """Read a finished run from its item, or return None for a run that goes on or was due for nobody."""
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
