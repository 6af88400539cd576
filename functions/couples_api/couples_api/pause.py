"""Read a couple's pause from requests, change it, and show it in replies."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field

from couples_api.services import CalendarDate, Services
from rekindle.api.callers import Caller
from rekindle.api.examples import view_config
from rekindle.api.problems import Problem, ProblemError
from rekindle.domain.calendar import local_date
from rekindle.domain.couples import Couple
from rekindle.domain.open_days import latest_closed
from rekindle.domain.pauses import (
    end_range,
    may_pause_at,
    noting_who,
    pause_on,
    pauses_further_dates,
    with_pause,
    without_pause,
)
from rekindle.domain.persons import Person

AN_HOUR = dt.timedelta(hours=1)
PAUSE = {"from": "2026-03-02", "until": "2026-03-09"}


class PauseView(BaseModel):
    """A pause. `from` is its first date, and `until` is the first date after the pause."""

    model_config = view_config(PAUSE) | ConfigDict(serialize_by_alias=True)

    first: dt.date = Field(alias="from")
    until: dt.date


class PauseBody(BaseModel):
    """The end of a pause. `until` is the first date after the pause.

    The earliest `until` is tomorrow, and the latest is 92 days from today, by the caller's clock.
    """

    model_config = ConfigDict(extra="forbid")

    until: CalendarDate


def pause_view(couple: Couple, person: Person, caller: Caller) -> PauseView | None:
    """Return the couple's pause. Return None if there is no pause, or if it is over by the caller's clock.

    The view does not show who set the pause.
    """
    pause = pause_on(couple, local_date(caller.instant, person.profile.zone))
    return PauseView.model_validate({"from": pause.first, "until": pause.until}) if pause else None


def change_pause(services: Services, caller: Caller, person: Person, couple: Couple, until: dt.date | None) -> Couple:
    """Set the end of the pause to `until`. If there is no pause, begin one today.

    If `until` is None, end the current pause today. If both partners change the pause, the latest change counts. Return
    the changed couple. Raise ProblemError if `until` is out of range, if the couple has ended, or if the partner has
    just ended a pause of the caller and `until` would pause further dates.
    """
    today = local_date(caller.instant, person.profile.zone)
    earliest, latest = end_range(today)
    if until is not None and not earliest <= until <= latest:
        raise ProblemError(Problem.PAUSE_OUT_OF_RANGE, members={"earliest": str(earliest), "latest": str(latest)})

    def change(current: Couple) -> Couple:
        closed = latest_closed(current, {}, caller.instant)
        after = with_pause(current, today, until, closed) if until else without_pause(current, today, closed)
        next_at = may_pause_at(current, caller.uid, caller.instant)
        if next_at and pauses_further_dates(current, after):
            raise ProblemError(Problem.PAUSE_TOO_SOON, retry_after=caller.seconds_until(_whole_hour(next_at)))
        return current if after == current else noting_who(current, after, caller.uid, caller.instant)

    # An end is not counted: nobody can end more pauses than were set.
    changed = services.couples.change_pause(couple, caller.instant, change, by=caller.uid if until else None)
    if changed is None:
        raise ProblemError(Problem.NOT_PAIRED)
    return changed


def _whole_hour(instant: dt.datetime) -> dt.datetime:
    """Return the next whole hour, so that nobody learns the second at which the partner has ended the pause."""
    return (instant + AN_HOUR - dt.timedelta.resolution).replace(minute=0, second=0, microsecond=0)
