"""`/v1/couple`: the caller's couple, a pause for both, and unpairing."""

from __future__ import annotations

import datetime as dt
from http import HTTPStatus

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel

from couples_api.pause import PAUSE, PauseBody, PauseView, change_pause, pause_view
from couples_api.services import IN_A_COUPLE, Services, TheCaller, TheServices, current_couple, known_person
from rekindle.api.callers import Caller
from rekindle.api.examples import body_config, view_config
from rekindle.api.problems import Problem, refusals
from rekindle.domain.couples import Couple
from rekindle.domain.persons import Person
from rekindle.domain.playlist import comfort_of, playing
from rekindle.store.couples import KEEPSAKE

router = APIGatewayHttpRouter()


class CoupleView(BaseModel):
    """The caller's couple, as the caller may see it."""

    model_config = view_config({"partner": "Ben", "since": "2026-03-01"})

    partner: str
    since: dt.date


class CoupleWithPacksView(CoupleView):
    """The caller's couple, the ids of the packs that play for them, and their pause if there is one."""

    model_config = view_config(
        {"partner": "Ben", "since": "2026-03-01", "packs": ["money-talk", "starter"], "pause": None},
        {"partner": "Ben", "since": "2026-03-01", "packs": ["starter"], "pause": PAUSE},
    )

    packs: list[str]
    pause: PauseView | None


class CouplePatchBody(BaseModel):
    """A pause for both. Either of the two may set it."""

    model_config = body_config({"pause": {"until": "2026-03-09"}})

    pause: PauseBody


@router.get("/couple", responses=refusals(*IN_A_COUPLE))
def get_couple(caller: TheCaller, services: TheServices) -> CoupleWithPacksView:
    """Return the caller's couple, the packs that play for the two, and their pause."""
    person = known_person(services, caller.uid)
    return _couple_view(services, caller, person, current_couple(services, person))


@router.patch("/couple", responses=refusals(*IN_A_COUPLE, Problem.PAUSE_OUT_OF_RANGE))
def patch_couple(body: CouplePatchBody, caller: TheCaller, services: TheServices) -> CoupleWithPacksView:
    """Pause for both from the caller's today on, or move the end of the pause.

    Either of the two may, and nobody sees who did. During a pause no reminder comes to either, and no date is missed.
    The day's prompt is still there, and a day that both answer counts. The pause ends by itself on the given date.
    """
    person = known_person(services, caller.uid)
    couple = current_couple(services, person)
    changed = change_pause(services, caller, person, couple, body.pause.until)
    return _couple_view(services, caller, person, changed)


@router.delete("/couple/pause", status_code=HTTPStatus.NO_CONTENT, responses=refusals(*IN_A_COUPLE))
def delete_pause(caller: TheCaller, services: TheServices) -> None:
    """End the pause for both, so that the caller's today counts again.

    Either of the two may. Without a pause it is no error.
    """
    person = known_person(services, caller.uid)
    change_pause(services, caller, person, current_couple(services, person), None)


@router.delete("/couple", status_code=HTTPStatus.NO_CONTENT, responses=refusals(*IN_A_COUPLE))
def delete_couple(caller: TheCaller, services: TheServices) -> None:
    """Unpair, alone and at once.

    The partner is not notified. From now on neither sees what was shared.
    """
    person = known_person(services, caller.uid)
    couple = current_couple(services, person)
    key_end = services.vault.ending_couple_key(couple.id, caller.instant + KEEPSAKE)
    services.couples.end(caller.uid, couple.id, caller.instant, [key_end])


def couple_view(couple: Couple, caller: Caller) -> CoupleView:
    """Return the couple as one of the two sees it."""
    return CoupleView(
        partner=couple.profiles[couple.partner_of(caller.uid)].display_name,
        since=couple.first_date,
    )


def _couple_view(services: Services, caller: Caller, person: Person, couple: Couple) -> CoupleWithPacksView:
    comfort = comfort_of(couple.profiles.values())
    releases = playing(couple.packs, services.catalogue.releases(caller.instant), comfort)
    return CoupleWithPacksView(
        **couple_view(couple, caller).model_dump(),
        packs=[release.pack for release in releases],
        pause=pause_view(couple, person, caller),
    )
