"""Give tests and measurements the addresses of real engines. Each engine starts once, for the first test that needs it.

Also turn the network off for tests that need none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pytest_socket import disable_socket, enable_socket

from local import dynamodb_local
from testing import engines

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def emulator_url() -> Iterator[str]:
    """Start the emulator of KMS, SQS, Secrets Manager and DynamoDB."""
    with engines.emulator() as url:
        yield url


@pytest.fixture(scope="session")
def dynamodb_local_url() -> Iterator[str]:
    """Start AWS's DynamoDB Local. Skip the test if it is not installed."""
    if reason := dynamodb_local.why_missing():
        pytest.skip(reason)
    with engines.aws_dynamodb_local() as url:
        yield url


@pytest.fixture
def no_sockets() -> Iterator[None]:
    """Let every connection over the network fail."""
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()
