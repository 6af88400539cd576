"""Store the practice's help: a link to book time, and help lines. A process keeps the help in memory for 30 seconds.

Two persons change the help: one proposes, and another approves. Until then, couples see the current help.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter

from rekindle.domain.help import BUILT_IN, Help
from rekindle.domain.limits import Limit, remembered, with_one_more
from rekindle.errors import RekindleError
from rekindle.packs.lifecycle import Actor, AuditEntry, HelpProposal, StaffAction
from rekindle.packs.notices import Notice, NoticeKind
from rekindle.store import keys
from rekindle.store.audit import record
from rekindle.store.forms import stored
from rekindle.store.instants import from_millis, to_millis
from rekindle.store.table import Write, repeated_on_conflict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rekindle.store.table import Item, Table

REMEMBERED: Final = 30.0
"""A process reads the help again after this many seconds."""
PROPOSALS: Final = Limit(30)
"""An account may propose help this often, so that nobody buries a notice or the audit under many others.

Approvals and rejections have no limit of their own, because each one ends a proposal.
"""

_ACTORS: Final = TypeAdapter(Actor)
_NOTICES: Final[Mapping[StaffAction, NoticeKind]] = {
    StaffAction.HELP_PROPOSED: NoticeKind.HELP_PROPOSED,
    StaffAction.HELP_CHANGED: NoticeKind.HELP_CHANGED,
    StaffAction.HELP_REJECTED: NoticeKind.HELP_REJECTED,
}


class HelpChangedError(RekindleError):
    """Somebody has changed the help or the proposal since the caller read it."""


class HelpProposedError(RekindleError):
    """Somebody else's proposal waits for approval."""


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

    def proposal(self) -> HelpProposal | None:
        """Return the proposal that waits for approval, or None (a strongly consistent read)."""
        return _proposal_from(self._proposal_item())

    @repeated_on_conflict("the help kept changing")
    def propose(self, offered: Help, replaces: int, by: Actor) -> HelpProposal:
        """Propose help for approval, in place of an own proposal or of one that can no longer be approved.

        Raises:
            HelpChangedError: the current help's revision is not `replaces`.
            HelpProposedError: somebody else's proposal waits for approval.
            LimitError: this account has made too many proposals (PROPOSALS).
        """
        _, revision = self.current()
        if revision != replaces:
            raise HelpChangedError("the help has changed since it was read")
        item = self._proposal_item()
        waiting = _proposal_from(item)
        is_open = waiting is not None and waiting.replaces == revision
        if waiting and is_open and waiting.proposed.uid != by.uid:
            raise HelpProposedError("another proposal waits for approval")
        proposal = HelpProposal(item.get("revision", 0) + 1, by, offered, replaces)
        content = _content(offered) | {"proposed": stored(by), "replaces": replaces} | _one_more_by(by, item)
        write = Write.versioned(keys.HELP_PROPOSAL, content, proposal.id - 1)
        # The notice of an own proposal that still waits stays true.
        self._record(by, StaffAction.HELP_PROPOSED, None, [write], tells=not is_open)
        return proposal

    @repeated_on_conflict("the help kept changing")
    def approve(self, read: HelpProposal, by: Actor) -> int:
        """Let couples see the proposed help. Return the new revision of the help.

        `read` is the proposal as the caller read it. Raise HelpChangedError if the proposal or the help has changed.
        """
        _, revision = self.current()
        item = self._proposal_item()
        if (_proposal_from(item), revision) != (read, read.replaces):
            raise HelpChangedError("the help or the proposal has changed since it was read")
        writes = [help_write(read.offered, revision), _no_proposal(item)]
        self._record(by, StaffAction.HELP_CHANGED, None, writes)
        return revision + 1

    @repeated_on_conflict("the help kept changing")
    def reject(self, read: HelpProposal, by: Actor, note: str | None) -> None:
        """Reject a proposal. Raise HelpChangedError if the proposal is not the one that the caller has read."""
        item = self._proposal_item()
        if _proposal_from(item) != read:
            raise HelpChangedError("the proposal has changed since it was read")
        self._record(by, StaffAction.HELP_REJECTED, note, [_no_proposal(item)])

    def _proposal_item(self) -> Item:
        return self.table.get(keys.HELP_PROPOSAL) or {}

    def _record(
        self, by: Actor, action: StaffAction, note: str | None, writes: list[Write], *, tells: bool = True
    ) -> None:
        """Execute the writes of an action, with its entry in the audit and, if it tells, a notice to all staff."""
        notice = Notice(_NOTICES[action], by.at, by.name, note) if tells else None
        record(self.table, AuditEntry(by, action, note=note), writes, notice)


def help_write(offered: Help, replaces: int) -> Write:
    """Return the write that replaces the help. The write fails if the current help's revision is not `replaces`."""
    return Write.versioned(keys.HELP, _content(offered), replaces)


def _content(offered: Help) -> dict[str, Any]:
    return offered.model_dump(mode="json", exclude_none=True)


def _help_from(item: Item) -> Help:
    return Help.model_validate({name: item[name] for name in ("booking", "lines") if name in item})


def _proposal_from(item: Item) -> HelpProposal | None:
    if "proposed" not in item:
        return None
    return HelpProposal(item["revision"], _ACTORS.validate_python(item["proposed"]), _help_from(item), item["replaces"])


def _no_proposal(item: Item) -> Write:
    """Return the write that removes a proposal. The row stays: it counts, so that each proposal has another id."""
    return Write.versioned(keys.HELP_PROPOSAL, {"made": item.get("made", {})}, item["revision"])


def _one_more_by(by: Actor, item: Item) -> dict[str, Any]:
    """Return when each account made the proposals that PROPOSALS still counts, with one more by this account.

    Raise LimitError if the account has reached the limit.
    """
    made = {uid: [from_millis(millis) for millis in each] for uid, each in item.get("made", {}).items()}
    kept = {uid: remembered(each, by.at, PROPOSALS) for uid, each in made.items()}
    kept[by.uid] = with_one_more(kept.get(by.uid, ()), by.at, PROPOSALS)
    return {"made": {uid: [to_millis(at) for at in each] for uid, each in kept.items() if each}}
