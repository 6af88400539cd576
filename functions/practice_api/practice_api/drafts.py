"""`/v1/practice/packs/{id}/draft`: what is being written, kept as it was typed and checked as it stands."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, ConfigDict, Field

from practice_api.packs import PackPath, Slug
from practice_api.services import Services, Staff, ThePublisher, TheReader, TheServices, known_pack
from practice_api.views import ActorView, FindingView, PreviewView, actor_view, done_view, finding_view, preview_of
from rekindle.api.problems import Problem, ProblemError
from rekindle.domain.models import PackId
from rekindle.packs.check import SOURCE_LIMIT, Checked, check_source
from rekindle.packs.lifecycle import DraftHead
from rekindle.store.pack_sources import SourceTooLargeError
from rekindle.store.packs import DraftChangedError

router = APIGatewayHttpRouter()

Source = Annotated[str, Field(description="The pack as YAML or JSON, just as it is typed.", max_length=SOURCE_LIMIT)]
Revision = Annotated[
    int, Field(ge=0, strict=True, description="The revision of the draft that was read; 0 where there was none.")
]


class DraftBody(BaseModel):
    """A draft to keep in place of the revision that was read."""

    model_config = ConfigDict(extra="forbid")

    source: Source
    revision: Revision


class DraftView(BaseModel):
    """A draft's text with what there is to mend; without a draft the latest version's text, as revision 0."""

    source: str
    revision: int
    saved: ActorView | None
    base_version: int | None
    findings: list[FindingView]


class SavedView(BaseModel):
    """The draft that is kept now. `unchanged` says that it was kept already."""

    revision: int
    saved: ActorView
    findings: list[FindingView]
    unchanged: bool


class CheckBody(BaseModel):
    """A text to check, and for which pack."""

    model_config = ConfigDict(extra="forbid")

    source: Source
    pack_id: Slug | None = None


class CheckedView(BaseModel):
    """What there is to mend, and the pack as couples would have it, as soon as it can be read as one."""

    findings: list[FindingView]
    preview: PreviewView | None


@router.get("/packs/<pack_id>/draft")
def get_draft(pack_id: PackPath, _staff: TheReader, services: TheServices) -> DraftView:
    """What is being written, or what was published last. It is not held against other packs: a check does that."""
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
        saved=actor_view(draft.saved if draft else None),
        base_version=base,
        findings=_findings(check_source(source)),
    )


@router.put("/packs/<pack_id>/draft")
def put_draft(pack_id: PackPath, body: DraftBody, staff: ThePublisher, services: TheServices) -> SavedView:
    """Keep a draft, also one with something to mend. Refused if another was saved since: nobody overwrites unseen."""
    head = services.packs.head(PackId(pack_id))
    found = checked(services, staff, head.id, body.source)
    findings = _findings(found)
    if head.draft and services.packs.draft(head.id, head.draft) == body.source:
        # Kept already: perhaps by this very request, whose answer was lost.
        return _saved(head.draft, findings, unchanged=True)
    base = head.draft.base if head.draft else (head.releases[-1].version if head.releases else None)
    try:
        draft = services.packs.save_draft(head.id, body.source, body.revision, base, staff.actor, form=found.readable)
    except DraftChangedError as error:
        raise draft_changed(error) from error
    except SourceTooLargeError as error:
        raise ProblemError(Problem.BODY_TOO_LARGE) from error
    return _saved(draft, findings, unchanged=False)


@router.delete("/packs/<pack_id>/draft", status_code=HTTPStatus.NO_CONTENT)
def delete_draft(
    pack_id: PackPath,
    revision: Annotated[int, Query(ge=1, description="The revision of the draft that was read.")],
    staff: ThePublisher,
    services: TheServices,
) -> None:
    """Go back to what is published. A pack that never was is gone with its draft."""
    head = known_pack(services, pack_id)
    if head.draft is None:
        return
    try:
        services.packs.discard_draft(head.id, revision, staff.actor)
    except DraftChangedError as error:
        raise draft_changed(error) from error


@router.post("/check")
def post_check(body: CheckBody, staff: TheReader, services: TheServices) -> CheckedView:
    """What there is to mend in a text, and a preview; nothing is kept."""
    found = checked(services, staff, PackId(body.pack_id or ""), body.source)
    return CheckedView(findings=_findings(found), preview=preview_of(found.readable) if found.readable else None)


def checked(services: Services, staff: Staff, pack: PackId, source: str) -> Checked:
    """The pack in a text and everything to mend in it, also beside what couples have already."""
    return check_source(source, others=services.others(pack, staff.instant))


def draft_changed(error: DraftChangedError) -> ProblemError:
    """The problem that says whose draft stands now."""
    existing = error.existing
    members = {
        "revision": existing.revision if existing else 0,
        "saved": done_view(existing.saved).model_dump(mode="json") if existing else None,
    }
    return ProblemError(Problem.DRAFT_CHANGED, members=members)


def _saved(draft: DraftHead, findings: list[FindingView], *, unchanged: bool) -> SavedView:
    return SavedView(revision=draft.revision, saved=done_view(draft.saved), findings=findings, unchanged=unchanged)


def _findings(found: Checked) -> list[FindingView]:
    return [finding_view(finding) for finding in found.findings]
