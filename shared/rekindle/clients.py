"""Make AWS clients with short timeouts, so that a function can answer "busy" before Lambda stops it."""

from __future__ import annotations

from typing import Any, Final, Literal

import boto3
from botocore.config import Config

CONFIG: Final = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 3})
"""A request takes at most nine seconds, of the ten that an API call may take. Usually it takes milliseconds."""


def client(service: Literal["dynamodb", "kms", "secretsmanager", "sqs"]) -> Any:  # noqa: ANN401  each service has its own type
    """Return a client of the service. The environment sets its credentials, region and endpoint."""
    return boto3.client(service, config=CONFIG)
