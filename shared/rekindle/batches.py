"""Handle batches of records from a queue or a stream, and tell Lambda which records failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

type Record = Mapping[str, Any]


class FailedItem(TypedDict):
    """A failed record, named by the id of its message or the sequence number of its stream record."""

    itemIdentifier: str


class BatchResponse(TypedDict):
    """The answer to Lambda for an event source with `ReportBatchItemFailures`."""

    batchItemFailures: list[FailedItem]


def handle_batch(
    records: Iterable[Record], handle: Callable[[Record], None], log: Callable[[Exception, str], None]
) -> BatchResponse:
    """Handle each record, and return the failed ones.

    The messages of a queue are independent, so a failed one does not stop the batch. The records of a stream are in
    order, so the batch ends at the first failure, and Lambda continues from that record.

    Args:
        records: The event's SQS messages or DynamoDB stream records.
        handle: Handles one record. Any exception means that the record failed.
        log: Logs the exception of a failed record, with the record's id.
    """
    failed: list[FailedItem] = []
    for record in records:
        try:
            handle(record)
        except Exception as error:  # noqa: BLE001  the records before this one must still count as done
            is_message = "messageId" in record
            item = record["messageId"] if is_message else record["dynamodb"]["SequenceNumber"]
            log(error, item)
            failed.append({"itemIdentifier": item})
            if not is_message:
                break
    return {"batchItemFailures": failed}
