"""Write and read cursors. A cursor says where the next page of an export begins."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from dataclasses import dataclass

from privacy.views import FORMAT
from rekindle.domain.ids import Uid

_CURSOR = re.compile(r"[A-Za-z0-9_-]{24}")
_SECTION_BYTES, _DATE_BYTES, _CHECKSUM_BYTES = 2, 4, 12
# No day has this date, so a page after this date begins at the start of its section. Version 0.1.0, which never wrote
# a cursor for the start of a section, reads the date in the same way.
_START = dt.date.min


@dataclass(frozen=True, slots=True)
class Position:
    """A position in a person's export. Section 0 is their solo days, section 1 their first couple, and so on.

    The next page begins after the date `after`. If `after` is None, the page begins at the start of the section.
    Section numbers count only the person's own couples. So even a forged cursor cannot lead to another person's couple.
    """

    section: int = 0
    after: dt.date | None = None


def cursor_of(position: Position, uid: Uid) -> str:
    """Return a position as an opaque text of 24 symbols."""
    after = position.after or _START
    data = position.section.to_bytes(_SECTION_BYTES) + after.toordinal().to_bytes(_DATE_BYTES)
    return base64.urlsafe_b64encode(data + _checksum(data, uid)).decode("ascii")


def position_from(cursor: str, uid: Uid) -> Position | None:
    """Return the position in a cursor. Return None if the text is not a cursor of this person."""
    if not _CURSOR.fullmatch(cursor):
        return None
    decoded = base64.urlsafe_b64decode(cursor)
    data, checksum = decoded[:-_CHECKSUM_BYTES], decoded[-_CHECKSUM_BYTES:]
    ordinal = int.from_bytes(data[_SECTION_BYTES:])
    if checksum != _checksum(data, uid) or not 1 <= ordinal <= dt.date.max.toordinal():
        return None
    after = dt.date.fromordinal(ordinal)
    return Position(int.from_bytes(data[:_SECTION_BYTES]), None if after == _START else after)


def _checksum(data: bytes, uid: Uid) -> bytes:
    # The checksum detects a cursor of another person or another format. No signature is needed, because even a forged
    # cursor reaches only the person's own export.
    return hashlib.sha256(FORMAT.encode() + data + uid.encode()).digest()[:_CHECKSUM_BYTES]
