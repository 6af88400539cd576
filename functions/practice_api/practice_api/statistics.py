"""`/v1/practice/statistics`: numbers over couples that tell of no few of them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, Field

from practice_api.services import TheReader, TheServices

router = APIGatewayHttpRouter()

Couples = Annotated[
    int | None, Field(ge=10, multiple_of=10, description="Couples, rounded down to tens; null where under ten.")
]


class DayStatisticsView(BaseModel):
    """Couples of whom at least one answered the date's prompt."""

    date: dt.date
    active: Couples


class TakingPartView(BaseModel):
    """Couples that had at least one such prompt in the week, and those that completed at least one."""

    offered: Couples
    completed: Couples


class ReachView(BaseModel):
    """Couples whose reminders fell due, and whom they reached at the first try; two persons make a couple."""

    due: Couples
    reached: Couples


class WeekStatisticsView(BaseModel):
    """A week from its Monday. `active_28` counts the four weeks that end with it.

    `streaks` are those of couples that completed a day in the week, at their latest in it, by their length in days.
    """

    week: dt.date
    active: Couples
    active_28: Couples
    themes: dict[str, TakingPartView]
    packs: dict[str, TakingPartView]
    streaks: dict[str, Couples]
    reach: dict[str, ReachView]


class PromptStatisticsView(BaseModel):
    """Couples that met the prompt for the first time: of whom one answered, both did, or somebody put it aside."""

    offered: Couples
    answered: Couples
    completed: Couples
    swapped: Couples


class StatisticsView(BaseModel):
    """The numbers as they are shown all day: up to `through`, the last date that is over for everybody.

    `days` are the last 28, oldest first, `weeks` the last twelve, latest first, and `prompts` all time, by pack.
    """

    as_of: dt.date
    through: dt.date
    days: list[DayStatisticsView]
    weeks: list[WeekStatisticsView]
    prompts: dict[str, dict[str, PromptStatisticsView]]


@router.get("/statistics")
def get_statistics(staff: TheReader, services: TheServices) -> StatisticsView:
    """What couples make of the packs, in numbers that are the same all day and never under ten."""
    packs = [head.id for head in services.packs.heads()]
    return StatisticsView.model_validate(services.statistics.view(staff.instant, packs))
