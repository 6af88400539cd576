"""Keep a queue of SQS in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError


@dataclass(slots=True)
class MemorySqs:
    """One queue of SQS in memory. Each message is received once."""

    url: str
    bodies: list[str] = field(default_factory=list)

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, Any]]) -> Any:  # noqa: N803
        if QueueUrl != self.url:
            raise ClientError({"Error": {"Code": "QueueDoesNotExist", "Message": ""}}, "SendMessageBatch")
        self.bodies += [entry["MessageBody"] for entry in Entries]
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

    def receive_message(self, *, QueueUrl: str, MaxNumberOfMessages: int) -> Any:  # noqa: ARG002, N803
        taken, self.bodies = self.bodies[:MaxNumberOfMessages], self.bodies[MaxNumberOfMessages:]
        return {"Messages": [{"Body": body, "ReceiptHandle": "once"} for body in taken]}

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> None:  # noqa: N803
        """Do nothing, because a message that was received is no longer in the queue."""
