"""`/v1/invites` lets two persons pair. One opens an invite, the other redeems its code, and the first confirms.

A stranger who got hold of the code could redeem it under the partner's name. So both phones show the same three words
before the confirmation. Nobody else can see the words, and the confirmation must name them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, Field, StrictBool, StringConstraints

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
from rekindle.domain.three_words import COUNT, three_words
from rekindle.errors import ContentionError, ErasedError, WriteConflictError
from rekindle.store import keys
from rekindle.store.couples import couple_row
from rekindle.store.invites import Invite, InviteState

CONFIRM_ATTEMPTS = 10

Choice = StrictBool | None
"""Whether a person wants to go on where the two stopped. None if the person has not been asked."""

WORDS = ["river", "lantern", "apricot"]

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

    Show the three `words` together with the name, and say: "Ask your partner which three words they see. Confirm only
    if they are the same." Send the words with the confirmation. They are null until somebody has redeemed the code.

    If `together_before` is true, the two were a couple, and can go on where they stopped. Then ask the caller alone
    whether they want that, and send the choice with the confirmation.
    """

    model_config = view_config(
        {
            "invite_id": "5f0c2e7d9a1b3c4d5e6f7a8b",
            "state": "redeemed",
            "redeemed_by": "Ben",
            "words": WORDS,
            "expires_at": "2026-03-03T15:00:00Z",
            "together_before": False,
        }
    )

    invite_id: str
    state: InviteState
    redeemed_by: str | None
    words: list[str] | None
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

    Show the three `words` until then. The inviter's phone shows the same words, in the inviter's language, and no other
    phone can show them. They are null until the invite is redeemed.

    If `together_before` is true, the two were a couple, and can go on where they stopped. The invite is redeemed only
    when the caller has said whether they want that.
    """

    model_config = view_config(
        {
            "invite_id": "5f0c2e7d9a1b3c4d5e6f7a8b",
            "inviter": "Ada",
            "state": "redeemed",
            "words": WORDS,
            "together_before": False,
        },
        {
            "invite_id": "5f0c2e7d9a1b3c4d5e6f7a8b",
            "inviter": "Ada",
            "state": "open",
            "words": None,
            "together_before": True,
        },
    )

    invite_id: str
    inviter: str
    state: InviteState
    words: list[str] | None
    together_before: bool


class ConfirmBody(BaseModel):
    """The id of the invite to confirm, and the three words that the inviter has seen and compared.

    `resume` is needed if the invite has `together_before`: whether the caller wants to go on where the two stopped.
    """

    model_config = body_config(
        {"invite_id": "5f0c2e7d9a1b3c4d5e6f7a8b", "words": WORDS},
        {"invite_id": "5f0c2e7d9a1b3c4d5e6f7a8b", "words": WORDS, "resume": False},
    )

    invite_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    words: Annotated[
        list[Annotated[str, StringConstraints(min_length=1, max_length=32)]],
        Field(min_length=COUNT, max_length=COUNT, description="The words that the invite shows, in the same order."),
    ]
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
        language=person.profile.language,
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
    """Return the caller's live invite, and the name and the three words of the person who redeemed its code."""
    invite = _live_invite(services, caller, known_person(services, caller))
    return InviteView(
        invite_id=invite.id,
        state=invite.state,
        redeemed_by=invite.redeemer_name,
        words=_words(services, invite),
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
        # Who redeems the same invite again spends no try. So nothing would limit the keys that such requests store.
        writes = () if invite.redeemer == caller.uid else request.writes
        redeemed = services.invites.redeem(invite, person, caller.instant, writes, resume=choice)
        if redeemed is None:
            raise ProblemError(Problem.INVITE_NOT_USABLE)
        invite = redeemed
    return RedeemedView(
        invite_id=invite.id,
        inviter=invite.inviter_name,
        state=invite.state,
        words=_words(services, invite),
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
        Problem.OTHER_WORDS,
        Problem.CHOICE_MISSING,
        Problem.KEY_REUSED,
    ),
)
def post_confirm(
    body: ConfirmBody, caller: TheCaller, services: TheServices, idempotency_key: IdempotencyKey = None
) -> CoupleView:
    """Confirm the person who redeemed the caller's invite. From now on the two are a couple.

    Only the person whose three words the request names can be confirmed.

    If the two can resume their former couple and both want that, the former couple stands again. Otherwise a new couple
    begins. No reply says what the other person chose. A repeat returns the same couple.
    """
    asked = f"POST /v1/invites/confirm {body.invite_id} {body.words}{_chosen(body.resume)}"
    request = keyed_request(services, caller, idempotency_key, asked)
    for _ in range(CONFIRM_ATTEMPTS):
        inviter = known_person(services, caller)
        if couple := _paired_by(services, body.invite_id, inviter):
            return couple_view(couple, caller)
        inviter = require_unpaired(services, inviter, caller.instant)
        invite = _invite_of(services, caller, inviter)
        if invite is None:
            continue
        if invite.id != body.invite_id:
            raise ProblemError(Problem.NO_INVITE)
        try:
            redeemer = freed(services, _redeemer(services, invite, body.words), caller.instant)
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


