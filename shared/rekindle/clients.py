"""AWS clients with short timeouts, so that a function can answer "busy" before Lambda ends it."""

from __future__ import annotations

from typing import Any, Final, Literal

import boto3
from botocore.config import Config

CONFIG: Final = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 3})
"""Nine seconds at most, within the ten of an API call. The requests made here usually take milliseconds."""


def client(service: Literal["dynamodb", "kms", "secretsmanager", "sqs"]) -> Any:  # noqa: ANN401  of the service's own type
    """Return a client of the service, with the credentials, region and endpoint of the environment."""
    return boto3.client(service, config=CONFIG)
