"""On the running stack, `release_check` calls each new version, and its samples leave nothing behind."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.stack import Stack


def rows(stack: Stack) -> set[str]:
    """Return all rows of both tables."""
    scan = stack.client("dynamodb").get_paginator("scan")
    tables = (stack.outputs[name] for name in ("TableName", "KeyTableName"))
    pages = (page for table in tables for page in scan.paginate(TableName=table, ConsistentRead=True))
    return {json.dumps(item, sort_keys=True, default=repr) for page in pages for item in page["Items"]}


def letters(stack: Stack) -> int:
    """Return the number of dead letters."""
    queues = (
        stack.outputs[name] for name in ("DlqUrl", "ReactDlqUrl", "TallyDlqUrl", "CleanupDlqUrl", "AccountDlqUrl")
    )
    count = "ApproximateNumberOfMessages"
    sqs = stack.client("sqs")
    return sum(
        int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[count])["Attributes"][count]) for url in queues
    )


def test_every_version_takes_its_samples_and_no_row_is_changed(stack: Stack) -> None:
    # A stack in use has a watermark. Without one, the tick's sample would set it.
    stack.tick(dt.datetime(2026, 3, 3, tzinfo=dt.UTC))
    before = rows(stack), letters(stack)
    assert stack.invoke("ReleaseCheck", {}) == {"failures": {}}
    # The sample of `react` queues a job about a person who does not exist. `delivery` drops the job.
    assert rows(stack) - before[0] == before[0] - rows(stack) == set()
    assert letters(stack) == before[1]
