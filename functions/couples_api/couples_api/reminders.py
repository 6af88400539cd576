"""`/v1/me/reminders` shows and sets when the app reminds a person."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Self

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from couples_api.members import change_person
from couples_api.services import TheCaller, TheServices, known_person
from rekindle.api.examples import body_config
from rekindle.api.problems import Problem, refusals
from rekindle.api.sessions import refuse_unknown
from rekindle.domain.limits import Counted
from rekindle.domain.persons import QuietHours, Reminders, TouchReminder

router = APIGatewayHttpRouter()

Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""A local time, HH:MM."""
SlotClock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][05]$")]
"""A local time in steps of 5 minutes, HH:MM."""


class Weekday(StrEnum):
    """A day of the week."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


WEEK = tuple(Weekday)
"""The weekdays, in the order of the numbers that `date.weekday` returns."""


class QuietHoursBody(BaseModel):
    """Between these local times, a push makes no sound. Quiet hours may span midnight."""

    model_config = ConfigDict(extra="forbid")

    start: Clock
    end: Clock

    @model_validator(mode="after")
    def _spans_some_time(self) -> Self:
        if self.start == self.end:
            raise ValueError("quiet hours must start and end at different times; to have none, send null")
        return self


class TouchBody(BaseModel):
    """On which weekdays, and at what local time, the app suggests a small gesture."""

    model_config = body_config({"weekdays": ["tuesday", "saturday"], "time": "19:00"})

    weekdays: Annotated[list[Weekday], Field(min_length=1, max_length=7)]
    time: SlotClock


class RemindersBody(BaseModel):
    """All reminders of a person. All times are local. If `evening_time` or `touch` is null, that reminder is off."""

    model_config = body_config(
        {
            "prompt_time": "08:30",
            "evening_time": "20:30",
            "quiet_hours": {"start": "22:00", "end": "07:00"},
            "touch": {"weekdays": ["tuesday", "saturday"], "time": "19:00"},
            "nudges_muted": False,
            "news": True,
        },
        {
            "prompt_time": "06:45",
            "evening_time": None,
            "quiet_hours": None,
            "touch": None,
            "nudges_muted": True,
            "news": False,
        },
    )

    prompt_time: SlotClock = Field(description="When the day's prompt is announced.")
    evening_time: SlotClock | None = Field(
        description="A second reminder, only if the person has not answered yet. Null stops it."
    )
    quiet_hours: QuietHoursBody | None = Field(description="Null for no quiet hours: each push may make a sound.")
    touch: TouchBody | None = Field(
        description="Comes only while both partners want it and both have a touch comfort above 0. Null stops it."
    )
    nudges_muted: Annotated[bool, Field(strict=True)] = Field(
        description="Nudges that come while this is true are never shown. The partner does not learn of it.",
    )
    news: Annotated[bool, Field(strict=True)] = Field(
        description="Whether to announce new packs. The push about a pack replaces one day's push about the prompt.",
    )


@router.get("/me/reminders", responses=refusals(Problem.NO_PROFILE))
def get_reminders(caller: TheCaller, services: TheServices) -> RemindersBody:
    """Return the caller's reminders, in their own local time."""
    return _view(known_person(services, caller).reminders)


@router.put("/me/reminders", responses=refusals(Problem.NO_PROFILE, Problem.TOO_MANY_CHANGES))
def put_reminders(body: RemindersBody, caller: TheCaller, services: TheServices) -> RemindersBody:
    """Set all reminders of the caller.

    Each reminder comes at most once a day. Example: At 10:00, the caller moves a reminder that is due at 20:00. If the
    new time is between 08:00 and 10:00, the reminder comes at once. A new time before 08:00 is more than two hours
    ago, so the reminder comes from tomorrow on.

    Within 24 hours, a person can change their reminders 60 times. A change that only stops or silences something does
    not count, so it is never refused.
    """
    quiet, touch = body.quiet_hours, body.touch
    reminders = Reminders(
        prompt=dt.time.fromisoformat(body.prompt_time),
        evening=dt.time.fromisoformat(body.evening_time) if body.evening_time else None,
        quiet_hours=QuietHours(dt.time.fromisoformat(quiet.start), dt.time.fromisoformat(quiet.end)) if quiet else None,
        touch=TouchReminder(frozenset(map(WEEK.index, touch.weekdays)), dt.time.fromisoformat(touch.time))
        if touch
        else None,
        nudges_muted=body.nudges_muted,
        news=body.news,
    )
    if change_person(services, caller, lambda person: replace(person, reminders=reminders), Counted.REMINDERS) is None:
        refuse_unknown(services.erasures, caller.uid)
    return _view(reminders)


def _view(reminders: Reminders) -> RemindersBody:
    quiet, touch = reminders.quiet_hours, reminders.touch
    return RemindersBody(
        prompt_time=f"{reminders.prompt:%H:%M}",
        evening_time=f"{reminders.evening:%H:%M}" if reminders.evening else None,
        quiet_hours=QuietHoursBody(start=f"{quiet.start:%H:%M}", end=f"{quiet.end:%H:%M}") if quiet else None,
        touch=TouchBody(weekdays=[WEEK[each] for each in sorted(touch.weekdays)], time=f"{touch.time:%H:%M}")
        if touch
        else None,
        nudges_muted=reminders.nudges_muted,
        news=reminders.news,
    )
