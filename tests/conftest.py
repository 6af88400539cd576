"""Set up every test: the engines' fixtures, hypothesis's profiles, and no skips on CI.

`make check` uses the profile `check`, and `make test` uses `fast`. `--hypothesis-profile=thorough` searches longest.
"""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

pytest_plugins = ["testing.fixtures"]

# Python's cyclic garbage collector would look again and again at thousands of collected tests.
gc.set_threshold(500_000, 20, 20)

settings.register_profile("check", deadline=None, max_examples=10)
settings.register_profile("fast", deadline=None, max_examples=50)
settings.register_profile("thorough", deadline=None, max_examples=5_000)
if settings.get_current_profile_name() == "default":
    settings.load_profile("fast")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter: TerminalReporter | None = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("REKINDLE_NO_SKIPS") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
