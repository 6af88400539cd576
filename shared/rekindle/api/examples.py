"""Configure the models of bodies and views, and add their examples to the OpenAPI documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict

if TYPE_CHECKING:
    from collections.abc import Mapping


def view_config(*examples: Mapping[str, Any]) -> ConfigDict:
    """Return the configuration of a view's model."""
    return ConfigDict(json_schema_extra={"examples": list[Any](examples)})


def body_config(*examples: Mapping[str, Any], strip: bool = False) -> ConfigDict:
    """Return the configuration of a body's model, which refuses unknown fields.

    If `strip` is true, the model removes white space at both ends of each text.
    """
    return ConfigDict(extra="forbid", str_strip_whitespace=strip, json_schema_extra={"examples": list[Any](examples)})
