"""The hook of a deployment on the running stack: it reaches each version, and its samples leave nothing behind."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.stack import Stack


def rows(stack: Stack, table: str) -> list[Any]:
    """All rows of a table, in a fixed order."""
    client = stack.client("dynamodb")
    pages = client.get_paginator("scan").paginate(TableName=stack.outputs[table], ConsistentRead=True)
    return sorted((item for page in pages for item in page["Items"]), key=repr)


def test_every_version_takes_its_samples_and_no_row_is_changed(stack: Stack) -> None:
    # A stack that is in use has a watermark, which the sample of the tick would set otherwise.
    stack.tick(dt.datetime(2026, 3, 3, tzinfo=dt.UTC))
    before = {table: rows(stack, table) for table in ("TableName", "KeyTableName")}
    assert stack.invoke("ReleaseCheck", {}) == {"failures": {}}
    assert {table: rows(stack, table) for table in ("TableName", "KeyTableName")} == before
