"""`/v1/streak` shows on which days both took part. It never shows who missed a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel

from couples_api.services import IN_A_COUPLE, Services, TheCaller, TheServices, current_couple, known_person
from rekindle.api.examples import view_config
from rekindle.api.problems import refusals
from rekindle.domain.calendar import local_date
from rekindle.domain.couples import Couple
from rekindle.domain.days import Day
from rekindle.domain.open_days import open_dates, streak_at
from rekindle.domain.streaks import DayMark, History, calendar_marks, first_of_year
from rekindle.errors import RekindleError
from rekindle.telemetry import logger

router = APIGatewayHttpRouter()


STREAK = {"current": 4, "longest": 12, "total": 31}


class StreakView(BaseModel):
    """The number of days on which both took part: in the current streak, in the longest one, and in total."""

    model_config = view_config(STREAK)

    current: int
    longest: int
    total: int


class StreakCalendarView(StreakView):
    """The streak, and a mark for each date of the last twelve months.

    Dates before the couple's first date have no mark. `hidden` is the `streak_hidden` that the caller set in `/v1/me`.
    """

    model_config = view_config(STREAK | {"hidden": False, "calendar": {"2026-03-01": "complete", "2026-03-02": "open"}})

    hidden: bool
    calendar: dict[dt.date, DayMark]


@router.get("/streak", responses=refusals(*IN_A_COUPLE))
def get_streak(caller: TheCaller, services: TheServices) -> StreakCalendarView:
    """Return the couple's streak, and the calendar up to today by the caller's clock."""
    person = known_person(services, caller)
    couple = current_couple(services, person)
    stored = services.days.nearby(couple.id, caller.instant)
    history = known_history(services, couple, stored, caller.instant)
    streak = streak_at(couple, history, stored, caller.instant)
    still_open = open_dates(couple, stored, caller.instant)
    today = local_date(caller.instant, person.profile.zone)
    return StreakCalendarView(
        current=streak.current,
        longest=streak.longest,
        total=streak.total,
        hidden=person.profile.streak_hidden,
        calendar=calendar_marks(history, still_open, first_of_year(today), today),
    )


def known_history(services: Services, couple: Couple, stored: Mapping[dt.date, Day], instant: dt.datetime) -> History:
    """Return the couple's history, including all complete days in `stored`.

    The request that completes a day also adds the day to the history. This step can fail, so add each missing day now.
    """
    history = services.streaks.history(couple)
    missing = [day for day in stored.values() if day.revealed and day.date not in history.complete]
    for day in missing:
        note_complete(services, day, instant)
    complete = history.complete.union(day.date for day in missing)
    return replace(history, first=min({history.first, *complete}), complete=complete)


def note_complete(services: Services, day: Day, instant: dt.datetime) -> None:
    """Add the complete day to the couple's history. If that fails, only log the error."""
    try:
        services.streaks.complete(day.couple, day.date, instant)
    except (RekindleError, BotoCoreError, ClientError) as error:
        # Do not refuse the request, because the answers are stored. The Lambda function `react` also adds the day.
        logger.warning("streak left for later", extra={"couple": day.couple, "error": type(error).__name__})
