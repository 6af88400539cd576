"""Store the notices to all staff, and until which notice each of them has read."""

from __future__ import annotations

import datetime as dt
import hashlib
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter

from rekindle.errors import WriteConflictError
from rekindle.packs.notices import Notice
from rekindle.store import keys
from rekindle.store.forms import stored
from rekindle.store.instants import from_millis, to_millis, to_ttl
from rekindle.store.table import Write, first_items

if TYPE_CHECKING:
    from rekindle.store.table import Table

NOTICES_KEPT: Final = dt.timedelta(days=365)
UNREAD_COUNTED: Final = 100
"""Unread notices are counted up to this number, so that a member of staff who is long away costs little."""

_NOTICES: Final = TypeAdapter(Notice)


@dataclass(frozen=True, slots=True)
class StoredNotice:
    """A notice with its id, and whether a member of staff has not read it yet. A later notice has a greater id."""

    id: str
    notice: Notice
    unread: bool


@dataclass(frozen=True, slots=True)
class NoticesPage:
    """A page of notices. The next page begins after the cursor `before`, which is None on the last page.

    `unread` is the number of all unread notices, but at most UNREAD_COUNTED.
    """

    notices: list[StoredNotice]
    before: str | None
    unread: int


@dataclass(frozen=True, slots=True)
class Notices:
    """The notices of the table."""

    table: Table

    def page(self, uid: str, before: str | None, limit: int, instant: dt.datetime) -> NoticesPage:
        """Return a page of notices for a member of staff, latest first.

        The page begins after the cursor `before`, or with the latest notice if `before` is None. It has no notice after
        `instant`: a notice can be stored before staff may see it (`rekindle.store.practice_codes`).
        """
        mark = self.table.get(keys.notices_read(uid))
        read, latest = mark["until"] if mark else "", keys.last_notice_at(to_millis(instant))
        after = min(before, latest) if before else latest
        page = self.table.query(keys.NOTICES, after=after, limit=limit, descending=True)
        notices = [StoredNotice(item["sk"], _NOTICES.validate_python(item), item["sk"] > read) for item in page.items]
        unread = first_items(self.table, keys.NOTICES, between=("0", latest), limit=UNREAD_COUNTED, after=read or None)
        return NoticesPage(notices, page.last, len(unread))

    def mark_read(self, uid: str, until: str, instant: dt.datetime) -> None:
        """Mark a notice and all older ones as read for one member of staff.

        A mark never moves back. It never covers a notice after `instant`, which nobody can have read.
        """
        until = min(until, keys.last_notice_at(to_millis(instant)))
        write = Write(
            "Put",
            keys.notices_read(uid),
            # When the mark ends, all notices that it covers have ended.
            item={"until": until, "ttl": to_ttl(instant + NOTICES_KEPT)},
            condition="attribute_not_exists(pk) OR #until < :until",
            names={"#until": "until"},
            values={":until": until},
        )
        with suppress(WriteConflictError):  # a later notice is marked already
            self.table.write(write)


def notice_row(notice: Notice) -> Write:
    """Return the write of a notice. The same notice has the same key, so a repeated write adds no second one."""
    name = hashlib.blake2b(repr(sorted(_content(notice).items())).encode(), digest_size=6).hexdigest()
    return _row(notice, to_millis(notice.at), name)


def audited_notice_row(notice: Notice, millis: int, number: int) -> Write:
    """Return the write of a notice of an action. `millis` and `number` are the place of the action in the audit.

    The notices then have the order of the writes. So a notice of a slow request comes after all that staff have read.
    """
    return _row(notice, millis, f"{number:012x}")


def _content(notice: Notice) -> dict[str, Any]:
    return {name: value for name, value in stored(notice).items() if value is not None}


def _row(notice: Notice, millis: int, name: str) -> Write:
    ttl = to_ttl(from_millis(millis) + NOTICES_KEPT)
    return Write("Put", keys.notice(millis, name), item={**_content(notice), "ttl": ttl})
