"""Check the right permission for a batch of SQS. ministack checks one that does not exist on AWS.

On AWS, `SendMessageBatch` needs the permission `sqs:SendMessage`, and the other batches likewise.
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_actions


def apply() -> None:
    """Check a batch request as the single action, such as `sqs:SendMessage`."""
    original = iam_actions.extract_iam_action

    def action(service: str, *rest: Any) -> str | None:
        named: str | None = original(service, *rest)
        return named.removesuffix("Batch") if named and named.startswith("sqs:") else named

    iam_actions.extract_iam_action = action
