"""`/v1/couple`: with whom, since when, a pause for both, and the way out."""

from __future__ import annotations

import datetime as dt
from http import HTTPStatus

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, ConfigDict

from couples_api.pause import PauseBody, PauseView, pause_view, with_pause
from couples_api.services import IN_A_COUPLE, Services, TheCaller, TheServices, current_couple, known_person
from rekindle.api.callers import Caller
from rekindle.api.problems import Problem, refusals
from rekindle.domain.models import Couple, Person
from rekindle.domain.playlist import comfort_of, shelf_of
from rekindle.store.couples import KEEPSAKE

router = APIGatewayHttpRouter()


class CoupleView(BaseModel):
    """The caller's couple, as the caller may see it."""

    partner: str
    since: dt.date


class CoupleWithPacksView(CoupleView):
    """The caller's couple, with the ids of the packs that play for them, and their pause while there is one."""

    packs: list[str]
    pause: PauseView | None


class CouplePatchBody(BaseModel):
    """A change for both: a pause. Either of the two may set it."""

    model_config = ConfigDict(extra="forbid")

    pause: PauseBody


@router.get("/couple", responses=refusals(*IN_A_COUPLE))
def get_couple(caller: TheCaller, services: TheServices) -> CoupleWithPacksView:
    """With whom the caller is paired, the packs that play for the two, and their pause."""
    person = known_person(services, caller.uid)
    return _couple_view(services, caller, person, current_couple(services, person))


@router.patch("/couple", responses=refusals(*IN_A_COUPLE, Problem.PAUSE_OUT_OF_RANGE))
def patch_couple(body: CouplePatchBody, caller: TheCaller, services: TheServices) -> CoupleWithPacksView:
    """Pause for both from the caller's today on, or move the end of the pause. Either of the two may.

    Nobody sees who did. While it lasts no reminder comes to either, and no date is missed. The day's prompt is there
    all the same, and a day that both answer counts. It ends by itself on the date that is named.
    """
    person = known_person(services, caller.uid)
    couple = current_couple(services, person)
    changed = with_pause(services, caller, person, couple, body.pause.until)
    return _couple_view(services, caller, person, changed)


@router.delete("/couple/pause", status_code=HTTPStatus.NO_CONTENT, responses=refusals(*IN_A_COUPLE))
def delete_pause(caller: TheCaller, services: TheServices) -> None:
    """End the pause for both, so that the caller's today counts again. Either may; without a pause it is no error."""
    person = known_person(services, caller.uid)
    with_pause(services, caller, person, current_couple(services, person), None)


@router.delete("/couple", status_code=HTTPStatus.NO_CONTENT, responses=refusals(*IN_A_COUPLE))
def delete_couple(caller: TheCaller, services: TheServices) -> None:
    """Unpair, alone and at once. The partner is not told; from now on neither sees what was shared."""
    person = known_person(services, caller.uid)
    couple = current_couple(services, person)
    key_end = services.vault.ending_couple_key(couple.id, caller.instant + KEEPSAKE)
    services.couples.end(caller.uid, couple.id, caller.instant, [key_end])


def couple_view(couple: Couple, caller: Caller) -> CoupleView:
    """The couple as one of the two sees it."""
    return CoupleView(
        partner=couple.profiles[couple.partner_of(caller.uid)].display_name,
        since=couple.first_date,
    )


def _couple_view(services: Services, caller: Caller, person: Person, couple: Couple) -> CoupleWithPacksView:
    comfort = comfort_of(couple.profiles.values())
    shelf = shelf_of(couple.packs, services.catalogue.releases(caller.instant), comfort)
    return CoupleWithPacksView(
        **couple_view(couple, caller).model_dump(),
        packs=[release.pack for release in shelf],
        pause=pause_view(couple, person, caller),
    )
