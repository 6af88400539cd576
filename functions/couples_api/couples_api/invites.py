"""`/v1/invites` lets two persons pair. One opens an invite, the other redeems its code, and the first confirms."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, StrictBool, StringConstraints

from couples_api.codes import PastedCode, spend_try
from couples_api.couple import CoupleView, couple_view
from couples_api.idempotency import IdempotencyKey, keyed_request
from couples_api.services import Services, TheCaller, TheServices, freed, known_person, require_unpaired
from couples_api.way_back import Pairing, complete_streak, former_couple, way_back
from rekindle.api.callers import Caller
from rekindle.api.examples import body_config, view_config
from rekindle.api.problems import Problem, ProblemError, refusals
from rekindle.api.sessions import refuse_unknown
from rekindle.domain.calendar import local_date
from rekindle.domain.codes import code_from, displayed, read_code
from rekindle.domain.couples import Couple
from rekindle.domain.ids import CoupleId, InviteId
from rekindle.domain.invites import CODE_LENGTH, VALIDITY
from rekindle.domain.open_days import counted_from
from rekindle.domain.persons import Person
from rekindle.errors import ContentionError, ErasedError, WriteConflictError
from rekindle.store import keys
from rekindle.store.couples import couple_row
from rekindle.store.invites import Invite, InviteState

CONFIRM_ATTEMPTS = 10

Choice = StrictBool | None
"""Whether a person wants to go on where the two stopped. None if the person has not been asked."""

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
    """The caller's live invite. `redeemed_by` is the name of the person who redeemed the code, or null.

    If `together_before` is true, the two were a couple, and can go on where they stopped. Then ask the caller alone
    whether they want that, and send the choice with the confirmation.
    """

    model_config = view_config(
        {
            "invite_id": "5f0c2e7d9a1b3c4d5e6f7a8b",
            "state": "redeemed",
            "redeemed_by": "Ben",
            "expires_at": "2026-03-03T15:00:00Z",
            "together_before": False,
        }
    )

    invite_id: str
    state: InviteState
    redeemed_by: str | None
    expires_at: dt.datetime
    together_before: bool


class RedeemBody(BaseModel):
    """A code as a person types or pastes it: alone, in a text, or in a link. Spaces and hyphens do not matter.

    First send the code without `resume`. If the reply has `together_before` and the state is not `redeemed`, ask the
    caller alone whether they want to go on where the two stopped. Then send the code again, with the choice.
    """

    model_config = body_config({"code": "K7MP2-QRX9T"}, {"code": "K7MP2-QRX9T", "resume": True})

    code: PastedCode
    resume: Choice = None


class RedeemedView(BaseModel):
    """An invite, and the inviter's name. The two become a couple when the inviter confirms a redeemed invite.

    If `together_before` is true, the two were a couple, and can go on where they stopped. The invite is redeemed only
    when the caller has said whether they want that.
    """

    model_config = view_config(
        {
            "invite_id": "5f0c2e7d9a1b3c4d5e6f7a8b",
            "inviter": "Ada",
            "state": "redeemed",
            "together_before": False,
        },
        {"invite_id": "5f0c2e7d9a1b3c4d5e6f7a8b", "inviter": "Ada", "state": "open", "together_before": True},
    )

    invite_id: str
    inviter: str
    state: InviteState
    together_before: bool


class ConfirmBody(BaseModel):
    """The id of the invite to confirm. Send it after the inviter has seen who redeemed the invite.

    `resume` is needed if the invite has `together_before`: whether the caller wants to go on where the two stopped.
    """

    model_config = body_config(
        {"invite_id": "5f0c2e7d9a1b3c4d5e6f7a8b"}, {"invite_id": "5f0c2e7d9a1b3c4d5e6f7a8b", "resume": False}
    )

    invite_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    resume: Choice = None


@router.post(
    "/invites",
    status_code=HTTPStatus.CREATED,
    responses=refusals(Problem.NO_PROFILE, Problem.ALREADY_PAIRED, Problem.KEY_REUSED, Problem.TOO_MANY_CHANGES),
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

    freed(services, person, caller.instant)

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
        refuse_unknown(services.erasures, caller.uid)
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
        together_before=invite.resume is not None,
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

    If the two were a couple that they can resume, the first request only says so. The request with the caller's choice
    redeems the code, and does not count as another try. The other person never learns the choice.

    The reply is the same for a code that is wrong, used, expired or the caller's own. Tries are limited. A text without
    a code does not count as a try, and a repeat with the same idempotency key does not count again.
    """
    person = known_person(services, caller)
    code = read_code(body.code, CODE_LENGTH)
    request = keyed_request(services, caller, idempotency_key, f"POST /v1/invites/redeem {code}{_chosen(body.resume)}")
    person = require_unpaired(services, person, caller.instant)
    code_mac = services.vault.mac(code)
    # The request with the choice repeats a request with the same code, so it counts as the same try.
    tried = request if body.resume is None else replace(request, fingerprint=code_mac)
    spend_try(services, caller, keys.tries(caller.uid), tried, code_mac)
    invite = services.invites.find(code_mac)
    if invite is None or not invite.is_open_to(caller.uid, caller.instant):
        raise ProblemError(Problem.INVITE_NOT_USABLE)
    # Only a caller who has left a couple before can resume it. So read the inviter's row only for such a caller.
    inviter = services.people.find(invite.inviter) if person.parted else None
    if person.parted and inviter is None:
        # The inviter has just erased their account.
        raise ProblemError(Problem.INVITE_NOT_USABLE)
    together_before = inviter is not None and former_couple(services, caller, person, inviter) is not None
    choice = (invite.resume if body.resume is None else body.resume) if together_before else None
    if choice is not None or not together_before:
        redeemed = services.invites.redeem(invite, person, caller.instant, request.writes, resume=choice)
        if redeemed is None:
            raise ProblemError(Problem.INVITE_NOT_USABLE)
        invite = redeemed
    return RedeemedView(
        invite_id=invite.id,
        inviter=invite.inviter_name,
        state=invite.state,
        together_before=together_before,
    )


