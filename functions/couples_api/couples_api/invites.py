"""`/v1/invites` lets two persons pair. One opens an invite, the other redeems its code, and the first confirms."""

from __future__ import annotations

import datetime as dt
import hashlib
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, StringConstraints

from couples_api.codes import PastedCode, spend_try
from couples_api.couple import CoupleView, couple_view
from couples_api.idempotency import IdempotencyKey, keyed_request
from couples_api.services import (
    IN_A_COUPLE,
    Services,
    TheCaller,
    TheServices,
    current_couple,
    freed,
    known_person,
    require_unpaired,
)
from rekindle.api.callers import Caller
from rekindle.api.examples import body_config, view_config
from rekindle.api.problems import Problem, ProblemError, refusals
from rekindle.domain.calendar import local_date
from rekindle.domain.codes import code_from, displayed, read_code
from rekindle.domain.couples import Couple
from rekindle.domain.ids import CoupleId, InviteId
from rekindle.domain.invites import CODE_LENGTH, VALIDITY
from rekindle.domain.open_days import counted_from
from rekindle.domain.persons import Person
from rekindle.errors import ContentionError, WriteConflictError
from rekindle.store import keys
from rekindle.store.invites import Invite, InviteState

CONFIRM_ATTEMPTS = 10

router = APIGatewayHttpRouter()


class NewInviteView(BaseModel):
    """A new invite, with its code. Only a repeat with the same idempotency key returns the code again."""

    model_config = view_config(
        {
            "invite_id": "5f0c2e7d9a1b3c4d5e6f7a8b",
            "code": "K7MP2-QRX9T",
            "link": "https://app.rekindle.example/join#K7MP2QRX9T",
            "expires_at": "2026-03-03T15:00:00Z",
        }
    )

    invite_id: str
    code: str
    link: str
    expires_at: dt.datetime


class InviteView(BaseModel):
    """The caller's live invite. `redeemed_by` is the name of the person who redeemed the code, or null."""

    model_config = view_config(
        {
            "invite_id": "5f0c2e7d9a1b3c4d5e6f7a8b",
            "state": "redeemed",
            "redeemed_by": "Ben",
            "expires_at": "2026-03-03T15:00:00Z",
        }
    )

    invite_id: str
    state: InviteState
    redeemed_by: str | None
    expires_at: dt.datetime


class RedeemBody(BaseModel):
    """A code as a person types or pastes it: alone, in a text, or in a link. Spaces and hyphens do not matter."""

    model_config = body_config({"code": "K7MP2-QRX9T"})

    code: PastedCode


class RedeemedView(BaseModel):
    """A redeemed invite, and the inviter's name. The two become a couple when the inviter confirms."""

    model_config = view_config({"invite_id": "5f0c2e7d9a1b3c4d5e6f7a8b", "inviter": "Ada", "state": "redeemed"})

    invite_id: str
    inviter: str
    state: InviteState


class ConfirmBody(BaseModel):
    """The id of the invite to confirm. Send it after the inviter has seen who redeemed the invite."""

    model_config = body_config({"invite_id": "5f0c2e7d9a1b3c4d5e6f7a8b"})

    invite_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]


@router.post(
    "/invites",
    status_code=HTTPStatus.CREATED,
    responses=refusals(Problem.NO_PROFILE, Problem.ALREADY_PAIRED, Problem.KEY_REUSED),
)
def post_invite(caller: TheCaller, services: TheServices, idempotency_key: IdempotencyKey = None) -> NewInviteView:
    """Open an invite. If the caller already has a live invite, cancel it.

    While the new invite is live, a repeat with the same idempotency key returns the same invite.
    """
    person = known_person(services, caller)
    request = keyed_request(services, caller, idempotency_key, "POST /v1/invites")
    # A repeat must return the same code, but the server does not store the code. So derive the code from the
    # idempotency key and a secret.
    entropy = (
        services.vault.mac_bytes(f"code of {caller.uid} {idempotency_key}") if idempotency_key else services.entropy(32)
    )
    code = code_from(entropy, CODE_LENGTH)
    code_mac = services.vault.mac(code)
    # Look up the code now, before `create` reads the inviter. If a parallel repeat stores the invite between the two
    # reads, `admissible` sees the live invite with this code, and `create` returns it.
    is_known = idempotency_key is not None and services.invites.is_known(code_mac)

    freed(services, person)

    def admissible(inviter: Person) -> None:
        if inviter.couple:
            raise ProblemError(Problem.ALREADY_PAIRED)
        live = inviter.invite
        is_over = live.expires_at <= caller.instant if live and live.code_mac == code_mac else is_known
        if is_over:
            # The code has expired, was canceled or was replaced. A late repeat must not make the code valid again.
            raise ProblemError(Problem.KEY_REUSED)

    invite = Invite(
        id=InviteId(services.new_id()),
        code_mac=code_mac,
        inviter=caller.uid,
        inviter_name=person.profile.display_name,
        state=InviteState.OPEN,
        # Replies show whole seconds, so store whole seconds.
        expires_at=caller.instant.replace(microsecond=0) + VALIDITY,
    )
    live = services.invites.create(invite, caller.instant, admissible, request.writes)
    if live is None:
        raise ProblemError(Problem.NO_PROFILE)
    return NewInviteView(
        invite_id=live.id,
        code=displayed(code),
        # The code comes after the `#`. A browser never sends this part of a link to a server, so the code is in no log.
        link=f"{services.app_link}/join#{code}",
        expires_at=live.expires_at,
    )


