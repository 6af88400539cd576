"""Reseal all texts of version 0.1.0 on the local stack or on a stack in AWS, with a progress line.

The key table shows which couples and persons may have older texts. This program calls the function `reseal` for each of
them. The program itself reads no text. It can be stopped and started again at any time.

A couple that paired before authors had keys has a single key for both partners' texts. A request that began before a
resealing may still need this key. So the program first reseals all texts. Then it waits, and lets the function delete
the single keys in a second pass.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from local.clock import now
from local.deploy.deployment import outputs_of
from local.errors import StackError
from local.places import STATE
from local.stack import Stack
from rekindle.store.keys import COUPLE_PREFIX, PERSON_PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

AT_ONCE: Final = 8
"""At most this many calls are under way at the same time."""
MOST_CALLS: Final = 100
"""After this many calls for one couple or person, the program leaves the rest to its next run."""
MOST_ROUNDS: Final = 10
"""The program makes at most this many rounds. It makes another round if older texts appear after the first pass."""
SETTLING: Final = 30.0
"""Seconds between the last resealing and the first deletion of a key. A request ends within this time."""
QUIET_AFTER_DEPLOYMENT: Final = dt.timedelta(minutes=2)
"""This long after a deployment, all requests that began in the older version have ended."""
AGENT: Final = "rekindle-reseal"
"""The name by which the rule `ForgedCalls` knows this program's calls. The rule reports all other calls of `reseal`."""
TERMINAL: Final = Console(highlight=False, soft_wrap=True)
# A call takes at most a minute. A repeated call does no harm.
_PATIENCE: Final = Config(
    read_timeout=75,
    retries={"mode": "standard", "total_max_attempts": 3},
    user_agent_extra=AGENT,
)
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


class Result(NamedTuple):
    """The outcome for a couple or a person, and the number of changed rows."""

    subject: Subject
    outcome: str
    rows: int


@dataclass(frozen=True, slots=True)
class Resealing:
    """The key table of one stack, and its function `reseal`.

    `pause` waits for a number of seconds. `settling` is the time between a resealing and the deletion of a key.
    """

    dynamodb: Any
    functions: Any
    key_table: str
    function: str
    settling: float = SETTLING
    pause: Callable[[float], None] = time.sleep

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

    def finish(self, subject: Subject) -> Result:
        """Call the function until no older text of the subject is left, at most MOST_CALLS times.

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
                return Result(subject, report["outcome"], rows)
        return Result(subject, "left", rows)

    def end_key(self, subject: Subject) -> Result:
        """Let the function delete a couple's single key. The outcome is "left" if a text still needed the key."""
        report = self._called({**subject, "end_key": True})
        return Result(subject, "left" if report["left"] else report["outcome"], report["resealed"])

    def _called(self, subject: Mapping[str, Any]) -> dict[str, Any]:
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
        counted: Counter[str] = Counter(rows=0)
        for _ in range(MOST_ROUNDS):
            resealed = self._each(self.finish, waiting, progress, "Resealing", counted)
            with_key = [each.subject for each in resealed if _may_have_key(each)]
            counted.update(each.outcome for each in resealed if not _may_have_key(each))
            if not with_key:
                return counted
            self.pause(self.settling)
            ended = self._each(self.end_key, with_key, progress, "Deleting single keys", counted)
            counted.update(each.outcome for each in ended if each.outcome != "left")
            waiting = [each.subject for each in ended if each.outcome == "left"]
            if not waiting:
                return counted
        counted["left"] += len(waiting)
        return counted

    def _each(
        self,
        call: Callable[[Subject], Result],
        subjects: Sequence[Subject],
        progress: Progress,
        title: str,
        counted: Counter[str],
    ) -> list[Result]:
        """Call the function for all subjects, some at the same time, and count the changed rows."""
        task = progress.add_task(title, total=len(subjects), rows=counted["rows"])
        results = []
        with ThreadPoolExecutor(AT_ONCE) as pool:
            try:
                for result in pool.map(call, subjects):
                    results.append(result)
                    counted["rows"] += result.rows
                    progress.update(task, advance=1, rows=counted["rows"])
            finally:
                pool.shutdown(cancel_futures=True)
        return results


def _may_have_key(result: Result) -> bool:
    """Return whether the function may delete a single key after this result."""
    return result.outcome == "done" and "couple" in result.subject


def require_settled(status: str, events: Sequence[Mapping[str, Any]], instant: dt.datetime) -> None:
    """Raise StackError if a deployment is running, or ended less than QUIET_AFTER_DEPLOYMENT ago.

    `events` are the stack's latest events. A stack's LastUpdatedTime is when its last deployment began, so the last
    event says when the deployment ended.
    """
    if not status.endswith("_COMPLETE"):
        raise StackError(f"Wait until the deployment has ended: the stack is in {status}.")
    if any(instant - each["Timestamp"] < QUIET_AFTER_DEPLOYMENT for each in events):
        raise StackError("The deployment has just ended: wait for two minutes, until its last older requests are over.")


def resealing_of(stack_name: str | None) -> Resealing:
    """Return the resealing of the named stack in AWS, or of the local stack if the name is None.

    Raises:
        StackError: A deployment is running or has just ended. An older version may still seal texts with a single key.
    """
    if stack_name is None:
        stack = Stack.attached(Path(os.environ.get("REKINDLE_STATE", STATE)).resolve())
        outputs = stack.outputs
        # No older version runs on the local stack, so nothing has to settle.
        return Resealing(
            stack.client("dynamodb"), stack.client("lambda"), outputs["KeyTableName"], outputs["ResealFunction"], 0
        )
    cloudformation = boto3.client("cloudformation")
    (found,) = cloudformation.describe_stacks(StackName=stack_name)["Stacks"]
    events = cloudformation.describe_stack_events(StackName=stack_name)["StackEvents"]
    require_settled(found["StackStatus"], events, dt.datetime.fromtimestamp(now(), dt.UTC))
    outputs = outputs_of(found)
    functions = boto3.client("lambda", config=_PATIENCE)
    return Resealing(boto3.client("dynamodb"), functions, outputs["KeyTableName"], outputs["ResealFunction"])


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
