"""Collect the lines that the functions log."""

from __future__ import annotations

import contextlib
import io
import logging
from typing import TYPE_CHECKING

from rekindle.telemetry import logger

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def logged() -> Iterator[io.StringIO]:
    """Collect the logger's lines as CloudWatch gets them."""
    handler = logger.registered_handler
    assert isinstance(handler, logging.StreamHandler)
    lines = io.StringIO()
    before = handler.setStream(lines)
    try:
        yield lines
    finally:
        handler.setStream(before)
