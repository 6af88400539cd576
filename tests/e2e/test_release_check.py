"""On the running stack, `release_check` calls each new version, and its samples leave nothing behind."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.stack import Stack


def rows(stack: Stack) -> set[str]:
    """All rows of both tables."""
    scan = stack.client("dynamodb").get_paginator("scan")
    tables = (stack.outputs[name] for name in ("TableName", "KeyTableName"))
    pages = (page for table in tables for page in scan.paginate(TableName=table, ConsistentRead=True))
    return {json.dumps(item, sort_keys=True, default=repr) for page in pages for item in page["Items"]}


def letters(stack: Stack) -> int:
    """Return the number of dead letters."""
    queues = (stack.outputs[name] for name in ("DlqUrl", "ReactDlqUrl", "TallyDlqUrl"))
    count = "ApproximateNumberOfMessages"
    sqs = stack.client("sqs")
    return sum(
        int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[count])["Attributes"][count]) for url in queues
    )


def test_every_version_takes_its_samples_and_no_row_is_changed(stack: Stack) -> None:
    # A stack that is in use has a watermark, which the sample of the tick would set otherwise.
    stack.tick(dt.datetime(2026, 3, 3, tzinfo=dt.UTC))
    before = rows(stack), letters(stack)
    assert stack.invoke("ReleaseCheck", {}) == {"failures": {}}
    # What react's sample enqueues is about nobody: delivery drops it, at once or when it comes to it.
    assert rows(stack) - before[0] == before[0] - rows(stack) == set()
    assert letters(stack) == before[1]
