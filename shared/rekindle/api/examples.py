"""Examples of bodies and views for the OpenAPI document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def examples(*values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as a model's `json_schema_extra`."""
    return {"examples": list(values)}
