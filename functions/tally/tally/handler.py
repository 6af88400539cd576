"""What the table's stream tells that is to be counted: days as they go on, streaks, and runs of reminders.

Of an answer this takes only that it is there. What it was told before, it may be told again.
"""

from __future__ import annotations

import base64
import datetime as dt
import os
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from rekindle.clients import client
from rekindle.domain.models import CoupleId, PackId, PromptId, PushKind, Reach, Theme
from rekindle.domain.streaks import unpack_dates
from rekindle.domain.tallies import DayProgress, Met, StreakProgress
from rekindle.settings import TallySettings
from rekindle.store import keys
from rekindle.store.table import Table
from rekindle.store.tallies import RunDone, Tallies
from rekindle.telemetry import log_failure, logger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from rekindle.domain.tallies import Progress

type Image = Mapping[str, Any]
"""An item as a stream record has it: typed attributes, and none where there was no item."""


def told_by(record: Mapping[str, Any]) -> tuple[CoupleId, Progress] | RunDone | None:
    """What is to be counted of a stream record, None if it is nothing."""
    change = record["dynamodb"]
    key = keys.Key(change["Keys"]["pk"]["S"], change["Keys"]["sk"]["S"])
    old, new = change.get("OldImage", {}), change.get("NewImage", {})
    if not new:
        return None
    if key.pk.startswith(keys.RUN_PREFIX):
        return _told_by_run(key.pk.removeprefix(keys.RUN_PREFIX), new)
    if not key.pk.startswith(keys.COUPLE_PREFIX):
        return None
    told: Progress | None = None
    if key.sk.startswith(keys.DAY_PREFIX):
        told = _told_by_day(dt.date.fromisoformat(key.sk.removeprefix(keys.DAY_PREFIX)), old, new)
    elif key.sk == keys.STREAK:
        told = _told_by_streak(old, new)
    return (CoupleId(key.pk.removeprefix(keys.COUPLE_PREFIX)), told) if told else None


def _told_by_day(date: dt.date, old: Image, new: Image) -> DayProgress | None:
    """What the day has come to, unless it is what it had come to before: an edit, or other hours."""
    told = _day(date, new)
    return None if old and _day(date, old) == told else told


def _day(date: dt.date, image: Image) -> DayProgress:
    prompts = [each["M"] for each in image["swapped"]["L"]] if "swapped" in image else []
    prompts.append({**image["prompt"]["M"], "again": image.get("again", {"BOOL": False})})
    return DayProgress(
        date=date,
        theme=Theme(image["theme"]["S"]) if "theme" in image else None,
        prompts=tuple(_met(each) for each in prompts),
        answered=len(image["answers"]["M"]),
    )


def _met(prompt: Image) -> Met:
    again = "again" in prompt and prompt["again"]["BOOL"]
    return Met(PackId(prompt["pack"]["S"]), PromptId(prompt["id"]["S"]), again=again)


def _told_by_streak(old: Image, new: Image) -> StreakProgress | None:
    """Which date has been noted in the streak: each record notes one, and no two of a couple note as many in all."""
    noted = _noted(new)
    dates = noted - _noted(old)
    return StreakProgress(max(dates), len(noted), int(new["run"]["N"])) if dates else None


def _noted(streak: Image) -> frozenset[dt.date]:
    if not streak:
        return frozenset()
    return unpack_dates(dt.date.fromisoformat(streak["bits_from"]["S"]), base64.b64decode(streak["bits"]["B"]))


def _told_by_run(name: str, new: Image) -> RunDone | None:
    """What a run has come to, once it is over; those that began before runs counted say nothing."""
    if not new["done"]["BOOL"] or "due" not in new:
        return None
    due, reached = ({kind: int(each["N"]) for kind, each in new[of]["M"].items()} for of in ("due", "reached"))
    reach = {PushKind(kind): Reach(count, reached[kind]) for kind, count in due.items()}
    return RunDone(name, dt.date.fromisoformat(name.rpartition("#")[2]), reach) if reach else None


@dataclass(frozen=True, slots=True)
class Tally:
    """Reads the stream; whatever comes again is counted once."""

    tallies: Tallies

    def of_batch(self, records: Sequence[Mapping[str, Any]]) -> str | None:
        """Count what the records tell; the sequence number of the first that could not be read, to go on from.

        Raises when the counters cannot be moved: then the whole batch comes again, whatever is counted of it by then.
        """
        couples: defaultdict[CoupleId, list[Progress]] = defaultdict(list)
        runs: list[RunDone] = []
        failed = None
        for record in records:
            try:
                found = told_by(record)
            except Exception as error:  # noqa: BLE001  whatever it was, the records before it stand
                failed = str(record["dynamodb"]["SequenceNumber"])
                log_failure("not counted", error, sequence=failed)
                break
            match found:
                case RunDone():
                    runs.append(found)
                case (couple, told):
                    couples[couple].append(told)
        self.tallies.count(couples, runs)
        logger.info("counted", extra={"records": len(records), "couples": len(couples), "runs": len(runs)})
        return failed


@cache
def _tally() -> Tally:
    settings = TallySettings.read(os.environ)
    return Tally(Tallies(Table(client("dynamodb"), settings.table)))


def handler(event: Mapping[str, Any], _context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    """The record to go on from, in the shape of ReportBatchItemFailures; empty when all are counted."""
    failed = _tally().of_batch(event["Records"])
    return {"batchItemFailures": [{"itemIdentifier": failed}] if failed else []}
