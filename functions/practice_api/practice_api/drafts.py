"""`/v1/practice/packs/{id}/draft` saves and checks the text that staff are writing."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

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
from practice_api.views import actor_view, finding_views, preview_of
from rekindle.api.problems import Problem, ProblemError
from rekindle.domain.ids import PackId
from rekindle.packs.check import Checked, check_source
from rekindle.packs.contract import CheckBody, CheckedView, DraftBody, DraftView, FindingView, SavedView
from rekindle.packs.lifecycle import DraftHead
from rekindle.store.pack_sources import SourceTooLargeError
from rekindle.store.packs import DraftChangedError

router = APIGatewayHttpRouter()


@router.get("/packs/<pack_id>/draft", responses=staff_refusals(Problem.NO_SUCH_PACK))
def get_draft(pack_id: PackPath, _staff: TheReader, services: TheServices) -> DraftView:
    """Show the draft, or the latest version if there is no draft.

    The findings do not say whether the text repeats other packs. To compare it with other packs, call `POST
    /v1/practice/check` or save the draft.
    """
    head = known_pack(services, pack_id)
    draft = head.draft
    if draft:
        source, base = services.packs.draft(head.id, draft), draft.base
    else:
        release = head.releases[-1]
        source, base = services.packs.released(head.id, release), release.version
    return DraftView(
        source=source,
        revision=draft.revision if draft else 0,
        saved=actor_view(draft.saved) if draft else None,
        base_version=base,
        findings=finding_views(check_source(source)),
    )


@router.put("/packs/<pack_id>/draft", responses=publisher_refusals(Problem.DRAFT_CHANGED))
def put_draft(pack_id: PackPath, body: DraftBody, staff: ThePublisher, services: TheServices) -> SavedView:
    """Save a draft, even if it has findings. If the current draft has the same text, change nothing.

    Saving another text is refused if `revision` is not the revision of the current draft.
    """
    head = services.packs.head(PackId(pack_id))
    check = checked(services, staff, head.id, body.source)
    findings = finding_views(check)
    if head.draft and services.packs.draft(head.id, head.draft) == body.source:
        # The same text is saved already. Perhaps the client sends the request again because the first reply was lost.
        return _saved(head.draft, findings, unchanged=True)
    base = head.draft.base if head.draft else (head.releases[-1].version if head.releases else None)
    try:
        draft = services.packs.save_draft(head.id, body.source, body.revision, base, staff.actor, parsed=check.readable)
    except DraftChangedError as error:
        raise draft_changed(error) from error
    except SourceTooLargeError as error:
        raise ProblemError(Problem.BODY_TOO_LARGE) from error
    return _saved(draft, findings, unchanged=False)


@router.delete(
    "/packs/<pack_id>/draft",
    status_code=HTTPStatus.NO_CONTENT,
    responses=publisher_refusals(Problem.NO_SUCH_PACK, Problem.DRAFT_CHANGED),
)
def delete_draft(
    pack_id: PackPath,
    revision: Annotated[int, Query(ge=1, description="The revision of the draft that the caller read.")],
    staff: ThePublisher,
    services: TheServices,
) -> None:
    """Delete the draft. The published versions stay. If the pack was never published, the pack is gone too."""
    head = known_pack(services, pack_id)
    if head.draft is None:
        return
    try:
        services.packs.discard_draft(head.id, revision, staff.actor)
    except DraftChangedError as error:
        raise draft_changed(error) from error


@router.post("/check", responses=staff_refusals())
def post_check(body: CheckBody, staff: TheReader, services: TheServices) -> CheckedView:
    """Check a text and show a preview. Nothing is saved."""
    check = checked(services, staff, PackId(body.pack_id or ""), body.source)
    return CheckedView(findings=finding_views(check), preview=preview_of(check.readable) if check.readable else None)


def checked(services: Services, staff: Staff, pack: PackId, source: str) -> Checked:
    """Check a text, and compare it with the live versions of all other packs."""
    return check_source(source, others=services.others(pack, staff.instant))


def draft_changed(error: DraftChangedError) -> ProblemError:
    """Return the problem DRAFT_CHANGED, which says who saved the current draft."""
    existing = error.existing
    members = {
        "revision": existing.revision if existing else 0,
        "saved": actor_view(existing.saved).model_dump(mode="json") if existing else None,
    }
    return ProblemError(Problem.DRAFT_CHANGED, members=members)


def _saved(draft: DraftHead, findings: list[FindingView], *, unchanged: bool) -> SavedView:
    return SavedView(revision=draft.revision, saved=actor_view(draft.saved), findings=findings, unchanged=unchanged)
