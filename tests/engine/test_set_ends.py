"""`make set-ends` reads a whole table of version 0.1.0, and gives each row its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rich.progress import Progress

from local.set_ends import set_ends
from rekindle.push.queue import Outbox
from rekindle.store.keys import COUPLE, Key
from rekindle.store.table import Write
from testing.memory_sqs import MemorySqs
from testing.released import FOLDER, NOW, read
from testing.stored import every_row

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

    from rekindle.store.table import Table


def test_every_row_that_has_no_end_gets_one_and_a_second_run_changes_nothing(table: Table) -> None:
    kept = read((FOLDER / "0.1.0" / "tables.json").read_text(encoding="utf-8")).table.items()
    table.put_many((Key(item["pk"], item["sk"]), item) for item in kept)
    changed, _ = set_ends(table, Progress(disable=True))
    assert changed.total() == sum("ttl" in row for row in every_row(table)) - sum("ttl" in item for item in kept)
    assert {"COUPLE COUPLE", "PERSON SOLO", "COUPLE SHARED", "STATS DAY", "STATS WEEK"} <= changed.keys()
    assert "AUDIT" in " ".join(changed)
    again, orphans = set_ends(table, Progress(disable=True))
    assert again.total() == 0
    queue = MemorySqs("cleanup")
    outbox = Outbox(cast("SQSClient", queue), "cleanup")
    assert orphans.send(outbox, NOW) == 0
    # Two couples are left; one of them has ended, and its row has a `ttl` now.
    couples = [Key(row["pk"], row["sk"]) for row in every_row(table) if row["sk"] == COUPLE]
    for couple in couples:
        table.write(Write("Delete", couple))
    _, orphans = set_ends(table, Progress(disable=True))
    assert orphans.send(outbox, NOW) == len(couples) == len(queue.bodies)
