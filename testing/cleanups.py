"""Make the services of `cleanup` for tests and measurements."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, cast

from cleanup.services import Services
from rekindle.push.queue import Outbox
from testing.memory_sqs import MemorySqs
from testing.stored import erasures_beside

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

    from rekindle.store.table import Table

SETTLING = dt.timedelta(minutes=10)


def cleanup_services(
    table: Table, key_table: str = "keys", *, jobs: MemorySqs | None = None, accounts: MemorySqs | None = None
) -> Services:
    """Return the services of `cleanup` on these tables. By default, nobody reads its two queues."""
    outbox, account_outbox = (
        Outbox(cast("SQSClient", queue or MemorySqs("unread")), queue.url if queue else "unread")
        for queue in (jobs, accounts)
    )
    return Services.on(
        table,
        key_table=key_table,
        erasures=erasures_beside(table),
        outbox=outbox,
        accounts=account_outbox,
        settling=SETTLING,
    )
