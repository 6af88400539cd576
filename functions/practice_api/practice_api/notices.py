"""`/v1/practice/notices` tells all staff of what all of them should know."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from practice_api.services import TheReader, TheServices, staff_refusals
from rekindle.packs.contract import CURSOR, NoticesView, NoticeView, ReadNoticesBody
from rekindle.store.notices import StoredNotice

router = APIGatewayHttpRouter()

NOTICES_PAGE = 30


@router.get("/notices", responses=staff_refusals())
def get_notices(
    staff: TheReader,
    services: TheServices,
    before: Annotated[str | None, Query(pattern=CURSOR, description="The field `before` of the previous page.")] = None,
    limit: Annotated[int, Query(ge=1, le=NOTICES_PAGE)] = NOTICES_PAGE,
) -> NoticesView:
    """List the notices of the last year, latest first, and the number of those that the caller has not read."""
    page = services.notices.page(staff.uid, before, limit, staff.instant)
    return NoticesView(notices=[_view(each) for each in page.notices], unread=page.unread, before=page.before)


@router.post("/notices/read", status_code=HTTPStatus.NO_CONTENT, responses=staff_refusals())
def post_notices_read(body: ReadNoticesBody, staff: TheReader, services: TheServices) -> None:
    """Mark a notice and all older ones as read, for the caller alone."""
    services.notices.mark_read(staff.uid, body.until, staff.instant)


def _view(stored: StoredNotice) -> NoticeView:
    notice = stored.notice
    return NoticeView(
        id=stored.id,
        at=notice.at,
        kind=notice.kind,
        who=notice.who,
        note=notice.note,
        account=notice.account,
        scope=notice.scope,
        pack=notice.pack,
        couples=notice.couples,
        unread=stored.unread,
    )
