"""Define the notices that all staff get in the console, so that an important action is nobody's secret."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from rekindle.domain.ids import PackId


class NoticeKind(StrEnum):
    """The reason for a notice."""

    HELP_PROPOSED = "help-proposed"
    HELP_CHANGED = "help-changed"
    HELP_REJECTED = "help-rejected"
    CODE_USED_WIDELY = "code-used-widely"
    RIGHTS_GRANTED = "rights-granted"
    RIGHTS_REVOKED = "rights-revoked"


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice to all staff.

    `who` is the name of the person who acted, or None if nobody did. `note` is the person's reason. `account` is the
    account whose rights were changed, and `scope` has its rights since then. `pack` is the pack whose code was used
    by more couples than the practice expected, and `couples` is the number that it expected.
    """

    kind: NoticeKind
    at: dt.datetime
    who: str | None = None
    note: str | None = None
    account: str | None = None
    scope: str | None = None
    pack: PackId | None = None
    couples: int | None = None
