"""Unit tests: no sockets, and a search for counterexamples that is fast by default.

`--hypothesis-profile=thorough` searches longer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from pytest_socket import disable_socket, enable_socket

settings.register_profile("fast", deadline=None, max_examples=50)
settings.register_profile("thorough", deadline=None, max_examples=5_000)
if settings.get_current_profile_name() == "default":
    settings.load_profile("fast")

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _no_sockets() -> Iterator[None]:
    disable_socket(allow_unix_socket=True)
    yield
    enable_socket()
