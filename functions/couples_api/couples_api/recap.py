"""`/v1/recap` looks back on a week. A recap never shows missed days."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel

from couples_api.reader import Reader, reader_of
from couples_api.services import IN_A_COUPLE, CalendarDate, TheCaller, TheServices
from couples_api.streak import STREAK, StreakView, known_history
from rekindle.api.examples import view_config
from rekindle.api.problems import Problem, ProblemError, refusals
from rekindle.domain.calendar import local_date
from rekindle.domain.days import Day
from rekindle.domain.open_days import latest_date, open_dates
from rekindle.domain.playlist import is_joined
from rekindle.domain.prompts import Theme
from rekindle.domain.recap import Week, available_from, may_be_new, recap_of

router = APIGatewayHttpRouter()


class DaysMetView(BaseModel):
    """The dates of the week on which both partners took part."""

    count: int
    dates: list[dt.date]


class NewPackView(BaseModel):
    """A pack that became available to the couple in the recap's week.

    If the pack is not in the reader's language, its title is in the pack's default language.
    """

    id: str
    title: str


class NewsView(BaseModel):
    """New in the week: packs, milestones, and whether the longest streak grew.

    A milestone is a length of the streak at which the app congratulates the couple, such as 7 days. `milestones` are
    the milestones that the couple reached in the week. `longest` says whether their longest streak grew. If the reader
    hides the streak, `milestones` is empty and `longest` is false.
    """

    packs: list[NewPackView]
    milestones: list[int]
    longest: bool


class RecapView(BaseModel):
    """A week's recap. `week` is its Monday. If the reader hides the streak, `streak` is null.

    Otherwise `streak` is the streak at the end of the week, or the streak now if the week is not over.
    """

    model_config = view_config(
        {
            "week": "2026-02-23",
            "days_met": {"count": 2, "dates": ["2026-02-23", "2026-02-25"]},
            "themes": ["spark", "listening"],
            "streak": STREAK,
            "new": {"packs": [{"id": "money-talk", "title": "Money talk"}], "milestones": [], "longest": False},
        }
    )

    week: dt.date
    days_met: DaysMetView
    themes: list[Theme]
    streak: StreakView | None
    new: NewsView


@router.get("/recap", responses=refusals(*IN_A_COUPLE, Problem.NO_SUCH_WEEK))
def get_recap(
    caller: TheCaller,
    services: TheServices,
    week: Annotated[
        CalendarDate | None,
        Query(description="The week's Monday. The default is the last whole week by the caller's clock."),
    ] = None,
) -> RecapView:
    """Return a week's recap: complete days, their themes, the streak, new packs and milestones.

    The recap of the current week shows the days so far. Future weeks and the weeks before the pairing have no recap.
    """
    reader = reader_of(services, caller)
    today = local_date(caller.instant, reader.person.profile.zone)
    asked = _week(week, today)
    if asked.monday > today:
        raise ProblemError(Problem.NO_SUCH_WEEK)
    couple, instant = reader.couple, caller.instant
    of_week = services.days.between(couple.id, asked.monday, asked.sunday)
    stored = of_week | reader.nearby()
    history = known_history(services, couple, stored, instant)
    if asked.sunday < history.first:
        raise ProblemError(Problem.NO_SUCH_WEEK)
    latest = latest_date(couple.zones, instant)
    recap = recap_of(asked, history, open_dates(couple, stored, instant), latest)
    hidden = reader.person.profile.streak_hidden
    return RecapView(
        week=asked.monday,
        days_met=DaysMetView(count=len(recap.met), dates=list(recap.met)),
        themes=_themes(reader, [of_week[date] for date in recap.met if date in of_week]),
        streak=None if hidden else StreakView.model_validate(recap.streak, from_attributes=True),
        new=NewsView(
            packs=_new_packs(reader, asked),
            milestones=[] if hidden else list(recap.milestones),
            longest=recap.longest_grew and not hidden,
        ),
    )


def _week(monday: dt.date | None, today: dt.date) -> Week:
    if monday is None:
        return Week.last_before(today)
    try:
        return Week(monday)
    except ValueError as error:
        wrong = {"field": "query.week", "reason": "This must be a Monday"}
        raise ProblemError(Problem.INVALID_FIELDS, errors=[wrong]) from error


def _themes(reader: Reader, days: list[Day]) -> list[Theme]:
    """Return the themes of the days, each theme once, in the order of the days."""
    # An earlier version of this code stored days without a theme. For such a day, use the theme of its prompt.
    texts = reader.services.catalogue.texts(day.prompt for day in days if day.theme is None)
    return list(dict.fromkeys(day.theme or texts[day.prompt].theme for day in days))


def _new_packs(reader: Reader, week: Week) -> list[NewPackView]:
    couple, catalogue = reader.couple, reader.services.catalogue
    releases = {each.pack: each for each in catalogue.releases(reader.caller.instant) if may_be_new(each, couple.packs)}
    first_live = catalogue.first_live(releases.values())
    new = [
        release
        for pack, release in releases.items()
        # A pack can be new if it went live after the pairing, or if the couple joined it by its code.
        if (first_live[pack] > couple.created_at or is_joined(release, couple.packs))
        and available_from(release, _date(reader, first_live[pack]), couple.packs) in week
    ]
    texts = catalogue.pack_texts(new)
    language = reader.person.profile.language
    return [NewPackView(id=each.pack, title=texts[each.pack].title_in(language)) for each in new]


def _date(reader: Reader, instant: dt.datetime) -> dt.date:
    """Return the earlier of the partners' dates at `instant`. So both partners see the same recap."""
    return min(local_date(instant, zone) for zone in reader.couple.zones)
