"""Reseal all texts of version 0.1.0 on the local stack or on a stack in AWS, with a progress line.

This program reads which rows of the key table may have older texts, and calls the function `reseal` for each of them.
It sees wrapped keys only, and no text. It can be stopped and started again at any time.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from local.deploy.deployment import outputs_of
from local.errors import StackError
from local.places import STATE
from local.stack import Stack
from rekindle.store.keys import COUPLE_PREFIX, PERSON_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

AT_ONCE: Final = 8
"""The program waits for this many calls at the same time."""
MOST_CALLS: Final = 100
"""After this many calls for one couple or person, the program leaves the rest to its next run."""
TERMINAL: Final = Console(highlight=False, soft_wrap=True)
# A call takes at most a minute. A repeated call does no harm.
_PATIENCE: Final = Config(read_timeout=75, retries={"mode": "standard", "total_max_attempts": 3})
_KINDS: Final = {COUPLE_PREFIX: "couple", PERSON_PREFIX: "person"}
_LINES: Final = {
    "done": "resealed, or nothing to reseal",
    "ended": "ended long ago, and their rows are gone; their keys expire by themselves",
    "gone": "without keys: ended or erased",
    "unreadable": "with a text that does not open; their single key stays (see the runbook)",
    "left": "not finished, because their texts kept changing; run this again",
}

type Subject = Mapping[str, str]
"""A couple or a person, as in the event of the function `reseal`."""


@dataclass(frozen=True, slots=True)
class Resealing:
    """The key table of one stack, and its function `reseal`."""

    dynamodb: Any
    functions: Any
    key_table: str
    function: str

    def subjects(self) -> Iterator[Subject]:
        """Yield the couples and persons who may have older texts."""
        pages = self.dynamodb.get_paginator("scan").paginate(
            TableName=self.key_table,
            FilterExpression="attribute_exists(#wrapped)",
            ProjectionExpression="pk",
            ExpressionAttributeNames={"#wrapped": "wrapped"},
        )
        for page in pages:
            for item in page["Items"]:
                kind, mark, name = item["pk"]["S"].partition("#")
                if kind + mark in _KINDS:
                    yield {_KINDS[kind + mark]: name}

    def finish(self, subject: Subject) -> tuple[str, int]:
        """Call the function until nothing is left. Return the outcome and the number of changed rows.

        Raises:
            StackError: The function failed, or refused because the stack still seals in the scheme of version 0.1.0.
        """
        rows = 0
        for _ in range(MOST_CALLS):
            report = self._called(subject)
            if report["outcome"] == "too_early":
                raise StackError("This stack still seals new texts as version 0.1.0 did: deploy with SealingScheme 3.")
            rows += report["resealed"]
            if not report["left"]:
                return report["outcome"], rows
        return "left", rows

    def _called(self, subject: Subject) -> dict[str, Any]:
        answer = self.functions.invoke(
            FunctionName=self.function, Qualifier="live", Payload=json.dumps(subject).encode()
        )
        result: dict[str, Any] = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer:
            raise StackError(f"The function reseal failed ({result.get('errorType')}). Its log has the place.")
        return result

    def run(self, subjects: Iterable[Subject], progress: Progress) -> Counter[str]:
        """Reseal the texts of all subjects. Return the number of subjects by outcome, and of changed `rows`."""
        waiting = list(subjects)
        task = progress.add_task("Resealing", total=len(waiting), rows=0)
        counted: Counter[str] = Counter(rows=0)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            try:
                for outcome, rows in pool.map(self.finish, waiting):
                    counted.update({outcome: 1, "rows": rows})
                    progress.update(task, advance=1, rows=counted["rows"])
            finally:
                pool.shutdown(cancel_futures=True)
        return counted


def resealing_of(stack_name: str | None) -> Resealing:
    """Return the resealing of the named stack in AWS, or of the local stack if the name is None.

    Raises:
        StackError: A deployment is running. An older version may still seal texts with a single key.
    """
    if stack_name is None:
        stack = Stack.attached(Path(os.environ.get("REKINDLE_STATE", STATE)).resolve())
        return _resealing(stack.client("dynamodb"), stack.client("lambda"), stack.outputs)
    (found,) = boto3.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
    if not found["StackStatus"].endswith("_COMPLETE"):
        raise StackError(f"Wait until the deployment has ended: the stack is in {found['StackStatus']}.")
    return _resealing(boto3.client("dynamodb"), boto3.client("lambda", config=_PATIENCE), outputs_of(found))


def _resealing(dynamodb: Any, functions: Any, outputs: Mapping[str, str]) -> Resealing:  # noqa: ANN401  boto3's clients
    return Resealing(dynamodb, functions, outputs["KeyTableName"], outputs["ResealFunction"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Reseal all older texts. Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local.reseal", description="Reseal the texts of version 0.1.0.")
    parser.add_argument("stack", nargs="?", help="a stack in AWS, such as rekindle-prod; default: the local stack")
    parser.add_argument("--json", action="store_true", help="print the counts as JSON")
    chosen = parser.parse_args(arguments)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("couples and persons, {task.fields[rows]:,} rows"),
        TimeRemainingColumn(),
    )
    try:
        resealing = resealing_of(chosen.stack)
        with Progress(*columns, console=TERMINAL, transient=True, disable=not TERMINAL.is_terminal) as progress:
            counted = resealing.run(resealing.subjects(), progress)
    except (BotoCoreError, ClientError) as error:
        TERMINAL.print(f"AWS refused: {error}\nNothing is lost: run this again.", markup=False)
        return 1
    except StackError as error:
        TERMINAL.print(str(error), markup=False)
        return 1
    if chosen.json:
        print(json.dumps({name: counted[name] for name in ("rows", *_LINES)}))
    else:
        _show(counted)
    return 1 if counted["left"] or counted["unreadable"] else 0


def _show(counted: Counter[str]) -> None:
    TERMINAL.print(f"{counted['rows']:,} rows have been sealed again.")
    for outcome, meaning in _LINES.items():
        if counted[outcome]:
            TERMINAL.print(f"{counted[outcome]:,} couples and persons: {meaning}.")


if __name__ == "__main__":
    sys.exit(main())