def _redeemer(services: Services, invite: Invite, words: list[str]) -> Person:
    """Return the person who redeemed the invite. Raise ProblemError if there is none, or if they have other words."""
    redeemer = services.people.find(invite.redeemer) if invite.redeemer else None
    if redeemer is None:
        raise ProblemError(Problem.NOT_REDEEMED_YET)
    if _words(services, invite) != words:
        raise ProblemError(Problem.OTHER_WORDS)
    return redeemer


def _words(services: Services, invite: Invite) -> list[str] | None:
    """Return the three words of the person who redeemed the invite. Return None if nobody has redeemed it."""
    if invite.redeemer is None:
        return None
    # The invite's id is random, so each redeemed invite has other words. A repeat has the same words. They are not
    # stored, and without the secret key of the MAC nobody can compute them.
    secret = services.vault.mac_bytes(f"three words of {invite.id} for {invite.redeemer}")
    return three_words(secret, invite.language)


def _pairing(
    services: Services, caller: Caller, body: ConfirmBody, persons: tuple[Person, Person], invite: Invite
) -> Pairing:
    """Resume the former couple if both persons want to, or else make a new one. `persons` begins with the inviter."""
    former = former_couple(services, caller, *persons) if invite.resume is not None else None
    if former and body.resume is None:
        raise ProblemError(Problem.CHOICE_MISSING)
    if former and body.resume and invite.resume:
        return way_back(services, caller, former, persons, invite.id)
    couple = new_couple(services, invite.id, persons, caller)
    return Pairing(couple, [couple_row(couple), services.vault.new_keys(couple.id, couple.profiles)])


def _paired_by(services: Services, invite_id: str, person: Person) -> Couple | None:
    """Return the person's current couple, if this invite has made or resumed the couple."""
    couple = services.couples.joined_by(person)
    return couple if couple and couple.paired_by == invite_id else None


def _chosen(resume: Choice) -> str:
    """Return the choice as a part of the request's fingerprint: an empty text for None, as in version 0.1.0."""
    return "" if resume is None else f" resume={resume}"


def new_couple(services: Services, invite: InviteId, persons: tuple[Person, Person], caller: Caller) -> Couple:
    """Return the couple that these persons become at the instant of the request. Its id and its seed are random."""
    profiles = {person.uid: person.profile for person in persons}
    zones = tuple(profile.zone for profile in profiles.values())
    first_date = min(local_date(caller.instant, zone) for zone in zones)
    couple = Couple(
        id=CoupleId(services.new_id()),
        created_at=caller.instant,
        first_date=first_date,
        counted_from=counted_from(zones, caller.instant),
        profiles=profiles,
        seed=services.new_seed(),
        paired_by=invite,
    )
    for person in persons:
        couple = couple.with_person(person, caller.instant)
    return couple


def _live_invite(services: Services, caller: Caller, person: Person) -> Invite:
    invite = services.invites.find(person.invite.code_mac) if person.invite else None
    if invite is None or invite.expires_at <= caller.instant:
        raise ProblemError(Problem.NO_INVITE)
    return invite
