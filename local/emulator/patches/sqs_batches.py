"""For an SQS batch, check the same permission as AWS. ministack checks one that does not exist on AWS.

On AWS, a batch needs the permission of the single action: `SendMessageBatch` needs `sqs:SendMessage`.
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_actions


def apply() -> None:
    """For a batch, check the permission of the single action, such as `sqs:SendMessage`."""
    original = iam_actions.extract_iam_action

    def action(service: str, *rest: Any) -> str | None:
        named: str | None = original(service, *rest)
        return named.removesuffix("Batch") if named and named.startswith("sqs:") else named

    iam_actions.extract_iam_action = action
