"""How unit tests search for counterexamples: fast by default, longer with `--hypothesis-profile=thorough`."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("fast", deadline=None, max_examples=100)
settings.register_profile("thorough", deadline=None, max_examples=5_000)
settings.load_profile("fast")
