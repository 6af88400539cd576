"""Help the patches to replace text in ministack, to extend its CloudFormation, and to read requests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ministack.services.cloudformation import provisioners

if TYPE_CHECKING:
    from collections.abc import Callable


class MissingSeamError(Exception):
    """This version of ministack does not have the text that a patch replaces, or has it more than once."""


def replaced_once(text: str, old: str, new: str) -> str:
    """Replace `old` by `new` in `text`. Raise MissingSeamError if `old` does not occur exactly once."""
    if text.count(old) != 1:
        raise MissingSeamError(f"expected to find this once in ministack: {old!r}")
    return text.replace(old, new)


def after_provisioning(resource_type: str, hook: Callable[[str, dict[str, Any]], None]) -> None:
    """Make ministack call `hook(physical_id, properties)` after it has created or updated a resource of this type."""
    handlers = provisioners._RESOURCE_HANDLERS[resource_type]
    create, update = handlers["create"], handlers["update"]

    def created(logical_id: str, properties: dict[str, Any], *rest: Any, **named: Any) -> Any:
        result = create(logical_id, properties, *rest, **named)
        hook(result[0], properties)
        return result

    def updated(physical_id: str, before: Any, properties: dict[str, Any], *rest: Any, **named: Any) -> Any:
        result = update(physical_id, before, properties, *rest, **named)
        hook(result[0], properties)
        return result

    handlers.update(create=created, update=updated)


def json_of(body: bytes) -> dict[str, Any]:
    """Return the JSON object in a request's body. Return an empty object for any other body."""
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}
