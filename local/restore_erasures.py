"""Erase again everybody who came back when the main table was restored, or whose erasure has stopped.

A restored main table contains again each person who erased their account after the backup. The table of erasures is not
restored. It has the pseudonym of each person who erased their account in the last year. This module marks these persons
again, and then `cleanup` removes them again. Meanwhile nobody can read their words, because their keys have no backup.
The module also starts the erasure of each marked person again, because the job of an erasure may be lost. Running the
module twice does no harm.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import Progress

from local.connection import connected
from local.errors import StackError
from rekindle.cleanup import EraseJob
from rekindle.errors import RekindleError
from rekindle.push.queue import Outbox
from rekindle.store import keys
from rekindle.store.erasures import recorded_erasure
from rekindle.store.instants import from_millis
from rekindle.store.people import People, uid_of_row
from rekindle.store.table import Table, unmarshal

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence

    from rekindle.store.table import Item

TERMINAL: Final = Console(highlight=False, soft_wrap=True)


@dataclass(frozen=True, slots=True)
class Restored:
    """A restored main table, and the table of erasures. Without an `outbox`, persons are only marked."""

    table: Table
    erasures: Table
    outbox: Outbox | None

    def erase_again(self, progress: Progress) -> int:
        """Mark each person whose erasure is recorded, and enqueue a job for each marked person.

        Return the number of these persons.
        """
        erased_at = dict(self._recorded())
        task = progress.add_task("Rows", total=self._rows())
        found = 0
        for item in _scanned(self.table):
            progress.advance(task)
            uid = uid_of_row(item)
            if uid is None:
                continue
            marked_at = from_millis(item["erased_at"]) if "erased_at" in item else None
            at = marked_at or erased_at.get(keys.pseudonym_of(uid))
            if at is None:
                continue
            job = EraseJob(uid=uid, erased_at=at)
            People(self.table).erase_known(uid, job.erased_at)
            if self.outbox:
                self.outbox.send([job])
            found += 1
        return found

    def _recorded(self) -> Iterator[tuple[str, dt.datetime]]:
        for item in _scanned(self.erasures):
            if erasure := recorded_erasure(item):
                yield erasure

    def _rows(self) -> int:
        # DynamoDB counts a table's rows every six hours, so this is only an estimate.
        return int(self.table.client.describe_table(TableName=self.table.name)["Table"].get("ItemCount", 0))


def _scanned(table: Table) -> Iterator[Item]:
    # Do not read names or sealed texts.
    pages = table.client.get_paginator("scan").paginate(
        TableName=table.name, ConsistentRead=True, ProjectionExpression="pk, sk, erased_at"
    )
    return (unmarshal(item) for page in pages for item in page["Items"])


def restored_of(stack_name: str | None, table: str | None) -> Restored:
    """Return the tables of the named stack in AWS, or of the local stack if the name is None.

    `table` is the name of a restored table that the stack does not use yet.
    """
    client, outputs = connected(stack_name)
    dynamodb = client("dynamodb")
    return Restored(
        Table(dynamodb, table or outputs["TableName"]),
        Table(dynamodb, outputs["ErasureTableName"]),
        None if table else Outbox(client("sqs"), outputs["CleanupQueueUrl"]),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Erase everybody again whose erasure is recorded. Return the exit status."""
    description = "Erase everybody again who erased their account before the main table was restored."
    parser = argparse.ArgumentParser(prog="python -m local.restore_erasures", description=description)
    parser.add_argument("stack", nargs="?", help="a stack in AWS, such as rekindle-prod; default: the local stack")
    parser.add_argument("--table", help="a restored table that the stack does not use yet: only hide the persons")
    chosen = parser.parse_args(arguments)
    try:
        restored = restored_of(chosen.stack, chosen.table)
        with Progress(console=TERMINAL, transient=True, disable=not TERMINAL.is_terminal) as progress:
            found = restored.erase_again(progress)
    except (BotoCoreError, ClientError, RekindleError) as error:
        TERMINAL.print(f"AWS refused: {error}\nRun this again: what is done already does no harm.", markup=False)
        return 1
    except StackError as error:
        TERMINAL.print(str(error), markup=False)
        return 1
    after = "are hidden. Run this again once the stack uses the table." if chosen.table else "are being erased again."
    TERMINAL.print(f"{found:,} persons {after}" if found else "Nobody has to be erased again.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
