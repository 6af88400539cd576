"""ministack checks a permission for SQS's batches that AWS does not have.

On AWS a batch needs the permission of its members.
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_actions


def apply() -> None:
    """Check a batch as the action of its members."""
    original = iam_actions.extract_iam_action

    def action(service: str, *rest: Any) -> str | None:
        named: str | None = original(service, *rest)
        return named.removesuffix("Batch") if named and named.startswith("sqs:") else named

    iam_actions.extract_iam_action = action
