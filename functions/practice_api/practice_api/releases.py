"""`/v1/practice/packs/{id}/publish`, `approve` and `reject` decide what goes live. `releases` shows versions."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from practice_api.drafts import draft_changed
from practice_api.packs import PackPath
from practice_api.services import (
    Services,
    Staff,
    ThePublisher,
    TheReader,
    TheServices,
    known_pack,
    publisher_refusals,
    staff_refusals,
)
from practice_api.views import finding_views, pack_detail, release_view
from rekindle.api.problems import Problem, ProblemError
from rekindle.packs.check import check_source
from rekindle.packs.contract import (
    ApproveBody,
    Outcome,
    PackDetail,
    PublishBody,
    PublishedSourceView,
    PublishedView,
    TakeBackBody,
)
from rekindle.packs.document import Pack
from rekindle.packs.lifecycle import LONGEST_SCHEDULE, PackHead, Proposal
from rekindle.store.packs import DraftChangedError, PackChangedError, Publication

router = APIGatewayHttpRouter()

UNPUBLISHABLE = (
    Problem.NO_SUCH_PACK,
    Problem.NOTHING_TO_PUBLISH,
    Problem.DRAFT_CHANGED,
    Problem.SCHEDULED_ALREADY,
    Problem.PACK_UNFIT,
    Problem.WRONG_PACK,
    Problem.PACK_CHANGED,
)
"""The problems that prevent the publication of a draft."""


@router.get(
    "/packs/<pack_id>/releases/<version>", responses=staff_refusals(Problem.NO_SUCH_PACK, Problem.NO_SUCH_RELEASE)
)
def get_release(
    pack_id: PackPath, version: Annotated[int, Path(ge=1)], _staff: TheReader, services: TheServices
) -> PublishedSourceView:
    """Show the text of a version as it was published."""
    head = known_pack(services, pack_id)
    release = services.packs.release(head, version)
    if release is None:
        raise ProblemError(Problem.NO_SUCH_RELEASE)
    return PublishedSourceView(**release_view(release).model_dump(), source=services.packs.released(head.id, release))


@router.post("/packs/<pack_id>/publish", responses=publisher_refusals(*UNPUBLISHABLE))
def post_publish(pack_id: PackPath, body: PublishBody, staff: ThePublisher, services: TheServices) -> PublishedView:
    """Publish the draft with this revision, now or at `at`.

    If a second person must approve the draft, only propose it. If the live version is the same pack, do nothing.
    """
    head = known_pack(services, pack_id)
    if body.at is not None and not staff.instant < body.at <= staff.instant + LONGEST_SCHEDULE:
        reason = "must be in the future, at most a year from now"
        raise ProblemError(Problem.INVALID_FIELDS, errors=[{"field": "body.at", "reason": reason}])
    pack, source = _publishable(services, staff, head, body.revision)
    if _is_live_already(services, head, pack, staff.instant):
        return PublishedView(outcome=Outcome.UNCHANGED, pack=pack_detail(services, staff, head))
    if services.review_required:
        proposal = Proposal(body.revision, staff.actor, body.at, body.announce, body.note)
        try:
            head = services.packs.propose(head.id, proposal)
        except DraftChangedError as error:
            raise draft_changed(error) from error
        return PublishedView(outcome=Outcome.PROPOSED, pack=pack_detail(services, staff, head))
    publication = Publication(
        pack=pack,
        source=source,
        published=staff.actor,
        approved=None,
        live_from=body.at or staff.instant,
        announce=body.announce,
        note=body.note,
        code=services.new_code(),
    )
    return _published(services, staff, head, publication)


@router.post(
    "/packs/<pack_id>/approve",
    responses=publisher_refusals(*UNPUBLISHABLE, Problem.NOTHING_TO_TAKE_BACK, Problem.NEEDS_ANOTHER_PERSON),
)
def post_approve(pack_id: PackPath, body: ApproveBody, staff: ThePublisher, services: TheServices) -> PublishedView:
    """Approve another person's proposal. This publishes the draft.

    The new version is live from the proposed time on. If the proposal has no time or its time is over, the new
    version is live now.
    """
    head = known_pack(services, pack_id)
    proposal = head.proposal
    if proposal is None:
        raise ProblemError(Problem.NOTHING_TO_TAKE_BACK)
    if proposal.proposed.uid == staff.uid:
        raise ProblemError(Problem.NEEDS_ANOTHER_PERSON)
    if proposal.revision != body.revision:
        raise draft_changed(DraftChangedError(head.draft))
    pack, source = _publishable(services, staff, head, body.revision)
    publication = Publication(
        pack=pack,
        source=source,
        published=proposal.proposed,
        approved=staff.actor,
        live_from=max(proposal.at or staff.instant, staff.instant),
        announce=proposal.announce,
        note=proposal.note,
        code=services.new_code(),
    )
    return _published(services, staff, head, publication)


@router.post(
    "/packs/<pack_id>/reject",
    responses=publisher_refusals(Problem.NO_SUCH_PACK, Problem.NOTHING_TO_TAKE_BACK, Problem.PACK_CHANGED),
)
def post_reject(pack_id: PackPath, body: TakeBackBody, staff: ThePublisher, services: TheServices) -> PackDetail:
    """Reject a proposal, or cancel a version that is not live yet. The draft of a rejected proposal stays."""
    head = known_pack(services, pack_id)
    if not (head.proposal or head.scheduled(staff.instant)):
        raise ProblemError(Problem.NOTHING_TO_TAKE_BACK)
    try:
        head = services.packs.take_back(head, staff.actor, body.note)
    except PackChangedError as error:
        raise ProblemError(Problem.PACK_CHANGED) from error
    return pack_detail(services, staff, head)


def _publishable(services: Services, staff: Staff, head: PackHead, revision: int) -> tuple[Pack, str]:
    """Return the draft as a pack and text. Raise a problem if the draft cannot be published or has another revision."""
    draft = head.draft
    if draft is None:
        raise ProblemError(Problem.NOTHING_TO_PUBLISH)
    if draft.revision != revision:
        raise draft_changed(DraftChangedError(draft))
    if head.scheduled(staff.instant):
        raise ProblemError(Problem.SCHEDULED_ALREADY)
    source = services.packs.draft(head.id, draft)
    check = check_source(source)
    if check.pack is None:
        findings = [view.model_dump() for view in finding_views(check)]
        raise ProblemError(Problem.PACK_UNFIT, members={"findings": findings})
    if check.pack.id != head.id:
        raise ProblemError(Problem.WRONG_PACK)
    return check.pack, source


def _is_live_already(services: Services, head: PackHead, pack: Pack, instant: dt.datetime) -> bool:
    live = head.live(instant)
    return live is not None and services.published(head.id, live) == pack


def _published(services: Services, staff: Staff, read: PackHead, publication: Publication) -> PublishedView:
    """Publish, and return the result. `read` is the pack as the caller read it.

    Raise a problem if somebody has since changed the draft or the proposal, or withdrawn or restored the pack.
    """
    try:
        head = services.packs.publish(read, publication)
    except DraftChangedError as error:
        raise draft_changed(error) from error
    except PackChangedError as error:
        raise ProblemError(Problem.PACK_CHANGED) from error
    is_live = head.releases[-1].live_from <= staff.instant
    return PublishedView(
        outcome=Outcome.LIVE if is_live else Outcome.SCHEDULED, pack=pack_detail(services, staff, head)
    )
