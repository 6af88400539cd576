"""`/v1/practice/packs` lists packs, withdraws and restores them, and renews the codes with which couples join."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

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
from practice_api.views import pack_detail, pack_summary
from rekindle.api.problems import Problem, ProblemError
from rekindle.domain.ids import PackId, PromptId
from rekindle.domain.prompts import Audience
from rekindle.packs.contract import LONGEST_ID, PackDetail, PacksView, RestoreBody, WithdrawBody
from rekindle.packs.document import SLUG
from rekindle.packs.lifecycle import MOST_WITHDRAWN_PROMPTS, Actor, PackHead, ReleaseHead

router = APIGatewayHttpRouter()

PackPath = Annotated[str, Path(description="The pack's id.", pattern=SLUG, max_length=LONGEST_ID)]


@router.get("/packs", responses=staff_refusals())
def get_packs(staff: TheReader, services: TheServices) -> PacksView:
    """List every pack with its state."""
    heads = services.packs.heads()
    return PacksView(
        packs=[pack_summary(head, staff.instant, staff.uid) for head in heads], review_required=services.review_required
    )


@router.get("/packs/<pack_id>", responses=staff_refusals(Problem.NO_SUCH_PACK))
def get_pack(pack_id: PackPath, staff: TheReader, services: TheServices) -> PackDetail:
    """Show one pack with its draft and all its versions."""
    return pack_detail(services, staff, known_pack(services, pack_id))


@router.post(
    "/packs/<pack_id>/withdraw",
    responses=publisher_refusals(Problem.NO_SUCH_PACK, Problem.NO_SUCH_PROMPT, Problem.NOT_PUBLISHED),
)
def post_withdraw(pack_id: PackPath, body: WithdrawBody, staff: ThePublisher, services: TheServices) -> PackDetail:
    """Withdraw the pack or one of its prompts. Within half a minute, no couple gets it any more.

    A day that already has a withdrawn prompt keeps this prompt.
    """
    head = known_pack(services, pack_id)
    _require_prompt(services, head, body.prompt)
    if _withdrawn_by(head, body.prompt, staff) is None:
        if body.prompt and len(head.withdrawn_prompts) >= MOST_WITHDRAWN_PROMPTS:
            reason = (
                f"{MOST_WITHDRAWN_PROMPTS} prompts of this pack are withdrawn already. "
                "Publish it without them, under another id"
            )
            raise ProblemError(Problem.INVALID_FIELDS, errors=[{"field": "body.prompt", "reason": reason}])
        prompt = PromptId(body.prompt) if body.prompt else None
        head = services.packs.withdraw(head.id, prompt, staff.actor, body.reason)
    return pack_detail(services, staff, head)


@router.post("/packs/<pack_id>/restore", responses=publisher_refusals(Problem.NO_SUCH_PACK, Problem.NOT_WITHDRAWN))
def post_restore(pack_id: PackPath, body: RestoreBody, staff: ThePublisher, services: TheServices) -> PackDetail:
    """Restore a withdrawn pack or prompt.

    If the withdrawal canceled a scheduled version, this version stays canceled.
    """
    head = known_pack(services, pack_id)
    prompt = PromptId(body.prompt) if body.prompt else None
    if _withdrawn_by(head, prompt, staff) is None:
        raise ProblemError(Problem.NOT_WITHDRAWN)
    return pack_detail(services, staff, services.packs.restore(head.id, prompt, staff.actor))


@router.post("/packs/<pack_id>/code", responses=publisher_refusals(Problem.NO_SUCH_PACK, Problem.NO_CODE))
def post_code(pack_id: PackPath, staff: ThePublisher, services: TheServices) -> PackDetail:
    """Replace the pack's code. The old code no longer works. Couples that have joined keep the pack."""
    head = known_pack(services, pack_id)
    if head.code is None or head.latest is None or head.latest.audience is not Audience.CODE:
        raise ProblemError(Problem.NO_CODE)
    head = services.packs.renew_code(PackId(pack_id), services.new_code(), staff.actor)
    return pack_detail(services, staff, head)


def _withdrawn_by(head: PackHead, prompt: str | None, staff: Staff) -> Actor | None:
    """Return who withdrew the prompt. If `prompt` is None, return who withdrew the pack.

    Return None if the prompt or the pack is not withdrawn.
    """
    return head.withdrawn_at(staff.instant) if prompt is None else head.withdrawn_prompts.get(PromptId(prompt))


def _require_prompt(services: Services, head: PackHead, prompt: str | None) -> None:
    """Raise a problem if the pack has no version, or no version with the prompt. Ignore canceled versions."""
    published: list[ReleaseHead] = [release for release in services.packs.releases(head) if not release.taken_back]
    if not published:
        raise ProblemError(Problem.NOT_PUBLISHED)
    if prompt is not None and not services.packs.has_prompt(head.id, published, PromptId(prompt)):
        raise ProblemError(Problem.NO_SUCH_PROMPT)
