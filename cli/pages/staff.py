"""Show pages about the actions of staff, the notices to them, and their accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Group

from cli import words
from cli.pages import table, text
from cli.words import counted

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from rekindle.accounts import StaffAccount
    from rekindle.packs import contract

RIGHTS: Final[Mapping[str, str]] = {
    "practice:read": "see packs and numbers",
    "practice:publish": "write and publish packs",
}
"""Maps each permission of staff to a person's words for it."""


def rights(scope: str) -> str:
    """Return the permissions of a scope in words."""
    return "; ".join(RIGHTS.get(each, each) for each in scope.split()) or "none"


def audit_page(entries: Sequence[contract.AuditEntryView]) -> RenderableType:
    """Show a table of the staff's actions."""
    if not entries:
        return text("Nobody has done anything yet.")
    page = table("When", "Who", "Action", "Pack or account", "Note")
    for entry in entries:
        of = " ".join(
            part
            for part in (
                entry.pack,
                entry.version and f"version {entry.version}",
                entry.prompt and f"({entry.prompt})",
                entry.account and f"{entry.account}: {rights(entry.scope or '')}",
            )
            if part
        )
        page.add_row(
            words.short(entry.at), text(entry.who), entry.action.replace("_", " "), text(of), text(entry.note or "")
        )
    return page


def notices_page(found: contract.NoticesView, now: dt.datetime, *, marked: bool) -> RenderableType:
    """Show notices to staff. `marked` says that the person has just marked them as read."""
    if not found.notices:
        return text("There are no notices.")
    page = table("", "When", "Notice")
    for notice in found.notices:
        about = [_said(notice), *([text((notice.note, "dim"))] if notice.note else [])]
        new = ("●", "yellow") if notice.unread and not marked else ""
        page.add_row(text(new), words.since(notice.at, now), Group(*about))
    if marked or not found.unread:
        return page
    said = f"{counted(found.unread, 'notice')} unread. To mark them as read: rekindle notices --mark-read"
    return Group(page, text(("\n" + said, "dim")))


def staff_page(accounts: Sequence[StaffAccount], now: dt.datetime) -> RenderableType:
    """Show a table of the accounts with permissions."""
    if not accounts:
        return text("No account has permissions. To give the first one: rekindle staff grant EMAIL publish")
    page = table("Account", "Permissions", "Second factor", "Last sign-in")
    for account in accounts:
        state = ("\nturned off", "red") if account.disabled else ""
        factor = "yes" if account.second_factor else ("no", "yellow")
        seen = words.since(account.last_sign_in, now) if account.last_sign_in else "never"
        page.add_row(text(account.name, state), text(rights(account.scope)), text(factor), seen)
    return page


def _said(notice: contract.NoticeView) -> RenderableType:
    who, account = notice.who or "Somebody", f"{notice.account or 'an account'}: {rights(notice.scope or '')}"
    match notice.kind:
        case "help-proposed":
            said = f"{who} proposes a change of the help. To see and approve it: rekindle help approve"
        case "help-changed":
            said = f"{who} approved a change of the help. Couples have it."
        case "help-rejected":
            said = f"{who} rejected a change of the help."
        case "code-used-widely":
            couples = f"more than {notice.couples} couples" if notice.couples else "more couples than expected"
            renew = f"rekindle packs code {notice.pack} --renew"
            said = f"The code of {notice.pack} was used by {couples}. For a new code: {renew}"
        case "rights-granted":
            said = f"{who} gave permissions to {account}"
        case "rights-revoked":
            said = f"{who} took permissions from {account}"
        case _:
            said = notice.kind
    return text(said)
