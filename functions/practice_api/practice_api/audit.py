"""`/v1/practice/audit` lists what each member of staff did."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from practice_api.services import TheReader, TheServices, staff_refusals
from rekindle.packs.contract import AuditEntryView, AuditView

router = APIGatewayHttpRouter()

AUDIT_PAGE = 100
CURSOR = r"^[0-9]{13}-[0-9a-f]{12}$"


@router.get("/audit", responses=staff_refusals())
def get_audit(
    _staff: TheReader,
    services: TheServices,
    before: Annotated[str | None, Query(pattern=CURSOR, description="The field `before` of the previous page.")] = None,
    limit: Annotated[int, Query(ge=1, le=AUDIT_PAGE)] = AUDIT_PAGE,
) -> AuditView:
    """List the actions of staff, latest first. No call of the API changes or removes an action in this list."""
    entries, last = services.audit.entries(before, limit)
    return AuditView(
        entries=[
            AuditEntryView(
                at=entry.done.at,
                who=entry.done.name,
                action=entry.action,
                pack=entry.pack,
                version=entry.version,
                prompt=entry.prompt,
                note=entry.note,
            )
            for entry in entries
        ],
        before=last,
    )
