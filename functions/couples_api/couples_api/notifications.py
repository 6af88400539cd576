"""`/v1/me/notifications` pauses all notifications of a person at once. The partner cannot notice."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, Field

from couples_api.members import change_person
from couples_api.services import TheCaller, TheServices, known_person
from rekindle.api.examples import body_config
from rekindle.api.problems import Problem, refusals
from rekindle.api.sessions import refuse_unknown, require_no_old_code
from rekindle.domain.limits import Counted
from rekindle.domain.persons import Person

router = APIGatewayHttpRouter()


class NotificationsBody(BaseModel):
    """Whether the caller has paused their notifications."""

    model_config = body_config({"paused": True}, {"paused": False})

    paused: Annotated[bool, Field(strict=True)] = Field(
        description="While this is true, no notification comes, except a warning about a new device."
    )


@router.get("/me/notifications", responses=refusals(Problem.NO_PROFILE))
def get_notifications(caller: TheCaller, services: TheServices) -> NotificationsBody:
    """Return whether the caller has paused their notifications."""
    return NotificationsBody(paused=known_person(services, caller).notifications_paused)


@router.put("/me/notifications", responses=refusals(Problem.NO_PROFILE, Problem.TOO_MANY_CHANGES))
def put_notifications(body: NotificationsBody, caller: TheCaller, services: TheServices) -> NotificationsBody:
    """Pause all notifications of the caller on all of their devices, or end this pause.

    From then on, nothing more is given to Firebase, also if it waits in a queue already. The pause has no end of its
    own, and the partner does not learn of it. A notification about something from before the end of the pause never
    comes. Only the warning about a new device still comes, because somebody who gets into the account could otherwise
    pause first, and then add a phone unseen. The settings of the reminders stay as they are.

    Ending a pause counts as a change of the reminders. Beginning one is never refused.
    """
    require_no_old_code(beside_old_code=services.vault.beside_old_code)

    def change(person: Person) -> Person:
        return person.with_notifications(caller.instant, paused=body.paused)

    if change_person(services, caller, change, Counted.REMINDERS) is None:
        refuse_unknown(services.erasures, caller.uid)
    return body
