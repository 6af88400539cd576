"""Make AWS clients with short timeouts, so that a request to AWS fails within seconds."""

from __future__ import annotations

from typing import Any, Final, Literal

import boto3
from botocore.config import Config

CONFIG: Final = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 3})
"""Limits for one request: three attempts, each with one second to connect and two seconds to read.

The attempts take at most nine seconds together, without botocore's pauses between them. Lambda stops `couples_api`
after ten seconds, `privacy` after 15 and `practice_api` after 29. Usually a request takes milliseconds.
"""


def client(service: Literal["dynamodb", "kms", "secretsmanager", "sqs"]) -> Any:  # noqa: ANN401  each service has its own type
    """Return a client of the service. The environment sets its credentials, region and endpoint."""
    return boto3.client(service, config=CONFIG)
