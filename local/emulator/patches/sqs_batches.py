"""Check the same permission as AWS for a batch of SQS messages.

On AWS, `SendMessageBatch` needs `sqs:SendMessage`. ministack checks `sqs:SendMessageBatch`, which AWS does not have.
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_actions


def apply() -> None:
    """Remove the ending `Batch` from the names of SQS permissions."""
    original = iam_actions.extract_iam_action

    def action(service: str, *rest: Any) -> str | None:
        named: str | None = original(service, *rest)
        return named.removesuffix("Batch") if named and named.startswith("sqs:") else named

    iam_actions.extract_iam_action = action
