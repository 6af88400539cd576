"""Fills a new stack's catalogue with the packs in `packs/`."""

from __future__ import annotations

from typing import Any


def seed(dynamodb: Any, table_name: str) -> None:  # noqa: ANN401 - a boto3 client
    """Publish every pack in `packs/`; what is published already stays as it is."""
