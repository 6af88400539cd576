"""Start real engines: AWS's DynamoDB Local, and the emulator that the local stack runs on."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from local import dynamodb_local
from local.stack.start import Settings, emulator_process, free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from types_boto3_dynamodb import DynamoDBClient

_SESSION = boto3.Session(aws_access_key_id="000000000000", aws_secret_access_key="local", region_name="us-east-1")


def client(service: str, url: str) -> Any:
    """Return a client of an engine. It never retries, so that a test sees each failure."""
    config = Config(retries={"total_max_attempts": 1}, max_pool_connections=64)
    return _SESSION.client(service, endpoint_url=url, config=config)  # type: ignore[call-overload]


def environment(url: str) -> dict[str, str]:
    """Return the environment variables that connect clients to an engine. Some code makes its clients from them."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "000000000000",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


@contextlib.contextmanager
def emulator() -> Iterator[str]:
    """Start an emulator (DynamoDB, KMS, SQS and the rest) and yield its address."""
    with tempfile.TemporaryDirectory(prefix="rekindle-engine-", ignore_cleanup_errors=True) as folder:
        (port,) = free_ports(1)
        settings = Settings(Path(folder), emulator_port=port, keep=False, tick=False)
        settings.logs.mkdir()
        with emulator_process(settings) as process:
            url = f"http://127.0.0.1:{port}"
            process.await_answer(f"{url}/_ministack/health", 60)
            yield url


@contextlib.contextmanager
def aws_dynamodb_local() -> Iterator[str]:
    """Start AWS's DynamoDB Local and yield its address."""
    with tempfile.TemporaryDirectory(prefix="rekindle-engine-", ignore_cleanup_errors=True) as folder:
        (port,) = free_ports(1)
        with dynamodb_local.start(port, Path(folder, "dynamodb-local.log")) as process:
            url = f"http://127.0.0.1:{port}"
            process.await_answer(url, 60)
            yield url


def create_tables(dynamodb: DynamoDBClient, name: str) -> tuple[str, str, str]:
    """Create the main table, the key table, the cell table and the table of erasures, with template.yaml's keys.

    Return the names of the first three. `testing.stored.erasures_beside` finds the fourth.
    """
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )
    for other in ("keys", "cells", "erasures"):
        dynamodb.create_table(
            TableName=f"{name}-{other}",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        )
    return name, f"{name}-keys", f"{name}-cells"
