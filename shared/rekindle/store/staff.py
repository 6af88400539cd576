"""Store when a member of staff has ended all their sign-ins."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rekindle.packs.lifecycle import AuditEntry, StaffAction
from rekindle.store import keys
from rekindle.store.audit import record
from rekindle.store.instants import from_millis, to_millis, to_ttl
from rekindle.store.table import Write, repeated_on_conflict

if TYPE_CHECKING:
    from rekindle.domain.ids import Uid
    from rekindle.packs.lifecycle import Actor
    from rekindle.store.table import Table

SIGN_OUT_KEPT: Final = dt.timedelta(days=30)
"""A token from before a sign-out is valid for an hour at most, once Firebase knows of the sign-out."""
_SECOND: Final = dt.timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class StaffSignOuts:
    """The sign-outs of staff. The stream tells `react` of a sign-out, and `accounts` then ends it at Firebase."""

    table: Table

    def signed_out_at(self, uid: Uid) -> dt.datetime | None:
        """Return the instant before which all sign-ins have ended. Return None if none was ended."""
        item = self.table.get(keys.staff_sign_out(uid))
        return from_millis(item["signed_out_at"]) if item else None

    @repeated_on_conflict("the audit kept changing")
    def sign_out(self, by: Actor) -> None:
        """End all sign-ins of a member of staff.

        A token has its time of sign-in in whole seconds. So all sign-ins within the second of the sign-out end, too.
        """
        end = by.at.replace(microsecond=0) + _SECOND
        item = {"signed_out_at": to_millis(end), "ttl": to_ttl(end + SIGN_OUT_KEPT)}
        write = Write("Put", keys.staff_sign_out(by.uid), item=item)
        record(self.table, AuditEntry(by, StaffAction.SIGNED_OUT), [write])