@router.get("/invites", responses=refusals(Problem.NO_PROFILE, Problem.NO_INVITE))
def get_invite(caller: TheCaller, services: TheServices) -> InviteView:
    """Return the caller's live invite, and the name of the person who redeemed its code."""
    invite = _live_invite(services, caller, known_person(services, caller))
    return InviteView(
        invite_id=invite.id,
        state=invite.state,
        redeemed_by=invite.redeemer_name,
        expires_at=invite.expires_at,
    )


@router.delete("/invites", status_code=HTTPStatus.NO_CONTENT, responses=refusals(Problem.NO_PROFILE))
def delete_invite(caller: TheCaller, services: TheServices) -> None:
    """Cancel the caller's invite, even if somebody has redeemed it. It is no error if there is no invite."""
    services.invites.cancel(known_person(services, caller).uid, caller.instant)


@router.post(
    "/invites/redeem",
    responses=refusals(
        Problem.NO_PROFILE,
        Problem.ALREADY_PAIRED,
        Problem.INVITE_NOT_USABLE,
        Problem.NOT_A_CODE,
        Problem.TOO_MANY_TRIES,
        Problem.KEY_REUSED,
    ),
)
def post_redeem(
    body: RedeemBody, caller: TheCaller, services: TheServices, idempotency_key: IdempotencyKey = None
) -> RedeemedView:
    """Redeem a partner's code.

    The reply is the same for a code that is wrong, used, expired or the caller's own. Tries are limited. A text without
    a code does not count as a try, and a repeat with the same idempotency key does not count again.
    """
    person = known_person(services, caller)
    code = read_code(body.code, CODE_LENGTH)
    request = keyed_request(services, caller, idempotency_key, f"POST /v1/invites/redeem {code}")
    person = require_unpaired(services, person)
    code_mac = services.vault.mac(code)
    spend_try(services, caller, keys.tries(caller.uid), request, code_mac)
    invite = services.invites.redeem(code_mac, caller.uid, person.profile.display_name, caller.instant, request.writes)
    if invite is None:
        raise ProblemError(Problem.INVITE_NOT_USABLE)
    return RedeemedView(invite_id=invite.id, inviter=invite.inviter_name, state=invite.state)


@router.post(
    "/invites/confirm",
    responses=refusals(
        *IN_A_COUPLE,
        Problem.ALREADY_PAIRED,
        Problem.NO_INVITE,
        Problem.INVITE_NOT_USABLE,
        Problem.NOT_REDEEMED_YET,
        Problem.KEY_REUSED,
    ),
)
def post_confirm(
    body: ConfirmBody, caller: TheCaller, services: TheServices, idempotency_key: IdempotencyKey = None
) -> CoupleView:
    """Confirm the person who redeemed the caller's invite. From now on the two are a couple.

    A repeat returns the same couple.
    """
    request = keyed_request(services, caller, idempotency_key, f"POST /v1/invites/confirm {body.invite_id}")
    # Derive the couple's id from the invite, so that a repeat finds the couple if the first reply was lost.
    couple_id = CoupleId(hashlib.sha256(f"couple of {body.invite_id}".encode()).hexdigest()[:24])
    for _ in range(CONFIRM_ATTEMPTS):
        inviter = known_person(services, caller)
        if inviter.couple == couple_id:
            view = couple_view(current_couple(services, inviter), caller)
            services.idempotency_keys.remember(request)
            return view
        inviter = require_unpaired(services, inviter)
        invite = _live_invite(services, caller, inviter)
        if invite.id != body.invite_id:
            raise ProblemError(Problem.NO_INVITE)
        redeemer = services.people.find(invite.redeemer) if invite.redeemer else None
        if redeemer is None:
            raise ProblemError(Problem.NOT_REDEEMED_YET)
        if redeemer.couple == couple_id:
            continue  # Another request has just confirmed the same invite. Read the couple and return it.
        redeemer = freed(services, redeemer)
        if redeemer.couple:
            # The redeemer has paired with somebody else meanwhile.
            raise ProblemError(Problem.INVITE_NOT_USABLE)
        couple = _couple_of(couple_id, inviter, redeemer, caller)
        try:
            new_keys = services.vault.new_keys(couple_id, couple.profiles)
            services.invites.confirm(invite, inviter, redeemer, couple, [new_keys, *request.writes])
        except WriteConflictError:
            continue
        return couple_view(couple, caller)
    raise ContentionError("two persons kept changing while they paired")


def _couple_of(couple_id: CoupleId, inviter: Person, redeemer: Person, caller: Caller) -> Couple:
    profiles = {person.uid: person.profile for person in (inviter, redeemer)}
    zones = tuple(profile.zone for profile in profiles.values())
    first_date = min(local_date(caller.instant, zone) for zone in zones)
    couple = Couple(
        id=couple_id,
        created_at=caller.instant,
        first_date=first_date,
        counted_from=counted_from(zones, caller.instant),
        profiles=profiles,
    )
    return couple.with_person(inviter, first_date).with_person(redeemer, first_date)


def _live_invite(services: Services, caller: Caller, person: Person) -> Invite:
    invite = services.invites.find(person.invite.code_mac) if person.invite else None
    if invite is None or invite.expires_at <= caller.instant:
        raise ProblemError(Problem.NO_INVITE)
    return invite
