"""What staff are shown of packs, drafts and releases; the same wherever a route shows it."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel

from rekindle.domain.models import Audience, PromptKind, Theme
from rekindle.packs.check import SourceFinding
from rekindle.packs.document import Pack
from rekindle.packs.lifecycle import (
    Actor,
    DraftHead,
    PackHead,
    PackState,
    Proposal,
    ReleaseHead,
    displayed_practice_code,
)


class ActorView(BaseModel):
    """Who did something, by the name that colleagues know, and when."""

    name: str
    at: dt.datetime


class ScheduledView(BaseModel):
    """The version that is to come, and when it does."""

    version: int
    at: dt.datetime


class ProposalView(BaseModel):
    """What waits for a second person: the draft of this revision, live at once or `at` an instant."""

    revision: int
    proposed: ActorView
    mine: bool
    at: dt.datetime | None
    announce: bool
    note: str | None


class PackSummary(BaseModel):
    """A pack at a glance. `news_on` is the date on which couples are, or were, told of it."""

    id: str
    title: str
    state: PackState
    audience: Audience
    languages: list[str]
    prompts: int
    live_version: int | None
    scheduled: ScheduledView | None
    proposal: ProposalView | None
    draft_saved: ActorView | None
    published: ActorView | None
    withdrawn: ActorView | None
    withdrawn_prompts: list[str]
    code: str | None
    news_on: dt.date | None


class DraftHeadView(BaseModel):
    """A draft without its text; `revision` names it when it is saved, published or discarded."""

    revision: int
    saved: ActorView
    base_version: int | None


class ReleaseView(BaseModel):
    """A published version. `taken_back` says who called it off before it was live."""

    version: int
    live_from: dt.datetime
    published: ActorView
    approved: ActorView | None
    title: str
    audience: Audience
    languages: list[str]
    prompts: int
    announce: bool
    note: str | None
    taken_back: ActorView | None


class PackDetail(PackSummary):
    """A pack with its draft and all its versions, latest first."""

    draft: DraftHeadView | None
    releases: list[ReleaseView]


class FindingView(BaseModel):
    """One thing to mend, or with `advice` to think about: on which line, of which prompt, and how."""

    line: int
    prompt: str | None
    field: str
    reason: str
    advice: bool


class PackWordsView(BaseModel):
    """What couples read about a pack."""

    title: str
    written_for: str


class PromptWordsView(BaseModel):
    """What couples read of a prompt."""

    text: str
    why: str
    hint: str | None


class PreviewPromptView(BaseModel):
    """A prompt with its words by language."""

    id: str
    theme: Theme
    kind: PromptKind
    depth: int
    comfort: int
    words: dict[str, PromptWordsView]


class PreviewView(BaseModel):
    """A pack as couples would have it."""

    id: str
    audience: Audience
    default_language: str
    languages: list[str]
    words: dict[str, PackWordsView]
    prompts: list[PreviewPromptView]


def actor_view(actor: Actor | None) -> ActorView | None:
    """Return the view of an actor, if there is one."""
    return done_view(actor) if actor else None


def done_view(actor: Actor) -> ActorView:
    """Return the view of an actor."""
    return ActorView(name=actor.name, at=actor.at)


def pack_summary(head: PackHead, instant: dt.datetime, uid: str) -> PackSummary:
    """The pack as somebody sees it at an instant."""
    return PackSummary(**_summary(head, instant, uid))


def pack_detail(head: PackHead, instant: dt.datetime, uid: str) -> PackDetail:
    """The pack with its draft and its versions, as somebody sees it at an instant."""
    return PackDetail(
        **_summary(head, instant, uid),
        draft=draft_head_view(head.draft) if head.draft else None,
        releases=[release_view(release) for release in reversed(head.releases)],
    )


def _summary(head: PackHead, instant: dt.datetime, uid: str) -> dict[str, object]:
    live, scheduled = head.live(instant), head.scheduled(instant)
    known = head.latest or (head.draft.about if head.draft else None)
    return {
        "id": head.id,
        "title": known.title if known else head.id,
        "state": head.state(instant),
        "audience": known.audience if known else Audience.EVERYONE,
        "languages": list(known.languages) if known else [],
        "prompts": known.prompts if known else 0,
        "live_version": live.version if live else None,
        "scheduled": ScheduledView(version=scheduled.version, at=scheduled.live_from) if scheduled else None,
        "proposal": proposal_view(head.proposal, uid) if head.proposal else None,
        "draft_saved": actor_view(head.draft.saved if head.draft else None),
        "published": actor_view(live.published if live else None),
        "withdrawn": actor_view(head.withdrawn_at(instant)),
        "withdrawn_prompts": sorted(head.withdrawn_prompts),
        "code": displayed_practice_code(head.code) if head.code else None,
        "news_on": head.news_on,
    }


def proposal_view(proposal: Proposal, uid: str) -> ProposalView:
    """What waits for a second person; `mine` if that cannot be the caller."""
    return ProposalView(
        revision=proposal.revision,
        proposed=done_view(proposal.proposed),
        mine=proposal.proposed.uid == uid,
        at=proposal.at,
        announce=proposal.announce,
        note=proposal.note,
    )


def draft_head_view(draft: DraftHead) -> DraftHeadView:
    """The draft without its text."""
    return DraftHeadView(revision=draft.revision, saved=done_view(draft.saved), base_version=draft.base)


def release_view(release: ReleaseHead) -> ReleaseView:
    """A published version."""
    return ReleaseView(
        version=release.version,
        live_from=release.live_from,
        published=done_view(release.published),
        approved=actor_view(release.approved),
        title=release.title,
        audience=release.audience,
        languages=list(release.languages),
        prompts=release.prompts,
        announce=release.announce,
        note=release.note,
        taken_back=actor_view(release.taken_back),
    )


def finding_view(finding: SourceFinding) -> FindingView:
    """One thing to mend."""
    return FindingView(
        line=finding.line,
        prompt=finding.prompt,
        field=finding.field,
        reason=finding.reason,
        advice=finding.advice,
    )


def preview_of(pack: Pack) -> PreviewView:
    """The pack as couples would have it."""
    return PreviewView(
        id=pack.id,
        audience=pack.audience,
        default_language=pack.default_language,
        languages=list(pack.languages),
        words={
            language: PackWordsView(title=words.title, written_for=words.written_for)
            for language, words in pack.words.items()
        },
        prompts=[
            PreviewPromptView(
                id=prompt.id,
                theme=prompt.theme,
                kind=prompt.kind,
                depth=prompt.depth,
                comfort=prompt.comfort,
                words={
                    language: PromptWordsView(text=words.text, why=words.why, hint=words.hint)
                    for language, words in prompt.words.items()
                },
            )
            for prompt in pack.prompts
        ],
    )
