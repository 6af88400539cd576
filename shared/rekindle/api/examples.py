"""Configure the models of bodies and views, and add their examples to the OpenAPI documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import ConfigDict

if TYPE_CHECKING:
    from collections.abc import Mapping

PROFILE: Final[dict[str, Any]] = {
    "display_name": "Ada",
    "zone": "America/New_York",
    "language": "en",
    "depth": 2,
    "touch_comfort": 1,
    "barriers": ["stress"],
    "streak_hidden": False,
}
"""The example of a profile, in the API and in an export."""


def view_config(*examples: Mapping[str, Any]) -> ConfigDict:
    """Return the configuration of a view's model."""
    return ConfigDict(json_schema_extra={"examples": list[Any](examples)})


def body_config(*examples: Mapping[str, Any], strip: bool = False) -> ConfigDict:
    """Return the configuration of a body's model, which refuses unknown fields.

    If `strip` is true, the model removes white space at both ends of each text.
    """
    return ConfigDict(extra="forbid", str_strip_whitespace=strip, json_schema_extra={"examples": list[Any](examples)})
