"""Make AWS clients with short timeouts, so that an unanswered request fails within seconds."""

from __future__ import annotations

from typing import Any, Final, Literal

import boto3
from botocore.config import Config

CONFIG: Final = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 3})
"""Limits for one request: three attempts, each with one second to connect and two seconds to read.

Together the attempts take at most nine seconds, plus botocore's pauses between them. The shortest timeout of a function
with such a client is ten seconds (`couples_api`).
"""


def client(service: Literal["dynamodb", "kms", "secretsmanager", "sqs"]) -> Any:  # noqa: ANN401  each service has its own type
    """Return a client of the service. The client takes credentials, region and endpoint from the environment."""
    return boto3.client(service, config=CONFIG)
