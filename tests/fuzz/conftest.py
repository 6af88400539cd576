"""Set up the fuzzing: few and always the same examples in `make test`, and as many new ones as asked in `make fuzz`."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_sockets(no_sockets: None) -> None:
    """Turn sockets off."""
