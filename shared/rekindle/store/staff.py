"""Store when a member of staff has ended all their sign-ins."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rekindle.domain.persons import sign_ins_end_at
from rekindle.errors import ContentionError, WriteConflictError
from rekindle.packs.lifecycle import AuditEntry, StaffAction
from rekindle.store import keys
from rekindle.store.audit import record
from rekindle.store.instants import from_millis, to_millis, to_ttl
from rekindle.store.table import Write
from rekindle.telemetry import logger

if TYPE_CHECKING:
    from rekindle.domain.ids import Uid
    from rekindle.packs.lifecycle import Actor
    from rekindle.store.table import Table

SIGN_OUT_KEPT: Final = dt.timedelta(days=30)
"""A token from before a sign-out is valid for an hour at most, once Firebase knows of the sign-out."""


@dataclass(frozen=True, slots=True)
class StaffSignOuts:
    """The sign-outs of staff. The stream tells `react` of a sign-out, and `accounts` then ends it at Firebase."""

    table: Table

    def signed_out_at(self, uid: Uid) -> dt.datetime | None:
        """Return the instant before which all sign-ins have ended. Return None if none was ended."""
        item = self.table.get(keys.staff_sign_out(uid))
        return from_millis(item["signed_out_at"]) if item else None

    def sign_out(self, by: Actor) -> None:
        """End all sign-ins of a member of staff. Then add an entry to the audit.

        A sign-out must not wait for the audit, because a stolen sign-in could keep the audit busy. If the audit stays
        busy, the log alone has the sign-out.
        """
        end = sign_ins_end_at(by.at)
        ending = Write(
            "Put",
            keys.staff_sign_out(by.uid),
            item={"signed_out_at": to_millis(end), "ttl": to_ttl(end + SIGN_OUT_KEPT)},
            condition="attribute_not_exists(pk) OR signed_out_at < :end",
            values={":end": to_millis(end)},
        )
        with suppress(WriteConflictError):  # a sign-out that is not earlier is there already
            self.table.write(ending, urgent=True)
        try:
            record(self.table, AuditEntry(by, StaffAction.SIGNED_OUT))
        except ContentionError:
            logger.warning("a sign-out of staff is not in the audit")
