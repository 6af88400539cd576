"""What the tests of artifacts and templates share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.deploy.build import built
from local.places import BUILD

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What would be deployed from this tree to this machine, built if it has changed."""
    built(tmp_path_factory.mktemp("logs") / "build.log")
    return BUILD