@router.post(
    "/invites/confirm",
    responses=refusals(
        Problem.NO_PROFILE,
        Problem.ALREADY_PAIRED,
        Problem.NO_INVITE,
        Problem.INVITE_NOT_USABLE,
        Problem.NOT_REDEEMED_YET,
        Problem.CHOICE_MISSING,
        Problem.KEY_REUSED,
    ),
)
def post_confirm(
    body: ConfirmBody, caller: TheCaller, services: TheServices, idempotency_key: IdempotencyKey = None
) -> CoupleView:
    """Confirm the person who redeemed the caller's invite. From now on the two are a couple.

    If the two can resume their former couple and both want that, the former couple stands again. Otherwise a new couple
    begins. No reply says what the other person chose. A repeat returns the same couple.
    """
    request = keyed_request(
        services, caller, idempotency_key, f"POST /v1/invites/confirm {body.invite_id}{_chosen(body.resume)}"
    )
    for _ in range(CONFIRM_ATTEMPTS):
        inviter = known_person(services, caller)
        if couple := _paired_by(services, body.invite_id, inviter):
            services.idempotency_keys.remember(request)
            return couple_view(couple, caller)
        inviter = require_unpaired(services, inviter, caller.instant)
        invite = _invite_of(services, caller, inviter)
        if invite is None:
            continue
        if invite.id != body.invite_id:
            raise ProblemError(Problem.NO_INVITE)
        redeemer = services.people.find(invite.redeemer) if invite.redeemer else None
        if redeemer is None:
            raise ProblemError(Problem.NOT_REDEEMED_YET)
        try:
            redeemer = freed(services, redeemer, caller.instant)
        except ErasedError:
            continue  # The redeemer has just erased their account.
        if _paired_by(services, invite.id, redeemer):
            continue  # Another request has just confirmed the same invite. Read the couple and return it.
        if redeemer.couple:
            # The redeemer has paired with somebody else meanwhile.
            raise ProblemError(Problem.INVITE_NOT_USABLE)
        pairing = _pairing(services, caller, body, (inviter, redeemer), invite)
        writes = [*pairing.writes, *request.writes]
        try:
            services.invites.confirm(invite, (inviter, redeemer), pairing.couple, caller.instant, writes)
        except WriteConflictError:
            continue
        complete_streak(services, pairing, caller)
        return couple_view(pairing.couple, caller)
    raise ContentionError("two persons kept changing while they paired")


def _invite_of(services: Services, caller: Caller, inviter: Person) -> Invite | None:
    """Return the inviter's live invite. Raise ProblemError if there is none.

    Return None if another request has just confirmed the invite, or changed the inviter.
    """
    try:
        return _live_invite(services, caller, inviter)
    except ProblemError:
        current = services.people.person(inviter.uid)
        if current is None or current.revision != inviter.revision:
            return None
        raise


def _pairing(
    services: Services, caller: Caller, body: ConfirmBody, persons: tuple[Person, Person], invite: Invite
) -> Pairing:
    """Resume the former couple if both persons want to, or else make a new one. `persons` begins with the inviter."""
    former = former_couple(services, caller, *persons) if invite.resume is not None else None
    if former and body.resume is None:
        raise ProblemError(Problem.CHOICE_MISSING)
    if former and body.resume and invite.resume:
        return way_back(services, caller, former, persons, invite.id)
    couple = new_couple(_couple_id(invite.id), persons, caller)
    return Pairing(couple, [couple_row(couple), services.vault.new_keys(couple.id, couple.profiles)])


def _couple_id(invite_id: str) -> CoupleId:
    """Return the id of the couple that an invite makes. A repeat of the confirmation finds the couple by this id."""
    return CoupleId(hashlib.sha256(f"couple of {invite_id}".encode()).hexdigest()[:24])


def _paired_by(services: Services, invite_id: str, person: Person) -> Couple | None:
    """Return the person's current couple, if this invite has made or resumed the couple."""
    couple = services.couples.joined_by(person)
    is_of_invite = couple is not None and (couple.id == _couple_id(invite_id) or couple.resumed_by == invite_id)
    return couple if is_of_invite else None


def _chosen(resume: Choice) -> str:
    """Return the choice as a part of the request's fingerprint: an empty text for None, as in version 0.1.0."""
    return "" if resume is None else f" resume={resume}"


def new_couple(couple_id: CoupleId, persons: tuple[Person, Person], caller: Caller) -> Couple:
    """Return the couple that these persons become at the instant of the caller's request."""
    profiles = {person.uid: person.profile for person in persons}
    zones = tuple(profile.zone for profile in profiles.values())
    first_date = min(local_date(caller.instant, zone) for zone in zones)
    couple = Couple(
        id=couple_id,
        created_at=caller.instant,
        first_date=first_date,
        counted_from=counted_from(zones, caller.instant),
        profiles=profiles,
    )
    for person in persons:
        couple = couple.with_person(person, first_date)
    return couple


def _live_invite(services: Services, caller: Caller, person: Person) -> Invite:
    invite = services.invites.find(person.invite.code_mac) if person.invite else None
    if invite is None or invite.expires_at <= caller.instant:
        raise ProblemError(Problem.NO_INVITE)
    return invite
