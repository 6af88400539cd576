"""`/v1/me/reminders`: when the app may speak to a person."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Annotated, Self

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from couples_api.parts import TheCaller, TheParts, known_person
from rekindle.models import QuietHours, Reminders
from rekindle.problems import Problem, ProblemError

router = APIGatewayHttpRouter()

Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""A local wall-clock time, HH:MM."""
SlotClock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][05]$")]
"""A local wall-clock time in steps of 5 minutes, HH:MM."""


class QuietHoursBody(BaseModel):
    """From when to when a push makes no sound; may span midnight."""

    model_config = ConfigDict(extra="forbid")

    start: Clock
    end: Clock

    @model_validator(mode="after")
    def _spans_some_time(self) -> Self:
        if self.start == self.end:
            raise ValueError("quiet hours start and end at different times; to have none, send null")
        return self


class RemindersBody(BaseModel):
    """All reminders of a person, whole; null switches one off, and what is left out takes its default."""

    model_config = ConfigDict(extra="forbid")

    prompt_time: SlotClock = Field("08:30", description="When the day's prompt is announced.")
    evening_time: SlotClock | None = Field("20:30", description="A second word, only to who has not answered yet.")
    quiet_hours: QuietHoursBody | None = QuietHoursBody(start="22:00", end="07:00")


@router.get("/me/reminders")
def get_reminders(caller: TheCaller, parts: TheParts) -> RemindersBody:
    """The caller's reminders, in their own local time."""
    return _view(known_person(parts, caller.uid).reminders)


@router.put("/me/reminders")
def put_reminders(body: RemindersBody, caller: TheCaller, parts: TheParts) -> RemindersBody:
    """Set the reminders; they hold from the next tick on."""
    quiet = body.quiet_hours
    reminders = Reminders(
        prompt=dt.time.fromisoformat(body.prompt_time),
        evening=dt.time.fromisoformat(body.evening_time) if body.evening_time else None,
        quiet_hours=QuietHours(dt.time.fromisoformat(quiet.start), dt.time.fromisoformat(quiet.end)) if quiet else None,
    )
    if parts.people.change(caller.uid, lambda person: replace(person, reminders=reminders)) is None:
        raise ProblemError(Problem.NO_PROFILE)
    return _view(reminders)


def _view(reminders: Reminders) -> RemindersBody:
    quiet = reminders.quiet_hours
    return RemindersBody(
        prompt_time=f"{reminders.prompt:%H:%M}",
        evening_time=f"{reminders.evening:%H:%M}" if reminders.evening else None,
        quiet_hours=QuietHoursBody(start=f"{quiet.start:%H:%M}", end=f"{quiet.end:%H:%M}") if quiet else None,
    )
