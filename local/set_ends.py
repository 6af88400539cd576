"""Give an end to rows that have none, on the local stack or on a stack in AWS.

The end of a row is its `ttl`, after which DynamoDB deletes the row. Version 0.1.0 stored some rows without an end. Run
this program once, after the deployment that replaces version 0.1.0. A second run changes nothing. If a run is
interrupted, run it again.

The program reads the whole main table with the operator's own permissions, because no role of a function may scan. It
also finds couples whose own row is gone, while other rows are left. `cleanup` deletes these rows when `react` enqueues
a job. But `react` sees the deletion of a couple's own row only once. So run this program also after `react` has given
up a record (docs/runbook.md).
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import Progress

from local.clock import now
from local.connection import connected
from local.errors import StackError
from rekindle.cleanup import RestJob
from rekindle.domain.ids import CoupleId, Uid
from rekindle.errors import RekindleError
from rekindle.push.queue import Outbox
from rekindle.store import keys
from rekindle.store.ends import give_end
from rekindle.store.people import uid_of_row
from rekindle.store.table import Table, unmarshal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TERMINAL: Final = Console(highlight=False, soft_wrap=True)
ERRORS: Final = Console(stderr=True, highlight=False, soft_wrap=True)


@dataclass(slots=True)
class Orphans:
    """Couples whose own row is gone, although other rows are in their partition or a person's row names them."""

    table: Table
    _named: dict[CoupleId, set[Uid]] = field(default_factory=dict)
    _with_row: set[CoupleId] = field(default_factory=set)

    def see(self, item: Mapping[str, Any]) -> None:
        """Note which couples a row of the table is about."""
        if item["pk"].startswith(keys.COUPLE_PREFIX):
            couple = CoupleId(item["pk"].removeprefix(keys.COUPLE_PREFIX))
            self._named.setdefault(couple, set())
            if item["sk"] == keys.COUPLE:
                self._with_row.add(couple)
        elif uid := uid_of_row(item):
            for each in [*item.get("parted", {}), *([item["couple"]] if "couple" in item else [])]:
                self._named.setdefault(CoupleId(each), set()).add(uid)

    def send(self, outbox: Outbox, instant: dt.datetime) -> int:
        """Enqueue a job for each couple without a row of its own. Return the number of jobs."""
        sent = 0
        for couple, members in self._named.items():
            # The scan leaves out rows with a `ttl`, such as the row of a couple that has ended. It may also miss
            # the row of a new couple. So read the row now. The job checks again that the row is gone.
            if couple in self._with_row or self.table.get(keys.couple(couple)):
                continue
            outbox.send([RestJob(couple=couple, members=tuple(sorted(members)), ended_at=instant)])
            sent += 1
        return sent


def set_ends(table: Table, progress: Progress) -> tuple[Counter[str], Orphans]:
    """Give each row of the table its end. Return how many rows were changed, by the kind of row, and the orphans."""
    rows = table.client.describe_table(TableName=table.name)["Table"].get("ItemCount", 0)
    task = progress.add_task("Rows", total=rows or None)
    changed: Counter[str] = Counter()
    orphans = Orphans(table)
    for page in table.client.get_paginator("scan").paginate(
        TableName=table.name,
        FilterExpression="attribute_not_exists(#ttl)",
        ExpressionAttributeNames={"#ttl": "ttl"},
        ConsistentRead=True,
    ):
        for item in map(unmarshal, page["Items"]):
            orphans.see(item)
            if give_end(table, item):
                changed[f"{item['pk'].partition('#')[0]} {item['sk'].partition('#')[0]}"] += 1
        progress.advance(task, page["ScannedCount"])
    return changed, orphans


def resources_of(stack_name: str | None) -> tuple[Table, Outbox]:
    """Return a stack's main table and cleanup queue.

    The stack is the one in AWS with this name, or the local stack if the name is None.
    """
    client, outputs = connected(stack_name)
    return Table(client("dynamodb"), outputs["TableName"]), Outbox(client("sqs"), outputs["CleanupQueueUrl"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Give rows their ends, and print how many rows got one. Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local.set_ends", description="Give an end to rows that have none.")
    parser.add_argument("stack", nargs="?", help="a stack in AWS, such as rekindle-prod; default: the local stack")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    chosen = parser.parse_args(arguments)
    try:
        with Progress(console=ERRORS, transient=True, disable=not ERRORS.is_terminal) as progress:
            table, cleanup = resources_of(chosen.stack)
            changed, orphans = set_ends(table, progress)
            sent = orphans.send(cleanup, dt.datetime.fromtimestamp(now(), dt.UTC))
    except (BotoCoreError, ClientError, RekindleError) as error:
        ERRORS.print(f"The table refused: {error}\nRun the command again: it goes on with the rows that are left.")
        return 1
    except StackError as error:
        ERRORS.print(str(error), markup=False)
        return 1
    if chosen.json:
        print(json.dumps({"changed": changed, "deleted_couples": sent}))
    else:
        TERMINAL.print(f"{changed.total():,} rows have an end now.")
        for kind, count in sorted(changed.items()):
            TERMINAL.print(f"  {count:,} {kind}", markup=False)
        if sent:
            TERMINAL.print(f"{sent:,} couples are gone, but not all of their rows. cleanup deletes these now.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
