"""`/v1/practice/audit` lists what each member of staff did."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from practice_api.services import TheReader, TheServices, staff_refusals
from rekindle.packs.audit_chain import ChainedEntry
from rekindle.packs.contract import CURSOR, AuditEntryView, AuditView

router = APIGatewayHttpRouter()

AUDIT_PAGE = 100


@router.get("/audit", responses=staff_refusals())
def get_audit(
    staff: TheReader,
    services: TheServices,
    before: Annotated[str | None, Query(pattern=CURSOR, description="The field `before` of the previous page.")] = None,
    limit: Annotated[int, Query(ge=1, le=AUDIT_PAGE)] = AUDIT_PAGE,
) -> AuditView:
    """List the actions of staff, latest first. No call of the API changes or removes an action in this list."""
    page = services.audit.page(before, limit, staff.instant)
    return AuditView(entries=[_view(each) for each in page.entries], before=page.before, intact=page.intact)


def _view(chained: ChainedEntry) -> AuditEntryView:
    entry, link = chained.entry, chained.link
    return AuditEntryView(
        at=entry.done.at,
        who=entry.done.name,
        action=entry.action,
        pack=entry.pack,
        version=entry.version,
        prompt=entry.prompt,
        note=entry.note,
        account=entry.account,
        scope=entry.scope,
        uid=entry.done.uid,
        number=link.number if link else None,
        digest=link.digest if link else None,
        previous=link.previous if link else None,
        previous_at=link.previous_at if link else None,
    )
