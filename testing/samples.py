"""Read the sample events. They look like the events that AWS sends to the functions."""

from __future__ import annotations

import json
from typing import Any

from local.places import ROOT


def sample_event(name: str) -> dict[str, Any]:
    """Return the sample with this name, such as `react` or `couples_api-redeem`."""
    found: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text(encoding="utf-8"))
    return found
