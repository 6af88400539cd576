"""`/v1/couple` shows the caller's couple, sets its pause, and ends it."""

from __future__ import annotations

import datetime as dt
from http import HTTPStatus

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel

from couples_api.pause import PAUSE, PauseBody, PauseView, change_pause, pause_view
from couples_api.services import (
    IN_A_COUPLE,
    Services,
    TheCaller,
    TheServices,
    current_couple,
    known_person,
)
from rekindle.api.callers import Caller
from rekindle.api.examples import body_config, view_config
from rekindle.api.problems import Problem, refusals
from rekindle.domain.couples import Couple
from rekindle.domain.persons import Person
from rekindle.domain.playlist import playing
from rekindle.errors import ContentionError
from rekindle.telemetry import log_failure

router = APIGatewayHttpRouter()


class CoupleView(BaseModel):
    """The caller's couple: the partner's name, and the couple's first date."""

    model_config = view_config({"partner": "Ben", "since": "2026-03-01"})

    partner: str
    since: dt.date


class CoupleWithPacksView(CoupleView):
    """The caller's couple, and the ids of its packs. Without a pause, `pause` is null.

    `packs` has the packs that the couple wants, or else all packs for everyone. If no prompt of these packs suits both,
    a day's prompt comes from a pack for everyone, and `packs` stays as it is.
    """

    model_config = view_config(
        {"partner": "Ben", "since": "2026-03-01", "packs": ["money-talk", "starter"], "pause": None},
        {"partner": "Ben", "since": "2026-03-01", "packs": ["starter"], "pause": PAUSE},
    )

    packs: list[str]
    pause: PauseView | None


class CouplePatchBody(BaseModel):
    """A pause for both partners. Either partner may set the pause."""

    model_config = body_config({"pause": {"until": "2026-03-09"}})

    pause: PauseBody


@router.get("/couple", responses=refusals(*IN_A_COUPLE))
def get_couple(caller: TheCaller, services: TheServices) -> CoupleWithPacksView:
    """Return the caller's couple, its packs, and its pause."""
    person = known_person(services, caller)
    return _couple_view(services, caller, person, current_couple(services, person))


@router.patch(
    "/couple",
    responses=refusals(*IN_A_COUPLE, Problem.PAUSE_OUT_OF_RANGE, Problem.PAUSE_TOO_SOON, Problem.TOO_MANY_CHANGES),
)
def patch_couple(body: CouplePatchBody, caller: TheCaller, services: TheServices) -> CoupleWithPacksView:
    """Begin a pause for both partners today, or move the end of their pause.

    Either partner may do this, and no reply shows which of them did it. During a pause, nobody gets reminders and no
    date counts as missed. Each day still has its prompt. If both answer, the day counts for the streak. The pause ends
    by itself on the date `until`. Somebody whose pause was ended or shortened by their partner can pause no further
    dates for seven days.
    """
    person = known_person(services, caller)
    couple = current_couple(services, person)
    changed = change_pause(services, caller, person, couple, body.pause.until)
    return _couple_view(services, caller, person, changed)


@router.delete("/couple/pause", status_code=HTTPStatus.NO_CONTENT, responses=refusals(*IN_A_COUPLE))
def delete_pause(caller: TheCaller, services: TheServices) -> None:
    """End the pause for both partners. From today on, by the caller's clock, dates can count as missed again.

    Either partner may do this. It is no error if there is no pause.
    """
    person = known_person(services, caller)
    change_pause(services, caller, person, current_couple(services, person), None)


@router.delete("/couple", status_code=HTTPStatus.NO_CONTENT, responses=refusals(*IN_A_COUPLE))
def delete_couple(caller: TheCaller, services: TheServices) -> None:
    """Unpair at once. The partner's consent is not needed.

    The partner gets no push about this. From now on, neither partner can read the couple's days. For 30 days, each can
    export their own texts.
    """
    person = known_person(services, caller)
    couple = current_couple(services, person)
    ended = services.couples.end(caller.uid, couple.id, caller.instant)
    if ended is None:
        return
    try:
        services.couples.finish_end(ended, services.vault.table.name, first=caller.uid)
    except (ContentionError, BotoCoreError, ClientError) as error:
        # The couple has ended in any case, and `cleanup` repeats the rest.
        log_failure("left to cleanup", error)


def couple_view(couple: Couple, caller: Caller) -> CoupleView:
    """Return the couple as the caller sees it."""
    return CoupleView(
        partner=couple.profiles[couple.partner_of(caller.uid)].display_name,
        since=couple.first_date,
    )


def _couple_view(services: Services, caller: Caller, person: Person, couple: Couple) -> CoupleWithPacksView:
    releases = playing(couple.packs, services.catalogue.releases(caller.instant))
    return CoupleWithPacksView(
        **couple_view(couple, caller).model_dump(),
        packs=[release.pack for release in releases],
        pause=pause_view(couple, person, caller),
    )
