"""The commands for publishing: `rekindle packs publish`, `approve` and `reject`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Group, RenderableType

from cli import files, words
from cli.changes import changes
from cli.commands import Overwrite, PackId, Reason, Yes
from cli.drafts import FileDraft
from cli.errors import FindingsError, RefusedError, UsageError
from cli.files import PackFile
from cli.pages import done, text
from cli.pages.packs import Plan, outcome_page, plan_page
from cli.session import NO_OPTIONS, Common, Session, TheWorld
from rekindle.packs.check import check_source
from rekindle.packs.contract import FindingView, Outcome, PackDetail, PublishBody, PublishedView
from rekindle.packs.document import Pack
from rekindle.packs.lifecycle import NEWS_AUDIENCES, news_date


def publish(
    *targets: Annotated[str, Parameter(help="Files, or the ids of packs with a draft.")],
    at: Annotated[
        str | None, Parameter(help="When: in this terminal's zone, or ISO with an offset. If you leave it out: now.")
    ] = None,
    announce: Annotated[bool, Parameter(help="Tell couples once that there is a new pack.")] = True,
    note: Annotated[str | None, Parameter(help="For colleagues: what is new.")] = None,
    overwrite: Overwrite = False,
    yes: Yes = False,
    common: Common = NO_OPTIONS,
    world: TheWorld,
) -> int:
    """Publish packs. The command first shows what will happen. A file is saved as a draft, and then published.

    Couples get the pack within half a minute, or at the time that you set. If a
    second person has to approve packs, the pack is only proposed.

    For example:
        rekindle packs publish river.yaml
        rekindle packs publish river --at "2026-03-01 09:00" --note "For spring."
        rekindle packs publish packs/*.yaml --yes --no-announce
    """
    session = world.session(common)
    if not targets:
        raise UsageError("Name at least one pack.", "rekindle packs publish river.yaml")
    instant = words.instant_in(at) if at else None
    if instant and instant <= session.now:
        said = f"{words.moment(instant)}, {words.distance(instant, session.now)}"
        raise UsageError("This time is in the past.", "Leave out --at to publish now.", about=[said])
    terms = PublishBody.model_construct(revision=0, at=instant, announce=announce, note=note)
    return session.each([*targets], lambda target: _published(session, target, terms, overwrite=overwrite, yes=yes))


def approve(pack: PackId, /, *, yes: Yes = False, common: Common = NO_OPTIONS, world: TheWorld) -> None:
    """Approve a colleague's proposal.

    For example:
        rekindle packs diff river
        rekindle packs approve river
    """
    session = world.session(common)
    current = session.practice.pack(pack)
    proposal = current.proposal
    if proposal is None:
        raise RefusedError("nothing-to-take-back", f"{pack} has no proposal.")
    content, source = _draft_of(session, pack)
    terms = PublishBody.model_construct(revision=proposal.revision, at=proposal.at, announce=proposal.announce)
    plan = _plan(session, content, current, terms, _advice(session, pack, source), review_required=False)
    by = text((f"Proposed by {proposal.proposed.name}, {words.since(proposal.proposed.at, session.now)}.", "dim"))
    session.confirm(Group(plan_page(plan, session.now), by), "Approve it?", yes=yes)
    with session.doing(f"Publishing {pack}"):
        result = session.practice.approve(current)
    _note_published(session, result, proposal.revision)
    session.show(outcome_page(result, session.now), result)


def reject(pack: PackId, /, *, note: Reason = None, common: Common = NO_OPTIONS, world: TheWorld) -> None:
    """Reject a proposal, or cancel a version that is not live yet. The text is kept in both cases.

    For example:
        rekindle packs reject river --note "The second prompt is too long."
    """
    session = world.session(common)
    session.practice.pack(pack)
    found = session.practice.reject(pack, note)
    session.show(done(f"“{found.title}” will not go live. Its text is kept."), found)


def _published(
    session: Session, target: str, terms: PublishBody, *, overwrite: bool, yes: bool
) -> tuple[RenderableType, dict[str, Any]]:
    draft: FileDraft | None = None
    with session.doing(f"Looking at {target}"):
        if files.is_file(target):
            file = PackFile.read(Path(target))
            if file.checked.pack is None:
                raise file.unfit()
            pack = file.checked.pack
            draft = session.drafts.prepare(file, overwrite=overwrite)
            current, source = draft.current, draft.source
        else:
            current = session.practice.pack(target)
            if current.draft is None:
                raise RefusedError("nothing-to-publish", f"{target} has no draft.", "rekindle packs save FILE")
            pack, source = _draft_of(session, target)
        if draft and draft.is_published and current:
            session.drafts.save(draft)
            result = PublishedView(outcome=Outcome.UNCHANGED, pack=current)
            return outcome_page(result, session.now), {"target": target, **dict(result)}
        advice = _advice(session, pack.id, source)
        plan = _plan(session, pack, current, terms, advice)
    session.confirm(plan_page(plan, session.now), "Propose it?" if plan.review_required else "Publish it?", yes=yes)
    revision, latest = (current.revision, current.latest) if current else (0, 0)
    with session.doing(f"Publishing {pack.id}"):
        if draft:
            saved = session.drafts.save(draft, even_if_same=True)
            revision = saved.revision if saved else draft.replaces
        result = session.practice.publish(pack.id, latest, terms.model_copy(update={"revision": revision}))
    _note_published(session, result, revision)
    return outcome_page(result, session.now), {"target": target, "advice": advice, **dict(result)}


def _note_published(session: Session, result: PublishedView, revision: int) -> None:
    """If the draft was published, record that files with this draft now contain the published version."""
    if result.outcome in {Outcome.LIVE, Outcome.SCHEDULED}:
        session.world.config.note_published(session.stack.api, result.pack.id, revision, result.pack.latest)


def _advice(session: Session, pack: str, source: str) -> list[FindingView]:
    """Return the service's advice on a text. The service also compares the text with other live packs."""
    return [each for each in session.practice.check(pack, source) if each.advice]


def _plan(
    session: Session,
    pack: Pack,
    current: PackDetail | None,
    terms: PublishBody,
    advice: list[FindingView],
    *,
    review_required: bool | None = None,
) -> Plan:
    if review_required is None:
        review_required = session.practice.packs().review_required
    news_on = current.news_on if current else None
    if news_on is None and terms.announce and pack.audience in NEWS_AUDIENCES:
        news_on = news_date(max(terms.at or session.now, session.now))
    found = None
    if current and current.releases:
        before = check_source(session.practice.release(pack.id, current.latest).source).pack
        found = changes(before, pack) if before else None
    return Plan(pack, session.stack.name, current, terms.at, news_on, review_required, found, advice)


def _draft_of(session: Session, pack: str) -> tuple[Pack, str]:
    """Return a pack's draft, parsed and as text. Raise FindingsError if the draft has errors."""
    source = session.practice.draft(pack).source
    checked = check_source(source)
    if checked.pack is None:
        errors = [each for each in checked.findings if not each.advice]
        raise FindingsError(f"the draft of {pack}", errors, f"Get it into a file: rekindle packs pull {pack}")
    return checked.pack, source
