"""ministack always fires schedules. Tests and the demo run ticks themselves, so nothing else may fire."""

from __future__ import annotations

from ministack.services import scheduler


def apply() -> None:
    """Start no scheduler."""
    scheduler.start_scheduler = lambda: None
