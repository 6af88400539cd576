"""Read the table's stream, and count days, streaks and finished runs of reminders."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from rekindle.batches import handle_batch
from rekindle.clients import client
from rekindle.domain.changes import FinishedRun
from rekindle.domain.tallies import progress_of
from rekindle.settings import TallySettings
from rekindle.store.stream import change_in
from rekindle.store.table import Table
from rekindle.store.tallies import Tallies
from rekindle.telemetry import log_failure, logger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from rekindle.batches import BatchResponse, Record
    from rekindle.domain.ids import CoupleId
    from rekindle.domain.tallies import Progress


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts the stream's records. If Lambda sends a record twice, the record counts once."""

    tallies: Tallies

    def handle(self, records: Sequence[Record]) -> BatchResponse:
        """Count the records before the first unreadable record. Name the unreadable record in the response.

        Lambda then sends this record and all later records again. If the counters cannot be written, raise an
        exception. Lambda then sends the whole batch again, and no record counts twice.
        """
        couples: defaultdict[CoupleId, list[Progress]] = defaultdict(list)
        runs: list[FinishedRun] = []

        def read(record: Record) -> None:
            change = change_in(record)
            if isinstance(change, FinishedRun):
                runs.append(change)
            elif of_couple := progress_of(change):
                couple, progress = of_couple
                couples[couple].append(progress)

        response = handle_batch(records, read, lambda error, number: log_failure("not counted", error, sequence=number))
        self.tallies.count(couples, runs)
        logger.info("counted", extra={"records": len(records), "couples": len(couples), "runs": len(runs)})
        return response


@cache
def _tally() -> Tally:
    settings = TallySettings.read(os.environ)
    return Tally(Tallies(Table(client("dynamodb"), settings.table)))


def handler(event: Mapping[str, Any], _context: LambdaContext) -> BatchResponse:
    """Count a batch of the stream's records."""
    return _tally().handle(event["Records"])
