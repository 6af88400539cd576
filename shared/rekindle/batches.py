"""Handle batches of records from a queue or stream, and tell Lambda which records failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

type Record = Mapping[str, Any]


class FailedItem(TypedDict):
    """The id of a failed message, or the sequence number of a failed stream record."""

    itemIdentifier: str


class BatchResponse(TypedDict):
    """The answer to Lambda for an event source with `ReportBatchItemFailures`."""

    batchItemFailures: list[FailedItem]


def handle_batch(
    records: Iterable[Record], handle: Callable[[Record], None], log: Callable[[Exception, str], None]
) -> BatchResponse:
    """Handle the records in order, and return the failed ones.

    The messages of a queue are independent, so also handle the messages after a failed message. The records of a stream
    must be handled in order, so stop at the first failed record. Lambda sends this record and all later records again.

    Args:
        records: The event's SQS messages or DynamoDB stream records.
        handle: Handles one record. Any exception means that the record failed.
        log: Logs the exception of a failed record, with the record's id.
    """
    failed: list[FailedItem] = []
    for record in records:
        try:
            handle(record)
        except Exception as error:  # noqa: BLE001  otherwise Lambda would also repeat the handled records
            is_message = "messageId" in record
            item = record["messageId"] if is_message else record["dynamodb"]["SequenceNumber"]
            log(error, item)
            failed.append({"itemIdentifier": item})
            if not is_message:
                break
    return {"batchItemFailures": failed}
