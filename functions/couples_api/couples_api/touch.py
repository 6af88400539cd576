"""`/v1/touch` suggests a small gesture to a couple each day, if both partners want it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, Field

from couples_api.members import copy_touch_dates
from couples_api.services import IN_A_COUPLE, TheCaller, TheServices, current_couple, known_person
from rekindle.api.examples import view_config
from rekindle.api.problems import refusals
from rekindle.domain.calendar import local_date
from rekindle.domain.gestures import text_of
from rekindle.domain.touch import touch_of

router = APIGatewayHttpRouter()


class TouchGestureView(BaseModel):
    """A gesture, in the reader's language or else in English. `warmth` is from 1 (small) to 3 (warm)."""

    id: str
    warmth: Annotated[int, Field(ge=1, le=3)]
    text: str


class TouchTodayView(BaseModel):
    """Today's date by the caller's clock, and its gesture. `gesture` is null on a date without a gesture."""

    model_config = view_config(
        {
            "date": "2026-03-02",
            "gesture": {
                "id": "linked-fingers",
                "warmth": 1,
                "text": "Link little fingers for a moment, as you would for a promise.",
            },
        },
        {"date": "2026-03-02", "gesture": None},
    )

    date: dt.date
    gesture: TouchGestureView | None


@router.get("/touch/today", responses=refusals(*IN_A_COUPLE))
def get_touch_today(caller: TheCaller, services: TheServices) -> TouchTodayView:
    """Return the couple's gesture of today.

    The couple has a gesture only while both partners have a touch reminder and a touch comfort above 0. A change of the
    caller's settings holds at once. A change of the partner's settings never changes today's gesture, only that of a
    later date. Each couple also has breaks without a gesture, which begin at random. So if `gesture` is null, the reply
    does not show why.
    """
    person = known_person(services, caller)
    couple = current_couple(services, person)
    if person.touch_dates != couple.touch_dates:
        # Version 0.1.0 has stored a copy without breaks.
        copy_touch_dates(services, caller)
    today = local_date(caller.instant, person.profile.zone)
    gesture = touch_of(couple, person.uid, today)
    if gesture is None:
        return TouchTodayView(date=today, gesture=None)
    text = text_of(gesture, person.profile.language)
    return TouchTodayView(date=today, gesture=TouchGestureView(id=gesture.id, warmth=gesture.warmth, text=text))
