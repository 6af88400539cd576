"""Give an end to the rows that version 0.1.0 stored without one, on the local stack or on a stack in AWS.

Run this once, after the deployment that replaces version 0.1.0. A second run changes nothing. If a run is interrupted,
run it again. The program reads the whole main table with the operator's own permissions, because no role of a function
may scan.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import Progress

from local.deploy.deployment import outputs_of
from local.errors import StackError
from local.places import STATE
from local.stack import Stack
from rekindle.errors import RekindleError
from rekindle.store.ends import give_end
from rekindle.store.table import Table, unmarshal

if TYPE_CHECKING:
    from collections.abc import Sequence

TERMINAL: Final = Console(highlight=False, soft_wrap=True)
ERRORS: Final = Console(stderr=True, highlight=False, soft_wrap=True)


def set_ends(table: Table, progress: Progress) -> Counter[str]:
    """Give each row of the table its end. Return how many rows were changed, by the kind of row."""
    rows = table.client.describe_table(TableName=table.name)["Table"].get("ItemCount", 0)
    task = progress.add_task("Rows", total=rows or None)
    changed: Counter[str] = Counter()
    for page in table.client.get_paginator("scan").paginate(
        TableName=table.name,
        FilterExpression="attribute_not_exists(#ttl)",
        ExpressionAttributeNames={"#ttl": "ttl"},
        ConsistentRead=True,
    ):
        for item in map(unmarshal, page["Items"]):
            if give_end(table, item):
                changed[f"{item['pk'].partition('#')[0]} {item['sk'].partition('#')[0]}"] += 1
        progress.advance(task, page["ScannedCount"])
    return changed


def table_of(stack_name: str | None) -> Table:
    """Return the main table of the named stack in AWS, or of the local stack if the name is None."""
    if stack_name is None:
        stack = Stack.attached(Path(os.environ.get("REKINDLE_STATE", STATE)).resolve())
        return Table(stack.client("dynamodb"), stack.outputs["TableName"])
    (found,) = boto3.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
    return Table(boto3.client("dynamodb"), outputs_of(found)["TableName"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Give rows their ends, and print how many. Return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m local.set_ends", description="Give an end to rows of version 0.1.0."
    )
    parser.add_argument("stack", nargs="?", help="a stack in AWS, such as rekindle-prod; default: the local stack")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    chosen = parser.parse_args(arguments)
    try:
        with Progress(console=ERRORS, transient=True, disable=not ERRORS.is_terminal) as progress:
            changed = set_ends(table_of(chosen.stack), progress)
    except (BotoCoreError, ClientError, RekindleError) as error:
        ERRORS.print(f"The table refused: {error}\nRun the command again: it goes on with the rows that are left.")
        return 1
    except StackError as error:
        ERRORS.print(str(error), markup=False)
        return 1
    if chosen.json:
        print(json.dumps({"changed": changed}))
    else:
        TERMINAL.print(f"{changed.total():,} rows have an end now.")
        for kind, count in sorted(changed.items()):
            TERMINAL.print(f"  {count:,} {kind}", markup=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
