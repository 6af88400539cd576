"""A pack's head: the item that says which drafts and releases the pack has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter

from rekindle.packs.lifecycle import PackHead
from rekindle.store import keys
from rekindle.store.forms import stored
from rekindle.store.table import Write

if TYPE_CHECKING:
    from collections.abc import Mapping

_HEADS: Final = TypeAdapter(PackHead)
"""Reads what `stored` writes: pydantic takes numbers as large as these for milliseconds since 1970."""


def head_row(head: PackHead) -> Write:
    """Return the write of a changed head, which has the revision that was read."""
    item = stored(head)
    del item["id"]  # part of the key
    return Write.versioned(keys.pack(head.id), item, head.revision)


def head_from(item: Mapping[str, Any]) -> PackHead:
    """Read a head from its item."""
    return _HEADS.validate_python({**item, "id": item["sk"]})
