"""Record a change of permissions in the audit, and tell all staff of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rekindle.domain.ids import Uid
from rekindle.packs.lifecycle import Actor, AuditEntry, StaffAction
from rekindle.packs.notices import Notice, NoticeKind
from rekindle.store.audit import record

if TYPE_CHECKING:
    from rekindle.accounts import ChangeRights
    from rekindle.store.table import Table

OPERATOR: Final = Uid("operator")
"""The uid under which the audit has all operators. An operator has no account at Firebase."""


def record_rights(table: Table, asked: ChangeRights, *, granted: bool) -> None:
    """Add an entry to the audit, and a notice to all staff.

    The operator's program sends the ARN, and we cannot verify it. So the name ends with "(as told)". CloudTrail has
    AWS's own record of who made the call.
    """
    name = f"operator {asked.operator} (as told)"
    action = StaffAction.RIGHTS_GRANTED if granted else StaffAction.RIGHTS_REVOKED
    entry = AuditEntry(Actor(OPERATOR, name, asked.at), action, account=asked.email, scope=asked.rights)
    kind = NoticeKind.RIGHTS_GRANTED if granted else NoticeKind.RIGHTS_REVOKED
    notice = Notice(kind, asked.at, who=name, account=asked.email, scope=asked.rights)
    record(table, entry, notice=notice)
