"""`/v1/practice/statistics` shows numbers about all couples together. No number is about fewer than ten couples."""

from __future__ import annotations

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from practice_api.services import TheReader, TheServices, staff_refusals
from rekindle.packs.contract import StatisticsView

router = APIGatewayHttpRouter()


@router.get("/statistics", responses=staff_refusals())
def get_statistics(staff: TheReader, services: TheServices) -> StatisticsView:
    """Show how couples respond to the packs. The numbers change once a day.

    No number is about fewer than ten couples. A pack that couples join by a code shows numbers only from fifty couples
    on, and counts a couple only from its seventh day with the pack.
    """
    packs = {head.id: head.has_been_by_code for head in services.packs.heads()}
    return StatisticsView.model_validate(services.statistics.view(staff.instant, packs))
