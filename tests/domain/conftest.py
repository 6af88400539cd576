"""Turn sockets off: rules need none."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_sockets(no_sockets: None) -> None:
    """Turn sockets off."""
