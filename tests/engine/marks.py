"""Which engine a test runs on, where both would only take longer."""

from __future__ import annotations

import pytest

on_the_emulator = pytest.mark.parametrize("dynamodb", ["emulator"], indirect=True)
"""For what rests on no condition or transaction that the two engines could judge differently."""

on_awss_engine = pytest.mark.parametrize("dynamodb", ["dynamodb-local"], indirect=True)
"""For races: the emulator serves one request after another."""
