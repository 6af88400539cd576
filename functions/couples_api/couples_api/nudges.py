"""`/v1/nudges` sends the partner a warm gesture, and shows the partner's gestures."""

from __future__ import annotations

import datetime as dt
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, Field

from couples_api.idempotency import IdempotencyKey, keyed_request, request_id
from couples_api.services import IN_A_COUPLE, TheCaller, TheServices, current_couple, known_person
from rekindle.api.examples import body_config, view_config
from rekindle.api.problems import Problem, ProblemError, refusals
from rekindle.domain.nudges import LIMIT, Gesture, Nudge, next_nudge_at, nudges_left, shown_to_partner

ONE_SECOND = dt.timedelta(seconds=1)

router = APIGatewayHttpRouter()


class NudgeBody(BaseModel):
    """The gesture to send."""

    model_config = body_config({"gesture": "thank_you"})

    gesture: Gesture


_NUDGE = {"gesture": "thinking_of_you", "at": "2026-03-02T15:00:00Z"}


class NudgeView(BaseModel):
    """A gesture, and when it was sent."""

    gesture: Gesture
    at: dt.datetime


class NudgesView(BaseModel):
    """The partner's nudges of the last 24 hours, latest first. `left` is how many nudges the caller may send now.

    If `left` is 0, the caller may send the next nudge at `next_at`. Otherwise `next_at` is null.
    """

    model_config = view_config(
        {"received": [_NUDGE], "left": 2, "next_at": None},
        {"received": [], "left": 0, "next_at": "2026-03-03T09:30:00Z"},
    )

    received: list[NudgeView]
    left: Annotated[int, Field(ge=0, le=LIMIT)]
    next_at: dt.datetime | None


@router.post(
    "/nudges",
    status_code=HTTPStatus.CREATED,
    responses=refusals(*IN_A_COUPLE, Problem.TOO_MANY_NUDGES, Problem.KEY_REUSED),
)
def post_nudge(
    body: NudgeBody, caller: TheCaller, services: TheServices, idempotency_key: IdempotencyKey = None
) -> NudgeView:
    """Send the partner a nudge. The caller may send at most three within 24 hours.

    A repeat with the same idempotency key does not send a second nudge.
    """
    person = known_person(services, caller)
    couple = current_couple(services, person)
    partner = services.people.find(couple.partner_of(caller.uid))
    if partner is None or partner.couple != couple.id:
        raise ProblemError(Problem.NOT_PAIRED)
    # The text of the request includes the couple. So a late repeat is refused if the caller has a new partner by then.
    request = keyed_request(services, caller, idempotency_key, f"POST /v1/nudges {couple.id} {body.gesture}")
    # If the partner has muted nudges, still store the nudge, but never show it. So the sender cannot learn about the
    # muting from the reply or from its delay.
    nudge = Nudge(
        couple=couple.id,
        id=request_id(services, caller, idempotency_key),
        gesture=body.gesture,
        at=caller.instant,
        shown=not partner.reminders.nudges_muted,
    )
    # The write does not check whether the couple has ended, because nobody sees the nudges of an ended couple.
    sent = services.nudges.send(caller.uid, partner.uid, nudge, request.writes)
    if isinstance(sent, dt.datetime):
        raise ProblemError(Problem.TOO_MANY_NUDGES, retry_after=caller.seconds_until(sent))
    return _view(sent)


@router.get("/nudges", responses=refusals(*IN_A_COUPLE))
def get_nudges(caller: TheCaller, services: TheServices) -> NudgesView:
    """Return the partner's nudges of the last 24 hours. Also return how many nudges the caller may send now."""
    couple = current_couple(services, known_person(services, caller))
    sent = services.nudges.sent_by(couple)
    mine, theirs = sent[caller.uid], sent[couple.partner_of(caller.uid)]
    next_at = next_nudge_at(mine, caller.instant)
    return NudgesView(
        received=[_view(nudge) for nudge in shown_to_partner(theirs, couple.id, caller.instant)],
        left=nudges_left(mine, caller.instant),
        # Replies show whole seconds. Round up, because the caller cannot send before this instant.
        next_at=next_at and (next_at + ONE_SECOND - dt.timedelta.resolution).replace(microsecond=0),
    )


def _view(nudge: Nudge) -> NudgeView:
    return NudgeView(gesture=nudge.gesture, at=nudge.at.replace(microsecond=0))
