"""Convert domain values to values that the table can store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from rekindle.store.instants import to_millis


def stored(value: object) -> Any:  # noqa: ANN401, PLR0911  each kind of value has its own branch
    """Return the value in a form that the table can store.

    Instants become milliseconds since 1970. Dates and times become text, such as `2026-11-30` and `08:30`. Sets become
    sorted lists. Dataclasses become maps.
    """
    match value:
        case dt.datetime():
            return to_millis(value)
        case dt.date():
            return str(value)
        case dt.time():
            return f"{value:%H:%M}"
        case frozenset():
            return sorted(value)
        case tuple():
            return [stored(each) for each in value]
        case Mapping():
            return {str(name): stored(each) for name, each in value.items()}
    return {each.name: stored(getattr(value, each.name)) for each in fields(value)} if is_dataclass(value) else value
