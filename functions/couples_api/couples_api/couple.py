"""`/v1/couple`: with whom, since when, and the way out."""

from __future__ import annotations

import datetime as dt
from http import HTTPStatus

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel

from couples_api.parts import Caller, TheCaller, TheParts, known_person, standing_couple
from rekindle.models import Couple
from rekindle.playlist import comfort_of, shelf_of
from rekindle.store.couples import KEEPSAKE

router = APIGatewayHttpRouter()


class CoupleView(BaseModel):
    """The caller's couple, as the caller may see it."""

    partner: str
    since: dt.date


class CoupleWithPacksView(CoupleView):
    """The caller's couple, with the ids of the packs that play for them."""

    packs: list[str]


@router.get("/couple")
def get_couple(caller: TheCaller, parts: TheParts) -> CoupleWithPacksView:
    """With whom the caller is paired, and the packs that play for the two."""
    couple = standing_couple(parts, known_person(parts, caller.uid))
    comfort = comfort_of(couple.profiles.values())
    shelf = shelf_of(couple.packs, parts.catalogue.releases(caller.instant), comfort)
    return CoupleWithPacksView(**couple_view(couple, caller).model_dump(), packs=[release.pack for release in shelf])


@router.delete("/couple", status_code=HTTPStatus.NO_CONTENT)
def delete_couple(caller: TheCaller, parts: TheParts) -> None:
    """Unpair, alone and at once. The partner is not told; from now on neither sees what was shared."""
    person = known_person(parts, caller.uid)
    couple = standing_couple(parts, person)
    key_end = parts.vault.ending_couple_key(couple.id, caller.instant + KEEPSAKE)
    parts.couples.end(caller.uid, couple.id, caller.instant, [key_end])


def couple_view(couple: Couple, caller: Caller) -> CoupleView:
    """The couple as one of the two sees it."""
    return CoupleView(
        partner=couple.profiles[couple.partner_of(caller.uid)].display_name,
        since=couple.first_date,
    )
