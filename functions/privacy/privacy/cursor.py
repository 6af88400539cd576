"""Where a page of an export ends, and how the next one is asked for."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from dataclasses import dataclass

from privacy.views import FORMAT
from rekindle.domain.models import Uid

_FORM = re.compile(r"[A-Za-z0-9_-]{24}")
_SECTION_BYTES, _DATE_BYTES, _MARK_BYTES = 2, 4, 12


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a person's export: what they wrote alone is its section 0, their first couple 1, and so on.

    It goes on after the date `after`. It names no couple but by its number among the person's own, so that it leads to
    nobody else's, whoever wrote it.
    """

    section: int = 0
    after: dt.date | None = None


def cursor_of(place: Place, uid: Uid) -> str:
    """The opaque text of a place that lies after a date: 24 symbols."""
    if place.after is None:
        raise ValueError("an export that has not begun needs no cursor")
    position = place.section.to_bytes(_SECTION_BYTES) + place.after.toordinal().to_bytes(_DATE_BYTES)
    return base64.urlsafe_b64encode(position + _mark(position, uid)).decode("ascii")


def place_from(cursor: str, uid: Uid) -> Place | None:
    """The inverse of `cursor_of`; None for what is no cursor, or another person's."""
    if not _FORM.fullmatch(cursor):
        return None
    found = base64.urlsafe_b64decode(cursor)
    position, mark = found[:-_MARK_BYTES], found[-_MARK_BYTES:]
    ordinal = int.from_bytes(position[_SECTION_BYTES:])
    if mark != _mark(position, uid) or not 1 <= ordinal <= dt.date.max.toordinal():
        return None
    return Place(int.from_bytes(position[:_SECTION_BYTES]), dt.date.fromordinal(ordinal))


def _mark(position: bytes, uid: Uid) -> bytes:
    # No secret: it tells a cursor that was mixed up, and nothing depends on whether it could be forged.
    return hashlib.sha256(FORMAT.encode() + position + uid.encode()).digest()[:_MARK_BYTES]
