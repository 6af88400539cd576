"""The commands `rekindle stats`, `rekindle audit` and `rekindle notices`."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter, validators

from cli.commands import Flag
from cli.pages import done, text
from cli.pages.staff import audit_page, notices_page
from cli.pages.statistics import statistics_page
from cli.session import NO_OPTIONS, Common, Session, TheWorld
from cli.words import counted
from rekindle.domain.ids import PackId, PromptId, Uid
from rekindle.packs.audit_chain import ChainedEntry, Link, fault_in
from rekindle.packs.contract import AuditEntryView
from rekindle.packs.lifecycle import Actor, AuditEntry, StaffAction

WEEKS = 12


def stats(
    *,
    weeks: Annotated[
        int, Parameter(validator=validators.Number(gte=1, lte=WEEKS), help="How many weeks, latest first.")
    ] = 4,
    common: Common = NO_OPTIONS,
    world: TheWorld,
) -> None:
    """Show how many couples take part by day, week, theme and pack. Also show streaks and reminders.

    For example:
        rekindle stats
        rekindle stats --weeks 12
        rekindle stats --json
    """
    session = world.session(common)
    found = session.practice.statistics()
    session.show(statistics_page(found, weeks), found.model_copy(update={"weeks": found.weeks[:weeks]}))


def audit(
    *,
    limit: Annotated[int, Parameter(validator=validators.Number(gte=1, lte=10_000), help="How many actions.")] = 50,
    verify: Annotated[
        Flag, Parameter(help="Read all actions, and check that none was changed, inserted or removed.")
    ] = False,
    common: Common = NO_OPTIONS,
    world: TheWorld,
) -> int:
    """Show the actions of staff, latest first. With --verify, check the chain of all actions instead.

    Each action has a number and a digest, which covers the action before it. If an
    action was changed, inserted or removed, the command says where, and ends with 1.

    For example:
        rekindle audit --limit 10
        rekindle audit --verify
    """
    session = world.session(common)
    if verify:
        return _verified(session)
    entries = session.practice.audit(limit)
    session.show(audit_page(entries), {"entries": entries})
    return 0


def notices(
    *,
    limit: Annotated[int, Parameter(validator=validators.Number(gte=1, lte=1_000), help="How many notices.")] = 20,
    mark_read: Annotated[Flag, Parameter(help="Mark them as read, and all older ones. Only for you.")] = False,
    common: Common = NO_OPTIONS,
    world: TheWorld,
) -> None:
    """Show the notices to all staff, latest first: changes of the help, of rights, and of what needs attention.

    For example:
        rekindle notices
        rekindle notices --mark-read
    """
    session = world.session(common)
    found = session.practice.notices(limit)
    if mark_read and found.notices:
        session.practice.read_notices(found.notices[0].id)
    session.show(notices_page(found, session.now, marked=mark_read), found)


def _verified(session: Session) -> int:
    """Check the whole chain of the audit, show the result, and return the exit status."""
    with session.doing("Reading the audit"):
        pages = list(session.practice.audit_pages())
    entries = [entry for page in pages for entry in page.entries]
    chain = [chained for entry in entries if (chained := _chained(entry)).link]  # entries of version 0.1.0 have none
    fault = fault_in(chain, session.now, complete=True)
    if fault is None and not all(page.intact for page in pages):
        fault = "the latest entries are not the ones that the service has recorded last"
    links = [each.link for each in chain if each.link]
    document = {"actions": len(entries), "chained": len(links), "fault": fault, "latest": links[0] if links else None}
    if fault:
        session.show(text((f"The audit is not whole: {fault}.", "red")), document)
        return 1
    latest = f" The latest is number {links[0].number}, {links[0].digest}." if links else ""
    session.show(done(f"The audit is whole: {counted(len(links), 'action')} in the chain.{latest}"), document)
    return 0


def _chained(view: AuditEntryView) -> ChainedEntry:
    """Return an entry as the service stores it."""
    entry = AuditEntry(
        Actor(Uid(view.uid), view.who, view.at),
        StaffAction(view.action),
        PackId(view.pack) if view.pack else None,
        view.version,
        PromptId(view.prompt) if view.prompt else None,
        view.note,
        view.account,
        view.scope,
    )
    if view.number is None or view.digest is None:
        return ChainedEntry(entry, None)
    return ChainedEntry(entry, Link(view.number, view.digest, view.previous, view.previous_at))
