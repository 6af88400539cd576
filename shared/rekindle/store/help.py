"""Store the practice's help: a link to book time, and help lines. A process keeps the help in memory for 30 seconds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rekindle.domain.help import BUILT_IN, Help
from rekindle.errors import RekindleError, WriteConflictError
from rekindle.packs.lifecycle import AuditEntry, StaffAction
from rekindle.store import keys
from rekindle.store.audit import audit_row
from rekindle.store.table import Write

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekindle.packs.lifecycle import Actor
    from rekindle.store.table import Item, Table

REMEMBERED: Final = 30.0
"""A process reads the help again after this many seconds."""


class HelpChangedError(RekindleError):
    """Somebody has changed the help since the caller read it."""


@dataclass(slots=True)
class HelpStore:
    """The stored help, with a copy in this process's memory. `monotonic` returns seconds."""

    table: Table
    monotonic: Callable[[], float] = time.monotonic
    _help: Help = BUILT_IN
    _asked_at: float | None = None

    def help(self) -> Help:
        """Return the practice's help. If the practice has stored no help, return the built-in help."""
        now = self.monotonic()
        if self._asked_at is None or now - self._asked_at >= REMEMBERED:
            item = self.table.get(keys.HELP, consistent=False)
            self._help = _help_from(item) if item else BUILT_IN
            self._asked_at = now
        return self._help

    def current(self) -> tuple[Help, int]:
        """Return the help with its revision. The built-in help has revision 0.

        This is a strongly consistent read, which does not use the help in memory.
        """
        item = self.table.get(keys.HELP)
        return (_help_from(item), item["revision"]) if item else (BUILT_IN, 0)

    def change(self, offered: Help, replaces: int, by: Actor) -> int:
        """Replace the help, add an audit row, and return the new revision.

        Raise HelpChangedError if the current help's revision is not `replaces`.
        """
        entry = AuditEntry(by, StaffAction.HELP_CHANGED)
        try:
            self.table.transact([help_write(offered, replaces), audit_row(entry, replaces + 1)])
        except WriteConflictError as conflict:
            raise HelpChangedError("the help has changed since it was read") from conflict
        return replaces + 1


def help_write(offered: Help, replaces: int) -> Write:
    """Return the write that replaces the help. The write fails if the current help's revision is not `replaces`."""
    return Write.versioned(keys.HELP, offered.model_dump(mode="json", exclude_none=True), replaces)


def _help_from(item: Item) -> Help:
    return Help.model_validate({name: item[name] for name in ("booking", "lines") if name in item})
