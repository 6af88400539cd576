"""Runs: how far the pushes of one shard on one date have come, so that a crash resumes and a repeat is refused."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from rekindle.domain.models import PushKind, Reach
from rekindle.errors import WriteConflictError
from rekindle.store import keys
from rekindle.store.instants import to_ttl
from rekindle.store.table import Write

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rekindle.store.table import Table

KEPT: Final = dt.timedelta(days=3)
"""How long after its instant a run is remembered: far longer than any queue keeps a repeat of its job."""

NOBODY: Final[Mapping[PushKind, Reach]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Run:
    """`cursor` is the sort key of the last row pushed to, None before the first page; `rows` counts those before it.

    `reach` is what came of them, by kind: counted here, where each page is counted once.
    """

    key: keys.Key
    cursor: str | None
    done: bool
    rows: int = 0
    reach: Mapping[PushKind, Reach] = field(default_factory=dict)

    def reach_with(self, reach: Mapping[PushKind, Reach]) -> dict[PushKind, Reach]:
        """What has come of all, once this has come of a page more."""
        return {kind: self.reach.get(kind, Reach()) + reach.get(kind, Reach()) for kind in {*self.reach, *reach}}


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
        """Whether the runs of all these shards have ended."""
        wanted = [keys.run(shard, date) for shard in shards]
        items = self.table.get_many(wanted, consistent=True)
        return len(items) == len(wanted) and all(item["done"] for item in items)

    def advance(self, run: Run, last: str, rows: int, reach: Mapping[PushKind, Reach] = NOBODY) -> Run:
        """The run with everything up to `last` behind it, a page of so many rows, of which this came.

        Raises WriteConflictError when another delivery of the job has moved it since: that one goes on.
        """
        moved = replace(run, cursor=last, rows=run.rows + rows, reach=run.reach_with(reach))
        self._move(run, moved, "SET #cursor = :last, passed = :passed", {":last": last, ":passed": moved.rows})
        return moved

    def finish(self, run: Run, reach: Mapping[PushKind, Reach] = NOBODY) -> None:
        """Note that the last page is behind the run, and what came of it. Raises WriteConflictError as `advance` does.

        From then on the stream's readers may take its `due` and `reached` for all there is.
        """
        self._move(run, replace(run, reach=run.reach_with(reach)), "SET done = :yes", {":yes": True})

    def _move(self, run: Run, moved: Run, update: str, values: Mapping[str, object]) -> None:
        condition, reads = (
            ("attribute_not_exists(#cursor)", {}) if run.cursor is None else ("#cursor = :read", {":read": run.cursor})
        )
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


def _reach_item(reach: Mapping[PushKind, Reach]) -> dict[str, dict[str, int]]:
    return {
        "due": {kind: each.due for kind, each in reach.items()},
        "reached": {kind: each.reached for kind, each in reach.items()},
    }


def _reach_from(item: Mapping[str, Any]) -> dict[PushKind, Reach]:
    return {PushKind(kind): Reach(due, item["reached"].get(kind, 0)) for kind, due in item.get("due", {}).items()}
