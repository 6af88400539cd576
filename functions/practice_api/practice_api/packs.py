"""`/v1/practice/packs`: the packs and where each stands, what is withdrawn, and the codes that couples join by."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from practice_api.services import Services, Staff, ThePublisher, TheReader, TheServices, known_pack
from practice_api.views import PackDetail, PackSummary, pack_detail, pack_summary
from rekindle.api.problems import Problem, ProblemError
from rekindle.domain.models import Audience, PackId, PromptId
from rekindle.domain.texts import VISIBLE
from rekindle.packs.document import SLUG
from rekindle.packs.lifecycle import Actor, PackHead, ReleaseHead

router = APIGatewayHttpRouter()

LONGEST_ID = 48
LONGEST_NOTE = 500

PackPath = Annotated[str, Path(description="The pack's id.", pattern=SLUG, max_length=LONGEST_ID)]
Slug = Annotated[str, StringConstraints(pattern=SLUG, max_length=LONGEST_ID)]
Note = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NOTE, strip_whitespace=True), VISIBLE]


class PacksView(BaseModel):
    """All packs, and whether a second person has to approve what is published."""

    packs: list[PackSummary]
    review_required: bool


class WithdrawBody(BaseModel):
    """What is taken from couples: one prompt, or the whole pack. The reason is for colleagues."""

    model_config = ConfigDict(extra="forbid")

    prompt: Slug | None = None
    reason: Note | None = Field(None, description="For colleagues; kept with the audit.")


class RestoreBody(BaseModel):
    """What is put back: one prompt, or the whole pack."""

    model_config = ConfigDict(extra="forbid")

    prompt: Slug | None = None


@router.get("/packs")
def get_packs(staff: TheReader, services: TheServices) -> PacksView:
    """Every pack, with where it stands."""
    heads = services.packs.heads()
    return PacksView(
        packs=[pack_summary(head, staff.instant, staff.uid) for head in heads],
        review_required=services.review_required,
    )


@router.get("/packs/<pack_id>")
def get_pack(pack_id: PackPath, staff: TheReader, services: TheServices) -> PackDetail:
    """One pack, with its draft and all its versions."""
    return pack_detail(known_pack(services, pack_id), staff.instant, staff.uid)


@router.post("/packs/<pack_id>/withdraw")
def post_withdraw(pack_id: PackPath, body: WithdrawBody, staff: ThePublisher, services: TheServices) -> PackDetail:
    """Take the pack or one prompt of it from all couples, within half a minute. Days that have it keep it."""
    head = known_pack(services, pack_id)
    _require_prompt(services, head, body.prompt)
    gone = _withdrawal(head, body.prompt, staff)
    if gone is None:
        prompt = PromptId(body.prompt) if body.prompt else None
        head = services.packs.withdraw(head.id, prompt, staff.actor, body.reason)
    return pack_detail(head, staff.instant, staff.uid)


@router.post("/packs/<pack_id>/restore")
def post_restore(pack_id: PackPath, body: RestoreBody, staff: ThePublisher, services: TheServices) -> PackDetail:
    """Put back what was withdrawn, as it was. A version that was still to come was called off with it, and stays so."""
    head = known_pack(services, pack_id)
    prompt = PromptId(body.prompt) if body.prompt else None
    if _withdrawal(head, prompt, staff) is None:
        raise ProblemError(Problem.NOT_WITHDRAWN)
    return pack_detail(services.packs.restore(head.id, prompt, staff.actor), staff.instant, staff.uid)


@router.post("/packs/<pack_id>/code")
def post_code(pack_id: PackPath, staff: ThePublisher, services: TheServices) -> PackDetail:
    """A new code in place of the old one, which opens nothing any more. Couples that have joined stay."""
    head = known_pack(services, pack_id)
    if head.code is None or head.latest is None or head.latest.audience is not Audience.CODE:
        raise ProblemError(Problem.NO_CODE)
    head = services.packs.renew_code(PackId(pack_id), services.new_code(), staff.actor)
    return pack_detail(head, staff.instant, staff.uid)


def _withdrawal(head: PackHead, prompt: str | None, staff: Staff) -> Actor | None:
    """Who has withdrawn the prompt, or the whole pack, if anybody has."""
    return head.withdrawn_at(staff.instant) if prompt is None else head.withdrawn_prompts.get(PromptId(prompt))


def _require_prompt(services: Services, head: PackHead, prompt: str | None) -> None:
    """A problem unless the pack has been with couples, and had this prompt."""
    published: list[ReleaseHead] = [release for release in head.releases if not release.taken_back]
    if not published:
        raise ProblemError(Problem.NOT_PUBLISHED)
    if prompt is not None and not services.packs.has_prompt(head.id, published, PromptId(prompt)):
        raise ProblemError(Problem.NO_SUCH_PROMPT)
