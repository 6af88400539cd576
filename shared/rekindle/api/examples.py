"""Configurations of bodies and views, with their examples for the OpenAPI document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict

if TYPE_CHECKING:
    from collections.abc import Mapping


def view_config(*examples: Mapping[str, Any]) -> ConfigDict:
    """Return the configuration of a view."""
    return ConfigDict(json_schema_extra={"examples": list[Any](examples)})


def body_config(*examples: Mapping[str, Any], strip: bool = False) -> ConfigDict:
    """Return the configuration of a body, which refuses unknown fields. `strip` removes space around its texts."""
    return ConfigDict(extra="forbid", str_strip_whitespace=strip, json_schema_extra={"examples": list[Any](examples)})
