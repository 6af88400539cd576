"""Make the views of packs, drafts and releases that the API sends to staff."""

from __future__ import annotations

import datetime as dt

from practice_api.services import Services, Staff
from rekindle.domain.codes import displayed
from rekindle.domain.prompts import Audience
from rekindle.packs.check import Checked
from rekindle.packs.contract import (
    ActorView,
    DraftHeadView,
    FindingView,
    PackDetail,
    PackSummary,
    PreviewView,
    ProposalView,
    ReleaseView,
    ScheduledView,
)
from rekindle.packs.document import Pack
from rekindle.packs.lifecycle import Actor, PackHead, Proposal, ReleaseHead


def actor_view(actor: Actor) -> ActorView:
    """Return the view of an actor."""
    return ActorView(name=actor.name, at=actor.at)


def release_view(release: ReleaseHead) -> ReleaseView:
    """Return the view of a published version."""
    return ReleaseView.model_validate(release, from_attributes=True)


def finding_views(checked: Checked) -> list[FindingView]:
    """Return the views of all findings in a pack's source."""
    return [FindingView.model_validate(each, from_attributes=True) for each in checked.findings]


def preview_of(pack: Pack) -> PreviewView:
    """Return a preview of the pack, as couples see it once it is live."""
    return PreviewView.model_validate(pack, from_attributes=True)


def pack_summary(head: PackHead, instant: dt.datetime, uid: str) -> PackSummary:
    """Return the pack's row in the list of packs at this instant. `uid` names the member of staff who reads it."""
    live, scheduled = head.live(instant), head.scheduled(instant)
    known = head.latest or (head.draft.about if head.draft else None)
    withdrawn = head.withdrawn_at(instant)
    return PackSummary(
        id=head.id,
        title=known.title if known else head.id,
        state=head.state(instant),
        audience=known.audience if known else Audience.EVERYONE,
        languages=list(known.languages) if known else [],
        prompts=known.prompts if known else 0,
        live_version=live.version if live else None,
        scheduled=ScheduledView(version=scheduled.version, at=scheduled.live_from) if scheduled else None,
        proposal=_proposal_view(head.proposal, uid) if head.proposal else None,
        draft_saved=actor_view(head.draft.saved) if head.draft else None,
        published=actor_view(live.published) if live else None,
        withdrawn=actor_view(withdrawn) if withdrawn else None,
        withdrawn_prompts=sorted(head.withdrawn_prompts),
        code=displayed(head.code) if head.code else None,
        news_on=head.news_on,
    )


def pack_detail(services: Services, staff: Staff, head: PackHead) -> PackDetail:
    """Return the pack with its draft and all its versions, as the member of staff sees it now."""
    draft = head.draft
    return PackDetail(
        **dict(pack_summary(head, staff.instant, staff.uid)),
        draft=draft and DraftHeadView(revision=draft.revision, saved=actor_view(draft.saved), base_version=draft.base),
        releases=[release_view(release) for release in reversed(services.packs.releases(head))],
    )


def _proposal_view(proposal: Proposal, uid: str) -> ProposalView:
    return ProposalView(
        revision=proposal.revision,
        proposed=actor_view(proposal.proposed),
        mine=proposal.proposed.uid == uid,
        at=proposal.at,
        announce=proposal.announce,
        note=proposal.note,
    )
