"""Build the artifacts once for all tests of artifacts and templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from local.deploy.build import build_functions
from local.places import BUILD

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the build for this machine, made anew if the tree has changed."""
    build_functions(tmp_path_factory.mktemp("logs") / "build.log")
    return BUILD
