"""The couple's pause, as a phone reads and wishes it."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field

from couples_api.services import CalendarDate, Services
from rekindle.api.callers import Caller
from rekindle.api.problems import Problem, ProblemError
from rekindle.domain.calendar import local_date
from rekindle.domain.models import Couple, Person
from rekindle.domain.open_days import latest_closed
from rekindle.domain.pauses import end_range, pause_on, pausing, resumed


class PauseView(BaseModel):
    """A pause: from which date on nothing asks the two to take part, and the first date that is not paused any more."""

    model_config = ConfigDict(serialize_by_alias=True)

    first: dt.date = Field(alias="from")
    until: dt.date


class PauseBody(BaseModel):
    """Until when to pause: the first date that is not paused any more, from tomorrow on and within 92 days."""

    model_config = ConfigDict(extra="forbid")

    until: CalendarDate


def pause_view(couple: Couple, person: Person, caller: Caller) -> PauseView | None:
    """The pause that runs by the caller's clock; nobody is told whose wish it was."""
    pause = pause_on(couple, local_date(caller.instant, person.profile.zone))
    return PauseView.model_validate({"from": pause.first, "until": pause.until}) if pause else None


def with_pause(services: Services, caller: Caller, person: Person, couple: Couple, until: dt.date | None) -> Couple:
    """The couple once its pause ends on `until`, or with none from the caller's today on; a problem if that cannot be.

    Whoever of the two is the later is obeyed.
    """
    today = local_date(caller.instant, person.profile.zone)
    earliest, latest = end_range(today)
    if until is not None and not earliest <= until <= latest:
        raise ProblemError(Problem.PAUSE_OUT_OF_RANGE, members={"earliest": str(earliest), "latest": str(latest)})

    def change(current: Couple) -> Couple:
        closed = latest_closed(current, {}, caller.instant)
        if until is None:
            return resumed(current, today, closed)
        return pausing(current, today, until, closed)

    changed = services.couples.change_pause(couple, caller.instant, change)
    if changed is None:
        raise ProblemError(Problem.NOT_PAIRED)
    return changed
